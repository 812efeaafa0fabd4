//! What all optimizers share: learning rate, weight decay, clipping, accumulation, averages, and how they are read and written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::group::{self, Group};
use super::{LearningRate, Optimizer, Slot, Step, Stepped, Weight, arguments, clip, schedules};
use crate::error::{Error, Result};
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};

/// The arguments that every optimizer has, as in Keras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// How far a step goes: a number, or a schedule by steps.
    pub learning_rate: LearningRate,
    /// Each step first shrinks the weight by this share times the learning rate.
    pub weight_decay: Option<f64>,
    /// Each gradient is scaled down to this length at most.
    pub clipnorm: Option<f64>,
    /// All gradients together are scaled down to this length at most.
    pub global_clipnorm: Option<f64>,
    /// Each element of a gradient is held within plus and minus this.
    pub clipvalue: Option<f64>,
    /// Whether a running mean of each weight is kept, which takes the weight's place when the training ends.
    pub use_ema: bool,
    /// How much of that mean stays at each step.
    pub ema_momentum: f64,
    /// After how many steps the mean takes the weight's place during the training, again and again.
    pub ema_overwrite_frequency: Option<u64>,
    /// What the loss is multiplied by before gradients are taken of it, and gradients are divided by.
    pub loss_scale_factor: Option<f64>,
    /// Weights change once in so many steps, by the mean gradient of those steps.
    pub gradient_accumulation_steps: Option<u64>,
    /// Weights that are treated apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

impl Base {
    /// Only a learning rate.
    pub fn new(learning_rate: impl Into<LearningRate>) -> Self {
        Self {
            learning_rate: learning_rate.into(),
            weight_decay: None,
            clipnorm: None,
            global_clipnorm: None,
            clipvalue: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            loss_scale_factor: None,
            gradient_accumulation_steps: None,
            groups: Vec::new(),
        }
    }

    /// With a weight decay.
    pub(super) fn decaying(mut self, share: f64) -> Self {
        self.weight_decay = Some(share);
        self
    }

    /// What is remembered for a weight besides what the rule itself remembers.
    pub(super) fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = Vec::new();
        if self.use_ema {
            slots.push(Slot::zeros(AVERAGE, weight));
        }
        if self.gradient_accumulation_steps.is_some() {
            slots.push(Slot::zeros("gradient_accumulator", weight));
        }
        slots
    }

    /// Refuses values out of range, and more than one kind of clipping.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) naming the argument.
    pub fn check(&self, class: &str) -> Result<()> {
        self.learning_rate.check(class)?;
        if let Some(decay) = self.weight_decay {
            arguments::not_negative(class, "weight_decay", decay)?;
        }
        arguments::unit(class, "ema_momentum", self.ema_momentum)?;
        if let Some(scale) = self.loss_scale_factor {
            arguments::positive(class, "loss_scale_factor", scale)?;
        }
        for (key, steps, least) in [
            ("ema_overwrite_frequency", self.ema_overwrite_frequency, 1),
            (
                "gradient_accumulation_steps",
                self.gradient_accumulation_steps,
                2,
            ),
        ] {
            if let Some(steps) = steps.filter(|s| *s < least) {
                return Err(Error::config(format!(
                    "{class}: {key} must be at least {least}, received {steps}"
                )));
            }
        }
        self.groups.iter().try_for_each(|g| g.check(class))?;
        let clips = [
            ("clipnorm", self.clipnorm),
            ("global_clipnorm", self.global_clipnorm),
            ("clipvalue", self.clipvalue),
        ];
        let given: Vec<(&str, f64)> = clips
            .into_iter()
            .filter_map(|(key, limit)| limit.map(|l| (key, l)))
            .collect();
        for &(key, limit) in &given {
            arguments::positive(class, key, limit)?;
        }
        if let [first, second, ..] = given[..] {
            return Err(Error::config(format!(
                "{class}: only one kind of clipping can be set, received {} and {}",
                first.0, second.0
            ))
            .help(
                "clipnorm limits each gradient, global_clipnorm all together, clipvalue each element",
            ));
        }
        Ok(())
    }
}

impl Default for Base {
    fn default() -> Self {
        Self::new(0.001)
    }
}

/// The slot that holds the running mean of a weight.
pub(crate) const AVERAGE: &str = "average";

/// The methods that set the arguments of [`Base`].
macro_rules! base_arguments {
    ($name:ident) => {
        crate::optimizers::base::base_arguments!($name, base);
    };
    ($name:ident, $($base:ident).+) => {
        impl $name {
            /// How far a step goes: a number, or a schedule by steps.
            pub fn learning_rate(
                mut self,
                learning_rate: impl Into<crate::optimizers::LearningRate>,
            ) -> Self {
                self.$($base).+.learning_rate = learning_rate.into();
                self
            }

            /// Each step first shrinks the weight by this share times the learning rate.
            pub fn weight_decay(mut self, share: f64) -> Self {
                self.$($base).+.weight_decay = Some(share);
                self
            }

            /// Scales each gradient down to this length at most.
            pub fn clipnorm(mut self, length: f64) -> Self {
                self.$($base).+.clipnorm = Some(length);
                self
            }

            /// Scales all gradients together down to this length at most.
            pub fn global_clipnorm(mut self, length: f64) -> Self {
                self.$($base).+.global_clipnorm = Some(length);
                self
            }

            /// Holds each element of a gradient within plus and minus this.
            pub fn clipvalue(mut self, limit: f64) -> Self {
                self.$($base).+.clipvalue = Some(limit);
                self
            }

            /// Whether a running mean of each weight is kept, which takes the weight's place when `fit` ends.
            pub fn use_ema(mut self, use_ema: bool) -> Self {
                self.$($base).+.use_ema = use_ema;
                self
            }

            /// How much of that mean stays at each step.
            pub fn ema_momentum(mut self, momentum: f64) -> Self {
                self.$($base).+.ema_momentum = momentum;
                self
            }

            /// After how many steps the mean takes the weight's place during the training, again and again.
            pub fn ema_overwrite_frequency(mut self, steps: u64) -> Self {
                self.$($base).+.ema_overwrite_frequency = Some(steps);
                self
            }

            /// What the loss is multiplied by before gradients are taken of it, and gradients are divided by.
            pub fn loss_scale_factor(mut self, factor: f64) -> Self {
                self.$($base).+.loss_scale_factor = Some(factor);
                self
            }

            /// Changes weights once in so many steps, by the mean gradient of those steps.
            pub fn gradient_accumulation_steps(mut self, steps: u64) -> Self {
                self.$($base).+.gradient_accumulation_steps = Some(steps);
                self
            }

            /// Treats the weights apart whose paths hold a pattern.
            pub fn group(mut self, group: crate::optimizers::Group) -> Self {
                self.$($base).+.groups.push(group);
                self
            }

            /// Spares the weights whose paths hold a pattern the decay: "bias|gamma|beta".
            pub fn exclude_from_weight_decay(
                self,
                pattern: impl Into<crate::optimizers::Pattern>,
            ) -> Self {
                self.group(crate::optimizers::Group::of(pattern).weight_decay(0.0))
            }
        }
    };
}
pub(super) use base_arguments;

/// The trait's methods that are the same for every struct with a field `base`.
macro_rules! optimizer_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn base(&self) -> &Base {
            &self.base
        }

        fn base_mut(&mut self) -> &mut Base {
            &mut self.base
        }

        fn boxed(&self) -> Box<dyn Optimizer> {
            Box::new(self.clone())
        }
    };
}
pub(super) use optimizer_identity;

/// An optimizer's struct with Keras's arguments and defaults, `new` with a learning rate, and a builder method for each argument.
macro_rules! optimizer_class {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            learning_rate = $rate:expr $(, weight_decay = $decay:expr)?;
            $($(#[$what:meta])* $field:ident: $type:ty = $default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            #[serde(skip)]
            pub(super) base: crate::optimizers::Base,
            $($field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new($rate)
            }
        }

        crate::optimizers::base::base_arguments!($name);

        impl $name {
            /// The usual arguments, with a learning rate.
            pub fn new(learning_rate: impl Into<crate::optimizers::LearningRate>) -> Self {
                Self {
                    base: crate::optimizers::Base::new(learning_rate)$(.decaying($decay))?,
                    $($field: $default,)*
                }
            }

            $($(#[$what])*
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })*
        }
    };
}
pub(super) use optimizer_class;

/// A weight with its gradient and slots, as nodes.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weight's path: "sequential/dense/kernel".
    pub path: String,
    /// The weight before the step.
    pub weight: Value,
    /// Its gradient.
    pub grad: Value,
    /// The optimizer's memory for it, in the order of [`Optimizer::memory`].
    pub slots: Vec<Value>,
}

/// Writes one step of an optimizer for all weights together: clipping, decay, the rule itself.
pub fn apply(
    optimizer: &dyn Optimizer,
    g: &mut Graph,
    trained: &[Trained],
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    optimizer.update(g, trained, learning_rate, iteration)
}

/// What [`Optimizer::update`] does for an optimizer with a rule of its own.
pub(super) fn update<O: Optimizer + ?Sized>(
    optimizer: &O,
    g: &mut Graph,
    trained: &[Trained],
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    let base = optimizer.base();
    let Some(steps) = base.gradient_accumulation_steps else {
        let grads = trained.iter().map(|t| t.grad).collect();
        let stepped = change(optimizer, g, trained, grads, learning_rate, iteration)?;
        return averaged(base, g, trained, stepped, iteration);
    };
    // Weights change at every so manieth step; the steps that count are those changes.
    let share = g.scale(iteration, 1.0 / steps as f32)?;
    let done = g.unary(UnaryKind::Floor, share)?;
    let whole = g.scale(done, steps as f32)?;
    let now = g.equal(whole, iteration)?;
    let before = g.add_scalar(iteration, -1.0)?;
    let before = g.scale(before, 1.0 / steps as f32)?;
    let before = g.unary(UnaryKind::Floor, before)?;
    let counted = g.add_scalar(before, 1.0)?;
    let (mut sums, mut means) = (Vec::new(), Vec::new());
    for t in trained {
        let gathered = *t.slots.last().expect("an accumulator is the last slot");
        let sum = g.add(t.grad, gathered)?;
        sums.push(sum);
        means.push(g.scale(sum, 1.0 / steps as f32)?);
    }
    let mut stepped = change(optimizer, g, trained, means, learning_rate, counted)?;
    for ((s, t), sum) in stepped.iter_mut().zip(trained).zip(sums) {
        s.weight = g.select(now, s.weight, t.weight)?;
        for (new, &old) in s.slots.iter_mut().zip(&t.slots) {
            *new = g.select(now, *new, old)?;
        }
        let zero = g.constant(0.0)?;
        s.slots.push(g.select(now, zero, sum)?);
    }
    averaged(base, g, trained, stepped, counted)
}

/// The rule's own step of all weights by the gradients given: with slots of the rule alone.
fn change<O: Optimizer + ?Sized>(
    optimizer: &O,
    g: &mut Graph,
    trained: &[Trained],
    grads: Vec<Value>,
    learning_rate: Value,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    let base = optimizer.base();
    let mut grads = grads;
    if let Some(scale) = base.loss_scale_factor {
        for grad in &mut grads {
            *grad = g.scale(*grad, (1.0 / scale) as f32)?;
        }
    }
    let grads = clip::clip(base, g, grads)?;
    let mut stepped = Vec::with_capacity(trained.len());
    for (t, grad) in trained.iter().zip(grads) {
        let shape = g.shape(t.weight).clone();
        let info = Weight {
            path: &t.path,
            shape: &shape,
        };
        let mut weight = t.weight;
        let factor = group::multiplier(&base.groups, &t.path);
        let learning_rate = if factor == 1.0 {
            learning_rate
        } else {
            g.scale(learning_rate, factor as f32)?
        };
        let decay = group::decay(&base.groups, &t.path, optimizer.decay(info));
        if let Some(decay) = decay {
            // w ← w - w·decay·learning rate, before the rule.
            let share = g.scale(learning_rate, decay as f32)?;
            let d = g.mul(weight, share)?;
            weight = g.sub(weight, d)?;
        }
        let own = optimizer.slots(info).len();
        stepped.push(optimizer.step(
            g,
            Step {
                path: &t.path,
                weight,
                grad,
                slots: &t.slots[..own],
                learning_rate,
                iteration,
            },
        )?);
    }
    Ok(stepped)
}

/// Adds the running means of the weights, and puts them in the weights' places where it is time.
fn averaged(
    base: &Base,
    g: &mut Graph,
    trained: &[Trained],
    mut stepped: Vec<Stepped>,
    iteration: Value,
) -> Result<Vec<Stepped>> {
    if !base.use_ema {
        return Ok(stepped);
    }
    // The first step begins the mean.
    let one = g.constant(1.0)?;
    let later = g.not_equal(iteration, one)?;
    let momentum = g.scale(later, base.ema_momentum as f32)?;
    let share = g.one_minus(momentum)?;
    let now = match base.ema_overwrite_frequency {
        None => None,
        Some(steps) => {
            let part = g.scale(iteration, 1.0 / steps as f32)?;
            let done = g.unary(UnaryKind::Floor, part)?;
            let whole = g.scale(done, steps as f32)?;
            Some(g.equal(whole, iteration)?)
        }
    };
    for (s, t) in stepped.iter_mut().zip(trained) {
        let accumulates = usize::from(base.gradient_accumulation_steps.is_some());
        let place = t.slots.len() - 1 - accumulates;
        let d = g.sub(s.weight, t.slots[place])?;
        let d = g.mul(d, share)?;
        let average = g.add(t.slots[place], d)?;
        if let Some(now) = now {
            s.weight = g.select(now, average, s.weight)?;
        }
        s.slots.insert(place, average);
    }
    Ok(stepped)
}

/// What Keras writes into every optimizer's config and Cornu has no use for.
pub(super) const SILENT: [&str; 4] = ["name", "jit_compile", "is_legacy_optimizer", "decay"];

/// An optimizer from its Keras config.
pub(super) fn read<T>(class: &str, mut given: Map<String, Json>) -> Result<T>
where
    T: Optimizer + Default + Serialize + DeserializeOwned,
{
    for key in SILENT {
        given.remove(key);
    }
    let mut optimizer = T::default();
    let base = arguments::object(optimizer.base());
    let own = arguments::object(&optimizer);
    let mut known: Vec<String> = base.keys().chain(own.keys()).cloned().collect();
    // Written where there are any.
    known.push("groups".to_owned());
    arguments::refuse_unknown(class, &given, &known)?;
    if let Some(Json::Object(written)) = given.get("learning_rate") {
        // Read here first, for a mistake's own help.
        schedules::from_written(written).map_err(|e| e.at(format!("{class}/learning_rate")))?;
    }
    let (shared, own): (Map<_, _>, Map<_, _>) = given
        .into_iter()
        .partition(|(k, _)| base.contains_key(k) || k == "groups");
    let base = arguments::overlay(class, optimizer.base(), shared)?;
    optimizer = arguments::overlay(class, &optimizer, own)?;
    *optimizer.base_mut() = base;
    optimizer.check()?;
    Ok(optimizer)
}
