//! One layer of a model: its settings, its weights, the tensors before and behind it.

use super::Model;
use super::architecture::{Architecture, TensorId};
use super::nested::{name_within, set_trainable};
use super::symbol::Symbol;
use crate::error::{Error, Kind, Result};
use crate::exec::Variable;
use crate::layers::Layer;
use crate::tensor::Tensor;

/// A layer of a model, by its name or path: Keras's `model.get_layer(name)`.
#[derive(Clone, Copy, Debug)]
pub struct LayerOf<'a> {
    model: &'a Model,
    /// Number of the model's own layer that it is, or within which it lies.
    outer: usize,
    /// Numbers of its weights among that layer's.
    first: usize,
    count: usize,
    layer: &'a dyn Layer,
    within: bool,
}

/// The layer of a name, with the nearest name where there is none.
fn position(names: &[(String, Box<dyn Layer>)], name: &str, at: &str) -> Result<usize> {
    names
        .iter()
        .position(|(n, _)| n == name)
        .ok_or_else(|| Error::unknown("layer", name, names.iter().map(|(n, _)| n.as_str())).at(at))
}

impl Model {
    /// A layer by its name; a layer within a layer by its path: "encoder/conv2d_1" of one that is a model,
    /// "bidirectional/forward_lstm" of one that runs another in both directions.
    ///
    /// # Errors
    /// [`Kind::Config`] if no layer has that name, with the nearest one.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4]).add(Dense::new(2).name("last")).build()?;
    /// let last = model.layer("last")?;
    /// last.set_weights(&[Tensor::zeros([4, 2]), Tensor::new([2], vec![1.0f32, 2.0])?])?;
    /// assert_eq!(last.weights()[1].f32s()?, &[1.0, 2.0]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn layer(&self, path: &str) -> Result<LayerOf<'_>> {
        let mut parts = path.split('/');
        let name = parts.next().unwrap_or_default();
        let outer = position(&self.architecture.layers, name, self.name())?;
        let mut layer = &*self.architecture.layers[outer].1;
        // The weights of a layer within are not always neighbours among those of the outermost, so they are found one by one.
        let all = self.weights.iter().filter(|w| w.layer == outer);
        let mut own: Vec<(usize, &str)> = all.map(|w| &*w.spec.name).enumerate().collect();
        let mut within = false;
        for name in parts {
            let inner = position(layer.inner(), name, self.name())?;
            own = own
                .into_iter()
                .filter_map(|(w, weight)| Some((w, name_within(weight, name)?)))
                .collect();
            layer = &*layer.inner()[inner].1;
            within = true;
        }
        let first = own.first().map_or(0, |w| w.0);
        debug_assert!(
            own.iter().enumerate().all(|(i, w)| w.0 == first + i),
            "weights are declared layer by layer"
        );
        Ok(LayerOf {
            model: self,
            outer,
            first,
            count: own.len(),
            layer,
            within,
        })
    }

    /// Whether training changes the weights of a layer, of a layer within one ("encoder/conv2d_1"), or, by a model's name, of all its
    /// layers; call [`Model::compile`] again afterwards, as in Keras.
    ///
    /// # Errors
    /// [`Kind::Config`] if no layer has that name.
    pub fn set_trainable(&mut self, layer: &str, trainable: bool) -> Result<()> {
        let at = self.architecture.name.clone();
        let found = inner_mut(&mut self.architecture, layer, &at)?;
        set_trainable(found, trainable);
        if trainable {
            // A layer learns only if what it lies in does.
            let mut outer = layer;
            while let Some((path, _)) = outer.rsplit_once('/') {
                inner_mut(&mut self.architecture, path, &at)?
                    .base_mut()
                    .trainable = true;
                outer = path;
            }
        }
        Ok(())
    }

    /// Keeps training from changing any weight there is now: Keras's `model.trainable = False`.
    ///
    /// # Example
    /// A trained base, frozen, with a new last layer:
    /// ```
    /// use cornu::prelude::*;
    /// let mut base = Sequential::new()
    ///     .input([28, 28, 1])
    ///     .add(Conv2D::new(8, 3).activation("relu"))
    ///     .add(GlobalAveragePooling2D::new().name("features"))
    ///     .add(Dense::new(10).activation("softmax"))
    ///     .build()?;
    /// // … base.fit(…) …
    /// base.freeze();
    /// let y = Dense::new(3).activation("softmax").name("head").on(&base.output_of("features")?);
    /// let mut model = Model::new(base.inputs(), y)?;
    /// model.compile(Adam::default(), SparseCategoricalCrossentropy::default(), ["accuracy"])?;
    /// let data = (Tensor::zeros([8, 28, 28, 1]), Tensor::new([8], vec![0, 1, 2, 0, 1, 2, 0, 1])?);
    /// let before = model.layer("conv2d")?.weights();
    /// model.fit(&data, Fit::epochs(1).batch_size(4))?;
    /// assert_eq!(model.layer("conv2d")?.weights(), before);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn freeze(&mut self) {
        self.set_all(false);
    }

    /// Lets training change all weights: Keras's `model.trainable = True`.
    pub fn unfreeze(&mut self) {
        self.set_all(true);
    }

    fn set_all(&mut self, trainable: bool) {
        for (_, layer) in &mut self.architecture.layers {
            set_trainable(&mut **layer, trainable);
        }
    }
}

/// The layer of a path, to change.
fn inner_mut<'a>(a: &'a mut Architecture, path: &str, at: &str) -> Result<&'a mut dyn Layer> {
    let mut parts = path.split('/');
    let name = parts.next().unwrap_or_default();
    let first = position(&a.layers, name, at)?;
    let mut layer: &mut dyn Layer = &mut *a.layers[first].1;
    for name in parts {
        let inner = position(layer.inner(), name, at)?;
        layer = &mut *layer.inner_mut()[inner].1;
    }
    Ok(layer)
}

impl LayerOf<'_> {
    /// The model it is a layer of.
    pub(crate) fn model(&self) -> &Model {
        self.model
    }

    /// The layer with its settings.
    pub fn layer(&self) -> &dyn Layer {
        self.layer
    }

    /// Handles of its weights, in the order in which it declares them.
    pub fn variables(&self) -> Vec<Variable> {
        let weights = &self.model.weights;
        let outer = (0..weights.len()).filter(|&w| weights[w].layer == self.outer);
        let own = outer.skip(self.first).take(self.count);
        own.map(|w| self.model.variables.all()[w].clone()).collect()
    }

    /// Copies of its weights: Keras's `layer.get_weights()`.
    pub fn weights(&self) -> Vec<Tensor> {
        self.variables().iter().map(Variable::value).collect()
    }

    /// Sets its weights: Keras's `layer.set_weights(weights)`.
    ///
    /// # Errors
    /// [`Kind::Weights`] if their number or a shape differs; then none is changed.
    pub fn set_weights(&self, weights: &[Tensor]) -> Result<()> {
        set_weights(&self.variables(), weights, self.model.name())
    }

    /// What goes into its (first) call.
    ///
    /// # Errors
    /// [`Kind::Config`] for a layer within another one, whose tensors are those of that model.
    pub fn input(&self) -> Result<Vec<Symbol>> {
        let call = self.first_call()?;
        let inputs = self.model.architecture.calls[call].inputs.iter();
        Ok(inputs.map(|&t| self.model.symbol(t)).collect())
    }

    /// What comes out of its (first) call: the first output, where there are several.
    ///
    /// # Errors
    /// [`Kind::Config`] for a layer within another one, whose tensors are those of that model.
    pub fn output(&self) -> Result<Symbol> {
        let node = self.model.architecture.inputs.len() + self.first_call()?;
        Ok(self.model.symbol(TensorId::first(node)))
    }

    fn first_call(&self) -> Result<usize> {
        let mut calls = self.model.architecture.calls.iter();
        match calls.position(|c| c.layer == self.outer) {
            Some(call) if !self.within => Ok(call),
            _ => Err(Error::config("a layer within a model has its tensors there")
                .at(self.model.name())
                .help("model.nested(\"encoder\")?.output_of(\"conv2d\") is a tensor of that model")),
        }
    }
}

/// Sets all of the variables, or none where one does not fit.
pub(super) fn set_weights(variables: &[Variable], weights: &[Tensor], at: &str) -> Result<()> {
    if weights.len() != variables.len() {
        return Err(Error::new(
            Kind::Weights,
            format!(
                "{} weights are needed, received {}",
                variables.len(),
                weights.len()
            ),
        )
        .at(at));
    }
    for (own, new) in variables.iter().zip(weights) {
        own.check(new).map_err(|e| e.at(at))?;
    }
    for (own, new) in variables.iter().zip(weights) {
        own.set(new)?;
    }
    Ok(())
}
