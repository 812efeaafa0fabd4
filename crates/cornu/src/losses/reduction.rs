//! From the losses of samples to the one number that training makes small.

use serde::{Deserialize, Serialize};

use super::Loss;
use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::graph::{Graph, Value};

/// How the losses of samples become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reduction {
    /// Sum of weighted losses, divided by their number.
    #[default]
    SumOverBatchSize,
    /// Sum of weighted losses.
    Sum,
    /// Sum of weighted losses, divided by the sum of the weights.
    MeanWithSampleWeight,
    /// The weighted losses as they are. Training needs one number: `compile` refuses it.
    None,
}

impl Named for Reduction {
    const WHAT: &'static str = "reduction";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "sum_over_batch_size" | "mean" => Some(Self::SumOverBatchSize),
            "sum" => Some(Self::Sum),
            "mean_with_sample_weight" => Some(Self::MeanWithSampleWeight),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::SumOverBatchSize => "sum_over_batch_size",
            Self::Sum => "sum",
            Self::MeanWithSampleWeight => "mean_with_sample_weight",
            Self::None => "none",
        }
    }

    fn names() -> Vec<&'static str> {
        vec![
            "sum_over_batch_size",
            "sum",
            "mean_with_sample_weight",
            "none",
        ]
    }
}

/// The reduction of a loss that names none.
pub(super) fn usual() -> Choice<Reduction> {
    Choice::Known(Reduction::SumOverBatchSize)
}

/// The number that training makes small: the losses of the samples, weighted, masked and reduced as the loss says.
///
/// # Shapes
/// `y_true` and `y_pred` with the batch in front, `weight` `[batch]` or the shape of the losses, `mask` (1 for what counts, else 0)
/// the shape of the losses; the result is a scalar, but for the reduction "none".
///
/// # Keras
/// The same, also with a mask: the sum over what counts is divided by the number of what counts.
pub fn value(
    loss: &dyn Loss,
    g: &mut Graph,
    y_true: Value,
    y_pred: Value,
    weight: Option<Value>,
    mask: Option<Value>,
) -> Result<Value> {
    let losses = loss.call(g, y_true, y_pred)?;
    let own = loss.mask(g, y_true, losses)?;
    let mask = match (mask, own) {
        (Some(a), Some(b)) => Some(g.mul(a, b)?),
        (a, b) => a.or(b),
    };
    let reduction = *loss.reduction().get()?;
    reduce(g, losses, weight, mask, reduction)
}

/// The weighted losses added up and divided by their number: Keras's `sum_over_batch_size`.
pub fn mean(g: &mut Graph, per_sample: Value, weight: Option<Value>) -> Result<Value> {
    reduce(g, per_sample, weight, None, Reduction::SumOverBatchSize)
}

fn reduce(
    g: &mut Graph,
    losses: Value,
    weight: Option<Value>,
    mask: Option<Value>,
    reduction: Reduction,
) -> Result<Value> {
    let mut weighted = losses;
    let weight = weight.map(|w| stretch(g, w, losses)).transpose()?;
    if let Some(w) = weight {
        weighted = g.mul(weighted, w)?;
    }
    if let Some(m) = mask {
        weighted = g.mul(weighted, m)?;
    }
    // Weights of samples make many numbers of the one that some losses give for a whole batch.
    let shape = g.shape(weighted).clone();
    let total = g.sum_all(weighted)?;
    match reduction {
        Reduction::None => Ok(weighted),
        Reduction::Sum => Ok(total),
        Reduction::SumOverBatchSize => match mask {
            None => g.scale(total, 1.0 / shape.elements().max(1) as f32),
            Some(m) => {
                let valid = g.sum_all(m)?;
                divide_or_zero(g, total, valid)
            }
        },
        Reduction::MeanWithSampleWeight => {
            let counts = match (weight, mask) {
                (None, None) => return g.scale(total, 1.0 / shape.elements().max(1) as f32),
                (Some(w), Some(m)) => g.mul(w, m)?,
                (Some(x), None) | (None, Some(x)) => x,
            };
            let counts = g.broadcast(counts, shape)?;
            let sum = g.sum_all(counts)?;
            divide_or_zero(g, total, sum)
        }
    }
}

/// `[batch]` with axes of length 1 behind it, so that each sample's weight reaches all of its values.
pub(crate) fn stretch(g: &mut Graph, weight: Value, values: Value) -> Result<Value> {
    let rank = g.shape(values).rank();
    let mut axes = g.shape(weight).to_vec();
    while axes.len() < rank {
        axes.push(1);
    }
    g.reshape(weight, axes)
}

/// `a / b`, and 0 where `b` is 0: a batch of which nothing counts has no loss.
fn divide_or_zero(g: &mut Graph, a: Value, b: Value) -> Result<Value> {
    let zero = g.constant(0.0)?;
    let one = g.constant(1.0)?;
    let none = g.equal(b, zero)?;
    let safe = g.select(none, one, b)?;
    let quotient = g.div(a, safe)?;
    g.select(none, zero, quotient)
}
