//! Layers in which the places of a sequence look at each other.

mod heads;
mod scored;
mod sight;

family! {
    attention::Attention,
    additive_attention::AdditiveAttention,
    multi_head_attention::MultiHeadAttention,
    group_query_attention::GroupQueryAttention,
}
