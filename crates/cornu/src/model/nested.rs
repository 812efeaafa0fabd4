//! A model that is a layer of another model.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json, json};

use super::architecture::{Architecture, Given, WeightEntry};
use super::symbol::{Inputs, Part, Shared, Symbol};
use super::{Drawn, Model};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// A model as a layer: its weights are those of the model it was made of, so that training one changes the other.
///
/// Made by [`Model::as_layer`]; [`Model::on`] and `Sequential::add` make one by themselves. A layer within is reached by its path:
/// `outer.set_trainable("encoder/conv2d_1", false)`.
///
/// # Shapes
/// The model's inputs and outputs.
///
/// # Errors
/// Inputs of other shapes than the model was built for; a model whose weights the outer model holds already under another name.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let encoder = Sequential::new().input([8]).add(Dense::new(2)).build()?.named("encoder");
/// let decoder = Sequential::new().input([2]).add(Dense::new(8)).build()?.named("decoder");
/// let x = input([8]);
/// let autoencoder = Model::new([&x], [&decoder.on(&encoder.on(&x))])?;
/// assert_eq!(autoencoder.weight_paths()[0], "functional/encoder/dense/kernel");
/// autoencoder.layer("encoder/dense")?.set_weights(&[Tensor::zeros([8, 2]), Tensor::zeros([2])])?;
/// assert_eq!(encoder.weights()[0], Tensor::zeros([8, 2]));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// A `Sequential` or `Functional` among the layers of another.
#[derive(Clone, Debug)]
pub struct Nested {
    base: Base,
    architecture: Architecture,
    entries: Vec<WeightEntry>,
}

impl Nested {
    /// Names the layer; without it, it has the model's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.base.name = Some(name.into());
        self
    }

    /// Whether training changes any of the weights; all layers within are set alike, as in Keras.
    pub fn trainable(mut self, trainable: bool) -> Self {
        set_trainable(&mut self, trainable);
        self
    }

    fn new(architecture: Architecture, entries: Vec<WeightEntry>) -> Self {
        let given = architecture.name != architecture.kind.default_name();
        Self {
            base: Base {
                name: given.then(|| architecture.name.clone()),
                trainable: true,
            },
            architecture,
            entries,
        }
    }

    /// The model that a config describes, as a layer.
    pub(crate) fn from_config(class: &str, config: Map<String, Json>) -> Result<Box<dyn Layer>> {
        let json = json!({ "class_name": class, "config": config });
        let architecture = Architecture::from_json(&json)?;
        let entries = architecture.build()?.weights;
        Ok(Box::new(Self::new(architecture, entries)))
    }

    /// The layers and how they are joined, as training treats them.
    fn effective(&self) -> Cow<'_, Architecture> {
        if self.base.trainable {
            return Cow::Borrowed(&self.architecture);
        }
        let mut frozen = self.architecture.clone();
        for (_, layer) in &mut frozen.layers {
            set_trainable(&mut **layer, false);
        }
        Cow::Owned(frozen)
    }

    /// The parts of a picture or a table of the model.
    pub(crate) fn architecture(&self) -> &Architecture {
        &self.architecture
    }
}

/// Sets a layer and all layers within.
pub(super) fn set_trainable(layer: &mut dyn Layer, trainable: bool) {
    layer.base_mut().trainable = trainable;
    for (_, inner) in layer.inner_mut() {
        set_trainable(&mut **inner, trainable);
    }
}

/// What a weight is called in a layer within another: nothing if that layer does not hold it.
pub(super) fn name_within<'a>(weight: &'a str, layer: &str) -> Option<&'a str> {
    weight.strip_prefix(layer)?.strip_prefix('/')
}

/// Whether training may change the weight of this name in a layer, as far as the layer and those within it say.
pub(super) fn may_train(layer: &dyn Layer, weight: &str) -> bool {
    let mut inner = layer.inner().iter();
    let holder = inner.find_map(|(name, inner)| Some((inner, name_within(weight, name)?)));
    layer.base().trainable && holder.is_none_or(|(inner, weight)| may_train(&**inner, weight))
}

impl Layer for Nested {
    fn class_name(&self) -> &'static str {
        self.architecture.kind.class_name()
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }

    fn config(&self) -> Map<String, Json> {
        let mut json = self.architecture.to_json();
        let Json::Object(mut config) = json["config"].take() else {
            unreachable!("a model's config is an object")
        };
        config.remove("name");
        config.remove("trainable");
        config
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let own = self.architecture.inputs.iter().map(|i| &i.shape);
        if !own.clone().eq(inputs) {
            let own: Vec<&Shape> = own.collect();
            return Err(Error::shape(format!(
                "the model was built for inputs {own:?}, received {inputs:?}"
            ))
            .help("build it for these shapes, and give it the weights with set_weights"));
        }
        let name = &self.architecture.name;
        let specs = self.entries.iter().map(|e| WeightSpec {
            name: e.path[name.len() + 1..].to_owned(),
            ..e.spec.clone()
        });
        Ok(specs.collect())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        Ok(self.call_all(cx, inputs)?[0])
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        let architecture = self.effective();
        let masks = cx.masks.clone();
        let given = Given {
            inputs,
            masks: &masks,
            weights: cx.weights,
            rng: cx.rng,
            training: cx.training,
        };
        let prefix = cx.graph.path().unwrap_or_default();
        let traced = architecture.trace(cx.graph, given, &self.entries, &prefix)?;
        let outputs = architecture.outputs.iter();
        let masks = outputs.clone().map(|t| *t.of(&traced.masks)).collect();
        let values = outputs.map(|t| *t.of(&traced.values)).collect();
        for (number, value) in traced.updates {
            cx.update(number, value);
        }
        cx.losses.extend(traced.losses);
        cx.set_masks(masks);
        Ok(values)
    }

    fn inner(&self) -> &[(String, Box<dyn Layer>)] {
        &self.architecture.layers
    }

    fn inner_mut(&mut self) -> &mut [(String, Box<dyn Layer>)] {
        &mut self.architecture.layers
    }

    fn as_nested(&self) -> Option<&Nested> {
        Some(self)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// What `Sequential::add` takes: a layer, or a model that becomes one.
pub trait IntoLayer {
    /// The layer in a box.
    fn into_layer(self) -> Box<dyn Layer>;
}

impl<L: Layer + 'static> IntoLayer for L {
    fn into_layer(self) -> Box<dyn Layer> {
        Box::new(self)
    }
}

impl IntoLayer for Model {
    fn into_layer(self) -> Box<dyn Layer> {
        Box::new(self.as_layer())
    }
}

impl IntoLayer for &Model {
    fn into_layer(self) -> Box<dyn Layer> {
        Box::new(self.as_layer())
    }
}

impl Model {
    /// The model as a layer for another model, with the same weights; it keeps its layers as they are trainable now.
    pub fn as_layer(&self) -> Nested {
        let mut entries = self.weights.clone();
        for (entry, variable) in entries.iter_mut().zip(self.variables.all()) {
            entry.spec.variable = Some(variable.clone());
        }
        Nested::new(self.architecture.clone(), entries)
    }

    /// The model as a layer that is applied several times, or in training or in use alone.
    ///
    /// # Example
    /// A frozen base whose normalisations keep their statistics while the layers after it are trained, and then the base too:
    /// ```
    /// use cornu::prelude::*;
    /// let base = Sequential::new().input([8]).add(Dense::new(4)).add(BatchNormalization::new()).build()?.named("base");
    /// let x = input([8]);
    /// let y = Dense::new(2).on(&base.shared().training(false).on(&x));
    /// let mut model = Model::new([&x], [&y])?;
    /// model.set_trainable("base", false)?;
    /// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn shared(&self) -> Shared {
        Shared::of(Part {
            id: self.id,
            layer: Box::new(self.as_layer()),
            weights: OnceLock::new(),
        })
    }

    /// The model's (only) output for these inputs, as part of another model: Keras's `model(x)`. The weights are the same ones.
    pub fn on(&self, inputs: impl Into<Inputs>) -> Symbol {
        self.shared().on(inputs)
    }

    /// All of the model's outputs for these inputs, as part of another model.
    pub fn on_all<const N: usize>(&self, inputs: impl Into<Inputs>) -> [Symbol; N] {
        self.shared().on_all(inputs)
    }

    /// The model that is the layer of this name, with the same weights: an encoder taken out of its autoencoder.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) if no layer has that name, or it is no model.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let base = Sequential::new().input([8]).add(Dense::new(4)).build()?.named("base");
    /// let model = Sequential::new().input([8]).add(&base).add(Dense::new(2)).build()?;
    /// let again = model.nested("base")?;
    /// assert_eq!(again.weights(), base.weights());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn nested(&self, layer: &str) -> Result<Model> {
        let found = self.layer(layer)?;
        let Some(nested) = found.layer().as_nested() else {
            return Err(Error::config(format!(
                "\"{layer}\" is a {}, not a model",
                found.layer().class_name()
            ))
            .at(self.name())
            .help("model.layer(name) gives a layer's weights and output"));
        };
        let mut architecture = nested.effective().into_owned();
        if let Some(name) = layer.rsplit('/').next() {
            name.clone_into(&mut architecture.name);
        }
        // In the order in which the inner model declares its weights, cut into its layers' shares.
        let mut held = vec![Some(Vec::new()); architecture.layers.len()];
        for (own, variable) in found.variables().into_iter().enumerate() {
            held[nested.entries[own].layer]
                .get_or_insert_default()
                .push(variable);
        }
        Self::assemble(architecture, Drawn { seed: 0, held }, None)
    }
}
