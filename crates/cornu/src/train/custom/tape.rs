//! What a step is written with: inputs, models, variables, and updates of them, over the words of a graph.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::{Fed, OptimizerHandle, Trainable, TrainableWeight, Values};
use crate::autodiff;
use crate::compile::Computation;
use crate::error::{Error, Result};
use crate::exec::{Variable, Variables};
use crate::graph::ops::Distribution;
use crate::graph::{Graph, Meta, Value};
use crate::losses::{self, Loss};
use crate::model::{Given, Model};
use crate::optimizers::{self, Trained};
use crate::shape::{DType, Shape};

/// The page a step is written on: every word of [`Graph`], with models and their weights.
#[derive(Debug)]
pub struct Tape {
    graph: Graph,
    batch: usize,
    rng: Value,
    feeds: Vec<Fed>,
    inputs: Vec<Meta>,
    variables: Variables,
    /// For each variable, its values from its beginning through every change of this step.
    versions: Vec<Vec<Value>>,
    /// Optimizers with how many steps each makes here, and their feeds: learning rate and number of the step.
    optimizers: Vec<(OptimizerHandle, u64)>,
    rates: Vec<(Value, Value)>,
    guards: Vec<Value>,
    losses: Vec<Value>,
}

/// What a finished tape hands over.
pub(super) struct Written {
    pub(super) computation: Computation,
    pub(super) variables: Variables,
    pub(super) optimizers: Vec<(OptimizerHandle, u64)>,
    pub(super) feeds: Vec<Fed>,
    pub(super) inputs: Vec<Meta>,
}

impl Deref for Tape {
    type Target = Graph;
    fn deref(&self) -> &Graph {
        &self.graph
    }
}

impl DerefMut for Tape {
    fn deref_mut(&mut self) -> &mut Graph {
        &mut self.graph
    }
}

impl Tape {
    pub(super) fn new(batch: usize) -> Result<Self> {
        if batch == 0 {
            return Err(Error::config(
                "a step needs batches of at least 1 sample, received 0",
            ));
        }
        let mut graph = Graph::new();
        let rng = Meta {
            shape: [4].into(),
            dtype: DType::I32,
        };
        let rng = graph.feed_of(rng, false)?;
        Ok(Self {
            graph,
            batch,
            rng,
            feeds: vec![Fed::Rng],
            inputs: Vec::new(),
            variables: Variables::default(),
            versions: Vec::new(),
            optimizers: Vec::new(),
            rates: Vec::new(),
            guards: Vec::new(),
            losses: Vec::new(),
        })
    }

    /// The number of samples in a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The next input of each run: floats `[batch, ..shape]`.
    pub fn input(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.input_of(DType::F32, shape)
    }

    /// The next input of each run, of a type: labels, actions, words.
    pub fn input_of(&mut self, dtype: DType, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into().with_batch(self.batch);
        self.fed(Meta { shape, dtype }, true)
    }

    /// The next input of each run, of a shape without batch: a coefficient `[]`, a table.
    pub fn given(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.fed(Meta::f32(shape), false)
    }

    fn fed(&mut self, meta: Meta, batched: bool) -> Result<Value> {
        let x = self.graph.feed_of(meta.clone(), batched)?;
        self.feeds.push(Fed::Input(self.inputs.len()));
        self.inputs.push(meta);
        Ok(x)
    }

    /// Numbers that are all the same, `[batch, ..shape]`: labels of ones, say.
    pub fn full(&mut self, shape: impl Into<Shape>, value: f32) -> Result<Value> {
        let shape = shape.into().with_batch(self.batch);
        let x = self.graph.constant(value)?;
        self.graph.broadcast(x, shape)
    }

    /// Random numbers of mean 0 and standard deviation 1, `[batch, ..shape]`, other ones at each run.
    pub fn normal(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.random(Distribution::Normal, shape.into())
    }

    /// Random numbers in `[0, 1)`, `[batch, ..shape]`, other ones at each run.
    pub fn uniform(&mut self, shape: impl Into<Shape>) -> Result<Value> {
        self.random(Distribution::Uniform, shape.into())
    }

    fn random(&mut self, distribution: Distribution, shape: Shape) -> Result<Value> {
        let shape = shape.with_batch(self.batch);
        self.graph.random(self.rng, distribution, shape, true)
    }

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

    /// Shape without the batch axis, and type.
    fn sample(&self, x: Value) -> Meta {
        Meta {
            shape: self.graph.shape(x).without_batch(),
            dtype: self.graph.dtype(x),
        }
    }

    /// What the layers of all models called so far add to the loss; each amount is handed out once.
    pub fn added_losses(&mut self) -> Result<Value> {
        let mut total = self.graph.constant(0.0)?;
        for loss in std::mem::take(&mut self.losses) {
            total = self.graph.add(total, loss)?;
        }
        Ok(total)
    }

    /// What the regularizers of a model's trainable weights add to the loss.
    pub fn penalties(&mut self, model: &Model) -> Result<Value> {
        let numbers = self.numbers(model)?;
        let mut total = self.graph.constant(0.0)?;
        for (i, (w, number)) in model.weights.iter().zip(numbers).enumerate() {
            if let (Some(regularizer), true) = (&w.spec.regularizer, model.is_trainable(i)) {
                let weight = self.current(number);
                let penalty = regularizer.call(&mut self.graph, weight)?;
                total = self.graph.add(total, penalty)?;
            }
        }
        Ok(total)
    }

    /// A loss, reduced to one number as it says.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn loss(&mut self, loss: &dyn Loss, y_true: Value, y_pred: Value) -> Result<Value> {
        self.weighted_loss(loss, y_true, y_pred, None)
    }

    /// A loss with a weight for each sample, `[batch]`, or none.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn weighted_loss(
        &mut self,
        loss: &dyn Loss,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Value> {
        self.masked_loss(loss, y_true, y_pred, weight, None)
    }

    /// A loss of the steps alone that a mask counts, `[batch, steps]` of 1 and 0, as [`Tape::call_masked`] gives it.
    ///
    /// # Errors
    /// Targets that do not fit the predictions.
    pub fn masked_loss(
        &mut self,
        loss: &dyn Loss,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
        mask: Option<Value>,
    ) -> Result<Value> {
        let targets = losses::Targets {
            shape: self.sample(y_true).shape,
            dtype: self.graph.dtype(y_true),
            range: None,
        };
        let prediction = self.sample(y_pred).shape;
        loss.check(&targets, &prediction)
            .map_err(|e| e.at(loss.class_name()))?;
        let y_true = self.graph.cast(y_true, loss.target_dtype())?;
        losses::value(loss, &mut self.graph, y_true, y_pred, weight, mask)
    }

    /// The value of a variable, as it is at this point of the step.
    pub fn variable(&mut self, variable: &Variable) -> Result<Value> {
        let number = self.number(variable)?;
        Ok(self.current(number))
    }

    /// The values of what is trainable, as they are at this point of the step, in order.
    pub fn weights(&mut self, of: &(impl Trainable + ?Sized)) -> Result<Vec<Value>> {
        let trained = of.trained();
        trained.iter().map(|w| self.variable(&w.variable)).collect()
    }

    /// Gives a variable a new value, at the end of the run; the rest of the step sees it already.
    ///
    /// # Errors
    /// A value of another shape.
    pub fn assign(&mut self, variable: &Variable, value: Value) -> Result<()> {
        if self.graph.shape(value) != variable.shape() {
            return Err(Error::shape(format!(
                "a variable of shape {} cannot become {}",
                variable.shape(),
                self.graph.shape(value)
            )));
        }
        let number = self.number(variable)?;
        self.set(number, value)
    }

    /// Moves all weights of a model towards those of another of the same layers: `w ← w + share · (from - w)`. A share of 1 copies them.
    ///
    /// # Errors
    /// Models of other weights.
    pub fn follow(&mut self, model: &Model, from: &Model, share: f32) -> Result<()> {
        let shapes =
            |m: &Model| -> Vec<Shape> { m.variables().iter().map(|v| v.shape().clone()).collect() };
        if shapes(model) != shapes(from) {
            return Err(
                Error::shape("the weights of both models must have the same shapes")
                    .at(model.name()),
            );
        }
        for (own, other) in self.numbers(model)?.into_iter().zip(self.numbers(from)?) {
            let (w, goal) = (self.current(own), self.current(other));
            let distance = self.graph.sub(goal, w)?;
            let part = self.graph.scale(distance, share)?;
            let moved = self.graph.add(w, part)?;
            self.set(own, moved)?;
        }
        Ok(())
    }

    /// The gradients of the sum of `y`'s elements: ordinary values, which can be computed with and differentiated again.
    ///
    /// # Example
    /// See [`TrainStep`](super::TrainStep): a gradient penalty.
    pub fn gradients(&mut self, y: Value, wrt: &[Value]) -> Result<Vec<Value>> {
        autodiff::gradients(&mut self.graph, y, wrt)
    }

    /// Makes a step of an optimizer against a loss's gradient for the weights of a model, a layer, a variable, or several of those; all else stays as it is.
    ///
    /// # Errors
    /// A loss that is not a single number, or that depends on none of the weights; arguments of the optimizer out of range.
    pub fn minimize(
        &mut self,
        loss: Value,
        of: &(impl Trainable + ?Sized),
        optimizer: impl Into<OptimizerHandle>,
    ) -> Result<()> {
        if self.graph.shape(loss).elements() != 1 {
            return Err(Error::shape(format!(
                "a loss must be a single number, received {}",
                self.graph.shape(loss)
            ))
            .help("reduce it with mean_all or sum_all"));
        }
        let handle = optimizer.into();
        let trained = of.trained();
        let mut numbers = Vec::with_capacity(trained.len());
        for weight in &trained {
            numbers.push(self.number(&weight.variable)?);
        }
        // Through every value that a weight has had in this step: none flows on from one to the other.
        let wrt: Vec<Value> = numbers
            .iter()
            .flat_map(|&n| self.versions[n].iter().copied())
            .collect();
        if !autodiff::depends(&self.graph, loss, &wrt) {
            return Err(Error::config(
                "the loss depends on none of the weights it should be minimized by",
            )
            .help("are the layers trainable, and is the loss computed with this model's output?"));
        }
        self.guards.push(loss);
        let mut scaled = loss;
        if let Some(first) = trained.first() {
            let mut memory = Vec::new();
            for slot in handle.slots(&first.path, &first.variable)? {
                let number = self.number(&slot)?;
                memory.push(self.current(number));
            }
            let optimizer = handle.optimizer();
            scaled = optimizer.scale_loss(&mut self.graph, loss, &memory)?;
        }
        let mut all = autodiff::gradients(&mut self.graph, scaled, &wrt)?.into_iter();
        let mut grads = Vec::with_capacity(numbers.len());
        for &n in &numbers {
            let mut own = all.by_ref().take(self.versions[n].len());
            let first = own.next().expect("a variable has a value");
            let rest: Vec<Value> = own.collect();
            let sum = rest
                .into_iter()
                .try_fold(first, |sum, grad| self.graph.add(sum, grad))?;
            grads.push(sum);
        }
        let steps: Vec<(usize, Value)> = numbers.into_iter().zip(grads).collect();
        self.step(&steps, trained, handle)
    }

    /// Makes a step of an optimizer with gradients of your own: clipped, averaged, or of something that is no loss.
    ///
    /// # Errors
    /// Gradients of other shapes than their variables; arguments of the optimizer out of range.
    pub fn apply(
        &mut self,
        gradients: &[(Variable, Value)],
        optimizer: impl Into<OptimizerHandle>,
    ) -> Result<()> {
        let mut steps = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            if self.graph.shape(*gradient) != variable.shape() {
                return Err(Error::shape(format!(
                    "the gradient of a variable of shape {} must have that shape, received {}",
                    variable.shape(),
                    self.graph.shape(*gradient)
                )));
            }
            steps.push((self.number(variable)?, *gradient));
        }
        let weights = gradients.iter().flat_map(|(v, _)| v.trained()).collect();
        self.step(&steps, weights, optimizer.into())
    }

    /// Writes one step of an optimizer.
    fn step(
        &mut self,
        steps: &[(usize, Value)],
        weights: Vec<TrainableWeight>,
        handle: OptimizerHandle,
    ) -> Result<()> {
        handle.check()?;
        let optimizer = handle.optimizer();
        let (rate, iteration) = self.rate(&handle)?;
        let mut slots = Vec::with_capacity(steps.len());
        let mut trained = Vec::with_capacity(steps.len());
        for (&(number, grad), weight) in steps.iter().zip(&weights) {
            let mut own = Vec::new();
            for slot in handle.slots(&weight.path, &weight.variable)? {
                own.push(self.number(&slot)?);
            }
            if !optimizer.passes_over_not_finite() {
                self.guards.push(grad);
            }
            trained.push(Trained {
                path: weight.path.clone(),
                weight: self.current(number),
                grad,
                slots: own.iter().map(|&s| self.current(s)).collect(),
            });
            slots.push(own);
        }
        let outer = self.graph.set_path(Some("optimizer".into()));
        let stepped = optimizers::apply(&*optimizer, &mut self.graph, &trained, rate, iteration)?;
        let parts = stepped.into_iter().zip(steps).zip(slots).zip(weights);
        for (((stepped, &(number, _)), own), weight) in parts {
            let weight = match weight.constraint {
                Some(constraint) => constraint.apply(&mut self.graph, stepped.weight)?,
                None => stepped.weight,
            };
            self.set(number, weight)?;
            for (slot, value) in own.into_iter().zip(stepped.slots) {
                self.set(slot, value)?;
            }
        }
        self.graph.set_path(outer);
        Ok(())
    }

    /// Learning rate and number of the next step of an optimizer.
    fn rate(&mut self, handle: &OptimizerHandle) -> Result<(Value, Value)> {
        let known = self.optimizers.iter().position(|(h, _)| h.is(handle));
        let at = known.unwrap_or(self.optimizers.len());
        if known.is_none() {
            let shape = optimizers::fed_rates_shape(&*handle.optimizer());
            let rate = self.graph.feed_of(Meta::f32(shape), false)?;
            let iteration = self.graph.feed_of(Meta::f32(Shape::scalar()), false)?;
            self.feeds.extend([Fed::Rate(at), Fed::Iteration(at)]);
            self.optimizers.push((handle.clone(), 0));
            self.rates.push((rate, iteration));
        }
        let made = self.optimizers[at].1;
        self.optimizers[at].1 += 1;
        let (rate, mut iteration) = self.rates[at];
        if made > 0 {
            iteration = self.graph.add_scalar(iteration, made as f32)?;
        }
        Ok((rate, iteration))
    }

    fn numbers(&mut self, model: &Model) -> Result<Vec<usize>> {
        let variables = model.variables().iter();
        variables.map(|v| self.number(v)).collect()
    }

    /// The number of a variable among the step's states.
    fn number(&mut self, variable: &Variable) -> Result<usize> {
        let number = self.variables.add(variable.clone());
        if number == self.versions.len() {
            let value = self.graph.state(number, variable.shape().clone())?;
            self.versions.push(vec![value]);
        }
        Ok(number)
    }

    fn current(&self, number: usize) -> Value {
        *self.versions[number]
            .last()
            .expect("a variable has a value")
    }

    fn set(&mut self, number: usize, value: Value) -> Result<()> {
        let value = self.graph.stop_gradient(value)?;
        self.versions[number].push(value);
        Ok(())
    }

    pub(super) fn finish(self, outputs: Vec<Value>) -> Result<Written> {
        if self.graph.feeds() != self.feeds.len() {
            return Err(
                Error::config("a step's graph was given a feed that no run fills")
                    .help("make inputs with t.input([..]) or t.given([..])"),
            );
        }
        let changed: BTreeMap<usize, Value> = (0..self.versions.len())
            .filter(|&n| self.versions[n].len() > 1)
            .map(|n| (n, self.current(n)))
            .collect();
        Ok(Written {
            computation: Computation {
                batch: self.batch,
                outputs,
                updates: changed.into_iter().collect(),
                guards: self.guards,
                graph: self.graph,
            },
            variables: self.variables,
            optimizers: self.optimizers,
            feeds: self.feeds,
            inputs: self.inputs,
        })
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
