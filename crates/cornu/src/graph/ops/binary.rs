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
            // da = dy·b·a^(b-1), 0 where b = 0 though a^-1 may be infinite; db = dy·y·ln a, 0 where a ≤ 0 has no logarithm.
            let zero = g.constant(0.0)?;
            let one = g.constant(1.0)?;
            let flat = g.equal(b, zero)?;
            let b1 = g.sub(b, one)?;
            let b1 = g.select(flat, one, b1)?;
            let p = g.binary(K::Pow, a, b1)?;
            let d = g.mul(b, p)?;
            let da = g.mul(dy, d)?;
            let positive = g.greater_scalar(a, 0.0)?;
            let safe = g.select(positive, a, one)?;
            let ln = g.log(safe)?;
            let t = g.mul(y, ln)?;
            (Some(da), Some(g.mul(dy, t)?))
        }
        K::Atan2 => {
            let (a2, b2) = (g.square(a)?, g.square(b)?);
            let length = g.add(a2, b2)?;
            // Where there is no angle, it does not change either.
            let least = g.constant(f32::MIN_POSITIVE)?;
            let length = g.maximum(length, least)?;
            let (da, db) = (g.mul(dy, b)?, g.mul(dy, a)?);
            let (da, db) = (g.div(da, length)?, g.div(db, length)?);
            (Some(da), Some(g.neg(db)?))
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

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let fill_of = |kind| match kind {
        BinaryKind::Pow | BinaryKind::Div | BinaryKind::Atan2 => Between(0.4, 2.0),
        _ => Mixed,
    };
    let mut cases = Vec::new();
    for kind in BinaryKind::ALL {
        let fill = fill_of(kind);
        cases.push(case(format!("{kind:?}"), move |s| {
            let (a, b) = (s.batched(&[3, 2], fill)?, s.batched(&[3, 2], fill)?);
            s.g.binary(kind, a, b)
        }));
        cases.push(
            case(format!("{kind:?} of equal numbers"), move |s| {
                let (a, b) = (s.batched(&[3, 2], Ties)?, s.fixed(&[3, 2], Ties)?);
                let (a, b) = (s.g.add_scalar(a, 2.0)?, s.g.add_scalar(b, 2.0)?);
                s.g.binary(kind, a, b)
            })
            .not_smooth(),
        );
    }
    let rows: &[(&str, &[usize], &[usize])] = &[
        ("a bias", &[3, 4], &[4]),
        ("a scalar", &[3, 4], &[]),
        ("a row for all", &[3, 4], &[3, 4]),
        ("a column", &[3, 4], &[3, 1]),
        ("the middle", &[2, 3, 4], &[3, 1]),
        (
            "the outside, which no period expresses",
            &[2, 3, 4],
            &[2, 1, 4],
        ),
        ("one of everything", &[3, 4], &[1, 1, 1]),
        ("both ways", &[3, 1], &[1, 4]),
        ("nothing", &[], &[]),
    ];
    for kind in [BinaryKind::Mul, BinaryKind::Sub] {
        for &(name, a, b) in rows {
            cases.push(case(format!("{kind:?} with {name}"), move |s| {
                let (a, b) = (s.batched(a, Mixed)?, s.fixed(b, Mixed)?);
                s.g.binary(kind, b, a)
            }));
            cases.push(case(format!("{kind:?} of batches with {name}"), move |s| {
                let (a, b) = (s.batched(a, Mixed)?, s.batched(b, Mixed)?);
                if s.g.shape(a).broadcast(s.g.shape(b)).is_ok() {
                    s.g.binary(kind, a, b)
                } else {
                    s.g.mul(a, a)
                }
            }));
            cases.push(case(
                format!("{kind:?} without a batch, with {name}"),
                move |s| {
                    let (a, b) = (s.fixed(a, Mixed)?, s.fixed(b, Mixed)?);
                    s.g.binary(kind, a, b)
                },
            ));
        }
    }
    cases.push(case("a matrix as long as the batch", |s| {
        let n = s.batch;
        let (a, b) = (s.batched(&[2], Mixed)?, s.fixed(&[n, 2], Mixed)?);
        s.g.mul(a, b)
    }));
    cases.push(case("the batch against itself", |s| {
        let n = s.batch;
        let a = s.batched(&[1], Mixed)?;
        let b = s.g.reshape(a, [1, n])?;
        s.g.mul(a, b)
    }));
    cases.push(case("a batch as columns", |s| {
        let (a, b) = (s.fixed(&[3, 1], Mixed)?, s.batched(&[], Mixed)?);
        s.g.mul(a, b)
    }));
    cases
}
