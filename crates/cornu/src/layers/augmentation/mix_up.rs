//! Pairs of images and their targets mixed during training.

use serde::{Deserialize, Serialize};

use super::mixture;
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Mixes each image with another one of the batch, and their targets likewise, drawn anew at each step of training; does nothing in use.
///
/// `y = w · x + (1 - w) · x'` for images and targets alike, with `w` from the beta distribution of `alpha`, and `x'` the image so many
/// places further on in the batch.
///
/// # Shapes
/// `[height, width, channels]` alone, or with targets `[targets]` as a second input: shares of classes as one-hot rows have them. The
/// output has the images' shape; with targets, a second one has theirs ([`Layer::call_all`](crate::layers::Layer::call_all)).
///
/// # Errors
/// An `alpha` of 0; a first input that is no image; targets that are no rows of numbers.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = Tensor::new([6, 4, 4, 1], (0..96).map(|i| i as f32 / 96.0).collect::<Vec<_>>())?;
/// let y = Tensor::new([6], vec![0i32, 1, 2, 0, 1, 2])?;
/// let data = (x, y);
/// let mut model = Sequential::new().input([4, 4, 1]).add(Flatten::new()).add(Dense::new(3).activation("softmax")).build()?;
/// model.compile(Adam::default(), CategoricalCrossentropy::default(), ["accuracy"])?;
/// model.fit(&Augmented::new(&data, MixUp::new().alpha(0.4))?, Fit::epochs(1).batch_size(6))?;
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. Keras takes a dict of images and labels; here they
/// are two inputs, or [`Augmented`](crate::train::Augmented) samples, where a `fit` needs both. The other images are those of the batch
/// moved round by a random number of places, where Keras shuffles them: batches of a training are shuffled already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixUp {
    #[serde(skip)]
    base: Base,
    #[serde(default = "small")]
    alpha: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(MixUp);

impl Default for MixUp {
    fn default() -> Self {
        Self::new()
    }
}

impl MixUp {
    /// Mixtures most of which are nearly one of the two.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            alpha: 0.2,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// How even the mixtures are.
        alpha: f64,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(MixUp);

impl ChannelsLast for MixUp {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        mixture::images_and_targets("MixUp", inputs)?;
        mixture::check("alpha", self.alpha)?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let outputs = self.call_all_last(cx, inputs)?;
        Ok(outputs[0])
    }

    fn call_all_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        if !cx.training {
            return Ok(inputs.to_vec());
        }
        let others = mixture::others(cx, self.seed, inputs)?;
        let batch = cx.graph.shape(inputs[0])[0];
        let alpha = cx.graph.constant(self.alpha as f32)?;
        let weight = mixture::beta(cx, self.seed, alpha, &[batch, 1, 1, 1])?;
        let flat = cx.graph.reshape(weight, [batch, 1])?;
        let pairs = inputs.iter().zip(others).zip([weight, flat]);
        pairs
            .map(|((&x, other), weight)| mixture::mix(cx.graph, x, other, weight))
            .collect()
    }
}

fn small() -> f64 {
    0.2
}
