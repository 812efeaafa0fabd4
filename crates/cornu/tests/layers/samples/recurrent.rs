//! Samples of the family `recurrent`.

use serde_json::{Value as Json, json};

use super::{Sample, sample};

fn both(lstm: Json) -> Json {
    json!({ "merge_mode": "concat", "layer": { "class_name": "LSTM", "config": lstm } })
}

pub(super) fn all() -> Vec<Sample> {
    vec![
        sample("SimpleRNN", json!({ "units": 5 }), &[&[3, 4]], &[5], 50),
        sample(
            "SimpleRNN",
            json!({ "units": 3, "activation": "relu", "return_sequences": true, "use_bias": false, "go_backwards": true }),
            &[&[4, 2]],
            &[4, 3],
            15,
        ),
        sample("LSTM", json!({ "units": 5 }), &[&[3, 4]], &[5], 200),
        sample(
            "LSTM",
            json!({
                "units": 3, "return_sequences": true, "dropout": 0.2, "recurrent_dropout": 0.3, "unit_forget_bias": false,
                "recurrent_initializer": "glorot_normal", "recurrent_regularizer": "l2",
            }),
            &[&[4, 2]],
            &[4, 3],
            72,
        ),
        sample(
            "LSTM",
            json!({ "units": 3 }),
            &[&[4, 2], &[3], &[3]],
            &[3],
            72,
        ),
        sample("GRU", json!({ "units": 5 }), &[&[3, 4]], &[5], 165),
        sample(
            "GRU",
            json!({ "units": 3, "reset_after": false, "recurrent_activation": "hard_sigmoid", "dropout": 0.5, "unroll": true }),
            &[&[4, 2]],
            &[3],
            54,
        ),
        sample(
            "Bidirectional",
            both(json!({ "name": "l", "units": 3 })),
            &[&[4, 2]],
            &[6],
            144,
        ),
        sample(
            "Bidirectional",
            both(
                json!({ "name": "l", "units": 3, "return_sequences": true, "go_backwards": true }),
            ),
            &[&[4, 2]],
            &[4, 6],
            144,
        ),
    ]
}
