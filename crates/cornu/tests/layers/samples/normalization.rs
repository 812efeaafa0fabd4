//! Samples of the family `normalization`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let none = || json!({});
    let norm = json!({
        "axis": 1, "momentum": 0.9, "epsilon": 0.01, "center": false,
        "gamma_initializer": { "class_name": "RandomUniform", "config": { "minval": 0.5, "maxval": 1.5, "seed": 7 } },
    });
    vec![
        sample(
            "BatchNormalization",
            json!({ "renorm": true, "renorm_clipping": { "rmin": 0.5, "rmax": 2.0, "dmax": 1.0 }, "gamma_constraint": "non_neg" }),
            &[&[3, 4]],
            &[3, 4],
            28,
        ),
        sample(
            "SpectralNormalization",
            json!({ "layer": { "class_name": "Conv2D", "config": { "filters": 3, "kernel_size": 2 } }, "power_iterations": 2 }),
            &[&[4, 4, 2]],
            &[3, 3, 3],
            24 + 3 + 3,
        ),
        sample(
            "GroupNormalization",
            json!({ "groups": 2, "epsilon": 0.01, "gamma_constraint": "unit_norm" }),
            &[&[3, 6]],
            &[3, 6],
            12,
        ),
        sample(
            "GroupNormalization",
            json!({ "groups": -1, "axis": 1, "center": false }),
            &[&[4, 3, 2]],
            &[4, 3, 2],
            4,
        ),
        sample(
            "InstanceNormalization",
            json!({ "scale": true }),
            &[&[4, 3, 2]],
            &[4, 3, 2],
            2,
        ),
        sample(
            "UnitNormalization",
            json!({ "axis": [1, 2] }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample(
            "LayerNormalization",
            json!({ "epsilon": 0.01, "gamma_initializer": { "class_name": "Constant", "config": { "value": 0.7 } } }),
            &[&[4, 3]],
            &[4, 3],
            6,
        ),
        sample(
            "LayerNormalization",
            json!({ "axis": 1 }),
            &[&[4, 3]],
            &[4, 3],
            8,
        ),
        sample("RMSNormalization", none(), &[&[4, 3]], &[4, 3], 3),
        sample("BatchNormalization", none(), &[&[3, 4, 5]], &[3, 4, 5], 20),
        sample("BatchNormalization", norm, &[&[3, 4, 5]], &[3, 4, 5], 9),
        sample(
            "BatchNormalization",
            json!({ "scale": false }),
            &[&[6]],
            &[6],
            18,
        ),
        sample(
            "LayerScale",
            json!({ "init_values": 0.5, "projection_dim": 3 }),
            &[&[4, 3]],
            &[4, 3],
            3,
        ),
        sample(
            "LocalResponseNormalization",
            json!({ "depth_radius": 1, "bias": 1.0, "alpha": 0.5, "beta": 0.5 }),
            &[&[2, 3, 6]],
            &[2, 3, 6],
            0,
        ),
    ]
}
