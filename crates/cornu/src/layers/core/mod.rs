//! What networks are made of first: inputs, dense layers, tables of vectors, activations by name.

family! {
    input_layer::InputLayer,
    identity::Identity,
    dense::Dense,
    embedding::Embedding,
    masking::Masking,
    position_embedding::PositionEmbedding,
    activation::Activation,
}
