//! Means of precision and recall, class by class or over all.

use super::condition_counts::mean;
use super::{Metric, metric_class, metric_identity};
use crate::arguments;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::ops::BinaryKind;
use crate::graph::{Graph, Value};
use crate::losses::Targets;
use crate::shape::Shape;

/// How the scores of classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// All places counted together.
    Micro,
    /// The mean of the classes' scores.
    Macro,
    /// Their mean, weighted by how often each class is true.
    Weighted,
}

impl Named for Average {
    const WHAT: &'static str = "average";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "micro" => Some(Self::Micro),
            "macro" => Some(Self::Macro),
            "weighted" => Some(Self::Weighted),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Micro => "micro",
            Self::Macro => "macro",
            Self::Weighted => "weighted",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["micro", "macro", "weighted"]
    }
}

/// Keras's `epsilon()`, in each divisor.
const EPSILON: f64 = 1e-7;

fn check_arguments(
    class: &str,
    average: Option<&Choice<Average>>,
    threshold: Option<f64>,
) -> Result<()> {
    if let Some(average) = average {
        average.get()?;
    }
    match threshold {
        Some(t) if !(t > 0.0 && t <= 1.0) => Err(Error::config(format!(
            "{class}: threshold must be above 0 and at most 1, received {t}"
        ))),
        _ => Ok(()),
    }
}

fn check(class: &str, targets: &Targets, prediction: &Shape) -> Result<()> {
    if prediction.rank() == 1 && targets.shape == *prediction {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{class} expects targets and predictions of one row of classes, received {} and {prediction}",
        targets.shape
    ))
    .help("labels as class numbers need one-hot rows here"))
}

/// True positives, false positives, false negatives and what is true, each by class.
fn accumulate(
    g: &mut Graph,
    y: Value,
    p: Value,
    weight: Option<Value>,
    threshold: Option<f64>,
) -> Result<Vec<Value>> {
    let said = if let Some(t) = threshold {
        g.greater_scalar(p, t as f32)?
    } else {
        // The largest of each row, unless it is 0.
        let top = g.max(p, &[1], true)?;
        let largest = g.binary(BinaryKind::Ge, p, top)?;
        let size = g.abs(p)?;
        let some = g.greater_scalar(size, 1e-9)?;
        g.mul(largest, some)?
    };
    let (not_y, silent) = (g.one_minus(y)?, g.one_minus(said)?);
    let each = [g.mul(said, y)?, g.mul(said, not_y)?, g.mul(silent, y)?, y];
    each.into_iter()
        .map(|x| {
            let x = match weight {
                None => x,
                Some(w) => {
                    let n = g.shape(w)[0];
                    let w = g.reshape(w, [n, 1])?;
                    g.mul(x, w)?
                }
            };
            g.sum(x, &[0], false)
        })
        .collect()
}

fn results(totals: &[Vec<f64>], average: Option<Average>, beta: f64) -> Vec<f64> {
    let mut totals = totals.to_vec();
    if average == Some(Average::Micro) {
        for t in &mut totals {
            *t = vec![t.iter().sum()];
        }
    }
    let square = beta * beta;
    let scores: Vec<f64> = (0..totals[0].len())
        .map(|i| {
            let (tp, fp, missed) = (totals[0][i], totals[1][i], totals[2][i]);
            let precision = tp / (tp + fp + EPSILON);
            let recall = tp / (tp + missed + EPSILON);
            (1.0 + square) * precision * recall / (square * precision + recall + EPSILON)
        })
        .collect();
    match average {
        None => scores,
        Some(Average::Weighted) => {
            let all = totals[3].iter().sum::<f64>() + EPSILON;
            vec![
                scores
                    .iter()
                    .zip(&totals[3])
                    .map(|(s, t)| s * t / all)
                    .sum(),
            ]
        }
        Some(_) => vec![mean(&scores)],
    }
}

metric_class! {
    /// `(1 + β²)·precision·recall / (β²·precision + recall)`: a mean of both in which recall counts `β` times as much.
    ///
    /// Yes is what lies above the threshold, or without one the largest of each row.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, classes]`; one number a class, unless `average` says how they become one.
    ///
    /// # Example
    /// ```
    /// use cornu::{choice::Choice, metrics::{Average, FBetaScore}};
    /// let metric = FBetaScore::default().beta(2.0).average(Choice::from("macro"));
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted without an average, it is the mean over classes.
    pub struct FBetaScore {
        name = "fbeta_score";
        /// How much more recall counts than precision.
        beta: f64 = 1.0,
    } into {
        /// How the scores of classes become one: "micro", "macro", "weighted".
        average: Option<Choice<Average>> = None,
        /// Above which a prediction means yes.
        threshold: Option<f64> = None,
    }
}

metric_class! {
    /// `2·precision·recall / (precision + recall)`: the harmonic mean of both.
    ///
    /// Yes is what lies above the threshold, or without one the largest of each row.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions `[batch, classes]`; one number a class, unless `average` says how they become one.
    ///
    /// # Example
    /// ```
    /// use cornu::{choice::Choice, metrics::F1Score};
    /// let metric = F1Score::default().average(Choice::from("weighted")).threshold(0.5);
    /// # let _ = metric;
    /// ```
    ///
    /// # Keras
    /// The same. Where one number is wanted without an average, it is the mean over classes.
    pub struct F1Score {
        name = "f1_score";
    } into {
        /// How the scores of classes become one: "micro", "macro", "weighted".
        average: Option<Choice<Average>> = None,
        /// Above which a prediction means yes.
        threshold: Option<f64> = None,
    }
}

macro_rules! f_score {
    ($name:ident, $beta:expr) => {
        impl Metric for $name {
            metric_identity!($name);

            fn check_arguments(&self) -> Result<()> {
                let beta: fn(&Self) -> f64 = $beta;
                arguments::positive(self.class_name(), "beta", beta(self))?;
                check_arguments(self.class_name(), self.average.as_ref(), self.threshold)
            }

            fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
                self.check_arguments()?;
                check(self.class_name(), targets, prediction)
            }

            fn accumulate(
                &self,
                g: &mut Graph,
                y_true: Value,
                y_pred: Value,
                weight: Option<Value>,
            ) -> Result<Vec<Value>> {
                accumulate(g, y_true, y_pred, weight, self.threshold)
            }

            fn result(&self, totals: &[Vec<f64>]) -> f64 {
                mean(&self.results(totals))
            }

            fn results(&self, totals: &[Vec<f64>]) -> Vec<f64> {
                let beta: fn(&Self) -> f64 = $beta;
                let average = self.average.as_ref().and_then(|a| a.get().ok().copied());
                results(totals, average, beta(self))
            }
        }
    };
}
f_score!(FBetaScore, |m| m.beta);
f_score!(F1Score, |_| 1.0);
