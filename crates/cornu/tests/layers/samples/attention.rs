//! Samples of the family `attention`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    vec![
        sample(
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "dropout": 0.5, "use_causal_mask": true }),
            &[&[4, 5]],
            &[4, 5],
            4 * 30 + 3 * 6 + 5,
        ),
        sample(
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "value_dim": 4, "output_shape": [3], "use_bias": false }),
            &[&[4, 5], &[6, 2]],
            &[4, 3],
            30 + 12 + 16 + 24,
        ),
    ]
}
