//! How often the right class is among the few with the largest predictions.

use super::{Metric, mean_accumulators, mean_result, metric_class, metric_identity};
use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::{DType, Shape};

fn check_k(class: &str, k: usize) -> Result<()> {
    if k == 0 {
        return Err(Error::config(format!(
            "{class}: k must be at least 1, received 0"
        )));
    }
    Ok(())
}

/// 1 where fewer than `k` predictions are larger than that of the label.
fn hits(g: &mut Graph, labels: Value, p: Value, k: usize) -> Result<Value> {
    let own = g.take_last(p, labels)?;
    let mut column = g.shape(own).to_vec();
    column.push(1);
    let own = g.reshape(own, column)?;
    let larger = g.binary(BinaryKind::Gt, p, own)?;
    let last = g.shape(p).rank() - 1;
    let rank = g.sum(larger, &[last], false)?;
    let k = g.constant(k as f32)?;
    g.binary(BinaryKind::Lt, rank, k)
}

metric_class! {
    /// The share of samples whose class (marked in a one-hot row) has one of the `k` largest predictions.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., classes]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::TopKCategoricalAccuracy;
    /// let metric = TopKCategoricalAccuracy::default().k(3);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct TopKCategoricalAccuracy {
        name = "top_k_categorical_accuracy";
        /// Among how many the class may be.
        k: usize = 5,
    } into {}
}

impl Metric for TopKCategoricalAccuracy {
    metric_identity!(TopKCategoricalAccuracy);

    fn check_arguments(&self) -> Result<()> {
        check_k(self.class_name(), self.k)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_one_hot(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let labels = g.arg_max(y_true)?;
        let hits = hits(g, labels, y_pred, self.k)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}

metric_class! {
    /// The share of samples whose label has one of the `k` largest predictions.
    ///
    /// `from_sorted_ids`: predictions are not scores but the class numbers themselves, the likeliest first.
    ///
    /// # Shapes
    /// Labels `[batch, ..]` or `[batch, .., 1]`; predictions `[batch, .., classes]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::SparseTopKCategoricalAccuracy;
    /// let metric = SparseTopKCategoricalAccuracy::default().k(2);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct SparseTopKCategoricalAccuracy {
        name = "sparse_top_k_categorical_accuracy";
        /// Among how many the class may be.
        k: usize = 5,
        /// Whether predictions are class numbers, the likeliest first.
        from_sorted_ids: bool = false,
    } into {}
}

impl Metric for SparseTopKCategoricalAccuracy {
    metric_identity!(SparseTopKCategoricalAccuracy);

    fn check_arguments(&self) -> Result<()> {
        check_k(self.class_name(), self.k)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        // A label among numbers that are sorted is none of their places.
        let range = targets.range.filter(|_| !self.from_sorted_ids);
        let given = Targets {
            range,
            ..targets.clone()
        };
        pairing::check_labels(self.class_name(), &given, prediction, None)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let labels = pairing::labels(g, y_true, y_pred)?;
        if !self.from_sorted_ids {
            let hits = hits(g, labels, y_pred, self.k)?;
            return mean_accumulators(g, hits, weight);
        }
        let last = g.shape(y_pred).rank() - 1;
        let first = self.k.min(g.shape(y_pred)[last]);
        let first = g.slice(y_pred, last, 0, first)?;
        let labels = g.cast(labels, DType::F32)?;
        let mut column = g.shape(labels).to_vec();
        column.push(1);
        let labels = g.reshape(labels, column)?;
        let equal = g.equal(labels, first)?;
        let hits = g.max(equal, &[last], false)?;
        mean_accumulators(g, hits, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals)
    }
}
