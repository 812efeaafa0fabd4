//! Products of two inputs, summed over an axis of each.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::normalization::unit;
use crate::layers::{Axes, Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Multiplies two inputs and sums over an axis of each, sample by sample.
///
/// `y[b, .., ..] = Σ_k x₀[b, .., k, ..] · x₁[b, .., k, ..]`: the axes of the first input without the one summed over, then those of the
/// second. With `normalize`, the vectors along the axes are brought to length 1 before: cosines.
///
/// # Shapes
/// `[batch, a, k], [batch, b, k] → [batch, a, b]` with axes 2 (or -1); `[batch, k], [batch, k] → [batch, 1]`.
///
/// # Errors
/// More or fewer inputs than two; axes of different lengths, ones that an input lacks, or the batch axis.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([8]), input([8]));
/// let model = Model::new([&a, &b], [&Dot::new(1).normalize(true).on([&a, &b])])?;
/// assert_eq!(model.output_shape().axes(), &[1]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dot {
    #[serde(skip)]
    base: Base,
    axes: Axes,
    #[serde(default)]
    normalize: bool,
}

layer!(Dot);

impl Dot {
    /// Over these axes, one for both inputs or one for each; the batch counts as axis 0.
    pub fn new(axes: impl Into<Axes>) -> Self {
        Self {
            base: Base::default(),
            axes: axes.into(),
            normalize: false,
        }
    }

    setters! {
        /// Whether vectors are brought to length 1 before they are multiplied.
        normalize: bool,
    }
}

/// `x` as `[batch, others, k]` (or `[batch, k, others]` where `k` comes first and others follow), whether `k` is last, and the others.
fn matrix(g: &mut Graph, x: Value, axis: usize) -> Result<(Value, bool, Vec<usize>)> {
    let shape = g.shape(x).clone();
    let others: Vec<usize> = (1..shape.rank()).filter(|&a| a != axis).collect();
    let lengths: Vec<usize> = others.iter().map(|&a| shape[a]).collect();
    let many = lengths.iter().product();
    if axis == 1 && shape.rank() > 2 {
        let x = g.reshape(x, [shape[0], shape[1], many])?;
        return Ok((x, false, lengths));
    }
    let order: Vec<usize> = std::iter::once(0).chain(others).chain([axis]).collect();
    let x = g.transpose(x, &order)?;
    let x = g.reshape(x, [shape[0], many, shape[axis]])?;
    Ok((x, true, lengths))
}

impl Layer for Dot {
    layer_identity!(Dot);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [a, b] = inputs else {
            return Err(Error::shape(format!(
                "Dot expects two inputs, received {}",
                inputs.len()
            )));
        };
        let [i, j] = self.axes.two([a.rank() + 1, b.rank() + 1])?;
        if a[i - 1] != b[j - 1] {
            return Err(Error::shape(format!(
                "Dot expects axes of one length, received axis {i} of {a} and axis {j} of {b}"
            ))
            .help("the batch counts as axis 0"));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let (mut a, mut b) = (inputs[0], inputs[1]);
        let batch = g.shape(a)[0];
        let [i, j] = self.axes.two([g.shape(a).rank(), g.shape(b).rank()])?;
        if self.normalize {
            a = unit(g, a, &[i], 1e-7)?;
            b = unit(g, b, &[j], 1e-7)?;
        }
        let (a, last, mut axes) = matrix(g, a, i)?;
        let turn_a = !last;
        let (b, turn_b, others) = matrix(g, b, j)?;
        let y = g.batch_matmul(a, b, (turn_a, turn_b))?;
        axes.extend(others);
        if axes.is_empty() {
            axes.push(1);
        }
        axes.insert(0, batch);
        g.reshape(y, axes)
    }
}
