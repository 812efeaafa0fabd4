//! Weights of a file for a model that is there already.

use std::path::Path;

use super::Model;
use crate::error::{Error, Kind, Result};
use crate::exec::Variable;
use crate::optimizers;
use crate::train::Compiled;

/// A path without the model's name.
fn within(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

impl Model {
    /// Gives the model the weights of a file that [`Model::save`] wrote for one of the same layers. If both were compiled with optimizers
    /// that remember the same, this one's goes on where the other stopped, with its memory, step number and learning rate. Tells whether it
    /// does. Models that share layers with this one see the new weights too.
    ///
    /// # Errors
    /// Those of [`Model::load`]; [`Kind::Weights`] for a file of other layers: then nothing is changed.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let path = std::env::temp_dir().join("cornu-doc-load-weights.cornu");
    /// let build = || Sequential::new().input([4]).add(Dense::new(2)).build();
    /// let trained = build()?;
    /// trained.save(&path)?;
    /// let mut other = build()?;
    /// let goes_on = other.load_weights(&path)?;
    /// assert_eq!((other.weights(), goes_on), (trained.weights(), false));
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `model.load_weights(path)`.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let saved = Self::load(path)?;
        let refuse = |what: String| {
            Err(Error::new(Kind::Weights, what)
                .at(path.display().to_string())
                .help("the file's model must have the same layers; Model::load reads any"))
        };
        if saved.weights.len() != self.weights.len() {
            return refuse(format!(
                "the model has {} weights, the file's model {}",
                self.weights.len(),
                saved.weights.len()
            ));
        }
        for (own, other) in self.weights.iter().zip(&saved.weights) {
            let same = within(&own.path) == within(&other.path);
            if !same || own.spec.shape != other.spec.shape {
                return refuse(format!(
                    "the model has \"{}\" {} where the file's has \"{}\" {}",
                    own.path, own.spec.shape, other.path, other.spec.shape
                ));
            }
        }
        let copy = |own: &[Variable], other: &[Variable]| {
            for (own, other) in own.iter().zip(other) {
                other.read(|from| own.write(|to| to.copy_from_slice(from)));
            }
        };
        copy(self.variables(), saved.variables());
        let (Some(own), Some(other)) = (&self.compiled, &saved.compiled) else {
            return Ok(false);
        };
        let rule =
            |c: &Compiled| optimizers::serialize(&*c.working.optimizer())["class_name"].clone();
        let names = |model: &Self, c: &Compiled| -> Vec<String> {
            let names = c.slot_names(model).into_iter();
            names.map(|n| n.replace(model.name(), "")).collect()
        };
        let same = rule(own) == rule(other) && names(self, own) == names(&saved, other);
        if same {
            let (from, to) = (saved.weights.len(), self.weights.len());
            copy(&self.variables.all()[to..], &saved.variables.all()[from..]);
            let rate = other.working.constant_rate();
            own.working
                .resume(other.working.iterations(), rate.map(f64::from));
        }
        Ok(same)
    }
}
