//! Samples of the family `regularization`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![
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
    ]
}
