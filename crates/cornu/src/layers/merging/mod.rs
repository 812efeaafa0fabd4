//! Layers that make one of several inputs.

mod elementwise;

family! {
    add::Add,
    subtract::Subtract,
    multiply::Multiply,
    average::Average,
    maximum::Maximum,
    minimum::Minimum,
    concatenate::Concatenate,
    dot::Dot,
    custom_scale_layer::CustomScaleLayer,
}
