//! A change of element type.

use super::{Array, Call, GradientOf, Rule};
use crate::error::Result;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// The same numbers in another type; floats are truncated towards zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cast {
    /// The new type.
    pub dtype: DType,
}

impl Rule for Cast {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta {
            shape: inputs[0].shape.clone(),
            dtype: self.dtype,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        // Between floats a cast is the identity; integers end every path.
        let float = at.graph.dtype(at.inputs[0]) == DType::F32 && self.dtype == DType::F32;
        Ok(vec![at.dy0().filter(|_| float)])
    }

    fn eval(&self, inputs: &[&Array], _: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let f = |&v: &f64| match self.dtype {
            DType::F32 => v,
            DType::I32 => f64::from(v as i32),
            DType::U8 => f64::from(v as u8),
        };
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
    vec![
        case("floats to integers and back", |s| {
            let x = s.batched(&[5], Mixed)?;
            let x = s.g.scale(x, 3.3)?;
            let i = s.g.cast(x, DType::I32)?;
            let y = s.g.cast(i, DType::F32)?;
            s.g.mul(y, x)
        })
        .not_smooth(),
        case("integers to floats, repeated", |s| {
            let i = s.batched(&[1], Whole(-9, 9))?;
            let x = s.g.cast(i, DType::F32)?;
            let w = s.fixed(&[3], Mixed)?;
            s.g.mul(x, w)
        }),
        case("integers to bytes", |s| {
            let i = s.batched(&[3], Whole(0, 256))?;
            s.g.cast(i, DType::U8)
        }),
        case("floats to bytes, out of range", |s| {
            let x = s.batched(&[3], Between(-300.0, 600.0))?;
            let y = s.g.cast(x, DType::U8)?;
            let n = s.batch;
            s.g.reshape(y, [3 * n])
        }),
        case("bytes to integers to floats", |s| {
            let i = s.fixed(&[4], Whole(0, 256))?;
            let b = s.g.cast(i, DType::U8)?;
            let i = s.g.cast(b, DType::I32)?;
            s.g.cast(i, DType::F32)
        }),
        case("as wanted, and read", |s| {
            let i = s.batched(&[4], Whole(-9, 9))?;
            let x = s.g.cast(i, DType::F32)?;
            let sum = s.g.sum(x, &[1], true)?;
            s.g.sub(x, sum)
        }),
    ]
}
