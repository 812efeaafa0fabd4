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
            "SinePositionEncoding",
            json!({ "max_wavelength": 50.0 }),
            &[&[4, 5]],
            &[4, 5],
            0,
        ),
        sample(
            "RotaryEmbedding",
            json!({ "scaling_factor": 2.0 }),
            &[&[5, 2, 4]],
            &[5, 2, 4],
            0,
        ),
        sample("RotaryEmbedding", json!({}), &[&[5, 4], &[5]], &[5, 4], 0),
        sample(
            "Lambda",
            json!({ "expression": { "op": "sum", "axis": -1, "keepdims": false, "of": [
                { "op": "multiply", "of": [{ "op": "tanh", "of": [{ "input": 0 }] }, 0.5] },
            ] } }),
            &[&[3, 4]],
            &[3],
            0,
        ),
        sample(
            "Dense",
            json!({ "units": 5, "lora_rank": 2, "lora_alpha": 4.0, "activity_regularizer": "l1", "bias_constraint": "non_neg" }),
            &[&[7]],
            &[5],
            40 + 14 + 10,
        ),
        sample(
            "EinsumDense",
            json!({ "equation": "abc,cde->abde", "output_shape": [null, 2, 5], "bias_axes": "e", "activation": "tanh", "lora_rank": 1 }),
            &[&[3, 4]],
            &[3, 2, 5],
            40 + 5 + 8 + 5,
        ),
        sample(
            "EinsumDense",
            json!({ "equation": "ab...,bc->ac...", "output_shape": 5, "bias_axes": "c" }),
            &[&[3, 4]],
            &[5, 4],
            20,
        ),
        sample(
            "TernaryDense",
            json!({ "units": 5, "threshold": 0.1, "activation": "tanh" }),
            &[&[3, 4]],
            &[3, 5],
            25,
        ),
        sample(
            "Maxout",
            json!({ "units": 3, "pieces": 2 }),
            &[&[4, 5]],
            &[4, 3],
            36,
        ),
        sample(
            "ReversibleEmbedding",
            json!({ "input_dim": 6, "output_dim": 3, "tie_weights": false, "logit_soft_cap": 2.0 }),
            &[&[4, 3]],
            &[4, 6],
            36,
        ),
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
        sample("ClassToken", json!({}), &[&[4, 3]], &[5, 3], 3),
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
