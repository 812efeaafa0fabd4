//! How much of what two regions cover together they both cover, class by class.

use super::{Metric, metric_class, metric_identity};
use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing, stretch};
use crate::shape::{DType, Shape};

/// How class numbers are read from targets and predictions.
#[derive(Clone, Copy, Debug)]
struct Reading {
    classes: usize,
    ignored: Option<i32>,
    sparse_true: bool,
    sparse_pred: bool,
    axis: i64,
}

/// Keras's `epsilon()`, in each divisor.
const EPSILON: f64 = 1e-7;

impl Reading {
    /// Class numbers as floats, in any shape.
    fn classes_of(self, g: &mut Graph, x: Value, sparse: bool) -> Result<Value> {
        if sparse {
            return g.cast(x, DType::F32);
        }
        let x = g.cast(x, DType::F32)?;
        let (_, x) = pairing::classes_last(g, x, x, self.axis)?;
        let best = super::categorical_accuracy::best_class(g, x)?;
        g.cast(best, DType::F32)
    }

    /// How often each class (rows) is predicted as each (columns); weights count by their whole part.
    fn matrix(
        self,
        g: &mut Graph,
        y: Value,
        p: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let (y, p) = (
            self.classes_of(g, y, self.sparse_true)?,
            self.classes_of(g, p, self.sparse_pred)?,
        );
        let shape = g.shape(p).clone();
        let y = g.reshape(y, shape.clone())?;
        let mut counted = match weight {
            None => None,
            Some(w) => {
                let w = stretch(g, w, p)?;
                let w = g.broadcast(w, shape.clone())?;
                let whole = g.cast(w, DType::I32)?;
                Some(g.cast(whole, DType::F32)?)
            }
        };
        if let Some(ignored) = self.ignored {
            let ignored = g.constant(ignored as f32)?;
            let kept = g.not_equal(y, ignored)?;
            counted = Some(match counted {
                None => kept,
                Some(w) => g.mul(w, kept)?,
            });
        }
        // Numbers outside the classes have rows of zeros.
        let (y, p) = (g.cast(y, DType::I32)?, g.cast(p, DType::I32)?);
        let (mut y, p) = (g.one_hot(y, self.classes)?, g.one_hot(p, self.classes)?);
        if let Some(counted) = counted {
            let mut column = shape.to_vec();
            column.push(1);
            let counted = g.reshape(counted, column)?;
            y = g.mul(y, counted)?;
        }
        Ok(vec![g.matmul_tn(y, p)?])
    }

    /// The mean over the classes wanted, of those that occur.
    fn mean(self, totals: &[Vec<f64>], wanted: impl Iterator<Item = usize>) -> f64 {
        let n = self.classes;
        let matrix = &totals[0];
        let (mut sum, mut valid) = (0.0, 0.0);
        for class in wanted {
            let row: f64 = matrix[class * n..(class + 1) * n].iter().sum();
            let column: f64 = (0..n).map(|i| matrix[i * n + class]).sum();
            let both = matrix[class * n + class];
            let all = row + column - both;
            if all > 1e-9 {
                sum += both / (all + EPSILON);
                valid += 1.0;
            }
        }
        sum / (valid + EPSILON)
    }

    fn check(self, class: &str, targets: &Targets, prediction: &Shape) -> Result<()> {
        if self.classes == 0 {
            return Err(Error::config(format!(
                "{class}: num_classes must be at least 1, received 0"
            )));
        }
        let places = |shape: &Shape, sparse: bool| -> Result<Shape> {
            if sparse {
                return Ok(shape.clone());
            }
            let rank = shape.rank() as i64 + 1;
            let axis = if self.axis < 0 {
                self.axis + rank
            } else {
                self.axis
            };
            if !(1..rank).contains(&axis) {
                return Err(Error::config(format!(
                    "{class}: axis {} is not one of {shape}; the batch counts as axis 0",
                    self.axis
                )));
            }
            let mut places = shape.to_vec();
            places.remove(axis as usize - 1);
            Ok(places.as_slice().into())
        };
        let y = places(&targets.shape, self.sparse_true)?;
        let p = places(prediction, self.sparse_pred)?;
        if y.elements() == p.elements() {
            return Ok(());
        }
        Err(Error::shape(format!(
            "{class} expects one class a place, received {y} of them as targets and {p} as predictions"
        ))
        .help("sparse_y_true and sparse_y_pred say whether classes are numbers or rows of scores"))
    }
}

fn check_ids(class: &str, ids: &[usize], classes: usize) -> Result<()> {
    match ids.iter().find(|&&id| id >= classes) {
        Some(bad) => Err(Error::config(format!(
            "{class}: target_class_ids must be below {classes}, received {bad}"
        ))),
        None => Ok(()),
    }
}

macro_rules! intersection {
    ($name:ident, $reading:expr, $wanted:expr) => {
        impl $name {
            fn reading(&self) -> Reading {
                let reading: fn(&Self) -> Reading = $reading;
                reading(self)
            }
        }

        impl Metric for $name {
            metric_identity!($name);

            fn check_arguments(&self) -> Result<()> {
                let wanted: fn(&Self) -> Vec<usize> = $wanted;
                check_ids(self.class_name(), &wanted(self), self.reading().classes)
            }

            fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
                self.check_arguments()?;
                self.reading().check(self.class_name(), targets, prediction)
            }

            fn accumulate(
                &self,
                g: &mut Graph,
                y_true: Value,
                y_pred: Value,
                weight: Option<Value>,
            ) -> Result<Vec<Value>> {
                self.reading().matrix(g, y_true, y_pred, weight)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                let wanted: fn(&Self) -> Vec<usize> = $wanted;
                self.reading().mean(totals, wanted(self).into_iter())
            }
        }
    };
}

metric_class! {
    /// `both / (true + predicted - both)` of each class named, and the mean over those that occur.
    ///
    /// # Shapes
    /// Class numbers `[batch, ..]` as targets and predictions; rows of scores along `axis` where `sparse_y_true` or `sparse_y_pred` is
    /// not set.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::IoU;
    /// let metric = IoU::new(4, [0, 2]).sparse_y_pred(false);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: weights count by their whole part alone.
    pub struct IoU {
        name = "io_u";
        /// How many classes there are.
        num_classes: usize = 2,
        /// The classes that count.
        target_class_ids: Vec<usize> = vec![0, 1],
        /// Whether targets are class numbers.
        sparse_y_true: bool = true,
        /// Whether predictions are class numbers.
        sparse_y_pred: bool = true,
        /// The axis of the scores, where classes are not numbers.
        axis: i64 = -1,
    } into {
        /// The class of places that do not count.
        ignore_class: Option<i32> = None,
    }
}

impl IoU {
    /// The mean over some of so many classes.
    pub fn new(num_classes: usize, target_class_ids: impl Into<Vec<usize>>) -> Self {
        Self {
            num_classes,
            target_class_ids: target_class_ids.into(),
            ..Self::default()
        }
    }
}

intersection!(
    IoU,
    |m| Reading {
        classes: m.num_classes,
        ignored: m.ignore_class,
        sparse_true: m.sparse_y_true,
        sparse_pred: m.sparse_y_pred,
        axis: m.axis,
    },
    |m| m.target_class_ids.clone()
);

metric_class! {
    /// [`IoU`] of yes and no: predictions of at least the threshold mean yes, class 1.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, ..]`.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::BinaryIoU;
    /// let metric = BinaryIoU::default().target_class_ids(vec![1]).threshold(0.3);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: weights count by their whole part alone.
    pub struct BinaryIoU {
        name = "binary_io_u";
        /// The classes that count.
        target_class_ids: Vec<usize> = vec![0, 1],
        /// From which prediction on it means yes.
        threshold: f64 = 0.5,
    } into {}
}

/// Two classes, given as numbers.
const BINARY: Reading = Reading {
    classes: 2,
    ignored: None,
    sparse_true: true,
    sparse_pred: true,
    axis: -1,
};

impl Metric for BinaryIoU {
    metric_identity!(BinaryIoU);

    fn check_arguments(&self) -> Result<()> {
        check_ids(self.class_name(), &self.target_class_ids, 2)
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        BINARY.check(self.class_name(), targets, prediction)
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let threshold = g.constant(self.threshold as f32)?;
        let yes = g.binary(BinaryKind::Ge, y_pred, threshold)?;
        BINARY.matrix(g, y_true, yes, weight)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        BINARY.mean(totals, self.target_class_ids.iter().copied())
    }
}

metric_class! {
    /// [`IoU`] of all classes.
    ///
    /// # Shapes
    /// Class numbers `[batch, ..]` as targets and predictions; rows of scores along `axis` where `sparse_y_true` or `sparse_y_pred` is
    /// not set.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::MeanIoU;
    /// let metric = MeanIoU::new(21).ignore_class(255).sparse_y_pred(false);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: weights count by their whole part alone.
    pub struct MeanIoU {
        name = "mean_io_u";
        /// How many classes there are.
        num_classes: usize = 2,
        /// Whether targets are class numbers.
        sparse_y_true: bool = true,
        /// Whether predictions are class numbers.
        sparse_y_pred: bool = true,
        /// The axis of the scores, where classes are not numbers.
        axis: i64 = -1,
    } into {
        /// The class of places that do not count.
        ignore_class: Option<i32> = None,
    }
}

impl MeanIoU {
    /// The mean over so many classes.
    pub fn new(num_classes: usize) -> Self {
        Self {
            num_classes,
            ..Self::default()
        }
    }
}

intersection!(
    MeanIoU,
    |m| Reading {
        classes: m.num_classes,
        ignored: m.ignore_class,
        sparse_true: m.sparse_y_true,
        sparse_pred: m.sparse_y_pred,
        axis: m.axis,
    },
    |m| (0..m.num_classes).collect()
);

metric_class! {
    /// [`IoU`] of targets in one-hot rows.
    ///
    /// # Shapes
    /// One-hot targets and scores `[batch, .., classes]`; predictions are class numbers where `sparse_y_pred` is set.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::OneHotIoU;
    /// let metric = OneHotIoU::new(5, [0, 2]);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: weights count by their whole part alone.
    pub struct OneHotIoU {
        name = "one_hot_io_u";
        /// How many classes there are.
        num_classes: usize = 2,
        /// The classes that count.
        target_class_ids: Vec<usize> = vec![0, 1],
        /// Whether predictions are class numbers.
        sparse_y_pred: bool = false,
        /// The axis of the classes.
        axis: i64 = -1,
    } into {
        /// The class of places that do not count.
        ignore_class: Option<i32> = None,
    }
}

impl OneHotIoU {
    /// The mean over some of so many classes.
    pub fn new(num_classes: usize, target_class_ids: impl Into<Vec<usize>>) -> Self {
        Self {
            num_classes,
            target_class_ids: target_class_ids.into(),
            ..Self::default()
        }
    }
}

intersection!(
    OneHotIoU,
    |m| Reading {
        classes: m.num_classes,
        ignored: m.ignore_class,
        sparse_true: false,
        sparse_pred: m.sparse_y_pred,
        axis: m.axis,
    },
    |m| m.target_class_ids.clone()
);

metric_class! {
    /// [`IoU`] of all classes, with targets in one-hot rows.
    ///
    /// # Shapes
    /// One-hot targets and scores `[batch, .., classes]`; predictions are class numbers where `sparse_y_pred` is set.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::OneHotMeanIoU;
    /// let metric = OneHotMeanIoU::new(5);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same: weights count by their whole part alone.
    pub struct OneHotMeanIoU {
        name = "one_hot_mean_io_u";
        /// How many classes there are.
        num_classes: usize = 2,
        /// Whether predictions are class numbers.
        sparse_y_pred: bool = false,
        /// The axis of the classes.
        axis: i64 = -1,
    } into {
        /// The class of places that do not count.
        ignore_class: Option<i32> = None,
    }
}

impl OneHotMeanIoU {
    /// The mean over so many classes.
    pub fn new(num_classes: usize) -> Self {
        Self {
            num_classes,
            ..Self::default()
        }
    }
}

intersection!(
    OneHotMeanIoU,
    |m| Reading {
        classes: m.num_classes,
        ignored: m.ignore_class,
        sparse_true: false,
        sparse_pred: m.sparse_y_pred,
        axis: m.axis,
    },
    |m| (0..m.num_classes).collect()
);
