//! A model whose layers follow each other in one line.

use super::architecture::{Architecture, CallSite, InputSpec, Kind, TensorId, name_layers};
use super::{IntoLayer, Model};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::shape::{DType, Shape};

/// Layers one after another.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new()
///     .input([28, 28, 1])
///     .add(Conv2D::new(8, 3).activation("relu"))
///     .add(MaxPooling2D::new(2))
///     .add(Flatten::new())
///     .add(Dense::new(10).activation("softmax"))
///     .build()?;
/// println!("{}", model.summary()?);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Sequential {
    name: Option<String>,
    input: Option<(DType, Shape)>,
    batch: Option<usize>,
    layers: Vec<Box<dyn Layer>>,
    seed: u64,
}

impl Sequential {
    /// A model without layers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the model; the name begins the path of every layer.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The shape of one sample.
    pub fn input(self, shape: impl Into<Shape>) -> Self {
        self.input_of(DType::F32, shape)
    }

    /// The element type and shape of one sample, as of whole numbers for an [`Embedding`](crate::layers::Embedding).
    pub fn input_of(mut self, dtype: DType, shape: impl Into<Shape>) -> Self {
        self.input = Some((dtype, shape.into()));
        self
    }

    /// The number of samples that every batch has: Keras's `Input(batch_size=…)`, which stateful layers need.
    pub fn batch_size(mut self, batch: usize) -> Self {
        self.batch = Some(batch);
        self
    }

    /// Adds a layer at the end, or a model, whose weights stay the model's own.
    // Keras's own name for it; it adds no numbers.
    #[allow(clippy::should_implement_trait)]
    pub fn add(mut self, layer: impl IntoLayer) -> Self {
        self.layers.push(layer.into_layer());
        self
    }

    /// Adds a layer that is already in a box, as one made by [`layers::deserialize`](crate::layers::deserialize).
    pub fn add_boxed(mut self, layer: Box<dyn Layer>) -> Self {
        self.layers.push(layer);
        self
    }

    /// The seed from which the weights are drawn; 0 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks the shapes from layer to layer and draws the weights.
    ///
    /// # Errors
    /// The first layer whose settings or input do not work, with its path, what was expected and what received.
    pub fn build(self) -> Result<Model> {
        let name = self
            .name
            .unwrap_or_else(|| Kind::Sequential.default_name().to_owned());
        let (dtype, shape) = self.input.ok_or_else(|| {
            Error::config("the model does not know the shape of its samples")
                .at(name.clone())
                .help("begin with .input([height, width, channels]) or .input([features])")
        })?;
        if self.layers.is_empty() {
            return Err(Error::config("the model has no layers").at(name));
        }
        let calls = (0..self.layers.len())
            .map(|i| CallSite::new(i, vec![TensorId::first(i)]))
            .collect();
        let architecture = Architecture {
            outputs: vec![TensorId::first(self.layers.len())],
            layers: name_layers(self.layers).map_err(|e| e.at(name.clone()))?,
            inputs: vec![InputSpec {
                name: "input_layer".to_owned(),
                shape,
                dtype,
                batch: self.batch,
            }],
            kind: Kind::Sequential,
            calls,
            name,
        };
        Model::from_architecture(architecture, self.seed)
    }
}
