//! Samples of the family `recurrent`.

use serde_json::{Value as Json, json};

use super::{Sample, sample};

fn both(lstm: Json) -> Json {
    json!({ "merge_mode": "concat", "layer": { "class_name": "LSTM", "config": lstm } })
}

fn layer(class: &str, config: Json) -> Json {
    json!({ "class_name": class, "config": config })
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
        sample(
            "SimpleRNNCell",
            json!({ "units": 3, "dropout": 0.5, "recurrent_dropout": 1.0 }),
            &[&[4], &[3]],
            &[3],
            24,
        ),
        sample(
            "LSTMCell",
            json!({ "units": 3, "dropout": 0.2, "recurrent_dropout": 0.3, "kernel_constraint": "non_neg" }),
            &[&[2], &[3], &[3]],
            &[3],
            72,
        ),
        sample(
            "GRUCell",
            json!({ "units": 3, "reset_after": false, "dropout": 0.5 }),
            &[&[2], &[3]],
            &[3],
            54,
        ),
        sample(
            "StackedRNNCells",
            json!({ "cells": [layer("LSTMCell", json!({ "units": 3 })), layer("GRUCell", json!({ "units": 2, "use_bias": false }))] }),
            &[&[4], &[3], &[3], &[2]],
            &[2],
            126,
        ),
        sample(
            "RNN",
            json!({ "cell": layer("LSTMCell", json!({ "units": 3, "recurrent_dropout": 0.4 })), "return_sequences": true, "go_backwards": true }),
            &[&[4, 2]],
            &[4, 3],
            72,
        ),
        sample(
            "RNN",
            json!({ "cell": layer("StackedRNNCells", json!({ "cells": [
                layer("SimpleRNNCell", json!({ "units": 3, "dropout": 0.5 })), layer("GRUCell", json!({ "units": 2 })),
            ] })), "go_backwards": true }),
            &[&[4, 2]],
            &[2],
            60,
        ),
        sample(
            "Bidirectional",
            both(json!({ "name": "l", "units": 3 })),
            &[&[4, 2], &[3], &[3], &[3], &[3]],
            &[6],
            144,
        ),
        sample(
            "Bidirectional",
            json!({ "merge_mode": "sum", "layer": layer("RNN", json!({ "cell": layer("GRUCell", json!({ "units": 3 })) })) }),
            &[&[4, 2]],
            &[3],
            126,
        ),
        sample(
            "TimeDistributed",
            json!({ "layer": layer("Dense", json!({ "units": 3 })) }),
            &[&[4, 2]],
            &[4, 3],
            9,
        ),
        sample(
            "TimeDistributed",
            json!({ "layer": layer("Dropout", json!({ "rate": 0.5 })) }),
            &[&[4, 2]],
            &[4, 2],
            0,
        ),
        sample(
            "TimeDistributed",
            json!({ "layer": layer("BatchNormalization", json!({})) }),
            &[&[2, 3, 2]],
            &[2, 3, 2],
            8,
        ),
        sample(
            "TimeDistributed",
            json!({ "layer": layer("LSTM", json!({ "units": 3 })) }),
            &[&[3, 4, 2]],
            &[3, 3],
            72,
        ),
        sample(
            "ConvLSTM1D",
            json!({ "filters": 3, "kernel_size": 2, "strides": 2, "return_sequences": true, "dropout": 0.3, "recurrent_dropout": 0.4 }),
            &[&[3, 6, 2]],
            &[3, 3, 3],
            2 * 2 * 12 + 2 * 3 * 12 + 12,
        ),
        sample(
            "ConvLSTM1D",
            json!({ "filters": 2, "kernel_size": 3, "data_format": "channels_first", "padding": "same", "recurrent_dropout": 0.4 }),
            &[&[3, 2, 5]],
            &[2, 5],
            3 * 2 * 8 + 3 * 2 * 8 + 8,
        ),
        sample(
            "ConvLSTM2D",
            json!({ "filters": 2, "kernel_size": [2, 3], "padding": "same", "use_bias": false, "dropout": 0.5, "seed": 3 }),
            &[&[2, 4, 3, 2], &[4, 3, 2], &[4, 3, 2]],
            &[4, 3, 2],
            6 * 2 * 8 * 2,
        ),
        sample(
            "ConvLSTM1DCell",
            json!({ "filters": 2, "kernel_size": 3, "dropout": 0.5 }),
            &[&[6, 1], &[4, 2], &[4, 2]],
            &[4, 2],
            3 * 8 + 3 * 2 * 8 + 8,
        ),
        sample(
            "ConvLSTM2DCell",
            json!({ "filters": 2, "kernel_size": 2, "recurrent_dropout": 0.5, "data_format": "channels_first" }),
            &[&[1, 3, 4], &[2, 2, 3], &[2, 2, 3]],
            &[2, 2, 3],
            4 * 8 + 4 * 2 * 8 + 8,
        ),
        sample(
            "ConvLSTM3D",
            json!({ "filters": 2, "kernel_size": [1, 2, 2], "padding": "same", "return_sequences": true }),
            &[&[2, 2, 3, 2, 1]],
            &[2, 2, 3, 2, 2],
            4 * 8 + 4 * 2 * 8 + 8,
        ),
        sample(
            "ConvLSTM3DCell",
            json!({ "filters": 1, "kernel_size": 2 }),
            &[&[2, 3, 2, 1], &[1, 2, 1, 1], &[1, 2, 1, 1]],
            &[1, 2, 1, 1],
            8 * 4 + 8 * 4 + 4,
        ),
    ]
}
