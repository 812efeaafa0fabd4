//! Samples of the family `regularization`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![
        sample(
            "ActivityRegularization",
            json!({ "l1": 0.5, "l2": 0.25 }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample(
            "AlphaDropout",
            json!({ "rate": 0.25, "noise_shape": [null, 1, 3] }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "GaussianDropout",
            json!({ "rate": 0.25, "seed": 3 }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "GaussianNoise",
            json!({ "stddev": 0.25 }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "SpatialDropout1D",
            json!({ "rate": 0.25 }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
        sample(
            "SpatialDropout2D",
            json!({ "rate": 0.25 }),
            &[&[3, 4, 3]],
            &[3, 4, 3],
            0,
        ),
        sample(
            "SpatialDropout3D",
            json!({ "rate": 0.25, "seed": -1 }),
            &[&[2, 3, 2, 3]],
            &[2, 3, 2, 3],
            0,
        ),
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
        sample(
            "StochasticDepth",
            json!({ "drop_path_rate": 0.4 }),
            &[&[9, 3]],
            &[9, 3],
            0,
        ),
    ]
}
