//! The metrics, one file each: numbers gathered over many batches, computed in the graph.
//!
//! A metric gives sums over a batch (its accumulators), which are added up over batches, and a result from the totals. So one
//! trait serves means, accuracies, and histograms alike. A new metric is one file and one line in the list below.

mod accuracy;
mod auc;
mod binary_accuracy;
mod categorical_accuracy;
mod choice;
mod condition_counts;
mod confusion;
mod correlations;
pub mod curves;
mod custom;
mod f_scores;
pub mod images;
mod iou;
mod loss_metric;
mod mean;
mod perplexity;
mod precision_recall;
mod regression;
mod sparse_categorical_accuracy;
mod sum;
pub mod text;
mod top_k;
mod trade_offs;

pub use accuracy::Accuracy;
pub use auc::{AUC, Curve, Summation};
pub use binary_accuracy::BinaryAccuracy;
pub use categorical_accuracy::CategoricalAccuracy;
pub use choice::{MetricChoice, metric};
pub use condition_counts::{FalseNegatives, FalsePositives, TrueNegatives, TruePositives};
pub use correlations::{ConcordanceCorrelation, CosineSimilarity, PearsonCorrelation};
pub use custom::{Custom, custom};
pub use f_scores::{Average, F1Score, FBetaScore};
pub use iou::{BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU};
pub use loss_metric::LossMetric;
pub use mean::{Mean, mean_accumulators, mean_result};
pub use perplexity::Perplexity;
pub use precision_recall::{Precision, Recall};
pub use regression::{Aggregation, LogCoshError, MeanRelativeError, R2Score, RootMeanSquaredError};
pub use sparse_categorical_accuracy::SparseCategoricalAccuracy;
pub use sum::Sum;
pub use top_k::{SparseTopKCategoricalAccuracy, TopKCategoricalAccuracy};
pub use trade_offs::{
    PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity,
};

use std::fmt;

use serde_json::{Map, Value as Json, json};

use crate::arguments;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{self, Targets};
use crate::shape::{DType, Shape};

/// A number that is gathered over batches.
pub trait Metric: fmt::Debug + Send + Sync {
    /// The class name, as in Keras: "SparseCategoricalAccuracy".
    fn class_name(&self) -> &'static str;

    /// The name under which it is shown: "accuracy".
    fn name(&self) -> &str;

    /// Shows it under another name.
    fn set_name(&mut self, name: &str);

    /// The arguments, as in Keras's `get_config`.
    fn config(&self) -> Map<String, Json>;

    /// Refuses arguments out of range. Builder methods cannot fail; [`deserialize`] and [`Metric::check`] ask here.
    fn check_arguments(&self) -> Result<()> {
        Ok(())
    }

    /// Explains before the first step what is wrong with these targets for a prediction of this shape (without the batch axis).
    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()>;

    /// The type in which the metric wants its targets.
    fn target_dtype(&self) -> DType {
        DType::F32
    }

    /// Sums over the batch: what is added up from batch to batch. `weight` counts each sample by a factor, `[batch]`, or each
    /// of its values.
    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>>;

    /// The metric from the totals of its accumulators: one number, a mean where there are several.
    fn result(&self, totals: &[Vec<f64>]) -> f64;

    /// All numbers of a metric that has several: one a threshold, class or output.
    fn results(&self, totals: &[Vec<f64>]) -> Vec<f64> {
        vec![self.result(totals)]
    }

    /// A copy in a box.
    fn boxed(&self) -> Box<dyn Metric>;
}

impl Clone for Box<dyn Metric> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

impl<T: Metric + 'static> From<T> for Box<dyn Metric> {
    fn from(m: T) -> Self {
        Box::new(m)
    }
}

/// The trait's methods that are the same for every struct with a field `name`, and the builder method for that field.
macro_rules! metric_identity {
    ($name:ident) => {
        fn class_name(&self) -> &'static str {
            stringify!($name)
        }

        fn name(&self) -> &str {
            &self.name
        }

        fn set_name(&mut self, name: &str) {
            name.clone_into(&mut self.name);
        }

        fn config(&self) -> serde_json::Map<String, serde_json::Value> {
            crate::arguments::object(self)
        }

        fn boxed(&self) -> Box<dyn Metric> {
            Box::new(self.clone())
        }
    };
}
use metric_identity;

/// A metric's struct with Keras's arguments and defaults, and a builder method for each; those behind `into` take what can become
/// their type.
macro_rules! metric_class {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            name = $shown:literal;
            $($(#[$what:meta])* $field:ident: $type:ty = $default:expr,)*
        } into {
            $($(#[$wide_what:meta])* $wide:ident: $wide_type:ty = $wide_default:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            pub(super) name: String,
            $($field: $type,)*
            $($wide: $wide_type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    name: $shown.to_owned(),
                    $($field: $default,)*
                    $($wide: $wide_default,)*
                }
            }
        }

        impl $name {
            $($(#[$what])*
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            })*
            $($(#[$wide_what])*
            pub fn $wide(mut self, $wide: impl Into<$wide_type>) -> Self {
                self.$wide = $wide.into();
                self
            })*
        }
    };
}
use metric_class;

macro_rules! metrics {
    ($($short:literal => $name:ident $([$($required:ident),*])?,)*) => {
        $(impl $name {
            /// Shown under another name.
            pub fn named(mut self, name: &str) -> Self {
                name.clone_into(&mut self.name);
                self
            }
        })*

        type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Metric>>;
        const TABLE: &[(&str, &str, FromConfig)] = &[
            $(($short, stringify!($name), |config| {
                let required: &[&str] = &[$($(stringify!($required),)*)?];
                if let Some(missing) = required.iter().find(|r| !config.contains_key(**r)) {
                    return Err(Error::config(format!(
                        "{}: the argument {missing} is required",
                        stringify!($name)
                    )));
                }
                arguments::read::<$name>(stringify!($name), config, &["dtype", "fn"])
                    .map(|m| Box::new(m) as Box<dyn Metric>)
            }),)*
        ];
    };
}

metrics! {
    "accuracy" => Accuracy,
    "auc" => AUC,
    "binary_accuracy" => BinaryAccuracy,
    "binary_io_u" => BinaryIoU,
    "categorical_accuracy" => CategoricalAccuracy,
    "concordance_correlation" => ConcordanceCorrelation,
    "cosine_similarity" => CosineSimilarity,
    "f1_score" => F1Score,
    "false_negatives" => FalseNegatives,
    "false_positives" => FalsePositives,
    "fbeta_score" => FBetaScore,
    "io_u" => IoU [num_classes, target_class_ids],
    "logcosh" => LogCoshError,
    "mean" => Mean,
    "mean_io_u" => MeanIoU [num_classes],
    "mean_relative_error" => MeanRelativeError [normalizer],
    "one_hot_io_u" => OneHotIoU [num_classes, target_class_ids],
    "one_hot_mean_io_u" => OneHotMeanIoU [num_classes],
    "pearson_correlation" => PearsonCorrelation,
    "perplexity" => Perplexity,
    "precision" => Precision,
    "precision_at_recall" => PrecisionAtRecall [recall],
    "r2_score" => R2Score,
    "recall" => Recall,
    "recall_at_precision" => RecallAtPrecision [precision],
    "root_mean_squared_error" => RootMeanSquaredError,
    "sensitivity_at_specificity" => SensitivityAtSpecificity [specificity],
    "sparse_categorical_accuracy" => SparseCategoricalAccuracy,
    "sparse_top_k_categorical_accuracy" => SparseTopKCategoricalAccuracy,
    "specificity_at_sensitivity" => SpecificityAtSensitivity [sensitivity],
    "sum" => Sum,
    "top_k_categorical_accuracy" => TopKCategoricalAccuracy,
    "true_negatives" => TrueNegatives,
    "true_positives" => TruePositives,
}

/// The class names of all metrics; every loss is one too.
pub fn names() -> Vec<&'static str> {
    let own: Vec<&str> = TABLE.iter().map(|e| e.1).collect();
    let means = losses::names().into_iter().filter(|l| !own.contains(l));
    own.iter().copied().chain(means).collect()
}

/// The metric of a class or short name and its Keras config; arguments left out have Keras's defaults. Every loss's name is also
/// the name of a metric: the mean of that loss.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown name or argument, with the nearest known one, and for values out of
/// range.
///
/// # Example
/// ```
/// use serde_json::{Map, json};
/// let config = Map::from_iter([("threshold".to_owned(), json!(0.3))]);
/// let metric = cornu::metrics::deserialize("binary_accuracy", config)?;
/// assert_eq!(metric.class_name(), "BinaryAccuracy");
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn deserialize(name: &str, mut config: Map<String, Json>) -> Result<Box<dyn Metric>> {
    if let Some((_, _, from_config)) = TABLE
        .iter()
        .find(|(short, class, _)| *short == name.to_ascii_lowercase() || *class == name)
    {
        let metric = from_config(config)?;
        metric.check_arguments()?;
        return Ok(metric);
    }
    if name == "MeanMetricWrapper" {
        return custom::from_config(&config);
    }
    if let Some(own) = custom::registered(name) {
        return Ok(Box::new(own));
    }
    if !losses::is_known(name) {
        let short = TABLE.iter().map(|e| e.0).chain(losses::short_names());
        return Err(Error::unknown("metric", name, short));
    }
    let shown = config.remove("name");
    let mut metric = LossMetric::new(losses::deserialize(name, config)?);
    if let Some(Json::String(shown)) = shown {
        metric.set_name(&shown);
    }
    Ok(Box::new(metric))
}

/// The metric as Keras writes it: module, class name and whole config.
pub fn serialize(metric: &dyn Metric) -> Json {
    json!({
        "module": "keras.metrics",
        "class_name": metric.class_name(),
        "config": metric.config(),
        "registered_name": null,
    })
}
