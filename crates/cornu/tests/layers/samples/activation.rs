//! Samples of the family `activation`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    vec![
        sample(
            "LeakyReLU",
            json!({ "negative_slope": 0.1 }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample("ELU", json!({ "alpha": 0.5 }), &[&[4, 3]], &[4, 3], 0),
        sample(
            "PReLU",
            json!({ "alpha_initializer": { "class_name": "Constant", "config": { "value": 0.3 } }, "shared_axes": [1], "alpha_constraint": "non_neg" }),
            &[&[4, 3]],
            &[4, 3],
            3,
        ),
        sample("PReLU", json!({}), &[&[4, 3]], &[4, 3], 12),
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
