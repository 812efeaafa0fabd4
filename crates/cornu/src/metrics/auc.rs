//! The area under a curve that two shares draw while the threshold falls.

use super::confusion::{Counts, Levels, Places, share, shares};
use super::{Metric, metric_class, metric_identity};
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::losses::{Targets, pairing};
use crate::shape::Shape;

/// The curve whose area is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Recall over the share of no that is taken for yes.
    Roc,
    /// Precision over recall.
    Pr,
    /// Precision gain over recall gain.
    PrGain,
}

/// How the area between two thresholds is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summation {
    /// By the mean of the heights (for [`Curve::Pr`], by the exact curve between).
    Interpolation,
    /// By the larger height.
    Majoring,
    /// By the smaller height.
    Minoring,
}

impl Named for Curve {
    const WHAT: &'static str = "curve";

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "ROC" | "roc" => Some(Self::Roc),
            "PR" | "pr" => Some(Self::Pr),
            "PRGAIN" | "prgain" => Some(Self::PrGain),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Roc => "ROC",
            Self::Pr => "PR",
            Self::PrGain => "PRGAIN",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["ROC", "PR", "PRGAIN"]
    }
}

impl Named for Summation {
    const WHAT: &'static str = "summation_method";

    fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "interpolation" => Some(Self::Interpolation),
            "majoring" => Some(Self::Majoring),
            "minoring" => Some(Self::Minoring),
            _ => None,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Interpolation => "interpolation",
            Self::Majoring => "majoring",
            Self::Minoring => "minoring",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["interpolation", "majoring", "minoring"]
    }
}

metric_class! {
    /// The area under the ROC curve, or under that of precision and recall, measured at `num_thresholds` thresholds from 0 to 1.
    ///
    /// `multi_label`: the area of each label by itself, then their mean, weighted by `label_weights`. Otherwise all labels are places
    /// alike, counted by `label_weights`.
    ///
    /// # Shapes
    /// Targets (0 or 1) and predictions from 0 to 1, `[batch, ..]`; a last axis of length 1 may be left out.
    ///
    /// # Example
    /// ```
    /// use cornu::metrics::AUC;
    /// let metric = AUC::default().curve("PR").num_thresholds(500);
    /// # let _ = metric;
    /// ```
    ///
    /// # Source
    /// Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves", 2006, for what lies between two thresholds.
    ///
    /// # Keras
    /// The same.
    #[allow(clippy::upper_case_acronyms)] // Keras's name.
    pub struct AUC {
        name = "auc";
        /// At how many thresholds is looked, 0 and 1 among them.
        num_thresholds: usize = 200,
        /// Whether each label has an area of its own.
        multi_label: bool = false,
        /// Whether predictions are scores before a sigmoid rather than probabilities.
        from_logits: bool = false,
    } into {
        /// Which curve: "ROC", "PR" or "PRGAIN".
        curve: Choice<Curve> = Choice::Known(Curve::Roc),
        /// How the area is added up: "interpolation", "majoring" or "minoring".
        summation_method: Choice<Summation> = Choice::Known(Summation::Interpolation),
        /// Thresholds of one's own, instead of equal distances; 0 and 1 are added.
        thresholds: Option<Vec<f64>> = None,
        /// How many labels there are.
        num_labels: Option<usize> = None,
        /// How much each label counts.
        label_weights: Option<Vec<f64>> = None,
    }
}

/// Keras's `epsilon()`: how far beyond 0 and 1 the first and last thresholds lie.
const EPSILON: f64 = 1e-7;

impl AUC {
    fn levels(&self) -> Levels {
        match &self.thresholds {
            None => Levels::Even {
                count: self.num_thresholds,
                padded: true,
            },
            Some(own) => {
                let mut all = own.clone();
                all.sort_by(f64::total_cmp);
                all.insert(0, -EPSILON);
                all.push(1.0 + EPSILON);
                Levels::Listed(all)
            }
        }
    }

    fn area(&self, counts: &Counts) -> f64 {
        let curve = self.curve.get().copied().unwrap_or(Curve::Roc);
        let summation = self.summation_method.get().copied();
        let summation = summation.unwrap_or(Summation::Interpolation);
        let recalls = counts.recalls();
        let (x, y) = match curve {
            Curve::Pr if summation == Summation::Interpolation => {
                return interpolated_precision(counts);
            }
            Curve::Pr => (recalls, counts.precisions()),
            Curve::Roc => {
                let x = shares(&counts.false_positives, &counts.true_negatives);
                (x, recalls)
            }
            Curve::PrGain => gains(counts),
        };
        let heights = y.windows(2).map(|y| match summation {
            Summation::Interpolation => f64::midpoint(y[0], y[1]),
            Summation::Majoring => y[0].max(y[1]),
            Summation::Minoring => y[0].min(y[1]),
        });
        x.windows(2)
            .zip(heights)
            .map(|(x, h)| (x[0] - x[1]) * h)
            .sum()
    }
}

/// Recall gain and precision gain at each threshold.
fn gains(counts: &Counts) -> (Vec<f64>, Vec<f64>) {
    let each = 0..counts.true_positives.len();
    each.map(|i| {
        let (tp, fp) = (counts.true_positives[i], counts.false_positives[i]);
        let (tn, no_more) = (counts.true_negatives[i], counts.false_negatives[i]);
        if tp == 0.0 {
            return (0.0, 1.0);
        }
        let odds = share(tp + no_more, tn + fp);
        ((1.0 - odds * no_more / tp).max(0.0), 1.0 - odds * fp / tp)
    })
    .unzip()
}

/// The area under precision over recall, where between two thresholds true and false positives grow together in a straight line.
fn interpolated_precision(counts: &Counts) -> f64 {
    let tp = &counts.true_positives;
    let p: Vec<f64> = tp
        .iter()
        .zip(&counts.false_positives)
        .map(|(t, f)| t + f)
        .collect();
    let area = (0..tp.len().saturating_sub(1)).map(|i| {
        let dtp = tp[i] - tp[i + 1];
        let slope = share(dtp, (p[i] - p[i + 1]).max(0.0));
        let intercept = tp[i + 1] - slope * p[i + 1];
        let ratio = if p[i] > 0.0 && p[i + 1] > 0.0 {
            p[i] / p[i + 1]
        } else {
            1.0
        };
        let yes = (tp[i + 1] + counts.false_negatives[i + 1]).max(0.0);
        share(slope * (dtp + intercept * ratio.ln()), yes)
    });
    area.sum()
}

impl Metric for AUC {
    metric_identity!(AUC);

    fn check_arguments(&self) -> Result<()> {
        self.curve.get()?;
        self.summation_method.get()?;
        if self.num_thresholds < 2 {
            return Err(Error::config(format!(
                "AUC: num_thresholds must be at least 2, received {}",
                self.num_thresholds
            )));
        }
        let own = self.thresholds.iter().flatten();
        if let Some(bad) = own.copied().find(|t| !(0.0..=1.0).contains(t)) {
            return Err(Error::config(format!(
                "AUC: thresholds must be from 0 to 1, received {bad}"
            )));
        }
        if self.num_labels.is_some() && !self.multi_label {
            return Err(Error::config(
                "AUC: num_labels is needed only where multi_label is set",
            ));
        }
        let weights = self.label_weights.iter().flatten();
        match weights.copied().find(|w| !(*w >= 0.0 && w.is_finite())) {
            Some(bad) => Err(Error::config(format!(
                "AUC: label_weights must be finite numbers of at least 0, received {bad}"
            ))),
            None => Ok(()),
        }
    }

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        pairing::check_same("AUC", targets, prediction)?;
        let labels = prediction.elements();
        let told = [
            ("num_labels", self.num_labels),
            ("label_weights", self.label_weights.as_ref().map(Vec::len)),
        ];
        for (what, given) in told {
            if let Some(given) = given.filter(|n| *n != labels) {
                return Err(Error::config(format!(
                    "AUC: {what} are for {given} labels, predictions {prediction} have {labels}"
                )));
            }
        }
        Ok(())
    }

    fn accumulate(
        &self,
        g: &mut Graph,
        y_true: Value,
        y_pred: Value,
        weight: Option<Value>,
    ) -> Result<Vec<Value>> {
        let y_pred = if self.from_logits {
            g.sigmoid(y_pred)?
        } else {
            y_pred
        };
        let mut places = Places::of(g, y_true, y_pred, weight)?;
        if let (Some(weights), false) = (&self.label_weights, self.multi_label) {
            places.weigh_labels(g, weights)?;
        }
        places.count(g, &self.levels(), self.multi_label)
    }

    fn result(&self, totals: &[Vec<f64>]) -> f64 {
        let areas: Vec<f64> = Counts::of(totals, &self.levels())
            .iter()
            .map(|c| self.area(c))
            .collect();
        match &self.label_weights {
            Some(weights) if self.multi_label => {
                let sum: f64 = areas.iter().zip(weights).map(|(a, w)| a * w).sum();
                share(sum, weights.iter().sum())
            }
            _ => areas.iter().sum::<f64>() / areas.len().max(1) as f64,
        }
    }
}
