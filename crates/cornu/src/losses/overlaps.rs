//! How much predicted and true regions overlap, as one minus a share of what they cover together.

use serde::{Deserialize, Serialize};

use super::{Choice, Loss, Reduction, Targets, loss_identity, pairing, reduction};
use crate::arguments;
use crate::axes::AxisList;
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::Shape;

/// Keras's `epsilon()`, which keeps the division by an empty region from zero.
const EPSILON: f32 = 1e-7;

/// The sum over the axes named, or over all of them.
fn sum(g: &mut Graph, class: &str, x: Value, axis: Option<&AxisList>) -> Result<Value> {
    match axis {
        None => g.sum_all(x),
        Some(axis) => {
            let axes = axis.resolve(class, g.shape(x))?;
            g.sum(x, &axes, false)
        }
    }
}

macro_rules! overlap {
    ($name:ident) => {
        impl $name {
            /// The axes over which regions are measured; the batch counts as axis 0. Without it, the whole batch is one region.
            pub fn axis(mut self, axis: impl Into<AxisList>) -> Self {
                self.axis = Some(axis.into());
                self
            }
        }
    };
}

fn check(
    class: &str,
    axis: Option<&AxisList>,
    targets: &Targets,
    prediction: &Shape,
) -> Result<()> {
    pairing::check_same(class, targets, prediction)?;
    match axis {
        None => Ok(()),
        Some(axis) => {
            let whole = pairing::column(&prediction.with_batch(1));
            axis.resolve(class, &whole).map(|_| ())
        }
    }
}

/// `1 - 2·Σ y·p / (Σ y + Σ p)`: 0 where prediction and target cover the same.
///
/// # Shapes
/// Targets and predictions `[batch, ..]`; the loss is one number for the whole batch, or has the axes that `axis` does not name.
///
/// # Errors
/// Targets of another shape, an axis that the predictions lack.
///
/// # Example
/// ```
/// use cornu::losses::Dice;
/// let of_each_image = Dice::default().axis([1, 2, 3]);
/// # let _ = of_each_image;
/// ```
///
/// # Source
/// Milletari et al., "V-Net", 2016.
///
/// # Keras
/// The same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dice {
    pub(super) reduction: Choice<Reduction>,
    axis: Option<AxisList>,
}

impl Default for Dice {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            axis: None,
        }
    }
}

overlap!(Dice);

impl Loss for Dice {
    loss_identity!(Dice);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        check(self.class_name(), self.axis.as_ref(), targets, prediction)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (class, axis) = (self.class_name(), self.axis.as_ref());
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let both = g.mul(y, p)?;
        let both = sum(g, class, both, axis)?;
        let (y, p) = (sum(g, class, y, axis)?, sum(g, class, p, axis)?);
        let sizes = g.add(y, p)?;
        let sizes = g.add_scalar(sizes, EPSILON)?;
        let doubled = g.scale(both, 2.0)?;
        let share = g.div(doubled, sizes)?;
        g.one_minus(share)
    }
}

/// `1 - t / (t + α·f + β·n)` with the true positives `t = Σ y·p`, `f = Σ y·(1 - p)` and `n = Σ p·(1 - y)`.
///
/// # Shapes
/// Targets and predictions `[batch, ..]`; the loss is one number for the whole batch, or has the axes that `axis` does not name.
///
/// # Errors
/// Targets of another shape, an axis that the predictions lack, `α` or `β` below 0.
///
/// # Example
/// ```
/// use cornu::losses::Tversky;
/// let loss = Tversky::default().alpha(0.3).beta(0.7);
/// # let _ = loss;
/// ```
///
/// # Source
/// Salehi et al., "Tversky loss function for image segmentation using 3D fully convolutional deep networks", 2017.
///
/// # Keras
/// The same: there `α` goes with what was missed and `β` with what was found in excess.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tversky {
    pub(super) reduction: Choice<Reduction>,
    alpha: f64,
    beta: f64,
    axis: Option<AxisList>,
}

impl Default for Tversky {
    fn default() -> Self {
        Self {
            reduction: reduction::usual(),
            alpha: 0.5,
            beta: 0.5,
            axis: None,
        }
    }
}

overlap!(Tversky);

impl Tversky {
    /// The weight of what was missed.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The weight of what was found in excess.
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }
}

impl Loss for Tversky {
    loss_identity!(Tversky);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::not_negative(self.class_name(), "alpha", self.alpha)?;
        arguments::not_negative(self.class_name(), "beta", self.beta)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        check(self.class_name(), self.axis.as_ref(), targets, prediction)
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (class, axis) = (self.class_name(), self.axis.as_ref());
        let (y, p) = pairing::align(g, y_true, y_pred)?;
        let (not_y, not_p) = (g.one_minus(y)?, g.one_minus(p)?);
        let (both, missed, excess) = (g.mul(y, p)?, g.mul(not_p, y)?, g.mul(p, not_y)?);
        let both = sum(g, class, both, axis)?;
        let missed = sum(g, class, missed, axis)?;
        let excess = sum(g, class, excess, axis)?;
        let missed = g.scale(missed, self.alpha as f32)?;
        let excess = g.scale(excess, self.beta as f32)?;
        let all = g.add(both, missed)?;
        let all = g.add(all, excess)?;
        let all = g.add_scalar(all, EPSILON)?;
        let share = g.div(both, all)?;
        g.one_minus(share)
    }
}
