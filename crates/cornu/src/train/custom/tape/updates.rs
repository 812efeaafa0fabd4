//! What a step changes: variables, by values of one's own or by an optimizer.

use super::Tape;
use crate::autodiff;
use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::graph::{Meta, Value};
use crate::model::Model;
use crate::optimizers::{self, Trained};
use crate::shape::Shape;
use crate::train::custom::{Fed, OptimizerHandle, Trainable, TrainableWeight};

impl Tape {
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
    /// See [`TrainStep`](crate::train::TrainStep): a gradient penalty.
    pub fn gradients(&mut self, y: Value, wrt: &[Value]) -> Result<Vec<Value>> {
        autodiff::gradients(&mut self.graph, y, wrt)
    }

    /// Makes a step of an optimizer against a loss's gradient for the weights of a model, a layer, a variable, or several of those; all
    /// else stays as it is.
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
}
