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
        sample("MaxPooling1D", none(), &[&[7, 2]], &[3, 2], 0),
        sample(
            "MaxPooling1D",
            json!({ "pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first" }),
            &[&[2, 7]],
            &[2, 4],
            0,
        ),
        sample(
            "MaxPooling2D",
            json!({ "pool_size": 17, "strides": 3, "padding": "same" }),
            &[&[5, 4, 2]],
            &[2, 2, 2],
            0,
        ),
        sample("MaxPooling3D", none(), &[&[4, 5, 6, 2]], &[2, 2, 3, 2], 0),
        sample(
            "MaxPooling3D",
            json!({ "pool_size": [3, 2, 3], "strides": [1, 2, 2], "padding": "same", "data_format": "channels_first" }),
            &[&[2, 3, 5, 4]],
            &[2, 3, 3, 2],
            0,
        ),
        sample(
            "AveragePooling1D",
            json!({ "pool_size": 3, "strides": 2 }),
            &[&[8, 2]],
            &[3, 2],
            0,
        ),
        sample(
            "AveragePooling2D",
            json!({ "pool_size": 2, "data_format": "channels_first" }),
            &[&[2, 5, 4]],
            &[2, 2, 2],
            0,
        ),
        sample(
            "AveragePooling3D",
            json!({ "pool_size": [2, 3, 2], "strides": 2, "padding": "same" }),
            &[&[3, 5, 4, 2]],
            &[2, 3, 2, 2],
            0,
        ),
        sample(
            "GlobalMaxPooling1D",
            json!({ "data_format": "channels_first" }),
            &[&[5, 4]],
            &[5],
            0,
        ),
        sample(
            "GlobalMaxPooling3D",
            json!({ "keepdims": true }),
            &[&[2, 3, 2, 4]],
            &[1, 1, 1, 4],
            0,
        ),
        sample(
            "GlobalAveragePooling1D",
            json!({ "keepdims": true }),
            &[&[5, 4]],
            &[1, 4],
            0,
        ),
        sample(
            "GlobalAveragePooling2D",
            json!({ "data_format": "channels_first", "keepdims": true }),
            &[&[5, 4, 3]],
            &[5, 1, 1],
            0,
        ),
        sample("GlobalAveragePooling3D", none(), &[&[2, 3, 2, 4]], &[4], 0),
        sample(
            "AdaptiveMaxPooling1D",
            json!({ "output_size": 3 }),
            &[&[7, 2]],
            &[3, 2],
            0,
        ),
        sample(
            "AdaptiveMaxPooling2D",
            json!({ "output_size": [3, 2] }),
            &[&[7, 4, 2]],
            &[3, 2, 2],
            0,
        ),
        sample(
            "AdaptiveMaxPooling3D",
            json!({ "output_size": 2, "data_format": "channels_first" }),
            &[&[2, 3, 4, 5]],
            &[2, 2, 2, 2],
            0,
        ),
        sample(
            "AdaptiveAveragePooling1D",
            json!({ "output_size": 5 }),
            &[&[3, 2]],
            &[5, 2],
            0,
        ),
        sample(
            "AdaptiveAveragePooling2D",
            json!({ "output_size": 3, "data_format": "channels_first" }),
            &[&[2, 4, 5]],
            &[2, 3, 3],
            0,
        ),
        sample(
            "AdaptiveAveragePooling3D",
            json!({ "output_size": [2, 1, 3] }),
            &[&[3, 3, 3, 2]],
            &[2, 1, 3, 2],
            0,
        ),
    ]
}
