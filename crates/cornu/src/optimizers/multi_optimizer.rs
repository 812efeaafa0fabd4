//! Several optimizers, each for the weights whose paths it is given.

use serde_json::{Map, Value as Json, json};

use super::{
    Base, Optimizer, Pattern, Slot, Step, Stepped, Trained, Weight, arguments, from_written,
    serialize,
};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Each weight is changed by the first optimizer whose pattern its whole path fits, all others by the default one.
///
/// The learning rate that callbacks and [`Model::set_learning_rate`](crate::model::Model::set_learning_rate) see and change is that of the
/// default optimizer; the others keep theirs, a number or a schedule.
///
/// # Errors
/// Those of the optimizers; one of several inside another.
///
/// # Example
/// ```
/// use cornu::optimizers::{AdamW, MultiOptimizer, SGD};
/// let both = MultiOptimizer::new(AdamW::new(1e-3)).with(".*/embedding/.*", SGD::new(0.1));
/// # let _ = both;
/// ```
///
/// # Source
/// Keras's own.
///
/// # Keras
/// The same, with its `OptimizerMap` inside; a path that two patterns fit is the first one's here and a mistake there.
#[derive(Clone, Debug)]
pub struct MultiOptimizer {
    default: Box<dyn Optimizer>,
    others: Vec<(Pattern, Box<dyn Optimizer>)>,
}

impl MultiOptimizer {
    /// One optimizer for all weights until others are named.
    pub fn new(default: impl Into<Box<dyn Optimizer>>) -> Self {
        Self {
            default: default.into(),
            others: Vec::new(),
        }
    }

    /// Another optimizer for the weights whose whole paths fit a pattern.
    pub fn with(
        mut self,
        pattern: impl Into<Pattern>,
        optimizer: impl Into<Box<dyn Optimizer>>,
    ) -> Self {
        self.others.push((pattern.into(), optimizer.into()));
        self
    }

    /// Which optimizer a weight has: none for the default one.
    fn place(&self, path: &str) -> Option<usize> {
        self.others.iter().position(|(p, _)| p.is_whole(path))
    }

    fn of(&self, path: &str) -> &dyn Optimizer {
        match self.place(path) {
            Some(place) => &*self.others[place].1,
            None => &*self.default,
        }
    }

    pub(super) fn from_config(config: Map<String, Json>) -> Result<Self> {
        let class = "MultiOptimizer";
        let mut config = config;
        let map = config.remove("optimizer_map").unwrap_or(Json::Null);
        for key in super::base::SILENT {
            config.remove(key);
        }
        config.retain(|key, value| key != "loss_scale_factor" || !value.is_null());
        arguments::refuse_unknown(class, &config, &["optimizer_map".to_owned()])?;
        let map = map.get("config").unwrap_or(&map);
        let default = map.get("default_optimizer");
        let mut one = Self::new(from_written(class, "default_optimizer", default)?);
        let others = map.get("optimizer_map").and_then(Json::as_object);
        for (pattern, written) in others.into_iter().flatten() {
            one = one.with(
                pattern.as_str(),
                from_written(class, pattern, Some(written))?,
            );
        }
        one.check()?;
        Ok(one)
    }
}

impl Optimizer for MultiOptimizer {
    fn class_name(&self) -> &'static str {
        "MultiOptimizer"
    }

    fn config(&self) -> Map<String, Json> {
        let others: Map<String, Json> = self
            .others
            .iter()
            .map(|(pattern, o)| (pattern.to_string(), serialize(&**o)))
            .collect();
        let map = json!({
            "module": "keras.optimizers",
            "class_name": "OptimizerMap",
            "config": {
                "default_optimizer": serialize(&*self.default),
                "optimizer_map": others,
            },
            "registered_name": null,
        });
        Map::from_iter([("optimizer_map".to_owned(), map)])
    }

    fn full_config(&self) -> Map<String, Json> {
        self.config()
    }

    fn base(&self) -> &Base {
        self.default.base()
    }

    fn base_mut(&mut self) -> &mut Base {
        self.default.base_mut()
    }

    fn check(&self) -> Result<()> {
        self.default.check()?;
        let own = self.others.iter().map(|(_, o)| o);
        own.clone().try_for_each(|o| o.check())?;
        for o in own.chain([&self.default]) {
            if o.passes_over_not_finite() || o.class_name() == "MultiOptimizer" {
                return Err(Error::config(format!(
                    "MultiOptimizer: {} cannot be one of several",
                    o.class_name()
                )));
            }
            if o.base().loss_scale_factor != self.base().loss_scale_factor {
                return Err(Error::config(
                    "MultiOptimizer: all optimizers must have the same loss_scale_factor",
                ));
            }
        }
        Ok(())
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        self.of(weight.path).slots(weight)
    }

    fn memory(&self, weight: Weight<'_>) -> Vec<Slot> {
        self.of(weight.path).memory(weight)
    }

    fn step(&self, g: &mut Graph, step: Step<'_>) -> Result<Stepped> {
        self.of(step.path).step(g, step)
    }

    fn rates(&self, own: f32, step: u64) -> Vec<f32> {
        let others = self.others.iter();
        let others = others.map(|(_, o)| o.base().learning_rate.at(step));
        [own].into_iter().chain(others).collect()
    }

    fn update(
        &self,
        g: &mut Graph,
        trained: &[Trained],
        learning_rate: Value,
        iteration: Value,
    ) -> Result<Vec<Stepped>> {
        let mut all: Vec<Option<Stepped>> = vec![None; trained.len()];
        let places = (0..self.others.len()).map(Some).chain([None]);
        for place in places {
            let own: Vec<usize> = (0..trained.len())
                .filter(|&i| self.place(&trained[i].path) == place)
                .collect();
            if own.is_empty() {
                continue;
            }
            let part: Vec<Trained> = own.iter().map(|&i| trained[i].clone()).collect();
            let (optimizer, number) = match place {
                None => (&self.default, 0),
                Some(place) => (&self.others[place].1, place + 1),
            };
            // Alone, the default optimizer's rate is no vector.
            let rate = g.reshape(learning_rate, [1 + self.others.len()])?;
            let rate = g.slice(rate, 0, number, 1)?;
            let rate = g.reshape(rate, Shape::scalar())?;
            let stepped = optimizer.update(g, &part, rate, iteration)?;
            for (i, s) in own.into_iter().zip(stepped) {
                all[i] = Some(s);
            }
        }
        Ok(all.into_iter().flatten().collect())
    }

    fn boxed(&self) -> Box<dyn Optimizer> {
        Box::new(self.clone())
    }
}
