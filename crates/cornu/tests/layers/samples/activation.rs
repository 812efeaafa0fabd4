//! Samples of the family `activation`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    vec![
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
    ]
}
