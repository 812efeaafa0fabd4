//! An anchor nearer to a sample of its own class than to one of another, by a margin; which samples, is found within the batch.

use super::pairs::{self, Alike, Distance};
use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity};
use crate::arguments;
use crate::error::Result;
use crate::graph::ops::{BinaryKind, UnaryKind};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

loss_class! {
    /// The mean over all pairs of an anchor and a sample of its class of `max(d(a, p) - d(a, n) + margin, 0)`, where `n` is the
    /// nearest sample of another class that is further away than `p`, or the furthest of all where none is.
    ///
    /// # Shapes
    /// Class numbers `[batch]` or `[batch, 1]`; predictions `[batch, width]`; one number for the whole batch.
    ///
    /// # Errors
    /// Anything but one class number and one vector a sample, a margin below 0, an unknown distance.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::TripletSemiHard;
    /// let loss = TripletSemiHard::default().margin(0.2).distance_metric("squared-L2");
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015.
    ///
    /// # Keras
    /// None; TensorFlow Addons' `TripletSemiHardLoss` computes the same.
    pub struct TripletSemiHard {
        /// By how much strangers should be further away.
        margin: f64 = 1.0,
    } into {
        /// What is called distance: "L2", "squared-L2" or "angular".
        distance_metric: Choice<Distance> = Choice::Known(Distance::Euclidean),
    }
}

/// The mean of those numbers that the mask counts; 0 where it counts none.
fn mean_of(g: &mut Graph, x: Value, mask: Value) -> Result<Value> {
    let kept = g.mul(x, mask)?;
    let sum = g.sum_all(kept)?;
    let count = g.sum_all(mask)?;
    let one = g.constant(1.0)?;
    let count = g.maximum(count, one)?;
    g.div(sum, count)
}

impl Loss for TripletSemiHard {
    loss_identity!(TripletSemiHard);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        self.distance_metric.get()?;
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
        let alike = Alike::of(g, y_true)?;
        let d = self.distance_metric.get()?.between(g, y_pred)?;
        let n = g.shape(d)[0];
        // [anchor, positive, negative]
        let (to_positive, to_negative) = (g.reshape(d, [n, n, 1])?, g.reshape(d, [n, 1, n])?);
        let strangers = g.reshape(alike.different, [n, 1, n])?;
        let further = g.binary(BinaryKind::Gt, to_negative, to_positive)?;
        let outside = g.mul(further, strangers)?;
        let all = g.broadcast(to_negative, [n, n, n])?;
        let nearest = pairs::masked(g, false, all, outside, 2)?;
        let furthest = pairs::masked(g, true, d, alike.different, 1)?;
        let any = g.max(outside, &[2], false)?;
        let nearest = g.reshape(nearest, [n, n])?;
        let negative = g.select(any, nearest, furthest)?;
        let gap = g.sub(d, negative)?;
        let gap = g.add_scalar(gap, self.margin as f32)?;
        let short = g.relu(gap)?;
        let positives = alike.positives(g)?;
        mean_of(g, short, positives)
    }
}

loss_class! {
    /// `max(d(a, p) - d(a, n) + margin, 0)` for each anchor, with the furthest sample of its class and the nearest of another.
    ///
    /// `soft`: `ln(1 + e^(d(a, p) - d(a, n)))` instead, which needs no margin.
    ///
    /// # Shapes
    /// Class numbers `[batch]` or `[batch, 1]`; predictions `[batch, width]`.
    ///
    /// # Errors
    /// Anything but one class number and one vector a sample, a margin below 0, an unknown distance.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::TripletHard;
    /// let loss = TripletHard::default().soft(true);
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017.
    ///
    /// # Keras
    /// None; TensorFlow Addons' `TripletHardLoss` computes the same.
    pub struct TripletHard {
        /// By how much strangers should be further away.
        margin: f64 = 1.0,
        /// Whether a smooth function takes the margin's place.
        soft: bool = false,
    } into {
        /// What is called distance: "L2", "squared-L2" or "angular".
        distance_metric: Choice<Distance> = Choice::Known(Distance::Euclidean),
    }
}

impl Loss for TripletHard {
    loss_identity!(TripletHard);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        self.distance_metric.get()?;
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
        let alike = Alike::of(g, y_true)?;
        let d = self.distance_metric.get()?.between(g, y_pred)?;
        let n = g.shape(d)[0];
        let positives = alike.positives(g)?;
        let furthest = pairs::masked(g, true, d, positives, 1)?;
        let nearest = pairs::masked(g, false, d, alike.different, 1)?;
        let gap = g.sub(furthest, nearest)?;
        let gap = g.reshape(gap, [n])?;
        if self.soft {
            return g.unary(UnaryKind::Softplus, gap);
        }
        let gap = g.add_scalar(gap, self.margin as f32)?;
        g.relu(gap)
    }
}
