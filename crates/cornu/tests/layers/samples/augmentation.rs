//! Samples of the family `augmentation`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![
        sample(
            "RandomFlip",
            json!({ "mode": "vertical", "seed": 3 }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomBrightness",
            json!({ "factor": [-0.1, 0.3], "value_range": [-5.0, 5.0] }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomContrast",
            json!({ "factor": [0.0, 0.3], "value_range": [-50.0, 50.0] }),
            &[&[3, 5, 2]],
            &[3, 5, 2],
            0,
        ),
        sample(
            "RandomSaturation",
            json!({ "factor": [0.4, 0.6], "value_range": [0.0, 50.0] }),
            &[&[3, 5, 3]],
            &[3, 5, 3],
            0,
        ),
    ]
}
