//! Samples of the family `pooling`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    vec![
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
    ]
}
