//! Activations that are layers, with settings of their own.

family! {
    relu::ReLU,
    leaky_relu::LeakyReLU,
    elu::ELU,
    prelu::PReLU,
    softmax::Softmax,
}

pub(super) use softmax::MASKED;
