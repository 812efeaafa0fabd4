//! Samples of the family `merging`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    vec![
        sample(
            "Dot",
            json!({ "axes": [1, 2] }),
            &[&[3, 5], &[4, 3]],
            &[5, 4],
            0,
        ),
        sample(
            "Dot",
            json!({ "axes": -1, "normalize": true }),
            &[&[3], &[3]],
            &[1],
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
        sample(
            "CustomScaleLayer",
            json!({ "scale": 0.3 }),
            &[&[4, 3], &[4, 1]],
            &[4, 3],
            0,
        ),
    ]
}
