//! Samples that count by their class: Keras's `class_weight`.

use std::collections::BTreeMap;

use super::samples::{RowsMut, Samples};
use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::shape::{DType, Shape};

/// Samples, each of which counts by its class.
pub(super) struct ClassWeighted<'a> {
    pub(super) data: &'a dyn Samples,
    pub(super) weights: &'a BTreeMap<i32, f32>,
}

impl ClassWeighted<'_> {
    /// As Keras reads classes: the place of the largest entry of a row, or a number rounded.
    fn class(row: &[f32]) -> i32 {
        match row {
            [number] => number.round() as i32,
            row => {
                let better = |best: usize, i: usize| if row[i] > row[best] { i } else { best };
                (1..row.len()).fold(0, better) as i32
            }
        }
    }
}

impl Samples for ClassWeighted<'_> {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn input_shapes(&self) -> Vec<Shape> {
        self.data.input_shapes()
    }

    fn targets(&self) -> Targets {
        self.data.targets()
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        self.data.fill_inputs(samples, inputs);
    }

    fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>) {
        self.data.fill_targets(samples, out);
    }

    fn weights(&self) -> Vec<Shape> {
        vec![Shape::scalar()]
    }

    fn fill_weights(&self, _: usize, samples: &[usize], out: &mut [f32]) {
        let targets = self.data.targets();
        let row = targets.shape.elements().max(1);
        let mut floats = vec![0.0f32; row * samples.len()];
        if targets.dtype == DType::F32 {
            self.data.fill_targets(samples, RowsMut::F32(&mut floats));
        } else {
            let mut numbers = vec![0; row * samples.len()];
            self.data.fill_targets(samples, RowsMut::I32(&mut numbers));
            for (x, n) in floats.iter_mut().zip(numbers) {
                *x = n as f32;
            }
        }
        for (weight, row) in out.iter_mut().zip(floats.chunks(row)) {
            *weight = self.weights.get(&Self::class(row)).copied().unwrap_or(1.0);
        }
    }

    fn check(&self) -> Result<()> {
        if self.data.all_targets().len() != 1 {
            return Err(Error::config("class_weight is for models of one output")
                .help("give each target weights of its own, as third part of the data"));
        }
        if !self.data.weights().is_empty() {
            return Err(Error::config(
                "class_weight and sample weights cannot be given at the same time",
            ));
        }
        if self.data.targets().shape.rank() > 1 {
            return Err(Error::config(format!(
                "class_weight needs one class a sample, received targets of shape {}",
                self.data.targets().shape
            )));
        }
        if let Some((class, weight)) = self
            .weights
            .iter()
            .find(|(_, w)| !w.is_finite() || **w < 0.0)
        {
            return Err(Error::config(format!(
                "a class's weight must be a finite number of at least 0, received {weight} for class {class}"
            )));
        }
        self.data.check()
    }
}
