//! What networks are made of first: inputs, dense layers, tables of vectors, activations by name.

mod equation;
mod expression;
pub(super) mod low_rank;
mod operations;
pub(super) mod places;

pub use expression::Expr;

family! {
    input_layer::InputLayer,
    identity::Identity,
    dense::Dense,
    einsum_dense::EinsumDense,
    ternary_dense::TernaryDense,
    maxout::Maxout,
    embedding::Embedding,
    reversible_embedding::ReversibleEmbedding,
    masking::Masking,
    position_embedding::PositionEmbedding,
    sine_position_encoding::SinePositionEncoding,
    rotary_embedding::RotaryEmbedding,
    class_token::ClassToken,
    activation::Activation,
    lambda::Lambda,
}
