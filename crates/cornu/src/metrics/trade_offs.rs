//! The best that one share can be while another is at least what is wanted, over all thresholds.

use super::confusion::{Counts, Levels, Places, check_label};
use super::{Metric, metric_class, metric_identity};
use crate::arguments;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::Shape;

macro_rules! trade_off {
    ($name:ident, $wanted:ident: $held:ident, $best:ident) => {
        impl $name {
            /// The best where the other share is at least so much.
            pub fn new($wanted: f64) -> Self {
                Self {
                    $wanted,
                    ..Self::default()
                }
            }
        }

        impl Metric for $name {
            metric_identity!($name);

            fn check_arguments(&self) -> Result<()> {
                let class = self.class_name();
                arguments::unit(class, stringify!($wanted), self.$wanted)?;
                if self.num_thresholds == 0 {
                    return Err(Error::config(format!(
                        "{class}: num_thresholds must be at least 1, received 0"
                    )));
                }
                Ok(())
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
                if let Some(label) = self.class_id {
                    places = places.only(g, label)?;
                }
                places.count(g, &Levels::even(self.num_thresholds), false)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                let counts = &Counts::of(totals, &Levels::even(self.num_thresholds))[0];
                let pairs = counts.$held().into_iter().zip(counts.$best());
                let allowed = pairs.filter(|(held, _)| *held >= self.$wanted);
                allowed.map(|(_, best)| best).fold(0.0, f64::max)
            }
        }
    };
}

metric_class! {
    /// The largest sensitivity `tp / (tp + fn)` where the specificity `tn / (tn + fp)` is at least what is wanted.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions from 0 to 1, `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::SensitivityAtSpecificity;
    /// let metric = SensitivityAtSpecificity::new(0.9).num_thresholds(100);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct SensitivityAtSpecificity {
        name = "sensitivity_at_specificity";
        /// The least specificity.
        specificity: f64 = 0.5,
        /// At how many thresholds is looked.
        num_thresholds: usize = 200,
    } into {
        /// The label that counts, if not all.
        class_id: Option<usize> = None,
    }
}
trade_off!(SensitivityAtSpecificity, specificity: specificities, recalls);

metric_class! {
    /// The largest specificity `tn / (tn + fp)` where the sensitivity `tp / (tp + fn)` is at least what is wanted.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions from 0 to 1, `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::SpecificityAtSensitivity;
    /// let metric = SpecificityAtSensitivity::new(0.9);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct SpecificityAtSensitivity {
        name = "specificity_at_sensitivity";
        /// The least sensitivity.
        sensitivity: f64 = 0.5,
        /// At how many thresholds is looked.
        num_thresholds: usize = 200,
    } into {
        /// The label that counts, if not all.
        class_id: Option<usize> = None,
    }
}
trade_off!(SpecificityAtSensitivity, sensitivity: recalls, specificities);

metric_class! {
    /// The largest precision `tp / (tp + fp)` where the recall `tp / (tp + fn)` is at least what is wanted.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions from 0 to 1, `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::PrecisionAtRecall;
    /// let metric = PrecisionAtRecall::new(0.8);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct PrecisionAtRecall {
        name = "precision_at_recall";
        /// The least recall.
        recall: f64 = 0.5,
        /// At how many thresholds is looked.
        num_thresholds: usize = 200,
    } into {
        /// The label that counts, if not all.
        class_id: Option<usize> = None,
    }
}
trade_off!(PrecisionAtRecall, recall: recalls, precisions);

metric_class! {
    /// The largest recall `tp / (tp + fn)` where the precision `tp / (tp + fp)` is at least what is wanted.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions from 0 to 1, `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::RecallAtPrecision;
    /// let metric = RecallAtPrecision::new(0.8).class_id(1);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct RecallAtPrecision {
        name = "recall_at_precision";
        /// The least precision.
        precision: f64 = 0.5,
        /// At how many thresholds is looked.
        num_thresholds: usize = 200,
    } into {
        /// The label that counts, if not all.
        class_id: Option<usize> = None,
    }
}
trade_off!(RecallAtPrecision, precision: precisions, recalls);
