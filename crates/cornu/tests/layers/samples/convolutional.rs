//! Samples of the family `convolutional`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let conv = json!({
        "filters": 6, "kernel_size": [3, 2], "strides": 2, "padding": "same", "groups": 2,
        "activation": "tanh", "use_bias": false, "kernel_initializer": "he_normal",
        "kernel_regularizer": { "class_name": "L2", "config": { "l2": 0.01 } },
    });
    vec![
        sample(
            "Conv2D",
            json!({ "filters": 4, "kernel_size": 3 }),
            &[&[6, 5, 2]],
            &[4, 3, 4],
            76,
        ),
        sample("Conv2D", conv, &[&[5, 6, 4]], &[3, 3, 6], 72),
        sample(
            "Conv2D",
            json!({
                "filters": 3, "kernel_size": 2, "data_format": "channels_first", "activation": "softmax",
                "kernel_constraint": "max_norm", "bias_constraint": "non_neg", "activity_regularizer": "l2",
            }),
            &[&[2, 4, 5]],
            &[3, 3, 4],
            27,
        ),
        sample(
            "Conv1D",
            json!({ "filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2 }),
            &[&[7, 2]],
            &[7, 4],
            28,
        ),
        sample(
            "Conv1D",
            json!({ "filters": 4, "kernel_size": 2, "strides": 2, "groups": 2, "data_format": "channels_first", "activation": "relu" }),
            &[&[4, 7]],
            &[4, 3],
            20,
        ),
        sample(
            "Conv1DTranspose",
            json!({ "filters": 3, "kernel_size": 4, "strides": 3, "data_format": "channels_first" }),
            &[&[2, 5]],
            &[3, 16],
            27,
        ),
        sample(
            "Conv1DTranspose",
            json!({ "filters": 2, "kernel_size": 3, "dilation_rate": 2 }),
            &[&[5, 3]],
            &[9, 2],
            20,
        ),
        sample(
            "Conv2DTranspose",
            json!({ "filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1, "activation": "relu" }),
            &[&[3, 4, 2]],
            &[6, 8, 3],
            57,
        ),
        sample(
            "Conv2DTranspose",
            json!({ "filters": 3, "kernel_size": [3, 2], "padding": "same", "dilation_rate": [2, 3], "use_bias": false }),
            &[&[6, 5, 2]],
            &[6, 5, 3],
            36,
        ),
        sample(
            "DepthwiseConv1D",
            json!({ "kernel_size": 3, "strides": 2, "depth_multiplier": 2 }),
            &[&[8, 3]],
            &[3, 6],
            24,
        ),
        sample(
            "DepthwiseConv2D",
            json!({ "kernel_size": 3, "strides": [2, 1], "padding": "same", "dilation_rate": [1, 2], "depthwise_regularizer": "l1" }),
            &[&[5, 6, 4]],
            &[3, 6, 4],
            40,
        ),
        sample(
            "DepthwiseConv2D",
            json!({ "kernel_size": 2, "depth_multiplier": 3, "data_format": "channels_first", "use_bias": false }),
            &[&[2, 4, 5]],
            &[6, 3, 4],
            24,
        ),
        sample(
            "SeparableConv1D",
            json!({ "filters": 5, "kernel_size": 3, "padding": "same", "depth_multiplier": 2, "activation": "tanh" }),
            &[&[6, 3]],
            &[6, 5],
            18 + 30 + 5,
        ),
        sample(
            "SeparableConv2D",
            json!({
                "filters": 5, "kernel_size": 3, "strides": 2, "pointwise_initializer": "he_normal", "pointwise_regularizer": "l2",
                "depthwise_constraint": "unit_norm", "data_format": "channels_first",
            }),
            &[&[3, 7, 6]],
            &[5, 3, 2],
            27 + 15 + 5,
        ),
        sample(
            "Conv3D",
            json!({ "filters": 3, "kernel_size": 2, "padding": "same", "groups": 1 }),
            &[&[3, 4, 2, 2]],
            &[3, 4, 2, 3],
            51,
        ),
        sample(
            "Conv3D",
            json!({
                "filters": 4, "kernel_size": [2, 3, 1], "strides": [2, 1, 2], "groups": 2, "use_bias": false,
                "data_format": "channels_first", "activation": "relu",
            }),
            &[&[4, 5, 4, 3]],
            &[4, 2, 2, 2],
            48,
        ),
        sample(
            "Conv3DTranspose",
            json!({ "filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1 }),
            &[&[2, 1, 2, 3]],
            &[4, 2, 4, 2],
            27 * 6 + 2,
        ),
        sample(
            "Conv3DTranspose",
            json!({ "filters": 2, "kernel_size": 2, "dilation_rate": 2, "data_format": "channels_first" }),
            &[&[3, 2, 3, 2]],
            &[2, 4, 5, 4],
            8 * 6 + 2,
        ),
        sample(
            "Conv2D",
            json!({ "filters": 3, "kernel_size": 2, "lora_rank": 2, "lora_alpha": 4 }),
            &[&[4, 5, 2]],
            &[3, 4, 3],
            27 + 16 + 6,
        ),
    ]
}
