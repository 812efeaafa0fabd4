//! A softmax over angles, with a margin added to the angle of the right class.

use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity, pairing};
use crate::arguments;
use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

loss_class! {
    /// Cross-entropy of the scores `s·cos θ`, of which that of the right class is `s·cos(θ + m)`.
    ///
    /// Predictions are the cosines of the angles between a sample's vector and each class's: the product of rows and columns of length
    /// 1, as a [`Dense`](crate::layers::Dense) layer without bias under [`UnitNorm`](crate::constraints::UnitNorm) gives for vectors
    /// of length 1. Beyond `π - m`, where the cosine would rise again, `cos θ - m·sin m` takes its place.
    ///
    /// # Shapes
    /// Labels `[batch]` or `[batch, 1]`, integers; predictions `[batch, classes]`, from -1 to 1.
    ///
    /// # Errors
    /// One-hot or real targets, labels out of range, predictions for a single class, a margin below 0, a scale that is not above 0.
    ///
    /// # Example
    /// ```
    /// use cornu::{constraints::UnitNorm, losses::ArcFace, prelude::*};
    /// let angles = Dense::new(100).use_bias(false).kernel_constraint(UnitNorm::default());
    /// let loss = ArcFace::default().margin(0.3).scale(30.0);
    /// # let _ = (angles, loss);
    /// ```
    ///
    /// # Source
    /// Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2018.
    ///
    /// # Keras
    /// None.
    pub struct ArcFace {
        /// The angle added for the right class.
        margin: f64 = 0.5,
        /// What cosines are multiplied by.
        scale: f64 = 64.0,
    }
}

impl Loss for ArcFace {
    loss_identity!(ArcFace);

    fn check_arguments(&self) -> Result<()> {
        self.reduction.get()?;
        arguments::not_negative(self.class_name(), "margin", self.margin)?;
        arguments::positive(self.class_name(), "scale", self.scale)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_labels(self.class_name(), targets, prediction, None)
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (sin, cos) = self.margin.sin_cos();
        let labels = pairing::labels(g, y_true, y_pred)?;
        let cosine = g.take_last(y_pred, labels)?;
        // sin θ = √(1 - cos² θ), held from 0, where its gradient is infinite.
        let square = g.square(cosine)?;
        let rest = g.one_minus(square)?;
        let rest = g.clip(rest, 1e-9, 1.0)?;
        let sine = g.sqrt(rest)?;
        let a = g.scale(cosine, cos as f32)?;
        let b = g.scale(sine, sin as f32)?;
        let moved = g.sub(a, b)?;
        let straight = g.add_scalar(cosine, (-self.margin * sin) as f32)?;
        // cos(π - m)
        let within = g.greater_scalar(cosine, -cos as f32)?;
        let right = g.select(within, moved, straight)?;
        let classes = *g.shape(y_pred).last().unwrap_or(&1);
        let hot = g.one_hot(labels, classes)?;
        let mut column = g.shape(right).to_vec();
        column.push(1);
        let right = g.reshape(right, column)?;
        let scores = g.select(hot, right, y_pred)?;
        let scores = g.scale(scores, self.scale as f32)?;
        let log_p = g.log_softmax(scores)?;
        let picked = g.take_last(log_p, labels)?;
        g.neg(picked)
    }
}
