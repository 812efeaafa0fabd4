//! Outputs of a model for samples without targets.

use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, run};
use crate::exec::parallel::with_team;
use crate::graph::Meta;
use crate::model::{DEFAULT_BATCH, Model};
use crate::shape::DType;
use crate::tensor::{Data, Tensor};

use super::samples::{RowsMut, copy_tensor_rows};
use super::step::rng_tensor;

impl Model {
    /// The model's (first) output for each sample of `x`.
    ///
    /// # Shapes
    /// `[samples, ..input] → [samples, ..output]`.
    ///
    /// # Errors
    /// [`Kind::Shape`](crate::error::Kind::Shape) if the samples are of another shape than the model's input,
    /// [`Kind::Data`](crate::error::Kind::Data) if there are none. Numbers that are not finite are computed with as arithmetic
    /// does it: NaN in a sample is NaN in what depends on it, and in no other sample's output.
    pub fn predict(&mut self, x: &Tensor) -> Result<Tensor> {
        let mut outputs = self.predict_all(std::slice::from_ref(x), DEFAULT_BATCH)?;
        Ok(outputs.swap_remove(0))
    }

    /// Every output of the model, for every input, `batch_size` samples at a time.
    pub fn predict_all(&mut self, inputs: &[Tensor], batch_size: usize) -> Result<Vec<Tensor>> {
        let expected = self.input_shapes();
        if inputs.len() != expected.len() {
            return Err(Error::data(format!(
                "the model has {} inputs, received {}",
                expected.len(),
                inputs.len()
            ))
            .at(self.name()));
        }
        let count = inputs[0].shape().first().copied().unwrap_or(0);
        for (i, (e, x)) in expected.iter().zip(inputs).enumerate() {
            let fits = x.shape().rank() == e.rank() + 1
                && x.shape().without_batch() == *e
                && x.shape()[0] == count;
            if !fits {
                return Err(Error::shape(format!(
                    "the model expects [samples, ..{e}], received {}",
                    x.shape()
                ))
                .at(format!(
                    "{}/{}",
                    self.name(),
                    self.architecture.inputs[i].name
                ))
                .help("a single sample needs an axis of length 1 in front"));
            }
        }
        if count == 0 {
            return Err(
                Error::data("the model expects one sample or more, received none").at(self.name()),
            );
        }
        if batch_size == 0 {
            return Err(Error::config("batch_size must be at least 1, received 0").at(self.name()));
        }
        let rng = rng_tensor(0, 0);
        let inputs_fit = inputs
            .iter()
            .zip(&self.architecture.inputs)
            .all(|(x, input)| x.dtype() == input.dtype);
        if inputs_fit && (1..=batch_size).contains(&count) {
            let feeds: Vec<&Tensor> = inputs.iter().chain([&rng]).collect();
            return self.run_predict(count, &feeds);
        }
        let metas: Vec<Meta> = self
            .architecture
            .outputs
            .iter()
            .map(|&t| t.of(&self.tensors).clone())
            .collect();
        let mut gathered: Vec<Data> = metas
            .iter()
            .map(|m| empty(m.dtype, m.shape.elements() * count))
            .collect();
        let mut parts: Vec<Tensor> = Vec::new();
        let mut start = 0;
        while start < count {
            let n = batch_size.min(count - start);
            if parts.first().is_none_or(|part| part.shape()[0] != n) {
                let of = inputs.iter().zip(&self.architecture.inputs);
                parts = of
                    .map(|(x, i)| {
                        Tensor::zeros_of(i.dtype, x.shape().without_batch().with_batch(n))
                    })
                    .collect();
            }
            let outputs = with_team(|| {
                let samples: Vec<usize> = (start..start + n).collect();
                for (x, part) in inputs.iter().zip(&mut parts) {
                    copy_tensor_rows(x, &samples, &mut RowsMut::of(part));
                }
                let feeds: Vec<&Tensor> = parts.iter().chain([&rng]).collect();
                self.run_predict(n, &feeds)
            })?;
            for (all, part) in gathered.iter_mut().zip(outputs) {
                append(all, part.data());
            }
            start += n;
        }
        metas
            .into_iter()
            .zip(gathered)
            .map(|(m, data)| Tensor::new(m.shape.with_batch(count), data))
            .collect()
    }

    fn run_predict(&mut self, batch: usize, feeds: &[&Tensor]) -> Result<Vec<Tensor>> {
        let plan = match self.predict_plan.take() {
            Some(plan) if plan.computation.batch == batch => plan,
            _ => self.prediction_plan(batch)?,
        };
        let workspace = &mut self.workspace;
        let outcome = self
            .variables
            .lend(|states| run(&plan, workspace, feeds, states))?;
        self.predict_plan = Some(plan);
        match outcome {
            Outcome::Done(outputs) => Ok(outputs),
            Outcome::Refused(_) => unreachable!("prediction guards nothing"),
        }
    }
}

/// Adds the elements of a batch behind those of the batches before.
fn append(all: &mut Data, part: &Data) {
    match (all, part) {
        (Data::F32(all), Data::F32(part)) => all.extend_from_slice(part),
        (Data::I32(all), Data::I32(part)) => all.extend_from_slice(part),
        (Data::U8(all), Data::U8(part)) => all.extend_from_slice(part),
        (all, part) => unreachable!("an output keeps its type: {all:?} {part:?}"),
    }
}

/// No elements yet, with room for so many.
fn empty(dtype: DType, room: usize) -> Data {
    match dtype {
        DType::F32 => Data::F32(Vec::with_capacity(room)),
        DType::I32 => Data::I32(Vec::with_capacity(room)),
        DType::U8 => Data::U8(Vec::with_capacity(room)),
    }
}
