//! Outputs of a model for samples without targets.

use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, run};
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
    /// [`Kind::Shape`](crate::error::Kind::Shape) if the samples are of another shape than the model's input.
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
        if batch_size == 0 {
            return Err(Error::config("batch_size must be at least 1, received 0").at(self.name()));
        }
        let metas: Vec<Meta> = self
            .architecture
            .outputs
            .iter()
            .map(|&t| t.of(&self.tensors).clone())
            .collect();
        let mut gathered: Vec<Data> = metas
            .iter()
            .map(|m| Tensor::zeros_of(m.dtype, m.shape.with_batch(0)).into_data())
            .collect();
        let rng = rng_tensor(0, 0);
        let mut start = 0;
        while start < count {
            let n = batch_size.min(count - start);
            let of = self.architecture.inputs.iter().map(|i| i.dtype);
            let parts: Vec<Tensor> = inputs
                .iter()
                .zip(of)
                .map(|(x, dtype)| rows(x, dtype, start, n))
                .collect();
            let mut feeds: Vec<&Tensor> = parts.iter().collect();
            feeds.push(&rng);
            for (all, part) in gathered.iter_mut().zip(self.run_predict(n, &feeds)?) {
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

/// The rows `start..start + n` of a tensor, in the type the model's input has.
fn rows(x: &Tensor, dtype: DType, start: usize, n: usize) -> Tensor {
    let mut part = Tensor::zeros_of(dtype, x.shape().without_batch().with_batch(n));
    let samples: Vec<usize> = (start..start + n).collect();
    copy_tensor_rows(x, &samples, &mut RowsMut::of(&mut part));
    part
}
