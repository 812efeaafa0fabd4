//! The layer that `CONTRIBUTING.md` shows, compiled as it is written there.

use super::Layer;
use crate::model::Sequential;
use crate::tensor::Tensor;

#[path = "../../tests/contributing/affine.rs"]
#[allow(unreachable_pub, dead_code)] // In its family's folder all of it would be reachable.
mod affine;

#[test]
fn the_page_shows_what_is_compiled_here() {
    let page = include_str!("../../../../CONTRIBUTING.md");
    let file = include_str!("../../tests/contributing/affine.rs");
    assert!(
        page.contains(&format!("```rust\n{file}```\n")),
        "CONTRIBUTING.md and tests/contributing/affine.rs differ"
    );
}

#[test]
fn the_layer_does_what_the_page_says() {
    let layer = affine::Affine::new().shift_initializer("ones");
    assert_eq!(layer.config()["shift_initializer"]["class_name"], "Ones");
    let mut model = Sequential::new()
        .input([2])
        .add(layer)
        .build()
        .expect("a model");
    assert_eq!(model.count_params(), 4);
    let x = Tensor::new([1, 2], vec![2.0f32, -3.0]).expect("two numbers");
    let y = model.predict(&x).expect("a prediction");
    assert_eq!(y.f32s().expect("floats"), &[3.0, -2.0]);
    let empty = Sequential::new()
        .input(Vec::new())
        .add(affine::Affine::default());
    assert!(empty.build().is_err());
}
