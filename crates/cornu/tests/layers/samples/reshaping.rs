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
        sample(
            "ZeroPadding1D",
            json!({ "padding": [2, 1] }),
            &[&[4, 3]],
            &[7, 3],
            0,
        ),
        sample(
            "ZeroPadding1D",
            json!({ "data_format": "channels_first" }),
            &[&[4, 3]],
            &[4, 5],
            0,
        ),
        sample(
            "ZeroPadding3D",
            json!({ "padding": [1, 0, 2] }),
            &[&[2, 3, 2, 2]],
            &[4, 3, 6, 2],
            0,
        ),
        sample(
            "Cropping1D",
            json!({ "cropping": 1 }),
            &[&[5, 3]],
            &[3, 3],
            0,
        ),
        sample(
            "Cropping2D",
            json!({ "cropping": [[1, 0], [2, 1]] }),
            &[&[5, 6, 2]],
            &[4, 3, 2],
            0,
        ),
        sample(
            "Cropping3D",
            json!({ "data_format": "channels_first" }),
            &[&[2, 3, 4, 5]],
            &[2, 1, 2, 3],
            0,
        ),
        sample(
            "UpSampling1D",
            json!({ "size": 3 }),
            &[&[4, 2]],
            &[12, 2],
            0,
        ),
        sample("UpSampling2D", none(), &[&[3, 2, 2]], &[6, 4, 2], 0),
        sample(
            "UpSampling2D",
            json!({ "size": [2, 3], "interpolation": "bicubic" }),
            &[&[3, 2, 2]],
            &[6, 6, 2],
            0,
        ),
        sample(
            "UpSampling2D",
            json!({ "size": 2, "interpolation": "bilinear", "data_format": "channels_first" }),
            &[&[2, 3, 2]],
            &[2, 6, 4],
            0,
        ),
        sample(
            "UpSampling3D",
            json!({ "size": [1, 2, 3] }),
            &[&[2, 2, 1, 3]],
            &[2, 4, 3, 3],
            0,
        ),
        sample(
            "PixelShuffle",
            json!({ "upscale_factor": 2 }),
            &[&[2, 3, 8]],
            &[4, 6, 2],
            0,
        ),
        sample(
            "PixelUnshuffle",
            json!({ "downscale_factor": 2, "data_format": "channels_first" }),
            &[&[2, 4, 6]],
            &[8, 2, 3],
            0,
        ),
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
