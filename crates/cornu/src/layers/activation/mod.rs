//! Activations that are layers, with settings of their own.

family! {
    relu::ReLU,
    softmax::Softmax,
}
