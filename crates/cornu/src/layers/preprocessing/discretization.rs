//! Numbers sorted into ranges.

use serde::{Deserialize, Serialize};

use super::encoding::{self, OutputMode};
use super::quantiles;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Base, Context, Layer, WeightSpec, inputs};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Gives the number of the range in which each number lies; the ranges' bounds are given, or learnt so that each holds as many numbers.
///
/// `y = |{k : boundaries[k] ≤ x}|`
///
/// # Shapes
/// Any; "int", the default, keeps it. "one_hot" adds an axis of `boundaries + 1` places, "multi_hot" and "count" join the numbers of a
/// sample: `[batch, n] → [batch, boundaries + 1]`.
///
/// # Errors
/// Neither or both of `bin_boundaries` and `num_bins` given, boundaries that do not ascend, a layer with `num_bins` that was not adapted.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let ages = Tensor::new([6], vec![3.0f32, 20.0, 35.0, 41.0, 60.0, 77.0])?;
/// let mut layer = Discretization::with_bins(3);
/// layer.adapt(&ages)?;
/// let mut model = Sequential::new().input([1]).add(layer.output_mode("one_hot")).build()?;
/// assert_eq!(model.predict(&Tensor::new([1, 1], vec![80.0f32])?)?.f32s()?, &[0.0, 0.0, 1.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// No sparse outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discretization {
    #[serde(skip)]
    base: Base,
    #[serde(default)]
    bin_boundaries: Option<Vec<f64>>,
    #[serde(default)]
    num_bins: Option<usize>,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default = "encoding::int")]
    output_mode: Choice<OutputMode>,
    #[serde(default)]
    sparse: bool,
}

fn epsilon() -> f64 {
    0.01
}

layer!(Discretization);

impl Discretization {
    /// With ranges between these bounds, below the first and from the last on.
    pub fn new(bin_boundaries: impl Into<Vec<f64>>) -> Self {
        Self {
            base: Base::default(),
            bin_boundaries: Some(bin_boundaries.into()),
            num_bins: None,
            epsilon: epsilon(),
            output_mode: encoding::int(),
            sparse: false,
        }
    }

    /// With so many ranges, whose bounds [`Discretization::adapt`] finds.
    pub fn with_bins(num_bins: usize) -> Self {
        Self {
            bin_boundaries: None,
            num_bins: Some(num_bins),
            ..Self::new([])
        }
    }

    /// How exact the bounds are that are found: this share of the numbers may lie on a bound's other side.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// "int", "one_hot", "multi_hot" or "count".
    pub fn output_mode(mut self, output_mode: impl Into<Choice<OutputMode>>) -> Self {
        self.output_mode = output_mode.into();
        self
    }

    /// The bounds between the ranges, if they are known.
    pub fn bin_boundaries(&self) -> Option<&[f64]> {
        self.bin_boundaries.as_deref()
    }

    /// Finds bounds between which lie equal shares of the numbers.
    ///
    /// # Errors
    /// A layer whose bounds were given; no numbers.
    pub fn adapt(&mut self, data: &Tensor) -> Result<()> {
        self.adapt_batches([data])
    }

    /// As [`Discretization::adapt`], of numbers that come in several arrays.
    pub fn adapt_batches<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<()> {
        let bins = self.num_bins.ok_or_else(|| {
            Error::config("a Discretization with bin_boundaries cannot be adapted")
                .help("Discretization::with_bins(n) finds n ranges")
        })?;
        self.check_epsilon()?;
        let mut summary = quantiles::Summary::default();
        for batch in batches {
            let values = super::floats_of(batch);
            summary = quantiles::merge(
                quantiles::summarize(values, self.epsilon),
                summary,
                self.epsilon,
            );
        }
        if summary.is_empty() {
            return Err(Error::data(
                "Discretization cannot be adapted to no numbers",
            ));
        }
        self.bin_boundaries = Some(quantiles::boundaries(&summary, bins));
        Ok(())
    }

    /// Whether the bounds are found rather than given.
    pub(super) fn learns(&self) -> bool {
        self.num_bins.is_some()
    }

    fn check_epsilon(&self) -> Result<()> {
        if self.epsilon > 0.0 && self.epsilon <= 1.0 {
            return Ok(());
        }
        Err(Error::config(format!(
            "epsilon must be above 0 and at most 1, received {}",
            self.epsilon
        )))
    }

    fn bounds(&self) -> Result<&[f64]> {
        self.bin_boundaries.as_deref().ok_or_else(|| {
            Error::config("the ranges of a Discretization with num_bins are not known yet")
                .help("call adapt with some of the data before the layer becomes part of a model")
        })
    }

    fn mode(&self) -> Result<OutputMode> {
        use OutputMode::{Count, Int, MultiHot, OneHot};
        encoding::chosen(
            "Discretization",
            &self.output_mode,
            &[Int, OneHot, MultiHot, Count],
        )
    }
}

impl Layer for Discretization {
    layer_identity!(Discretization);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        inputs::single("Discretization", inputs)?;
        encoding::dense(self.sparse)?;
        self.check_epsilon()?;
        self.mode()?;
        if self.bin_boundaries.is_none() && self.num_bins.is_none() {
            return Err(Error::config(
                "Discretization needs bin_boundaries or num_bins, received neither",
            ));
        }
        let bounds = self.bounds()?;
        let falls = |w: &&[f64]| matches!(w, [a, b] if a > b || a.is_nan() || b.is_nan());
        if let Some(pair) = bounds.windows(2).find(falls) {
            return Err(Error::config(format!(
                "bin_boundaries must ascend, received {pair:?}"
            )));
        }
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let bounds: Vec<f32> = self.bounds()?.iter().map(|&b| b as f32).collect();
        let g = &mut *cx.graph;
        let x = g.cast(inputs[0], DType::F32)?;
        let index = g.buckets(x, &bounds)?;
        encoding::encode(g, index, self.mode()?, bounds.len() + 1, None)
    }
}
