//! Boxes of images, and their share of the targets, replaced by others' during training.

use serde::{Deserialize, Serialize};

use super::boxes;
use super::mixture;
use super::span::{self, Draw, Span};
use crate::error::Result;
use crate::graph::Value;
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec};
use crate::shape::Shape;

/// Replaces a box of each image by that of another one of the batch, and as large a part of its target, drawn anew at each step of
/// training; does nothing in use.
///
/// `y = x'` within a box of `√(1 - m)` of the image's height and width, else `x`, with `m` from the beta distribution whose parameter comes
/// from the factor's range, and `x'` the image so many places further on in the batch. Targets are mixed as the areas are.
///
/// # Shapes
/// `[height, width, channels]` alone, or with targets `[targets]` as a second input: shares of classes as one-hot rows have them. The
/// output has the images' shape; with targets, a second one has theirs ([`Layer::call_all`](crate::layers::Layer::call_all)).
///
/// # Errors
/// A factor that is not from 0 to 1; a first input that is no image; targets that are no rows of numbers.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = Tensor::new([6, 4, 4, 1], (0..96).map(|i| i as f32 / 96.0).collect::<Vec<_>>())?;
/// let y = Tensor::new([6], vec![0i32, 1, 2, 0, 1, 2])?;
/// let data = (x, y);
/// let mut model = Sequential::new().input([4, 4, 1]).add(Flatten::new()).add(Dense::new(3).activation("softmax")).build()?;
/// model.compile(Adam::default(), CategoricalCrossentropy::default(), ["accuracy"])?;
/// model.fit(&Augmented::new(&data, CutMix::new())?, Fit::epochs(1).batch_size(6))?;
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Yun, Han, Oh, Chun, Choe, Yoo, "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. Keras takes a dict of images and labels; here they
/// are two inputs, or [`Augmented`](crate::train::Augmented) samples, where a `fit` needs both. The other images are those of the batch
/// moved round by a random number of places, where Keras shuffles them: batches of a training are shuffled already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutMix {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(CutMix);

impl Default for CutMix {
    fn default() -> Self {
        Self::new()
    }
}

impl CutMix {
    /// A parameter from 0 to 1.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: 1.0.into(),
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    setters! {
        /// From where the parameter of the mixtures comes; two numbers give the range.
        factor: Span<0>,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(CutMix);

impl ChannelsLast for CutMix {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        mixture::images_and_targets("CutMix", inputs)?;
        self.factor.check_as("factor", 0.0, 1.0)?;
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
        let x = inputs[0];
        let draw = Draw::new(cx, self.seed, x);
        let others = mixture::others(cx, self.seed, inputs)?;
        let batch = cx.graph.shape(x)[0];
        let alpha = span::draw_once(cx, self.seed, self.factor.bounds())?;
        let alpha = cx.graph.add_scalar(alpha, 1e-6)?;
        let kept = mixture::beta(cx, self.seed, alpha, &[batch, 1, 1, 1])?;
        let gone = cx.graph.one_minus(kept)?;
        let side = cx.graph.sqrt(gone)?;
        let inside = boxes::random(cx, &draw, x, |_| Ok(side))?;
        let g = &mut *cx.graph;
        let mut outputs = vec![g.select(inside.mask, others[0], x)?];
        if let [_, targets] = *inputs {
            let kept = g.one_minus(inside.area)?;
            let kept = g.reshape(kept, [batch, 1])?;
            outputs.push(mixture::mix(g, targets, others[1], kept)?);
        }
        Ok(outputs)
    }
}
