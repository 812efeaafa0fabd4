//! How many words a language model hesitates between.

use super::{LossMetric, Metric, mean_result, metric_class, metric_identity};
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::losses::{SparseCategoricalCrossentropy, Targets};
use crate::shape::{DType, Shape};

metric_class! {
    /// `e` to the mean cross-entropy of the tokens; those that are `mask_token_id` do not count.
    ///
    /// # Shapes
    /// Tokens `[batch, ..]` as whole numbers, predictions `[batch, .., tokens]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::{Metric, Perplexity};
    /// let perplexity = Perplexity::default().mask_token_id(Some(0));
    /// assert_eq!(perplexity.result(&[vec![0.0], vec![4.0]]), 1.0);
    /// ```
    ///
    /// # Keras
    /// None; KerasHub's `Perplexity` computes the same.
    pub struct Perplexity {
        name = "perplexity";
        /// Whether predictions are scores before a softmax rather than probabilities.
        from_logits: bool = false,
        /// The token that does not count: padding.
        mask_token_id: Option<i32> = None,
    } into {}
}

impl Perplexity {
    fn entropy(&self) -> LossMetric {
        let loss = SparseCategoricalCrossentropy::default().from_logits(self.from_logits);
        LossMetric::new(match self.mask_token_id {
            Some(token) => loss.ignore_class(token),
            None => loss,
        })
    }
}

impl Metric for Perplexity {
    metric_identity!(Perplexity);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.entropy().check(targets, prediction)
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
        self.entropy().accumulate(g, y_true, y_pred, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        mean_result(totals).exp()
    }
}
