//! Models made of layers, models and layers of one's own, by the public interface alone.

#[path = "models/learning.rs"]
mod learning;
#[path = "models/mistakes.rs"]
mod mistakes;
#[path = "models/nested.rs"]
mod nested;
#[path = "models/own_layer.rs"]
mod own_layer;
#[path = "models/plots.rs"]
mod plots;
#[path = "models/steps.rs"]
mod steps;
#[path = "models/symbols.rs"]
mod symbols;

use cornu::Tensor;

/// Numbers that look random and are the same each time.
fn numbers(shape: &[usize], salt: usize) -> Tensor {
    let n: usize = shape.iter().product();
    let x = (0..n).map(|i| ((i * 7919 + salt * 104_729 + 13) % 2003) as f32 / 1001.5 - 1.0);
    Tensor::new(shape.to_vec(), x.collect::<Vec<f32>>()).expect("sizes fit")
}

/// Whether two tensors are equal but for rounding.
fn close(a: &Tensor, b: &Tensor) -> bool {
    let (x, y) = (a.f32s().expect("floats"), b.f32s().expect("floats"));
    let near = |(x, y): (&f32, &f32)| (x - y).abs() <= 1e-5 + 1e-4 * y.abs();
    a.shape() == b.shape() && x.iter().zip(y).all(near)
}
