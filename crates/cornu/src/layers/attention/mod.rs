//! Layers in which the places of a sequence look at each other.

mod along_axes;
mod block;
mod heads;
mod parts;
mod scored;
mod sight;

family! {
    attention::Attention,
    additive_attention::AdditiveAttention,
    multi_head_attention::MultiHeadAttention,
    group_query_attention::GroupQueryAttention = GroupedQueryAttention,
    transformer_encoder::TransformerEncoder,
    transformer_decoder::TransformerDecoder,
}
