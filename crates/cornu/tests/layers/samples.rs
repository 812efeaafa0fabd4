//! Each layer at least once, in small: its config, its inputs, and what should come of them.

use serde_json::{Value as Json, json};

/// A layer on inputs of given shapes (without the batch).
pub(crate) struct Sample {
    pub(crate) class: &'static str,
    pub(crate) config: Json,
    pub(crate) inputs: Vec<Vec<usize>>,
    pub(crate) output: Vec<usize>,
    /// Numbers in all weights.
    pub(crate) parameters: usize,
}

fn sample(
    class: &'static str,
    config: Json,
    inputs: &[&[usize]],
    output: &[usize],
    parameters: usize,
) -> Sample {
    Sample {
        class,
        config,
        inputs: inputs.iter().map(|s| s.to_vec()).collect(),
        output: output.to_vec(),
        parameters,
    }
}

fn both(lstm: Json) -> Json {
    json!({ "merge_mode": "concat", "layer": { "class_name": "LSTM", "config": lstm } })
}

pub(crate) fn all() -> Vec<Sample> {
    let none = || json!({});
    let conv = json!({
        "filters": 6, "kernel_size": [3, 2], "strides": 2, "padding": "same", "groups": 2,
        "activation": "tanh", "use_bias": false, "kernel_initializer": "he_normal",
        "kernel_regularizer": { "class_name": "L2", "config": { "l2": 0.01 } },
    });
    let dense = json!({
        "name": "d", "units": 3, "activation": "relu",
        "bias_initializer": { "class_name": "Constant", "config": { "value": 0.1 } },
        "bias_regularizer": "l1",
    });
    let norm = json!({
        "axis": 1, "momentum": 0.9, "epsilon": 0.01, "center": false,
        "gamma_initializer": { "class_name": "RandomUniform", "config": { "minval": 0.5, "maxval": 1.5, "seed": 7 } },
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
        sample(
            "Rescaling",
            json!({ "scale": 0.00392156862745098, "offset": -1 }),
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
            "LayerNormalization",
            json!({ "epsilon": 0.01, "gamma_initializer": { "class_name": "Constant", "config": { "value": 0.7 } } }),
            &[&[4, 3]],
            &[4, 3],
            6,
        ),
        sample(
            "LayerNormalization",
            json!({ "axis": 1 }),
            &[&[4, 3]],
            &[4, 3],
            8,
        ),
        sample("RMSNormalization", none(), &[&[4, 3]], &[4, 3], 3),
        sample(
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "dropout": 0.5, "use_causal_mask": true }),
            &[&[4, 5]],
            &[4, 5],
            4 * 30 + 3 * 6 + 5,
        ),
        sample(
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "value_dim": 4, "output_shape": [3], "use_bias": false }),
            &[&[4, 5], &[6, 2]],
            &[4, 3],
            30 + 12 + 16 + 24,
        ),
        sample(
            "Embedding",
            json!({ "input_dim": 3, "output_dim": 5, "embeddings_regularizer": "l2" }),
            &[&[4]],
            &[4, 5],
            15,
        ),
        sample(
            "Conv2D",
            json!({ "filters": 4, "kernel_size": 3 }),
            &[&[6, 5, 2]],
            &[4, 3, 4],
            76,
        ),
        sample("Conv2D", conv, &[&[5, 6, 4]], &[3, 3, 6], 72),
        sample("MaxPooling2D", none(), &[&[7, 6, 2]], &[3, 3, 2], 0),
        sample(
            "MaxPooling2D",
            json!({ "pool_size": [3, 2], "strides": 1, "padding": "same" }),
            &[&[5, 4, 2]],
            &[5, 4, 2],
            0,
        ),
        sample(
            "AveragePooling2D",
            json!({ "pool_size": 3, "strides": [2, 1] }),
            &[&[7, 6, 2]],
            &[3, 4, 2],
            0,
        ),
        sample("GlobalMaxPooling2D", none(), &[&[3, 4, 5]], &[5], 0),
        sample(
            "GlobalMaxPooling2D",
            json!({ "keepdims": true }),
            &[&[3, 4, 5]],
            &[1, 1, 5],
            0,
        ),
        sample("GlobalAveragePooling2D", none(), &[&[3, 4, 5]], &[5], 0),
        sample("BatchNormalization", none(), &[&[3, 4, 5]], &[3, 4, 5], 20),
        sample("BatchNormalization", norm, &[&[3, 4, 5]], &[3, 4, 5], 9),
        sample(
            "BatchNormalization",
            json!({ "scale": false }),
            &[&[6]],
            &[6],
            18,
        ),
        sample(
            "Dropout",
            json!({ "rate": 0.25, "seed": 3 }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "Dropout",
            json!({ "rate": 0.5, "noise_shape": [null, 1, 3] }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "RandomFlip",
            json!({ "mode": "vertical", "seed": 3 }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomBrightness",
            json!({ "factor": [-0.1, 0.3], "value_range": [-5.0, 5.0] }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomContrast",
            json!({ "factor": [0.0, 0.3], "value_range": [-50.0, 50.0] }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomSaturation",
            json!({ "factor": [0.4, 0.6], "value_range": [0.0, 50.0] }),
            &[&[3, 5, 3]],
            &[3, 5, 3],
            0,
        ),
        sample(
            "LocalResponseNormalization",
            json!({ "depth_radius": 1, "bias": 1.0, "alpha": 0.5, "beta": 0.5 }),
            &[&[2, 3, 6]],
            &[2, 3, 6],
            0,
        ),
        sample(
            "ZeroPadding2D",
            json!({ "padding": [[1, 0], [2, 3]] }),
            &[&[5, 4, 2]],
            &[6, 9, 2],
            0,
        ),
        sample("ZeroPadding2D", none(), &[&[5, 4, 2]], &[7, 6, 2], 0),
        sample("Flatten", none(), &[&[2, 3, 4]], &[24], 0),
        sample(
            "Flatten",
            json!({ "data_format": "channels_first" }),
            &[&[2, 3, 4]],
            &[24],
            0,
        ),
        sample("Flatten", none(), &[&[]], &[1], 0),
        sample(
            "Reshape",
            json!({ "target_shape": [4, -1, 1] }),
            &[&[2, 6]],
            &[4, 3, 1],
            0,
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
        sample(
            "ReLU",
            json!({ "max_value": 0.5, "negative_slope": 0.1, "threshold": 0.1 }),
            &[&[5, 2]],
            &[5, 2],
            0,
        ),
        sample("Softmax", none(), &[&[5]], &[5], 0),
        sample(
            "Softmax",
            json!({ "axis": [1, 2] }),
            &[&[5, 2, 3]],
            &[5, 2, 3],
            0,
        ),
        sample("Add", none(), &[&[4, 3], &[4, 3], &[1, 3]], &[4, 3], 0),
        sample("Add", none(), &[&[3], &[4, 3]], &[4, 3], 0),
        sample("Subtract", none(), &[&[4, 3], &[4, 3]], &[4, 3], 0),
        sample("Multiply", none(), &[&[4, 3], &[4, 1]], &[4, 3], 0),
        sample("Average", none(), &[&[4], &[4], &[4]], &[4], 0),
        sample("Maximum", none(), &[&[4], &[4]], &[4], 0),
        sample("Minimum", none(), &[&[4], &[4]], &[4], 0),
        sample(
            "Concatenate",
            json!({ "axis": 1 }),
            &[&[4, 3], &[2, 3], &[1, 3]],
            &[7, 3],
            0,
        ),
        sample("Concatenate", none(), &[&[4, 3]], &[4, 3], 0),
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
