//! How well numbers are predicted: errors in the targets' own unit, and the share of their variance that is explained.

use super::condition_counts::mean;
use super::{Metric, mean_accumulators, mean_result, metric_class, metric_identity};
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{LogCosh, Loss, Targets, pairing};
use crate::numbers::Numbers;
use crate::shape::Shape;

metric_class! {
    /// The root of the mean of `(y - p)²`.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::{Metric, RootMeanSquaredError};
    /// assert_eq!(RootMeanSquaredError::default().result(&[vec![18.0], vec![2.0]]), 3.0);
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct RootMeanSquaredError {
        name = "root_mean_squared_error";
    } into {}
}

impl Metric for RootMeanSquaredError {
    metric_identity!(RootMeanSquaredError);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        pairing::check_same(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let d = g.sub(p, y)?;
        let squares = g.square(d)?;
        mean_accumulators(g, squares, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals).sqrt()
    }
}

metric_class! {
    /// The mean of `|y - p| / normalizer`; 0 where the normalizer is 0.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, ..]`; a last axis of length 1 may be left out. One normalizer, or one for each of the last axis.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::{MeanRelativeError, Metric};
    /// let error = MeanRelativeError::default().normalizer([100.0, 2.5]);
    /// assert_eq!(error.name(), "mean_relative_error");
    /// ```
    ///
    /// # Keras
    /// Keras 2's; Keras 3 has none.
    pub struct MeanRelativeError {
        name = "mean_relative_error";
    } into {
        /// By what the errors are divided.
        normalizer: Numbers = Numbers::from(1.0),
    }
}

impl Metric for MeanRelativeError {
    metric_identity!(MeanRelativeError);

    fn check_arguments(&self) -> Result<()> {
        match self.normalizer.list() {
            [] => Err(Error::config(
                "MeanRelativeError: the normalizer must be a number or a list of numbers, received none",
            )),
            list if list.iter().all(|n| n.is_finite()) => Ok(()),
            list => Err(Error::config(format!(
                "MeanRelativeError: the normalizer must be finite, received {list:?}"
            ))),
        }
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_same(self.class_name(), targets, prediction)?;
        let last = prediction.last().copied().unwrap_or(1);
        let given = self.normalizer.list().len();
        if given == 1 || given == last {
            return Ok(());
        }
        Err(Error::config(format!(
            "MeanRelativeError: one normalizer or one for each of {last} numbers is wanted, received {given}"
        )))
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let d = g.sub(p, y)?;
        let d = g.abs(d)?;
        let inverse = |&n: &f64| if n == 0.0 { 0.0 } else { (1.0 / n) as f32 };
        let shares: Vec<f32> = self.normalizer.list().iter().map(inverse).collect();
        let shares = g.literal(shares.len(), &shares)?;
        let relative = g.mul(d, shares)?;
        mean_accumulators(g, relative, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}

metric_class! {
    /// The mean of `ln cosh(p - y)`.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::{LogCoshError, Metric};
    /// assert_eq!(LogCoshError::default().name(), "logcosh");
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct LogCoshError {
        name = "logcosh";
    } into {}
}

impl Metric for LogCoshError {
    metric_identity!(LogCoshError);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        pairing::check_same(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let losses = LogCosh::default().call(g, y_true, y_pred)?;
        mean_accumulators(g, losses, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}

/// How the scores of outputs become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// Their mean.
    UniformAverage,
    /// Their mean, weighted by the variance of each output's targets.
    VarianceWeightedAverage,
}

impl Named for Aggregation {
    const WHAT: &'static str = "class_aggregation";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "uniform_average" => Some(Self::UniformAverage),
            "variance_weighted_average" => Some(Self::VarianceWeightedAverage),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::UniformAverage => "uniform_average",
            Self::VarianceWeightedAverage => "variance_weighted_average",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["uniform_average", "variance_weighted_average"]
    }
}

metric_class! {
    /// `1 - Σ(y - p)² / Σ(y - mean y)²`: the share of the targets' variance that predictions explain.
    ///
    /// With `num_regressors` `r`, adjusted to `1 - (1 - R²)·(n - 1) / (n - r - 1)` for `n` numbers seen.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, n]`; one number an output, unless `class_aggregation` says how they become one.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::R2Score;
    /// let metric = R2Score::default().num_regressors(3);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: an output whose targets do not vary has the score 0. Where one number is wanted without an aggregation, it is the
    /// mean.
    pub struct R2Score {
        name = "r2_score";
        /// How many quantities predictions were made from, for the adjusted score.
        num_regressors: usize = 0,
    } into {
        /// How the scores of outputs become one.
        class_aggregation: Option<Choice<Aggregation>> = Some(Choice::Known(Aggregation::UniformAverage)),
    }
}

impl Metric for R2Score {
    metric_identity!(R2Score);

    fn check_arguments(&self) -> Result<()> {
        match &self.class_aggregation {
            Some(a) => a.get().map(|_| ()),
            None => Ok(()),
        }
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_same(self.class_name(), targets, prediction)?;
        if prediction.rank() > 1 {
            return Err(Error::shape(format!(
                "R2Score expects one row of numbers a sample, received predictions {prediction}"
            )));
        }
        Ok(())
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let shape = g.shape(p).clone();
        let one = g.constant(1.0)?;
        let weight = match weight {
            None => g.broadcast(one, shape.clone())?,
            Some(w) => {
                let w = crate::losses::stretch(g, w, p)?;
                g.broadcast(w, shape.clone())?
            }
        };
        let weighted = g.mul(y, weight)?;
        let squares = g.mul(y, weighted)?;
        let d = g.sub(y, p)?;
        let errors = g.square(d)?;
        let errors = g.mul(errors, weight)?;
        let mut sums = Vec::with_capacity(5);
        for x in [weighted, squares, errors, weight] {
            sums.push(g.sum(x, &[0], false)?);
        }
        sums.push(g.constant(shape.elements() as f32)?);
        Ok(sums)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean(&self.results(totals))
    }

    fn results(&self, totals: &[Vec<f64>]) -> Vec<f64> {
        let outputs = 0..totals[0].len();
        let spread: Vec<f64> = outputs
            .clone()
            .map(|i| totals[1][i] - totals[0][i] * (totals[0][i] / totals[3][i]))
            .collect();
        let scores: Vec<f64> = outputs
            .map(|i| 1.0 - totals[2][i] / spread[i])
            .map(|score| if score.is_infinite() { 0.0 } else { score })
            .collect();
        let aggregation = self.class_aggregation.as_ref();
        let scores = match aggregation.and_then(|a| a.get().ok()) {
            None => scores,
            Some(Aggregation::UniformAverage) => vec![mean(&scores)],
            Some(Aggregation::VarianceWeightedAverage) => {
                let sum: f64 = scores.iter().zip(&spread).map(|(s, v)| s * v).sum();
                vec![sum / spread.iter().sum::<f64>()]
            }
        };
        let (n, r) = (totals[4][0], self.num_regressors as f64);
        if self.num_regressors == 0 || r >= n - 1.0 {
            return scores;
        }
        let adjusted = |s: f64| 1.0 - (1.0 - s) * (n - 1.0) / (n - r - 1.0);
        scores.into_iter().map(adjusted).collect()
    }
}
