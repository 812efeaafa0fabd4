//! What a layer is called with: the graph to write to, its weights, and whether this is training.

use std::ops::Range;

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::exec::Variable;
use crate::graph::ops::Distribution;
use crate::graph::{Graph, Value};
use crate::initializers::InitializerConfig;
use crate::regularizers::Regularizer;
use crate::shape::{DType, Shape};

/// A weight that a layer declares.
#[derive(Clone, Debug)]
pub struct WeightSpec {
    /// Its name in the layer: "kernel".
    pub name: String,
    /// Its shape.
    pub shape: Shape,
    /// How it begins.
    pub initializer: InitializerConfig,
    /// What is added to the loss for it.
    pub regularizer: Option<Regularizer>,
    /// What it is brought back to after each step.
    pub constraint: Option<Constraint>,
    /// Whether gradients change it; statistics are changed by [`Context::update`] alone.
    pub trainable: bool,
    /// Whether it is what a layer remembers from batch to batch, which [`Model::reset_states`](crate::model::Model::reset_states)
    /// puts back to its beginning.
    pub state: bool,
    /// A variable that is there already, as for a layer of another model: the weight is that one.
    pub variable: Option<Variable>,
}

impl WeightSpec {
    /// A trainable weight.
    pub fn new(
        name: &str,
        shape: impl Into<Shape>,
        initializer: impl Into<InitializerConfig>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            shape: shape.into(),
            initializer: initializer.into(),
            regularizer: None,
            constraint: None,
            trainable: true,
            state: false,
            variable: None,
        }
    }

    /// With something added to the loss for it.
    pub fn regularized(mut self, regularizer: Option<Regularizer>) -> Self {
        self.regularizer = regularizer;
        self
    }

    /// Brought back to what is allowed after each step of training.
    pub fn constrained(mut self, constraint: Option<Constraint>) -> Self {
        self.constraint = constraint;
        self
    }

    /// A statistic rather than a trainable weight.
    pub fn statistic(mut self) -> Self {
        self.trainable = false;
        self
    }

    /// What the layer remembers from batch to batch, in training and in use: the layer sets it with [`Context::update`],
    /// [`Model::reset_states`](crate::model::Model::reset_states) puts it back to its beginning.
    pub fn state(mut self) -> Self {
        self.trainable = false;
        self.state = true;
        self
    }

    /// A weight that is there already rather than one that begins anew.
    pub fn shared(mut self, variable: Variable) -> Self {
        self.variable = Some(variable);
        self
    }
}

/// What a layer is called with.
#[derive(Debug)]
pub struct Context<'a> {
    /// The graph to which the layer writes.
    pub graph: &'a mut Graph,
    /// Whether this is training (dropout drops, statistics move) or use.
    pub training: bool,
    /// The layer's weights, in the order in which it declared them.
    pub(crate) weights: &'a [Value],
    /// Seed and step, for random numbers.
    pub(crate) rng: Value,
    /// New values for the layer's weights, (number, value).
    pub(crate) updates: &'a mut Vec<(usize, Value)>,
    /// For each input, which steps of its sequences count, `[batch, steps]`: 1, or 0 for those to be passed over.
    pub(crate) masks: Vec<Option<Value>>,
    /// What the layer adds to the loss: single numbers.
    pub(crate) losses: Vec<Value>,
    /// The masks of the outputs, where the call tells them.
    pub(crate) output_masks: Option<Vec<Option<Value>>>,
}

/// What a call inside another one gives.
pub(crate) struct Apart<T> {
    pub(crate) result: T,
    pub(crate) updates: Vec<(usize, Value)>,
    pub(crate) losses: Vec<Value>,
}

impl<'a> Context<'a> {
    /// A call by hand, as for a test of a layer of your own: models make their own.
    ///
    /// `weights` are the layer's, in the order in which it declares them; `rng` is a feed of int32 `[4]` (seed and step, low word
    /// first); `updates` receives what the layer asks for with [`Context::update`].
    pub fn new(
        graph: &'a mut Graph,
        training: bool,
        weights: &'a [Value],
        rng: Value,
        updates: &'a mut Vec<(usize, Value)>,
    ) -> Self {
        Self {
            graph,
            training,
            weights,
            rng,
            updates,
            masks: Vec::new(),
            losses: Vec::new(),
            output_masks: None,
        }
    }

    /// The same call with a mask of the first input: which steps of a sequence count, `[batch, steps]`, 1 or 0.
    pub fn masked(mut self, mask: Value) -> Self {
        self.masks = vec![Some(mask)];
        self
    }

    /// The same call with a mask of each input that has one.
    pub fn masked_each(mut self, masks: Vec<Option<Value>>) -> Self {
        self.masks = masks;
        self
    }

    /// Which steps of the first input's sequences count, `[batch, steps]`: 1 or 0, if not all do.
    pub fn mask(&self) -> Option<Value> {
        self.masks.first().copied().flatten()
    }

    /// A call inside this one with weights and masks of its own; what it updates and adds to the loss is given back beside its result.
    pub(crate) fn apart<T>(
        &mut self,
        weights: &[Value],
        masks: Vec<Option<Value>>,
        call: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<Apart<T>> {
        let mut updates = Vec::new();
        let mut inner = Context {
            graph: self.graph,
            training: self.training,
            weights,
            rng: self.rng,
            updates: &mut updates,
            masks,
            losses: Vec::new(),
            output_masks: None,
        };
        let result = call(&mut inner)?;
        let losses = inner.losses;
        Ok(Apart {
            result,
            updates,
            losses,
        })
    }

    /// A call of a layer inside this one, whose weights are some of this one's.
    pub(crate) fn within<T>(
        &mut self,
        weights: Range<usize>,
        call: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<T> {
        let (own, masks) = (self.weights, self.masks.clone());
        let inner = self.apart(&own[weights.clone()], masks, call)?;
        self.losses.extend(inner.losses);
        let updates = inner.updates.into_iter();
        self.updates
            .extend(updates.map(|(i, v)| (weights.start + i, v)));
        Ok(inner.result)
    }

    /// The layer's weight with this number, in the order of declaration.
    pub fn weight(&self, number: usize) -> Value {
        self.weights[number]
    }

    /// Sets a statistic or a state at the end of a step, of training as of use: a statistic that only training moves is set only
    /// where [`Context::training`] says so.
    pub fn update(&mut self, number: usize, value: Value) {
        self.updates.push((number, value));
    }

    /// Adds a number to the loss, in training and in evaluation: Keras's `add_loss`.
    ///
    /// # Errors
    /// A value that is not a single number.
    ///
    /// # Example
    /// See [`Layer`](super::Layer).
    pub fn add_loss(&mut self, loss: Value) -> Result<()> {
        let shape = self.graph.shape(loss).clone();
        if shape.elements() != 1 {
            return Err(Error::shape(format!(
                "add_loss expects a single number, received {shape}"
            ))
            .help("add up or average over the samples first, with sum_all or mean_all"));
        }
        let loss = self.graph.reshape(loss, Shape::scalar())?;
        self.losses.push(loss);
        Ok(())
    }

    /// Adds to the loss what a layer's `activity_regularizer` asks for its output, divided by the size of the batch, as in Keras.
    pub fn regularize_activity(
        &mut self,
        regularizer: Option<&Regularizer>,
        output: Value,
    ) -> Result<()> {
        let Some(regularizer) = regularizer else {
            return Ok(());
        };
        let batch = self.graph.shape(output).first().copied().unwrap_or(1);
        let amount = regularizer.call(self.graph, output)?;
        let amount = self.graph.scale(amount, 1.0 / batch.max(1) as f32)?;
        self.add_loss(amount)
    }

    /// What the layer has added to the loss so far.
    pub fn losses(&self) -> &[Value] {
        &self.losses
    }

    /// Tells which steps of each output count, where [`Layer::mask`](super::Layer::mask) cannot: of several outputs that tells of the first
    /// alone.
    pub fn set_masks(&mut self, masks: Vec<Option<Value>>) {
        self.output_masks = Some(masks);
    }

    /// A mask like `x` of ones with probability `keep`, else zeros: other ones at each step and for each call.
    pub fn bernoulli(&mut self, shape: &Shape, keep: f32) -> Result<Value> {
        let mask = self.bernoulli_bytes(shape, keep)?;
        self.graph.cast(mask, DType::F32)
    }

    /// As [`Context::bernoulli`], in bytes.
    pub fn bernoulli_bytes(&mut self, shape: &Shape, keep: f32) -> Result<Value> {
        let threshold = (f64::from(keep) * 65536.0).round() as u32;
        self.graph.random(
            self.rng,
            Distribution::Bernoulli { threshold },
            shape.clone(),
            true,
        )
    }

    /// Numbers drawn anew at each step and for each call; from a seed of the layer's own, if it has one, which neither the seed of the run
    /// nor other layers change.
    pub fn draw(
        &mut self,
        seed: Option<i64>,
        distribution: Distribution,
        shape: &Shape,
    ) -> Result<Value> {
        let seed = seed.map(i64::cast_unsigned);
        self.graph
            .random_of(self.rng, seed, distribution, shape.clone(), true)
    }

    /// Numbers of mean 0 and standard deviation 1: other ones at each step and for each call.
    pub fn normal(&mut self, shape: &Shape) -> Result<Value> {
        self.graph
            .random(self.rng, Distribution::Normal, shape.clone(), true)
    }

    /// Numbers in `[0, 1)`: other ones at each step and for each call.
    pub fn uniform(&mut self, shape: &Shape) -> Result<Value> {
        self.graph
            .random(self.rng, Distribution::Uniform, shape.clone(), true)
    }
}
