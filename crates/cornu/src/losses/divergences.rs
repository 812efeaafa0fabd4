//! How far predicted distributions, counts and directions are from true ones.

use serde::{Deserialize, Serialize};

use super::{
    Choice, Loss, Reduction, Targets, compares_elements, loss_class, loss_identity, pairing,
    reduction,
};
use crate::axes::AxisList;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Keras's `epsilon()`.
const EPSILON: f32 = 1e-7;

loss_class! {
    /// `Σ y·ln(y / p)` over the last axis of each sample; both are held within 1e-7 and 1.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::KLDivergence;
    /// let loss = KLDivergence::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Kullback and Leibler, "On Information and Sufficiency", 1951.
    ///
    /// # Keras
    /// The same.
    pub struct KLDivergence {}
}

impl Loss for KLDivergence {
    loss_identity!(KLDivergence);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let (y, p) = (g.clip(y, EPSILON, 1.0)?, g.clip(p, EPSILON, 1.0)?);
        let share = g.div(y, p)?;
        let log = g.log(share)?;
        let terms = g.mul(y, log)?;
        let last = g.shape(terms).rank() - 1;
        g.sum(terms, &[last], false)
    }
}

loss_class! {
    /// The mean of `p - y·ln(p + 1e-7)` over the last axis of each sample: for counts, of which `p` is the expected number.
    ///
    /// # Shapes
    /// Targets and predictions `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::Poisson;
    /// let loss = Poisson::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Keras
    /// The same.
    pub struct Poisson {}
}

impl Loss for Poisson {
    loss_identity!(Poisson);
    compares_elements!();

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        pairing::mean_of(g, y_true, y_pred, |g, y, p| {
            let safe = g.add_scalar(p, EPSILON)?;
            let log = g.log(safe)?;
            let term = g.mul(y, log)?;
            g.sub(p, term)
        })
    }
}

/// Minus the cosine of the angle between target and prediction: -1 where they point the same way.
///
/// # Shapes
/// Targets and predictions `[batch, .., n]`; the vectors lie along `axis`.
///
/// # Errors
/// Targets of another shape, an axis that the predictions lack, the axis of the batch.
///
/// # Example
/// ```
/// use cornu::losses::CosineSimilarity;
/// let loss = CosineSimilarity::default().axis(1);
/// # let _ = loss;
/// ```
///
/// # Keras
/// The same. Keras's own `get_config` leaves the axis out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CosineSimilarity {
    pub(super) reduction: Choice<Reduction>,
    axis: AxisList,
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            axis: (-1).into(),
        }
    }
}

impl CosineSimilarity {
    /// The axis (or axes) along which the vectors lie; the batch counts as axis 0.
    pub fn axis(mut self, axis: impl Into<AxisList>) -> Self {
        self.axis = axis.into();
        self
    }
}

/// The axes named, of a value with the batch in front; refuses the batch's.
pub(super) fn without_batch(class: &str, axis: &AxisList, shape: &Shape) -> Result<Vec<usize>> {
    let axes = axis.resolve(class, shape)?;
    if axes.first() == Some(&0) {
        return Err(Error::config(format!(
            "{class}: axis must not be the batch's, received axis 0"
        ))
        .help("samples do not mix; the batch counts as axis 0"));
    }
    Ok(axes)
}

impl Loss for CosineSimilarity {
    loss_identity!(CosineSimilarity);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_same(self.class_name(), targets, prediction)?;
        let whole = pairing::column(&prediction.with_batch(1));
        without_batch(self.class_name(), &self.axis, &whole).map(|_| ())
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let axes = without_batch(self.class_name(), &self.axis, g.shape(p))?;
        let (y, p) = (g.normalize(y, &axes)?, g.normalize(p, &axes)?);
        let products = g.mul(y, p)?;
        let sum = g.sum(products, &axes, false)?;
        g.neg(sum)
    }
}
