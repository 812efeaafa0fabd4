//! Distances of pairs: small where the two belong together, at least a margin where they do not.

use super::{Choice, Loss, Reduction, compares_elements, loss_class, loss_identity, pairing};
use crate::arguments;
use crate::error::Result;
use crate::graph::{Graph, Value};

loss_class! {
    /// The mean of `y·d² + (1 - y)·max(margin - d, 0)²` over the last axis: `y` is 1 for what belongs together, `d` the distance.
    ///
    /// # Shapes
    /// Targets and predicted distances `[batch, .., n]`; a last axis of length 1 may be left out.
    ///
    /// # Errors
    /// Targets of another shape, a margin below 0.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::Contrastive;
    /// let loss = Contrastive::default().margin(2.0);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006.
    ///
    /// # Keras
    /// None; TensorFlow Addons' `ContrastiveLoss` computes the same for one distance a sample.
    pub struct Contrastive {
        /// How far apart strangers should be.
        margin: f64 = 1.0,
    }
}

impl Loss for Contrastive {
    loss_identity!(Contrastive);
    compares_elements!();

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::not_negative(self.class_name(), "margin", self.margin)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let margin = self.margin as f32;
        pairing::mean_of(g, y_true, y_pred, |g, y, d| {
            let near = g.square(d)?;
            let near = g.mul(y, near)?;
            let limit = g.constant(margin)?;
            let short = g.sub(limit, d)?;
            let short = g.relu(short)?;
            let far = g.square(short)?;
            let not_y = g.one_minus(y)?;
            let far = g.mul(not_y, far)?;
            g.add(near, far)
        })
    }
}
