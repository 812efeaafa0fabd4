//! The four counts by themselves: how often yes and no were said rightly and wrongly.

use super::confusion::{Counts, Places};
use super::{Metric, metric_class, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::numbers::Numbers;
use crate::shape::Shape;

/// The mean, for those that want one number.
pub(super) fn mean(results: &[f64]) -> f64 {
    results.iter().sum::<f64>() / results.len().max(1) as f64
}

macro_rules! counted {
    ($name:ident, $field:ident) => {
        impl Metric for $name {
            metric_identity!($name);

            fn check_arguments(&self) -> Result<()> {
                self.thresholds.check_thresholds(self.class_name())
            }

            fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
                self.check_arguments()?;
                pairing::check_same(self.class_name(), targets, prediction)
            }

            fn accumulate(
                &self,
                g: &mut Graph,
                y_true: Value,
                y_pred: Value,
                weight: Option<Value>,
            ) -> Result<Vec<Value>> {
                Places::of(g, y_true, y_pred, weight)?.count(g, &self.thresholds.or(0.5), false)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                mean(&self.results(totals))
            }

            fn results(&self, totals: &[Vec<f64>]) -> Vec<f64> {
                let counts = Counts::of(totals, &self.thresholds.or(0.5)).swap_remove(0);
                counts.$field
            }
        }
    };
}

metric_class! {
    /// How many places are yes and have a prediction above the threshold.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::TruePositives;
    /// let metric = TruePositives::default().thresholds(0.7);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct TruePositives {
        name = "true_positives";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given.
        thresholds: Numbers = Numbers::default(),
    }
}
counted!(TruePositives, true_positives);

metric_class! {
    /// How many places are no and have a prediction not above the threshold.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::TrueNegatives;
    /// let metric = TrueNegatives::default().thresholds([0.3, 0.7]);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct TrueNegatives {
        name = "true_negatives";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given.
        thresholds: Numbers = Numbers::default(),
    }
}
counted!(TrueNegatives, true_negatives);

metric_class! {
    /// How many places are no and have a prediction above the threshold.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::FalsePositives;
    /// let metric = FalsePositives::default().thresholds(0.7);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct FalsePositives {
        name = "false_positives";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given.
        thresholds: Numbers = Numbers::default(),
    }
}
counted!(FalsePositives, false_positives);

metric_class! {
    /// How many places are yes and have a prediction not above the threshold.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::FalseNegatives;
    /// let metric = FalseNegatives::default().thresholds(0.7);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct FalseNegatives {
        name = "false_negatives";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given.
        thresholds: Numbers = Numbers::default(),
    }
}
counted!(FalseNegatives, false_negatives);
