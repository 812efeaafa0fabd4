//! Models within a step: called as in training, as in use, with masks, or with other weights.

use super::Tape;
use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::graph::{Meta, Value};
use crate::model::{Given, Model};
use crate::train::custom::Values;

impl Tape {
    /// A model's (only) output, as in training: dropout drops, statistics move.
    ///
    /// # Errors
    /// Inputs of other shapes or types than the model's; a model of several outputs.
    pub fn call(&mut self, model: &Model, inputs: impl Into<Values>) -> Result<Value> {
        one(model, self.call_all(model, inputs, true)?)
    }

    /// A model's (only) output, as in use: nothing is dropped, statistics stay.
    ///
    /// # Errors
    /// As [`Tape::call`].
    pub fn infer(&mut self, model: &Model, inputs: impl Into<Values>) -> Result<Value> {
        one(model, self.call_all(model, inputs, false)?)
    }

    /// All outputs of a model, as in training or as in use.
    ///
    /// # Errors
    /// Inputs of other shapes or types than the model's.
    pub fn call_all(
        &mut self,
        model: &Model,
        inputs: impl Into<Values>,
        training: bool,
    ) -> Result<Vec<Value>> {
        let outputs = self.call_masked(model, inputs, &[], training)?;
        Ok(outputs.into_iter().map(|(y, _)| y).collect())
    }

    /// All outputs of a model, each with which of its steps count (`[batch, steps]` of 1 and 0, if not all do), where `masks` tells that of
    /// each input; [`Tape::masked_loss`] leaves the others out.
    ///
    /// # Errors
    /// As [`Tape::call_all`]; masks for more inputs than there are.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let tagger = Sequential::new().input([6, 4]).add(LSTM::new(8).return_sequences(true)).add(Dense::new(1)).build()?;
    /// let mut step = TrainStep::new(2, |t| {
    ///     let (x, y, mask) = (t.input([6, 4])?, t.input([6, 1])?, t.input([6])?);
    ///     let (p, mask) = t.call_masked(&tagger, x, &[Some(mask)], true)?[0];
    ///     let loss = t.masked_loss(&MeanSquaredError::default(), y, p, None, mask)?;
    ///     t.minimize(loss, &tagger, SGD::new(0.1))?;
    ///     Ok(loss)
    /// })?;
    /// let mask = Tensor::new([2, 6], [[1.0f32; 6], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]].concat())?;
    /// step.run(&[&Tensor::zeros([2, 6, 4]), &Tensor::zeros([2, 6, 1]), &mask])?;
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `model(x, mask=mask)`.
    pub fn call_masked(
        &mut self,
        model: &Model,
        inputs: impl Into<Values>,
        masks: &[Option<Value>],
        training: bool,
    ) -> Result<Vec<(Value, Option<Value>)>> {
        let numbers = self.numbers(model)?;
        let weights: Vec<Value> = numbers.iter().map(|&n| self.current(n)).collect();
        let (outputs, updates) = self.written(model, inputs.into(), masks, &weights, training)?;
        for (weight, value) in updates {
            self.set(numbers[weight], value)?;
        }
        Ok(outputs)
    }

    /// All outputs of a model as they would be with other weights, given in the order of [`Model::weights`]: for learning that
    /// differentiates through its own updates. Statistics stay.
    ///
    /// # Errors
    /// As [`Tape::call_all`]; other shapes than the weights'.
    pub fn call_with(
        &mut self,
        model: &Model,
        inputs: impl Into<Values>,
        weights: &[Value],
        training: bool,
    ) -> Result<Vec<Value>> {
        let shapes = weights.iter().map(|&w| self.graph.shape(w));
        if !shapes.eq(model.variables().iter().map(Variable::shape)) {
            return Err(
                Error::shape("the weights given have other shapes than the model's")
                    .at(model.name()),
            );
        }
        let (outputs, _) = self.written(model, inputs.into(), &[], weights, training)?;
        Ok(outputs.into_iter().map(|(y, _)| y).collect())
    }

    /// Outputs with their masks, and new values of statistics by the weight's number.
    #[expect(clippy::type_complexity, reason = "two lists")]
    fn written(
        &mut self,
        model: &Model,
        inputs: Values,
        masks: &[Option<Value>],
        weights: &[Value],
        training: bool,
    ) -> Result<(Vec<(Value, Option<Value>)>, Vec<(usize, Value)>)> {
        let inputs = inputs.0;
        if masks.len() > inputs.len() {
            return Err(Error::config(format!(
                "a mask for each input at most is wanted, received {} for {} inputs",
                masks.len(),
                inputs.len()
            ))
            .at(model.name()));
        }
        let received: Vec<Meta> = inputs.iter().map(|&x| self.sample(x)).collect();
        model.check_inputs(&received)?;
        let given = Given {
            inputs: &inputs,
            masks,
            weights,
            rng: self.rng,
            training,
        };
        let traced = model.trace_into(&mut self.graph, given)?;
        self.losses.extend(&traced.losses);
        let outputs = model.architecture.outputs.iter();
        let outputs = outputs.map(|t| (*t.of(&traced.values), *t.of(&traced.masks)));
        Ok((outputs.collect(), traced.updates))
    }
}

/// The only output of a model.
fn one(model: &Model, outputs: Vec<Value>) -> Result<Value> {
    match outputs[..] {
        [y] => Ok(y),
        _ => Err(Error::config(format!(
            "one output is wanted, the model has {}",
            outputs.len()
        ))
        .at(model.name())
        .help("call_all gives them all")),
    }
}
