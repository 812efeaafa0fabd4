//! How alike targets and predictions run along an axis, whatever their size.

use super::{Metric, mean_accumulators, mean_result, metric_class, metric_identity};
use crate::axes::AxisList;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::Shape;

/// The axes of a value with the batch in front; refuses the batch's, along which samples would mix.
fn resolved(class: &str, axis: &AxisList, shape: &Shape) -> Result<Vec<usize>> {
    let axes = axis.resolve(class, shape)?;
    if axes.first() == Some(&0) {
        return Err(Error::config(format!(
            "{class}: axis must not be the batch's, received axis 0"
        ))
        .help("batches differ from step to step; the batch counts as axis 0"));
    }
    Ok(axes)
}

macro_rules! along_axis {
    ($name:ident, $values:expr) => {
        impl Metric for $name {
            metric_identity!($name);

            fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
                pairing::check_same(self.class_name(), targets, prediction)?;
                let whole = pairing::column(&prediction.with_batch(1));
                resolved(self.class_name(), &self.axis, &whole).map(|_| ())
            }

            fn accumulate(
                &self,
                g: &mut Graph,
                y_true: Value,
                y_pred: Value,
                weight: Option<Value>,
            ) -> Result<Vec<Value>> {
                let (y, p) = pairing::align(g, y_true, y_pred)?;
                let axes = resolved(self.class_name(), &self.axis, g.shape(p))?;
                let values: fn(&mut Graph, Value, Value, &[usize]) -> Result<Value> = $values;
                let values = values(g, y, p, &axes)?;
                mean_accumulators(g, values, weight)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                mean_result(totals)
            }
        }
    };
}

/// `x` minus its mean, and the mean square of that.
fn centered(g: &mut Graph, x: Value, axes: &[usize]) -> Result<(Value, Value)> {
    let mean = g.mean(x, axes, true)?;
    let d = g.sub(x, mean)?;
    let squares = g.square(d)?;
    let variance = g.mean(squares, axes, true)?;
    Ok((d, variance))
}

metric_class! {
    /// The cosine of the angle between target and prediction, and its mean over samples: 1 where they point the same way.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; the vectors lie along `axis`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::CosineSimilarity;
    /// let metric = CosineSimilarity::default().axis(1);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. The loss of this name is minus this.
    pub struct CosineSimilarity {
        name = "cosine_similarity";
    } into {
        /// The axis (or axes) along which the vectors lie; the batch counts as axis 0.
        axis: AxisList = (-1).into(),
    }
}
along_axis!(CosineSimilarity, |g, y, p, axes| {
    let (y, p) = (g.normalize(y, axes)?, g.normalize(p, axes)?);
    let products = g.mul(y, p)?;
    g.sum(products, axes, false)
});

metric_class! {
    /// Pearson's correlation of targets and predictions along an axis, and its mean: 1 for a rising straight line, -1 for a falling one.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::PearsonCorrelation;
    /// let metric = PearsonCorrelation::default();
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: not a number where targets or predictions do not vary.
    pub struct PearsonCorrelation {
        name = "pearson_correlation";
    } into {
        /// The axis (or axes) along which is compared; the batch counts as axis 0.
        axis: AxisList = (-1).into(),
    }
}
along_axis!(PearsonCorrelation, |g, y, p, axes| {
    let ((y, y_variance), (p, p_variance)) = (centered(g, y, axes)?, centered(g, p, axes)?);
    let (y_spread, p_spread) = (g.sqrt(y_variance)?, g.sqrt(p_variance)?);
    let (y, p) = (g.div(y, y_spread)?, g.div(p, p_spread)?);
    let products = g.mul(y, p)?;
    g.mean(products, axes, false)
});

metric_class! {
    /// Lin's concordance of targets and predictions along an axis, and its mean: 1 where they are equal.
    ///
    /// `2·cov / (var y + var p + (mean y - mean p)²)`
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::ConcordanceCorrelation;
    /// let metric = ConcordanceCorrelation::default();
    /// # let _ = metric;
    /// ```
    ///
    /// # Source
    /// Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", 1989.
    ///
    /// # Keras
    /// The same.
    pub struct ConcordanceCorrelation {
        name = "concordance_correlation";
    } into {
        /// The axis (or axes) along which is compared; the batch counts as axis 0.
        axis: AxisList = (-1).into(),
    }
}
along_axis!(ConcordanceCorrelation, |g, y, p, axes| {
    let (y_mean, p_mean) = (g.mean(y, axes, true)?, g.mean(p, axes, true)?);
    let ((_, y_variance), (p_away, p_variance)) = (centered(g, y, axes)?, centered(g, p, axes)?);
    // The prediction's mean stands in both factors, which changes nothing: the other factor's mean is 0.
    let y_away = g.sub(y, p_mean)?;
    let covariance = g.mul(y_away, p_away)?;
    let apart = g.sub(y_mean, p_mean)?;
    let apart = g.square(apart)?;
    let norm = g.add(y_variance, p_variance)?;
    let norm = g.add(norm, apart)?;
    let norm = g.add_scalar(norm, 1e-7)?;
    let doubled = g.scale(covariance, 2.0)?;
    let shares = g.div(doubled, norm)?;
    g.mean(shares, axes, false)
});
