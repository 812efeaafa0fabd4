//! Layers that hinder over-fitting, in training alone.

family! {
    dropout::Dropout,
}
