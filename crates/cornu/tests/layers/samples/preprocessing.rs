//! Samples of the family `preprocessing`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![
        sample(
            "Rescaling",
            json!({ "scale": 0.00392156862745098, "offset": -1 }),
            &[&[4, 3]],
            &[4, 3],
            0,
        ),
        sample(
            "Rescaling",
            json!({ "scale": [0.5, 2.0, -1.0], "offset": [[1.0], [2.0]] }),
            &[&[2, 3]],
            &[2, 3],
            0,
        ),
        sample("Normalization", json!({}), &[&[4, 3]], &[4, 3], 7),
        sample(
            "Normalization",
            json!({ "axis": [1, 3], "mean": [0.5, 1.0], "variance": [4.0, 0.25], "invert": true }),
            &[&[3, 4, 2]],
            &[3, 4, 2],
            0,
        ),
        sample("Normalization", json!({ "axis": [] }), &[&[4]], &[4], 3),
        sample(
            "Discretization",
            json!({ "bin_boundaries": [-0.5, 0.0, 0.25] }),
            &[&[4]],
            &[4],
            0,
        ),
        sample(
            "Discretization",
            json!({ "bin_boundaries": [0.0], "output_mode": "one_hot", "epsilon": 0.1 }),
            &[&[4, 1]],
            &[4, 2],
            0,
        ),
        sample(
            "CategoryEncoding",
            json!({ "num_tokens": 3 }),
            &[&[4]],
            &[3],
            0,
        ),
        sample(
            "CategoryEncoding",
            json!({ "num_tokens": 3, "output_mode": "count" }),
            &[&[4], &[4]],
            &[3],
            0,
        ),
        sample(
            "Hashing",
            json!({ "num_bins": 5, "salt": [1, 2], "mask_value": 0 }),
            &[&[4]],
            &[4],
            0,
        ),
        sample(
            "Hashing",
            json!({ "num_bins": 5, "output_mode": "multi_hot" }),
            &[&[4]],
            &[5],
            0,
        ),
        sample(
            "HashedCrossing",
            json!({ "num_bins": 7 }),
            &[&[1], &[1]],
            &[1],
            0,
        ),
        sample(
            "HashedCrossing",
            json!({ "num_bins": 7, "output_mode": "one_hot" }),
            &[&[], &[], &[]],
            &[7],
            0,
        ),
        sample(
            "IntegerLookup",
            json!({ "vocabulary": [-1, 0, 5], "num_oov_indices": 2, "mask_token": 9, "oov_token": -7 }),
            &[&[4]],
            &[4],
            0,
        ),
        sample(
            "IntegerLookup",
            json!({ "vocabulary": [-5, 0, 5], "output_mode": "tf_idf", "idf_weights": [0.5, 1.0, 2.0], "max_tokens": 6, "pad_to_max_tokens": true }),
            &[&[4]],
            &[6],
            0,
        ),
        sample(
            "Pipeline",
            json!({ "layers": [
                { "class_name": "Rescaling", "config": { "scale": 2.0 } },
                { "class_name": "Normalization", "config": {} },
                { "class_name": "Dropout", "config": { "rate": 0.5 } },
            ] }),
            &[&[4, 3]],
            &[4, 3],
            7,
        ),
        sample(
            "STFTSpectrogram",
            json!({ "mode": "stft", "frame_length": 8, "frame_step": 3, "padding": "same", "data_format": "channels_first", "window": null }),
            &[&[2, 20]],
            &[2 * 2 * 5, 7],
            2 * 8 * 5,
        ),
        sample(
            "STFTSpectrogram",
            json!({ "mode": "angle", "frame_length": 6, "expand_dims": true, "scaling": "spectrum" }),
            &[&[20, 2]],
            &[5, 5, 2],
            2 * 6 * 5,
        ),
        sample(
            "MelSpectrogram",
            json!({ "fft_length": 16, "sequence_stride": 5, "sampling_rate": 100, "num_mel_bins": 3, "min_freq": 5, "sequence_length": 12, "window": null }),
            &[&[33]],
            &[3, 7],
            0,
        ),
    ]
}
