//! How often yes was said rightly and wrongly, at each of many thresholds at once.

use crate::error::{Error, Result};
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};
use crate::losses::{pairing, stretch};
use crate::numbers::Numbers;
use crate::shape::{DType, Shape};

impl Numbers {
    /// Refuses what does not lie between 0 and 1.
    pub(super) fn check_thresholds(&self, class: &str) -> Result<()> {
        match self.list().iter().find(|t| !(0.0..=1.0).contains(*t)) {
            None => Ok(()),
            Some(bad) => Err(Error::config(format!(
                "{class}: thresholds must be from 0 to 1, received {bad}"
            ))),
        }
    }

    /// The thresholds, or the one given where there are none.
    pub(super) fn or(&self, own: f64) -> Levels {
        match self.list() {
            [] => Levels::Listed(vec![own]),
            list => Levels::Listed(list.to_vec()),
        }
    }
}

/// At which levels a prediction is held against thresholds.
#[derive(Clone, Debug)]
pub(super) enum Levels {
    /// These: counted one by one.
    Listed(Vec<f64>),
    /// So many at equal distances from 0 to 1, by a histogram; `padded`: the first lies below 0, the last above 1.
    Even { count: usize, padded: bool },
}

impl Levels {
    /// At equal distances as Keras has them; one alone lies at a half.
    pub(super) fn even(count: usize) -> Self {
        if count == 1 {
            Self::Listed(vec![0.5])
        } else {
            Self::Even {
                count,
                padded: false,
            }
        }
    }
}

/// What is compared with what, and how much each place counts.
pub(super) struct Places {
    /// 1 for yes, 0 for no: `[batch, labels]`.
    pub(super) yes: Value,
    /// The same shape.
    pub(super) prediction: Value,
    /// The same shape, or none where all count 1.
    pub(super) weight: Option<Value>,
}

impl Places {
    /// Targets (anything but 0 means yes) and predictions as `[batch, labels]`, with each sample's weight at each label.
    pub(super) fn of(
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Self> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let shape = g.shape(p).clone();
        let flat = [shape[0], shape.row()];
        let zero = g.constant(0.0)?;
        let yes = g.not_equal(y, zero)?;
        let weight = match weight {
            None => None,
            Some(w) => {
                let w = stretch(g, w, p)?;
                let w = g.broadcast(w, shape)?;
                Some(g.reshape(w, flat)?)
            }
        };
        Ok(Self {
            yes: g.reshape(yes, flat)?,
            prediction: g.reshape(p, flat)?,
            weight,
        })
    }

    /// One label alone.
    pub(super) fn only(self, g: &mut Graph, label: usize) -> Result<Self> {
        Ok(Self {
            yes: g.slice(self.yes, 1, label, 1)?,
            prediction: g.slice(self.prediction, 1, label, 1)?,
            weight: self.weight.map(|w| g.slice(w, 1, label, 1)).transpose()?,
        })
    }

    /// Each label counted by a weight of its own, besides those of the samples.
    pub(super) fn weigh_labels(&mut self, g: &mut Graph, weights: &[f64]) -> Result<()> {
        let row = numbers(g, weights)?;
        let row = g.reshape(row, [1, weights.len()])?;
        let weight = if let Some(w) = self.weight {
            g.mul(w, row)?
        } else {
            let shape = g.shape(self.yes).clone();
            g.broadcast(row, shape)?
        };
        self.weight = Some(weight);
        Ok(())
    }

    /// All predictions but the `k` largest of each sample far below every threshold; of equal ones the first counts.
    pub(super) fn keep_top(&mut self, g: &mut Graph, k: usize) -> Result<()> {
        let &[batch, labels] = g.shape(self.prediction).axes() else {
            unreachable!("places are flat")
        };
        let column = g.reshape(self.prediction, [batch, labels, 1])?;
        let row = g.reshape(self.prediction, [batch, 1, labels])?;
        let larger = g.binary(BinaryKind::Gt, row, column)?;
        let equal = g.equal(row, column)?;
        let (own, other) = (
            g.iota([1, labels, labels], 1)?,
            g.iota([1, labels, labels], 2)?,
        );
        let earlier = g.binary(BinaryKind::Lt, other, own)?;
        let tied = g.mul(equal, earlier)?;
        let before = g.add(larger, tied)?;
        let rank = g.sum(before, &[2], false)?;
        let k = g.constant(k as f32)?;
        let kept = g.binary(BinaryKind::Lt, rank, k)?;
        let far = g.constant(FAR as f32)?;
        self.prediction = g.select(kept, self.prediction, far)?;
        Ok(())
    }

    /// Two accumulators for each label (or, not `by_label`, for all together): the weights of places that are yes, and of those that
    /// are no, by the level that their prediction passes.
    pub(super) fn count(
        self,
        g: &mut Graph,
        levels: &Levels,
        by_label: bool,
    ) -> Result<Vec<Value>> {
        let &[batch, labels] = g.shape(self.yes).axes() else {
            unreachable!("places are flat")
        };
        let no = g.one_minus(self.yes)?;
        let (yes, no) = match self.weight {
            None => (self.yes, no),
            Some(w) => (g.mul(self.yes, w)?, g.mul(no, w)?),
        };
        match levels {
            Levels::Listed(list) => {
                let n = list.len();
                let p = g.reshape(self.prediction, [batch, labels, 1])?;
                let t = numbers(g, list)?;
                let t = g.reshape(t, [1, 1, n])?;
                let hits = g.binary(BinaryKind::Gt, p, t)?;
                let axes: &[usize] = if by_label { &[0] } else { &[0, 1] };
                let mut counts = Vec::with_capacity(4);
                for weight in [yes, no] {
                    let weight = g.reshape(weight, [batch, labels, 1])?;
                    let counted = g.mul(hits, weight)?;
                    counts.push(g.sum(counted, axes, false)?);
                    counts.push(g.sum(weight, axes, false)?);
                }
                Ok(counts)
            }
            Levels::Even { count, padded } => {
                // The number of levels below the prediction: level i lies at i / (count - 1), and counts if it is passed.
                let p = g.clip(self.prediction, 0.0, 1.0)?;
                let scaled = g.scale(p, (count - 1) as f32)?;
                let mut passed = g.unary(UnaryKind::Ceil, scaled)?;
                if *padded {
                    let one = g.constant(1.0)?;
                    passed = g.maximum(passed, one)?;
                }
                let mut rows = *count;
                if by_label {
                    let label = g.iota([1, labels], 1)?;
                    let start = g.scale(label, *count as f32)?;
                    passed = g.add(passed, start)?;
                    rows *= labels;
                }
                let index = g.cast(passed, DType::I32)?;
                let (yes, no) = (
                    g.reshape(yes, [batch, labels, 1])?,
                    g.reshape(no, [batch, labels, 1])?,
                );
                let both = g.concat(&[yes, no], 2)?;
                let histogram = g.scatter_add(both, index, rows)?;
                Ok(vec![histogram])
            }
        }
    }
}

/// Below every threshold: Keras's number for what is not among the `k` largest.
pub(super) const FAR: f64 = -1e10;

/// A vector of numbers.
pub(super) fn numbers(g: &mut Graph, list: &[f64]) -> Result<Value> {
    let each = list
        .iter()
        .map(|&x| {
            let x = g.constant(x as f32)?;
            g.reshape(x, [1])
        })
        .collect::<Result<Vec<_>>>()?;
    match each[..] {
        [one] => Ok(one),
        _ => g.concat(&each, 0),
    }
}

/// The four counts at each threshold, of one label or of all together.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) true_positives: Vec<f64>,
    pub(super) false_positives: Vec<f64>,
    pub(super) true_negatives: Vec<f64>,
    pub(super) false_negatives: Vec<f64>,
}

impl Counts {
    /// From the totals of what [`Places::count`] gives: for each label one.
    pub(super) fn of(totals: &[Vec<f64>], levels: &Levels) -> Vec<Self> {
        match levels {
            Levels::Listed(list) => {
                let n = list.len();
                let rows = totals[0].chunks(n).zip(totals[2].chunks(n));
                let ends = totals[1].iter().zip(&totals[3]);
                rows.zip(ends)
                    .map(|((tp, fp), (&yes, &no))| Self::new(tp.to_vec(), fp.to_vec(), yes, no))
                    .collect()
            }
            Levels::Even { count, .. } => totals[0]
                .chunks(2 * count)
                .map(|histogram| {
                    let (mut tp, mut fp) = (vec![0.0; *count], vec![0.0; *count]);
                    let (mut yes, mut no) = (0.0, 0.0);
                    // Level i is passed by all that pass more than i levels.
                    for i in (0..*count).rev() {
                        (tp[i], fp[i]) = (yes, no);
                        yes += histogram[2 * i];
                        no += histogram[2 * i + 1];
                    }
                    Self::new(tp, fp, yes, no)
                })
                .collect(),
        }
    }

    fn new(tp: Vec<f64>, fp: Vec<f64>, yes: f64, no: f64) -> Self {
        Self {
            true_negatives: fp.iter().map(|fp| no - fp).collect(),
            false_negatives: tp.iter().map(|tp| yes - tp).collect(),
            true_positives: tp,
            false_positives: fp,
        }
    }

    /// `tp / (tp + fp)` at each threshold.
    pub(super) fn precisions(&self) -> Vec<f64> {
        shares(&self.true_positives, &self.false_positives)
    }

    /// `tp / (tp + fn)` at each threshold.
    pub(super) fn recalls(&self) -> Vec<f64> {
        shares(&self.true_positives, &self.false_negatives)
    }

    /// `tn / (tn + fp)` at each threshold.
    pub(super) fn specificities(&self) -> Vec<f64> {
        shares(&self.true_negatives, &self.false_positives)
    }
}

/// `a / b`, and 0 where `b` is 0.
pub(super) fn share(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

/// `a / (a + b)` pair by pair.
pub(super) fn shares(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| share(*a, a + b)).collect()
}

/// Refuses a label that predictions lack.
pub(super) fn check_label(class: &str, label: Option<usize>, prediction: &Shape) -> Result<()> {
    let labels = prediction.elements();
    match label {
        Some(label) if label >= labels => Err(Error::config(format!(
            "{class}: class_id must be below {labels} for predictions {prediction}, received {label}"
        ))),
        _ => Ok(()),
    }
}
