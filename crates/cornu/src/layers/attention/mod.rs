//! Layers in which the places of a sequence look at each other.

family! {
    multi_head_attention::MultiHeadAttention,
}
