//! Functions of two numbers, applied to every pair of elements, with broadcasting.

use cornu_kernels::elementwise;

use super::{Array, Call, GradientOf, Operand, Rule, Split, elementwise_split};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

pub use cornu_kernels::elementwise::Binary as BinaryKind;

/// `y = f(a, b)`, element by element; comparisons give 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Binary {
    /// Which function.
    pub kind: BinaryKind,
}

/// `(da, db)` before they are summed back to the operands' shapes.
fn derivatives(
    g: &mut Graph,
    kind: BinaryKind,
    (a, b, y): (Value, Value, Value),
    dy: Value,
) -> Result<(Option<Value>, Option<Value>)> {
    use BinaryKind as K;
    Ok(match kind {
        K::Add => (Some(dy), Some(dy)),
        K::Sub => (Some(dy), Some(g.neg(dy)?)),
        K::Mul => (Some(g.mul(dy, b)?), Some(g.mul(dy, a)?)),
        K::Div => {
            let da = g.div(dy, b)?;
            let t = g.mul(da, y)?;
            (Some(da), Some(g.neg(t)?))
        }
        K::Max | K::Min => {
            // At a tie the first operand gets the gradient, as in TensorFlow.
            let kind = if kind == K::Max { K::Ge } else { K::Le };
            let first = g.binary(kind, a, b)?;
            let zero = g.constant(0.0)?;
            (
                Some(g.select(first, dy, zero)?),
                Some(g.select(first, zero, dy)?),
            )
        }
        K::Pow => {
            // da = dy·b·a^(b-1); db = dy·y·ln a, 0 where a ≤ 0 has no real logarithm.
            let b1 = g.add_scalar(b, -1.0)?;
            let p = g.binary(K::Pow, a, b1)?;
            let d = g.mul(b, p)?;
            let da = g.mul(dy, d)?;
            let positive = g.greater_scalar(a, 0.0)?;
            let one = g.constant(1.0)?;
            let safe = g.select(positive, a, one)?;
            let ln = g.log(safe)?;
            let t = g.mul(y, ln)?;
            (Some(da), Some(g.mul(dy, t)?))
        }
        K::Eq | K::Ne | K::Lt | K::Le | K::Gt | K::Ge | K::And | K::Or => (None, None),
    })
}

impl Rule for Binary {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (a, b) = (inputs[0], inputs[1]);
        if a.dtype != DType::F32 || b.dtype != DType::F32 {
            return Err(Error::dtype(format!(
                "{:?} needs float32 operands, received {} and {}",
                self.kind, a.dtype, b.dtype
            )));
        }
        Ok(vec![Meta::f32(a.shape.broadcast(&b.shape)?)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(2);
        };
        let (a, b) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let (da, db) = derivatives(g, self.kind, (a, b, at.outputs[0]), dy)?;
        let da = da.map(|d| g.sum_to_shape_of(d, a)).transpose()?;
        let db = db.map(|d| g.sum_to_shape_of(d, b)).transpose()?;
        Ok(vec![da, db])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        vec![Array::from_fn(&outputs[0].shape, |i| {
            elementwise::binary_reference(
                self.kind,
                inputs[0].at_broadcast(i),
                inputs[1].at_broadcast(i),
            )
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        elementwise_split(inputs, outputs)
    }

    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("elementwise ops run inside a Map")
    }
}
