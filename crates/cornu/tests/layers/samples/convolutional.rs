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
    ]
}
