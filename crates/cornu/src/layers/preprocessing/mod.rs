//! Layers that turn raw data into numbers that networks like.

family! {
    rescaling::Rescaling,
}
