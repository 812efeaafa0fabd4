//! A vector for each place of a sequence, learnt, so that places can be told apart.

use serde::{Deserialize, Serialize};

use super::places::Place;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::glorot_uniform;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Gives each place of a sequence its own row of a table that is trained: `y[b, t, :] = embeddings[t, :]`.
///
/// Add it to the vectors of what stands at the places.
///
/// # Shapes
/// `[batch, places, features] → [batch, places, features]`; embeddings `[sequence_length, features]`.
///
/// # Errors
/// An input that is no sequence of features, or one longer than `sequence_length`.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let words = input_of(DType::I32, [12]);
/// let x = Embedding::new(100, 8).on(&words);
/// let y = Add::new().on([&x, &PositionEmbedding::new(12).on(&x)]);
/// let model = Model::new([&words], [&y])?;
/// assert_eq!(model.count_params(), 100 * 8 + 12 * 8);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Gehring et al., "Convolutional Sequence to Sequence Learning", 2017.
///
/// # Keras
/// The layer of this name in KerasHub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEmbedding {
    #[serde(skip)]
    base: Base,
    sequence_length: usize,
    #[serde(default = "glorot_uniform")]
    initializer: InitializerConfig,
    #[serde(skip)]
    place: Place,
}

layer!(PositionEmbedding);

impl PositionEmbedding {
    /// For sequences of up to so many places.
    pub fn new(sequence_length: usize) -> Self {
        Self {
            base: Base::default(),
            sequence_length,
            initializer: glorot_uniform(),
            place: Place::default(),
        }
    }

    /// How the table begins.
    pub fn initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.initializer = initializer.into();
        self
    }
}

impl Layer for PositionEmbedding {
    layer_identity!(PositionEmbedding);
    passes_mask!();

    fn place_by_place(&self, places: usize, _: &[bool]) -> Option<Box<dyn Layer>> {
        let mut layer = self.clone();
        layer.place = Place::of(places);
        Some(Box::new(layer))
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("PositionEmbedding", inputs)?;
        inputs::sizes([("sequence_length", Pair::from(self.sequence_length))])?;
        let [places, features] = *x.axes() else {
            return Err(Error::shape(format!(
                "PositionEmbedding expects sequences [places, features], received {x}"
            )));
        };
        let places = self.place.places().unwrap_or(places);
        if places > self.sequence_length {
            return Err(Error::shape(format!(
                "PositionEmbedding expects at most sequence_length {} places, received {places}",
                self.sequence_length
            )));
        }
        let shape = [self.sequence_length, features];
        let table = WeightSpec::new("embeddings", shape, self.initializer.clone());
        let mut weights = vec![table];
        weights.extend(self.place.weights());
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let shape = cx.graph.shape(inputs[0]).clone();
        let mut table = cx.weight(0);
        if self.place.places().is_some() {
            let at = self.place.numbers(cx, 1, shape[1])?;
            let at = cx.graph.cast(at, DType::I32)?;
            let rows = cx.graph.gather(table, at)?;
            return cx.graph.broadcast(rows, shape);
        }
        if shape[1] < self.sequence_length {
            table = cx.graph.slice(table, 0, 0, shape[1])?;
        }
        cx.graph.broadcast(table, shape)
    }
}
