//! Vectors of one class drawn together and those of others pushed apart, each by how far it still has to go.

use super::pairs::{self, Alike};
use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity};
use crate::arguments;
use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

loss_class! {
    /// `ln(1 + Σ e^(-γ·αₚ·(m - dₚ)) · Σ e^(γ·αₙ·(1 - m - dₙ)))` for each sample, over the distances `d = 1 - cos` of the batch's
    /// vectors of the same class and of others, with `αₚ = m + dₚ` and `αₙ = 1 + m - dₙ`.
    ///
    /// # Shapes
    /// Class numbers `[batch]` or `[batch, 1]`; predictions `[batch, width]`, vectors of length 1.
    ///
    /// # Errors
    /// Anything but one class number and one vector a sample; `γ` that is not above 0.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::Circle;
    /// let loss = Circle::default().gamma(64.0).margin(0.25);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020.
    ///
    /// # Keras
    /// The same: samples without a partner or without a stranger in the batch do not count.
    pub struct Circle {
        /// How steep the loss is.
        gamma: f64 = 80.0,
        /// How far apart the classes should be.
        margin: f64 = 0.4,
        /// Whether a sample is not its own partner.
        remove_diagonal: bool = true,
    }
}

impl Loss for Circle {
    loss_identity!(Circle);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::positive(self.class_name(), "gamma", self.gamma)?;
        arguments::not_negative(self.class_name(), "margin", self.margin)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairs::check(self.class_name(), targets, prediction)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (gamma, margin) = (self.gamma as f32, self.margin as f32);
        let alike = Alike::of(g, y_true)?;
        let positive = if self.remove_diagonal {
            alike.positives(g)?
        } else {
            alike.same
        };
        let cosines = pairs::products(g, y_pred)?;
        let d = g.one_minus(cosines)?;
        let d = g.relu(d)?;
        let mut sum = None;
        for (mask, sign, reach, goal) in [
            (positive, -1.0, margin, margin),
            (alike.different, 1.0, 1.0 + margin, 1.0 - margin),
        ] {
            // αₚ = m + d, αₙ = 1 + m - d
            let signed = g.scale(d, -sign)?;
            let weight = g.add_scalar(signed, reach)?;
            let weight = g.mul(weight, mask)?;
            let weight = g.relu(weight)?;
            let goal = g.constant(goal)?;
            let short = g.sub(goal, d)?;
            let term = g.mul(weight, short)?;
            let term = g.scale(term, sign * gamma)?;
            let all = pairs::log_sum_exp(g, term, mask)?;
            sum = Some(match sum {
                None => all,
                Some(first) => g.add(first, all)?,
            });
        }
        let Some(sum) = sum else {
            unreachable!("there are two kinds of pairs")
        };
        g.unary(UnaryKind::Softplus, sum)
    }

    fn mask(&self, g: &mut Graph, _: Value, losses: Value) -> Result<Option<Value>> {
        g.greater_scalar(losses, 0.0).map(Some)
    }
}
