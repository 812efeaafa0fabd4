//! Samples of the family `reshaping`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    vec![
        sample(
            "Permute",
            json!({ "dims": [3, 1, 2] }),
            &[&[2, 3, 5]],
            &[5, 2, 3],
            0,
        ),
        sample("RepeatVector", json!({ "n": 4 }), &[&[3]], &[4, 3], 0),
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
    ]
}
