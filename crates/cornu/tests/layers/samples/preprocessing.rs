//! Samples of the family `preprocessing`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![sample(
        "Rescaling",
        json!({ "scale": 0.00392156862745098, "offset": -1 }),
        &[&[4, 3]],
        &[4, 3],
        0,
    )]
}
