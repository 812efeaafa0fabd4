//! Samples of the family `attention`.

use serde_json::json;

use super::{Sample, sample};

pub(super) fn all() -> Vec<Sample> {
    let mha = |more: serde_json::Value| {
        let mut config = json!({ "num_heads": 2, "key_dim": 3 });
        for (key, value) in more.as_object().expect("an object") {
            config[key] = value.clone();
        }
        config
    };
    vec![
        sample(
            "TransformerEncoder",
            json!({ "intermediate_dim": 6, "num_heads": 2, "dropout": 0.25, "kernel_regularizer": "l2" }),
            &[&[3, 4]],
            &[3, 4],
            4 * 20 + 16 + 30 + 28,
        ),
        sample(
            "TransformerDecoder",
            json!({ "intermediate_dim": 6, "num_heads": 2, "normalize_first": true, "activation": "gelu" }),
            &[&[3, 4], &[5, 3]],
            &[3, 4],
            4 * 20 + 2 * 20 + 2 * 16 + 24 + 30 + 28,
        ),
        sample(
            "MultiHeadAttention",
            mha(
                json!({ "sliding_window": 2, "use_gate": true, "seed": 4, "kernel_constraint": "unit_norm", "activity_regularizer": "l2" }),
            ),
            &[&[4, 5]],
            &[4, 5],
            5 * 30 + 4 * 6 + 5,
        ),
        sample(
            "MultiHeadAttention",
            mha(json!({ "attention_mask": true, "output_shape": 2, "flash_attention": true })),
            &[&[4, 5], &[3, 5], &[4, 3]],
            &[4, 2],
            3 * 36 + 12 + 2,
        ),
        sample(
            "MultiHeadAttention",
            mha(json!({ "attention_axes": [2], "use_bias": false, "dropout": 0.2 })),
            &[&[2, 4, 5], &[2, 3, 5]],
            &[2, 4, 5],
            4 * 30,
        ),
        sample(
            "GroupQueryAttention",
            json!({ "head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "dropout": 0.5 }),
            &[&[4, 5]],
            &[4, 5],
            2 * 60 + 2 * 30 + 12 + 12 + 5,
        ),
        sample(
            "Attention",
            json!({ "use_scale": true, "dropout": 0.5 }),
            &[&[4, 3], &[5, 3]],
            &[4, 3],
            1,
        ),
        sample(
            "Attention",
            json!({ "score_mode": "concat", "seed": 2, "use_causal_mask": true }),
            &[&[4, 3], &[5, 2], &[5, 3]],
            &[4, 2],
            1,
        ),
        sample(
            "AdditiveAttention",
            json!({ "dropout": 0.5 }),
            &[&[4, 3], &[5, 3]],
            &[4, 3],
            3,
        ),
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
