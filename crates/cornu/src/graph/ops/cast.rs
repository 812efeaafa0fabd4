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
