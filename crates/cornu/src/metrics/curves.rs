//! Whole curves and tables from predictions, where a metric gives one number: plain functions, as scikit-learn defines them.

use crate::error::{Error, Result};

/// A curve of two shares over falling thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct RocCurve {
    /// The share of no that is taken for yes.
    pub false_positive_rate: Vec<f64>,
    /// The share of yes that is found.
    pub true_positive_rate: Vec<f64>,
    /// From which prediction on it means yes; the first is infinite.
    pub thresholds: Vec<f64>,
}

/// Precision and recall over rising thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecallCurve {
    /// How often yes was right; 1 at the end, where nothing is said.
    pub precision: Vec<f64>,
    /// The share of yes that is found; 0 at the end.
    pub recall: Vec<f64>,
    /// From which prediction on it means yes; one less than of the others.
    pub thresholds: Vec<f64>,
}

/// Numbers of yes and no at each distinct prediction, from the largest on, added up.
fn added_up(y_true: &[f32], y_pred: &[f32]) -> Result<Vec<(f64, f64, f64)>> {
    if y_true.is_empty() || y_true.len() != y_pred.len() {
        return Err(Error::data(format!(
            "as many targets as predictions are needed, at least one, received {} and {}",
            y_true.len(),
            y_pred.len()
        )));
    }
    if let Some(bad) = y_pred.iter().find(|p| p.is_nan()) {
        return Err(Error::data(format!("a prediction is not a number: {bad}")));
    }
    let mut order: Vec<usize> = (0..y_pred.len()).collect();
    order.sort_by(|&a, &b| y_pred[b].total_cmp(&y_pred[a]));
    let (mut yes, mut no) = (0.0, 0.0);
    let mut all: Vec<(f64, f64, f64)> = Vec::new();
    for i in order {
        if y_true[i] == 0.0 {
            no += 1.0;
        } else {
            yes += 1.0;
        }
        let threshold = f64::from(y_pred[i]);
        match all.last_mut() {
            Some(last) if last.0 == threshold => *last = (threshold, yes, no),
            _ => all.push((threshold, yes, no)),
        }
    }
    Ok(all)
}

/// The ROC curve of predictions for targets of 0 and 1, at every distinct prediction.
///
/// # Errors
/// Other numbers of targets and predictions; predictions that are no numbers; targets all alike.
///
/// # Example
/// ```
/// use cornu::metrics::curves::{area, roc_curve};
/// let roc = roc_curve(&[0.0, 0.0, 1.0, 1.0], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(area(&roc.false_positive_rate, &roc.true_positive_rate), 0.75);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn roc_curve(y_true: &[f32], y_pred: &[f32]) -> Result<RocCurve> {
    let points = added_up(y_true, y_pred)?;
    let (_, yes, no) = points[points.len() - 1];
    if yes == 0.0 || no == 0.0 {
        return Err(Error::data(
            "a ROC curve needs targets of both kinds, received one kind",
        ));
    }
    let mut curve = RocCurve {
        false_positive_rate: vec![0.0],
        true_positive_rate: vec![0.0],
        thresholds: vec![f64::INFINITY],
    };
    for (threshold, tp, fp) in points {
        curve.false_positive_rate.push(fp / no);
        curve.true_positive_rate.push(tp / yes);
        curve.thresholds.push(threshold);
    }
    Ok(curve)
}

/// Precision and recall of predictions for targets of 0 and 1, at every distinct prediction.
///
/// # Errors
/// Other numbers of targets and predictions; predictions that are no numbers; no target that is 1.
///
/// # Example
/// ```
/// use cornu::metrics::curves::precision_recall_curve;
/// let curve = precision_recall_curve(&[0.0, 0.0, 1.0, 1.0], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.recall, [1.0, 1.0, 0.5, 0.5, 0.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn precision_recall_curve(y_true: &[f32], y_pred: &[f32]) -> Result<PrecisionRecallCurve> {
    let points = added_up(y_true, y_pred)?;
    let yes = points[points.len() - 1].1;
    if yes == 0.0 {
        return Err(Error::data(
            "recall needs a target that is 1, received none",
        ));
    }
    let mut curve = PrecisionRecallCurve {
        precision: Vec::new(),
        recall: Vec::new(),
        thresholds: Vec::new(),
    };
    for (threshold, tp, fp) in points.into_iter().rev() {
        curve.precision.push(tp / (tp + fp));
        curve.recall.push(tp / yes);
        curve.thresholds.push(threshold);
    }
    curve.precision.push(1.0);
    curve.recall.push(0.0);
    Ok(curve)
}

/// The area under a curve given by its points, by trapezia.
pub fn area(x: &[f64], y: &[f64]) -> f64 {
    let sum: f64 = x
        .windows(2)
        .zip(y.windows(2))
        .map(|(x, y)| (x[1] - x[0]) * f64::midpoint(y[0], y[1]))
        .sum();
    sum.abs()
}

/// The mean precision at each new yes that is found: `Σ (recallᵢ - recallᵢ₋₁)·precisionᵢ`.
///
/// # Errors
/// Those of [`precision_recall_curve`].
///
/// # Example
/// ```
/// use cornu::metrics::curves::average_precision;
/// let ap = average_precision(&[0.0, 0.0, 1.0, 1.0], &[0.1, 0.4, 0.35, 0.8])?;
/// assert!((ap - 0.8333).abs() < 1e-4);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn average_precision(y_true: &[f32], y_pred: &[f32]) -> Result<f64> {
    let curve = precision_recall_curve(y_true, y_pred)?;
    let steps = curve.recall.windows(2).zip(&curve.precision);
    Ok(steps.map(|(r, p)| (r[0] - r[1]) * p).sum())
}

/// How far stated probabilities are from how often they are right: predictions are put into `bins` of equal width by their confidence, and
/// the differences of mean confidence and share of right ones are averaged, each bin by its number.
///
/// # Errors
/// Other numbers of confidences and hits, confidences outside 0 to 1, no bins.
///
/// # Example
/// ```
/// use cornu::metrics::curves::expected_calibration_error;
/// let e = expected_calibration_error(&[0.9, 0.9, 0.6, 0.6], &[true, true, true, false], 10)?;
/// assert!((e - 0.1).abs() < 1e-6);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015; Guo et al., "On Calibration of Modern Neural
/// Networks", 2017.
pub fn expected_calibration_error(confidences: &[f32], hits: &[bool], bins: usize) -> Result<f64> {
    if bins == 0 || confidences.is_empty() || confidences.len() != hits.len() {
        return Err(Error::data(format!(
            "as many hits as confidences and at least one bin are needed, received {} and {} for {bins} bins",
            confidences.len(),
            hits.len()
        )));
    }
    let mut all = vec![(0.0, 0.0, 0.0); bins];
    for (&confidence, &hit) in confidences.iter().zip(hits) {
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Error::data(format!(
                "a confidence must be from 0 to 1, received {confidence}"
            )));
        }
        // Bins are open below and closed above.
        let place = (f64::from(confidence) * bins as f64).ceil() as usize;
        let bin = &mut all[place.saturating_sub(1).min(bins - 1)];
        bin.0 += 1.0;
        bin.1 += f64::from(confidence);
        bin.2 += f64::from(u8::from(hit));
    }
    let n = confidences.len() as f64;
    Ok(all.iter().map(|(_, c, h)| (c - h).abs() / n).sum())
}

/// How often each class (rows) was taken for each (columns).
///
/// # Errors
/// Other numbers of labels and predictions; a class outside `classes`.
///
/// # Example
/// ```
/// use cornu::metrics::curves::confusion_matrix;
/// assert_eq!(confusion_matrix(&[0, 1, 1], &[0, 0, 1], 2)?, [[1, 0], [1, 1]].map(|r| r.to_vec()));
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn confusion_matrix(
    labels: &[i32],
    predictions: &[i32],
    classes: usize,
) -> Result<Vec<Vec<usize>>> {
    if labels.len() != predictions.len() {
        return Err(Error::data(format!(
            "as many predictions as labels are needed, received {} and {}",
            predictions.len(),
            labels.len()
        )));
    }
    let mut matrix = vec![vec![0; classes]; classes];
    let class = |c: i32| {
        let known = usize::try_from(c).ok().filter(|&c| c < classes);
        known.ok_or_else(|| {
            Error::data(format!(
                "classes must be from 0 to {}, received {c}",
                classes.saturating_sub(1)
            ))
        })
    };
    for (&label, &prediction) in labels.iter().zip(predictions) {
        matrix[class(label)?][class(prediction)?] += 1;
    }
    Ok(matrix)
}

/// One line of a [`ClassificationReport`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassReport {
    /// How often the class was named rightly.
    pub precision: f64,
    /// The share of the class that was found.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// How often the class occurs.
    pub support: usize,
}

/// Precision, recall and F1 of each class, their means, and the accuracy; printed as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationReport {
    /// The classes, in order.
    pub classes: Vec<ClassReport>,
    /// The share of predictions that are right.
    pub accuracy: f64,
    /// The mean of the classes.
    pub macro_average: ClassReport,
    /// Their mean, weighted by how often each occurs.
    pub weighted_average: ClassReport,
}

/// The report of labels and predictions.
///
/// # Errors
/// Those of [`confusion_matrix`]; no samples.
///
/// # Example
/// ```
/// use cornu::metrics::curves::classification_report;
/// let report = classification_report(&[0, 1, 1, 2], &[0, 1, 2, 2], 3)?;
/// assert_eq!(report.classes[2].precision, 0.5);
/// assert!(report.to_string().contains("accuracy"));
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn classification_report(
    labels: &[i32],
    predictions: &[i32],
    classes: usize,
) -> Result<ClassificationReport> {
    let matrix = confusion_matrix(labels, predictions, classes)?;
    if labels.is_empty() {
        return Err(Error::data("a report needs at least one sample"));
    }
    let share = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
    let of = |c: usize| {
        let right = matrix[c][c] as f64;
        let named: usize = matrix.iter().map(|row| row[c]).sum();
        let support: usize = matrix[c].iter().sum();
        let (precision, recall) = (share(right, named as f64), share(right, support as f64));
        ClassReport {
            precision,
            recall,
            f1: share(2.0 * precision * recall, precision + recall),
            support,
        }
    };
    let each: Vec<ClassReport> = (0..classes).map(of).collect();
    let mean = |weight: &dyn Fn(&ClassReport) -> f64| {
        let all: f64 = each.iter().map(weight).sum();
        let sum = |part: &dyn Fn(&ClassReport) -> f64| {
            share(each.iter().map(|c| part(c) * weight(c)).sum(), all)
        };
        ClassReport {
            precision: sum(&|c| c.precision),
            recall: sum(&|c| c.recall),
            f1: sum(&|c| c.f1),
            support: labels.len(),
        }
    };
    let right: usize = (0..classes).map(|c| matrix[c][c]).sum();
    Ok(ClassificationReport {
        accuracy: right as f64 / labels.len() as f64,
        macro_average: mean(&|_| 1.0),
        weighted_average: mean(&|c| c.support as f64),
        classes: each,
    })
}

impl std::fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{:>12} {:>9} {:>9} {:>9} {:>9}",
            "", "precision", "recall", "f1", "support"
        )?;
        let mut line = |name: &str, c: &ClassReport| {
            writeln!(
                f,
                "{name:>12} {:>9.4} {:>9.4} {:>9.4} {:>9}",
                c.precision, c.recall, c.f1, c.support
            )
        };
        for (i, c) in self.classes.iter().enumerate() {
            line(&i.to_string(), c)?;
        }
        line("macro avg", &self.macro_average)?;
        line("weighted avg", &self.weighted_average)?;
        write!(f, "{:>12} {:>29.4}", "accuracy", self.accuracy)
    }
}
