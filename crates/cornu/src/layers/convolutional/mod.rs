//! Convolutions.

family! {
    conv2d::Conv2D,
}
