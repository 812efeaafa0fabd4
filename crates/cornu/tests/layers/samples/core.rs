//! Samples of the family `core`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    let dense = json!({
        "name": "d", "units": 3, "activation": "relu",
        "bias_initializer": { "class_name": "Constant", "config": { "value": 0.1 } },
        "bias_regularizer": "l1",
    });
    vec![
        sample(
            "InputLayer",
            json!({ "batch_shape": [null, 4, 3] }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample("Identity", none(), &[&[4, 3]], &[4, 3], 0),
        sample(
            "Masking",
            json!({ "mask_value": 0.5 }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample("Dense", json!({ "units": 5 }), &[&[7]], &[5], 40),
        sample("Dense", dense, &[&[2, 4]], &[2, 3], 15),
        sample(
            "PositionEmbedding",
            json!({ "sequence_length": 5 }),
            &[&[4, 3]],
            &[4, 3],
            15,
        ),
        sample(
            "Embedding",
            json!({ "input_dim": 3, "output_dim": 5, "embeddings_regularizer": "l2" }),
            &[&[4]],
            &[4, 5],
            15,
        ),
        sample(
            "Activation",
            json!({ "activation": "gelu" }),
            &[&[5]],
            &[5],
            0,
        ),
        sample(
            "Activation",
            json!({ "activation": "glu" }),
            &[&[3, 6]],
            &[3, 3],
            0,
        ),
    ]
}
