//! Derivatives of functions of many numbers: products with them, and for small functions the whole of them.

use super::{gradients, gradients_from, zeros};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Rows of a matrix of derivatives are written out one by one; more than this are refused.
const MOST_ROWS: usize = 4096;

/// The vector-Jacobian product `vᵀ · ∂y/∂x` for each `x` of `wrt`: the gradients of `Σ v·y`.
///
/// # Shapes
/// `v` has `y`'s shape, each product that of its `x`.
///
/// # Errors
/// A `v` of another shape.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([2], vec![1.0f32, 2.0])?;
/// let v = Tensor::new([2], vec![10.0f32, 1.0])?;
/// let product = compute(&[&x, &v], |g, at| {
///     let y = g.square(at[0])?;
///     Ok(autodiff::vjp(g, y, at[1], &[at[0]])?[0])
/// })?;
/// assert_eq!(product.f32s()?, &[20.0, 4.0]); // v · 2x
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn vjp(g: &mut Graph, y: Value, v: Value, wrt: &[Value]) -> Result<Vec<Value>> {
    gradients_from(g, &[(y, v)], wrt)
}

/// The Jacobian-vector product `Σ ∂y/∂x · v` over the pairs `(x, v)` given: how `y` moves when each `x` moves by its `v`.
///
/// # Shapes
/// Each `v` has its `x`'s shape, the product that of `y`.
///
/// # Errors
/// A `v` of another shape than its `x`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([2], vec![1.0f32, 2.0])?;
/// let v = Tensor::new([2], vec![10.0f32, 1.0])?;
/// let product = compute(&[&x, &v], |g, at| {
///     let squares = g.square(at[0])?;
///     let y = g.sum_all(squares)?;
///     autodiff::jvp(g, y, &[(at[0], at[1])])
/// })?;
/// assert_eq!(product.f32s()?, &[24.0]); // 2 · 1 · 10 + 2 · 2 · 1
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Townsend, "A new trick for calculating Jacobian vector products", 2017: `uᵀ·J` is linear in `u`, and its derivative in the direction
/// `v` is `J·v`.
pub fn jvp(g: &mut Graph, y: Value, along: &[(Value, Value)]) -> Result<Value> {
    for &(x, v) in along {
        if g.shape(x) != g.shape(v) {
            return Err(Error::shape(format!(
                "a direction must have the shape {} of what moves, received {}",
                g.shape(x),
                g.shape(v)
            )));
        }
    }
    let u = zeros(g, y)?;
    let wrt: Vec<Value> = along.iter().map(|&(x, _)| x).collect();
    let products = gradients_from(g, &[(y, u)], &wrt)?;
    let directions: Vec<(Value, Value)> = products
        .into_iter()
        .zip(along)
        .map(|(product, &(_, v))| (product, v))
        .collect();
    Ok(gradients_from(g, &directions, &[u])?[0])
}

/// The Hessian-vector product `∂²y/∂x² · v` of the sum of `y`'s elements.
///
/// # Shapes
/// `v` and the product have `x`'s shape.
///
/// # Errors
/// A `v` of another shape.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([2], vec![1.0f32, 2.0])?;
/// let v = Tensor::new([2], vec![1.0f32, 1.0])?;
/// let product = compute(&[&x, &v], |g, at| {
///     let square = g.square(at[0])?;
///     let cube = g.mul(square, at[0])?;
///     autodiff::hvp(g, cube, at[0], at[1])
/// })?;
/// assert_eq!(product.f32s()?, &[6.0, 12.0]); // 6x · v
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn hvp(g: &mut Graph, y: Value, x: Value, v: Value) -> Result<Value> {
    let first = gradients(g, y, &[x])?[0];
    Ok(vjp(g, first, v, &[x])?[0])
}

/// All derivatives of `y`'s elements, for small functions: one gradient is computed for each element of `y`.
///
/// # Shapes
/// `[..y, ..x]`.
///
/// # Errors
/// A `y` of more than 4,096 elements.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([3], vec![1.0f32, 2.0, 3.0])?;
/// let all = compute(&[&x], |g, x| {
///     let y = g.square(x[0])?;
///     autodiff::jacobian(g, y, x[0])
/// })?;
/// assert_eq!(all.f32s()?, &[2.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 6.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn jacobian(g: &mut Graph, y: Value, x: Value) -> Result<Value> {
    let (outer, inner) = (g.shape(y).clone(), g.shape(x).clone());
    let flat = g.reshape(y, [outer.elements()])?;
    let rows = rows(g, flat, 0, x)?;
    let one = Shape::from([&[1], inner.axes()].concat());
    let rows = rows
        .into_iter()
        .map(|row| g.reshape(row, one.clone()))
        .collect::<Result<Vec<_>>>()?;
    let all = g.concat(&rows, 0)?;
    g.reshape(all, [outer.axes(), inner.axes()].concat())
}

/// All derivatives of each sample's outputs for its own inputs, where samples do not depend on each other.
///
/// # Shapes
/// `y` `[batch, ..m]` and `x` `[batch, ..n]` give `[batch, ..m, ..n]`.
///
/// # Errors
/// A `y` of more than 4,096 elements a sample; another batch than `x`'s.
///
/// # Keras
/// TensorFlow's `GradientTape.batch_jacobian`.
pub fn batch_jacobian(g: &mut Graph, y: Value, x: Value) -> Result<Value> {
    let (outer, inner) = (g.shape(y).clone(), g.shape(x).clone());
    let (Some(&batch), true) = (outer.first(), outer.first() == inner.first()) else {
        return Err(Error::shape(format!(
            "both values need the same batch in front, received {outer} and {inner}"
        )));
    };
    let flat = g.reshape(y, [batch, outer.row()])?;
    let rows = rows(g, flat, 1, x)?;
    let one = Shape::from([&[batch, 1], &inner.axes()[1..]].concat());
    let rows = rows
        .into_iter()
        .map(|row| g.reshape(row, one.clone()))
        .collect::<Result<Vec<_>>>()?;
    let all = g.concat(&rows, 1)?;
    g.reshape(all, [outer.axes(), &inner.axes()[1..]].concat())
}

/// The gradients of each entry of an axis.
fn rows(g: &mut Graph, y: Value, axis: usize, x: Value) -> Result<Vec<Value>> {
    let count = g.shape(y)[axis];
    if count == 0 || count > MOST_ROWS {
        return Err(Error::shape(format!(
            "all derivatives are for functions of 1 to {MOST_ROWS} values, received {count}"
        ))
        .help("jvp, vjp and hvp give products with them at the cost of one gradient"));
    }
    (0..count)
        .map(|i| {
            let entry = g.slice(y, axis, i, 1)?;
            Ok(gradients(g, entry, &[x])?[0])
        })
        .collect()
}

/// All second derivatives of the sum of `y`'s elements, for small functions.
///
/// # Shapes
/// `[..x, ..x]`.
///
/// # Errors
/// An `x` of more than 4,096 elements.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// use cornu::{autodiff, exec::compute};
/// let x = Tensor::new([2], vec![3.0f32, 5.0])?;
/// let all = compute(&[&x], |g, x| {
///     let (a, b) = (g.slice(x[0], 0, 0, 1)?, g.slice(x[0], 0, 1, 1)?);
///     let product = g.mul(a, b)?;
///     autodiff::hessian(g, product, x[0])
/// })?;
/// assert_eq!(all.f32s()?, &[0.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn hessian(g: &mut Graph, y: Value, x: Value) -> Result<Value> {
    let first = gradients(g, y, &[x])?[0];
    jacobian(g, first, x)
}
