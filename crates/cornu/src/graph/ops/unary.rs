//! Functions of one number, applied to every element: one table of derivatives.

use cornu_kernels::elementwise;

use super::{Array, Call, GradientOf, Rule};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

pub use cornu_kernels::elementwise::Unary as UnaryKind;

/// `y = f(x)`, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unary {
    /// Which function.
    pub kind: UnaryKind,
}

/// `dx` from `x`, `y = f(x)` and `dy`; `None` where the function is flat.
fn derivative(
    g: &mut Graph,
    kind: UnaryKind,
    x: Value,
    y: Value,
    dy: Value,
) -> Result<Option<Value>> {
    use UnaryKind as K;
    let dx = match kind {
        K::Neg => g.neg(dy)?,
        K::Abs => {
            let s = g.unary(K::Sign, x)?;
            g.mul(dy, s)?
        }
        K::Square => {
            let x2 = g.scale(x, 2.0)?;
            g.mul(dy, x2)?
        }
        K::Sqrt => {
            let half = g.scale(dy, 0.5)?;
            g.div(half, y)?
        }
        K::Rsqrt => {
            // d x^(-1/2) = -1/2 · y³
            let y2 = g.square(y)?;
            let y3 = g.mul(y2, y)?;
            let d = g.scale(y3, -0.5)?;
            g.mul(dy, d)?
        }
        K::Reciprocal => {
            let y2 = g.square(y)?;
            let d = g.neg(y2)?;
            g.mul(dy, d)?
        }
        K::Exp => g.mul(dy, y)?,
        K::Expm1 => {
            let e = g.add_scalar(y, 1.0)?;
            g.mul(dy, e)?
        }
        K::Log => g.div(dy, x)?,
        K::Log1p => {
            let x1 = g.add_scalar(x, 1.0)?;
            g.div(dy, x1)?
        }
        K::Tanh => {
            let y2 = g.square(y)?;
            let d = g.one_minus(y2)?;
            g.mul(dy, d)?
        }
        K::Sigmoid => {
            let n = g.one_minus(y)?;
            let d = g.mul(y, n)?;
            g.mul(dy, d)?
        }
        K::Relu => {
            // The mask is taken from y, so that x need not be kept; relu'(0) = 0 as in Keras.
            let positive = g.greater_scalar(y, 0.0)?;
            let zero = g.constant(0.0)?;
            g.select(positive, dy, zero)?
        }
        K::Softplus => {
            let s = g.unary(K::Sigmoid, x)?;
            g.mul(dy, s)?
        }
        K::Sin => {
            let c = g.unary(K::Cos, x)?;
            g.mul(dy, c)?
        }
        K::Cos => {
            let s = g.unary(K::Sin, x)?;
            let n = g.neg(s)?;
            g.mul(dy, n)?
        }
        K::Erf => {
            // 2/√π · exp(-x²)
            let x2 = g.square(x)?;
            let n = g.neg(x2)?;
            let e = g.unary(K::Exp, n)?;
            let d = g.scale(e, std::f32::consts::FRAC_2_SQRT_PI)?;
            g.mul(dy, d)?
        }
        K::Sign | K::Floor | K::Ceil | K::Round | K::IsFinite | K::Not => return Ok(None),
    };
    Ok(Some(dx))
}

impl Rule for Unary {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        if inputs[0].dtype == DType::F32 {
            Ok(vec![inputs[0].clone()])
        } else {
            Err(Error::dtype(format!(
                "{:?} needs float32, received {}",
                self.kind, inputs[0].dtype
            )))
        }
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        Ok(vec![derivative(
            at.graph,
            self.kind,
            at.inputs[0],
            at.outputs[0],
            dy,
        )?])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let f = |&x: &f64| elementwise::unary_reference(self.kind, x);
        vec![Array::new(
            x.shape.clone(),
            x.data.iter().map(f).collect::<Vec<_>>(),
        )]
    }

    fn run(&self, _: &mut Call<'_, '_>) {
        unreachable!("elementwise ops run inside a Map")
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let kinds = UnaryKind::ALL.into_iter();
    let batched = kinds.clone().map(|kind| {
        let fill = match kind {
            UnaryKind::Sqrt | UnaryKind::Rsqrt | UnaryKind::Log => Between(0.3, 3.0),
            UnaryKind::Log1p => Between(-0.6, 3.0),
            _ => Mixed,
        };
        case(format!("{kind:?}"), move |s| {
            let x = s.batched(&[3, 7], fill)?;
            s.g.unary(kind, x)
        })
    });
    let edges = kinds.map(|kind| {
        case(format!("{kind:?} of whole numbers"), move |s| {
            let x = s.fixed(&[5, 1], Ties)?;
            let x = s.g.add_scalar(x, 2.0)?;
            s.g.unary(kind, x)
        })
        .not_smooth()
    });
    batched.chain(edges).collect()
}
