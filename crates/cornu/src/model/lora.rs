//! Low-rank learning taken up by a layer of a model that is there already.

use serde_json::json;

use super::{Drawn, Model};
use crate::error::{Error, Result};
use crate::layers;

impl Model {
    /// Keeps the large weight of a layer as it is, and has the product of two thin matrices learnt beside it from now on: Keras's
    /// `layer.enable_lora(rank, lora_alpha)`. What the model computes does not change by that; call [`Model::compile`] again afterwards, as in
    /// Keras.
    ///
    /// Other models that share the layer keep it as it was.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for a layer that the model lacks, that has no such weight or learns so already, a rank
    /// of 0.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([64]).add(Dense::new(32).name("wide")).build()?;
    /// let x = Tensor::new([1, 64], vec![0.5f32; 64])?;
    /// let before = model.predict(&x)?;
    /// model.enable_lora("wide", 2, None)?;
    /// assert_eq!(model.predict(&x)?, before);
    /// assert_eq!(model.summary()?.trainable, 32 + 64 * 2 + 2 * 32);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Source
    /// Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
    pub fn enable_lora(&mut self, layer: &str, rank: usize, alpha: Option<f64>) -> Result<()> {
        let mut architecture = self.architecture.clone();
        let names = self.architecture.layers.iter().map(|(n, _)| n.as_str());
        let found = architecture.layers.iter_mut().find(|(n, _)| n == layer);
        let (_, found) =
            found.ok_or_else(|| Error::unknown("layer", layer, names).at(self.name()))?;
        let at = format!("{}/{layer}", self.name());
        let mut config = found.config();
        if config.get("lora_rank").is_some_and(|r| !r.is_null()) {
            return Err(Error::config("the layer has a lora_rank already").at(at));
        }
        config.insert("lora_rank".to_owned(), rank.into());
        if let Some(alpha) = alpha {
            config.insert("lora_alpha".to_owned(), json!(alpha));
        }
        let base = found.base().clone();
        *found = layers::deserialize(found.class_name(), &config.into()).map_err(|e| e.at(at))?;
        *found.base_mut() = base;
        let own = |layer: usize| {
            let weights = self.weights.iter().zip(self.variables.all());
            let held = weights.filter(|(w, _)| w.layer == layer);
            Some(held.map(|(_, v)| v.clone()).collect())
        };
        let held = (0..architecture.layers.len()).map(own).collect();
        let mut learning = Self::assemble(
            architecture,
            Drawn {
                seed: self.id,
                held,
            },
            None,
        )?;
        learning.notes = std::mem::take(&mut self.notes);
        *self = learning;
        Ok(())
    }
}
