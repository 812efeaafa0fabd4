//! What losses over pairs of a batch's samples share: which pairs are alike, how far they are apart, sums of powers over some of them.

use super::Targets;
use crate::choice::Named;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

/// As far below every logarithm as a number need be that stands for the logarithm of 0.
pub(super) const NEVER: f32 = -1e30;

/// For losses of one class number and one vector a sample.
pub(super) fn check(class: &str, targets: &Targets, prediction: &Shape) -> Result<()> {
    if prediction.rank() != 1 {
        return Err(Error::shape(format!(
            "{class} expects one vector a sample, received predictions of shape {prediction}"
        )));
    }
    if !matches!(targets.shape.axes(), [] | [1]) || targets.dtype == DType::F32 {
        return Err(Error::shape(format!(
            "{class} expects one class number a sample, received {} targets of shape {}",
            targets.dtype, targets.shape
        ))
        .help("samples of one number are drawn together, others apart"));
    }
    Ok(())
}

/// Which pairs of samples have the same label, which not, and which are one sample twice: `[batch, batch]` of 1 and 0.
pub(super) struct Alike {
    pub(super) same: Value,
    pub(super) different: Value,
    pub(super) others: Value,
}

impl Alike {
    /// From class numbers `[batch]` or `[batch, 1]`.
    pub(super) fn of(g: &mut Graph, labels: Value) -> Result<Self> {
        let n = g.shape(labels).elements();
        let labels = g.cast(labels, DType::F32)?;
        let (column, row) = (g.reshape(labels, [n, 1])?, g.reshape(labels, [1, n])?);
        let same = g.equal(column, row)?;
        let (i, j) = (g.iota([n, n], 0)?, g.iota([n, n], 1)?);
        Ok(Self {
            same,
            different: g.one_minus(same)?,
            others: g.not_equal(i, j)?,
        })
    }

    /// Pairs of two samples with the same label.
    pub(super) fn positives(&self, g: &mut Graph) -> Result<Value> {
        g.mul(self.same, self.others)
    }
}

/// `a · bᵀ` of the rows `[n, width]` with themselves: `[n, n]`.
pub(super) fn products(g: &mut Graph, x: Value) -> Result<Value> {
    let turned = g.transpose(x, &[1, 0])?;
    g.matmul(x, turned)
}

/// What two vectors are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// `‖a - b‖`
    Euclidean,
    /// `‖a - b‖²`
    Squared,
    /// `1 - a·b / (‖a‖·‖b‖)`
    Angular,
}

impl Named for Distance {
    const WHAT: &'static str = "distance_metric";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "L2" => Some(Self::Euclidean),
            "squared-L2" => Some(Self::Squared),
            "angular" => Some(Self::Angular),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Euclidean => "L2",
            Self::Squared => "squared-L2",
            Self::Angular => "angular",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["L2", "squared-L2", "angular"]
    }
}

impl Distance {
    /// The distances of the rows from each other, `[n, n]`; 0 has the gradient 0.
    pub(super) fn between(self, g: &mut Graph, x: Value) -> Result<Value> {
        let n = g.shape(x)[0];
        let far = if self == Self::Angular {
            let x = g.normalize(x, &[1])?;
            let cosines = products(g, x)?;
            g.one_minus(cosines)?
        } else {
            let dot = products(g, x)?;
            let squares = g.square(x)?;
            let squared = g.sum(squares, &[1], false)?;
            let (column, row) = (g.reshape(squared, [n, 1])?, g.reshape(squared, [1, n])?);
            let both = g.add(column, row)?;
            let doubled = g.scale(dot, 2.0)?;
            g.sub(both, doubled)?
        };
        // A sample's distance from itself is 0, whatever rounding says.
        let (i, j) = (g.iota([n, n], 0)?, g.iota([n, n], 1)?);
        let others = g.not_equal(i, j)?;
        let apart = g.greater_scalar(far, 0.0)?;
        let apart = g.mul(apart, others)?;
        let (zero, one) = (g.constant(0.0)?, g.constant(1.0)?);
        let mut far = g.select(apart, far, one)?;
        if self == Self::Euclidean {
            far = g.sqrt(far)?;
        }
        g.select(apart, far, zero)
    }
}

/// `ln Σ eˣ` over the last axis, of those that the mask (1 or 0) lets through; [`NEVER`] where it lets none through.
pub(super) fn log_sum_exp(g: &mut Graph, x: Value, mask: Value) -> Result<Value> {
    let last = g.shape(x).rank() - 1;
    let never = g.constant(NEVER)?;
    let x = g.select(mask, x, never)?;
    let top = g.max(x, &[last], true)?;
    let top = g.stop_gradient(top)?;
    let d = g.sub(x, top)?;
    let e = g.exp(d)?;
    let e = g.mul(e, mask)?;
    let sum = g.sum(e, &[last], false)?;
    let least = g.constant(f32::MIN_POSITIVE)?;
    let sum = g.maximum(sum, least)?;
    let log = g.log(sum)?;
    let shape = g.shape(log).clone();
    let top = g.reshape(top, shape)?;
    g.add(log, top)
}

/// The extreme of those along an axis that the mask lets through; the other extreme of all where it lets none through.
pub(super) fn masked(
    g: &mut Graph,
    largest: bool,
    x: Value,
    mask: Value,
    axis: usize,
) -> Result<Value> {
    // As far from the extreme wanted as any element.
    let far = if largest {
        g.min(x, &[axis], true)?
    } else {
        g.max(x, &[axis], true)?
    };
    let shifted = g.sub(x, far)?;
    let kept = g.mul(shifted, mask)?;
    let found = if largest {
        g.max(kept, &[axis], true)?
    } else {
        g.min(kept, &[axis], true)?
    };
    g.add(found, far)
}
