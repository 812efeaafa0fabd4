//! How often yes was right, and how much of what is yes was found.

use super::condition_counts::mean;
use super::confusion::{Counts, FAR, Levels, Places, check_label};
use super::{Metric, metric_class, metric_identity};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::numbers::Numbers;
use crate::shape::Shape;

macro_rules! share_of_yes {
    ($name:ident, $shares:ident) => {
        impl $name {
            fn levels(&self) -> Levels {
                self.thresholds
                    .or(if self.top_k.is_some() { FAR } else { 0.5 })
            }
        }

        impl Metric for $name {
            metric_identity!($name);

            fn check_arguments(&self) -> Result<()> {
                if self.top_k == Some(0) {
                    return Err(Error::config(format!(
                        "{}: top_k must be at least 1, received 0",
                        self.class_name()
                    )));
                }
                self.thresholds.check_thresholds(self.class_name())
            }

            fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
                self.check_arguments()?;
                check_label(self.class_name(), self.class_id, prediction)?;
                pairing::check_same(self.class_name(), targets, prediction)
            }

            fn accumulate(
                &self,
                g: &mut Graph,
                y_true: Value,
                y_pred: Value,
                weight: Option<Value>,
            ) -> Result<Vec<Value>> {
                let mut places = Places::of(g, y_true, y_pred, weight)?;
                if let Some(k) = self.top_k {
                    places.keep_top(g, k)?;
                }
                if let Some(label) = self.class_id {
                    places = places.only(g, label)?;
                }
                places.count(g, &self.levels(), false)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                mean(&self.results(totals))
            }

            fn results(&self, totals: &[Vec<f64>]) -> Vec<f64> {
                Counts::of(totals, &self.levels())[0].$shares()
            }
        }
    };
}

metric_class! {
    /// `tp / (tp + fp)`: the share of places with a prediction above the threshold that are yes.
    ///
    /// `top_k`: only the `k` largest predictions of a sample can mean yes. `class_id`: one label alone counts.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::Precision;
    /// let metric = Precision::default().thresholds(0.7).class_id(2);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct Precision {
        name = "precision";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given, and any with `top_k`.
        thresholds: Numbers = Numbers::default(),
        /// How many of a sample's predictions can mean yes.
        top_k: Option<usize> = None,
        /// The label that counts.
        class_id: Option<usize> = None,
    }
}
share_of_yes!(Precision, precisions);

metric_class! {
    /// `tp / (tp + fn)`: the share of places that are yes with a prediction above the threshold.
    ///
    /// `top_k`: only the `k` largest predictions of a sample can mean yes. `class_id`: one label alone counts.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`; a last axis of length 1 may be left out. One number a threshold.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::Recall;
    /// let metric = Recall::default().top_k(3);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted for several thresholds, it is their mean.
    pub struct Recall {
        name = "recall";
    } into {
        /// Above which a prediction means yes: 0.5 if none is given, and any with `top_k`.
        thresholds: Numbers = Numbers::default(),
        /// How many of a sample's predictions can mean yes.
        top_k: Option<usize> = None,
        /// The label that counts.
        class_id: Option<usize> = None,
    }
}
share_of_yes!(Recall, recalls);
