//! Inputs and targets given by name.

use crate::error::{Error, Result};
use crate::model::Model;
use crate::tensor::Tensor;

/// Tensors in the order of names; each name once.
fn arranged(
    model: &Model,
    what: &str,
    names: &[&str],
    given: impl IntoIterator<Item = (impl AsRef<str>, Tensor)>,
) -> Result<Vec<Tensor>> {
    let mut places: Vec<Option<Tensor>> = vec![None; names.len()];
    for (name, tensor) in given {
        let name = name.as_ref();
        let at = names
            .iter()
            .position(|n| *n == name)
            .ok_or_else(|| Error::unknown(what, name, names.iter().copied()).at(model.name()))?;
        if places[at].replace(tensor).is_some() {
            return Err(
                Error::data(format!("the {what} \"{name}\" is given twice")).at(model.name())
            );
        }
    }
    let complete = places.into_iter().zip(names).map(|(tensor, name)| {
        tensor.ok_or_else(|| {
            Error::data(format!("the {what} \"{name}\" is missing")).at(model.name())
        })
    });
    complete.collect()
}

impl Model {
    /// Inputs in the model's order, given by the names of its input layers.
    ///
    /// # Errors
    /// A name that no input has, one that is given twice or is missing.
    ///
    /// # Example
    /// See [`Model::targets_by_name`].
    pub fn inputs_by_name(
        &self,
        inputs: impl IntoIterator<Item = (impl AsRef<str>, Tensor)>,
    ) -> Result<Vec<Tensor>> {
        arranged(self, "input", &self.input_names(), inputs)
    }

    /// Targets, or weights of samples, in the model's order, given by the names of its outputs: one for each output with a loss or a metric.
    ///
    /// # Errors
    /// Before `compile`; a name that no output with a loss or metric has, one that is given twice or is missing.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let (age, photo) = (input([1]).named("age"), input([8]).named("photo"));
    /// let both = Concatenate::new().on([&age, &photo]);
    /// let kind = Dense::new(3).activation("softmax").name("kind").on(&both);
    /// let size = Dense::new(1).name("size").on(&both);
    /// let mut model = Model::new([&age, &photo], [&kind, &size])?;
    /// let losses = Losses::new().of("kind", SparseCategoricalCrossentropy::default()).of("size", MeanSquaredError::default());
    /// model.compile(Adam::default(), losses, [("kind", "accuracy")])?;
    /// let x = model.inputs_by_name([("photo", Tensor::zeros([4, 8])), ("age", Tensor::zeros([4, 1]))])?;
    /// let y = model.targets_by_name([("size", Tensor::zeros([4, 1])), ("kind", Tensor::new([4], vec![0, 1, 2, 0])?)])?;
    /// model.fit(&(x, y), Fit::epochs(1).full_batch())?;
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `fit({"photo": …, "age": …}, {"size": …, "kind": …})`.
    pub fn targets_by_name(
        &self,
        targets: impl IntoIterator<Item = (impl AsRef<str>, Tensor)>,
    ) -> Result<Vec<Tensor>> {
        let names = self.output_names();
        let goals = self.compiled()?.goals.each.iter();
        let names: Vec<&str> = goals.map(|g| names[g.output].as_str()).collect();
        arranged(self, "output with a loss or metric", &names, targets)
    }
}
