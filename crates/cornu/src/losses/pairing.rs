//! Which targets fit which predictions, and what to tell where they do not.

use super::Targets;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

/// Targets and predictions of one shape, both with at least one axis behind the batch.
///
/// As in Keras a trailing axis of length 1 may be left out on either side: `[batch]` and `[batch, 1]` are the same column. They
/// are never spread over each other into a square.
pub(crate) fn align(g: &mut Graph, y_true: Value, y_pred: Value) -> Result<(Value, Value)> {
    let mut y_pred = y_pred;
    if g.shape(y_pred).rank() < 2 {
        let column = g.shape(y_pred).elements();
        y_pred = g.reshape(y_pred, [column, 1])?;
    }
    let shape = g.shape(y_pred).clone();
    if !same_column(g.shape(y_true), &shape) {
        return Err(Error::shape(format!(
            "targets {} do not fit predictions {shape}",
            g.shape(y_true)
        )));
    }
    Ok((g.reshape(y_true, shape)?, y_pred))
}

/// The mean over the last axis of a function of targets and predictions of one shape.
pub(super) fn mean_of(
    g: &mut Graph,
    y_true: Value,
    y_pred: Value,
    f: impl FnOnce(&mut Graph, Value, Value) -> Result<Value>,
) -> Result<Value> {
    let (y, p) = align(g, y_true, y_pred)?;
    let values = f(g, y, p)?;
    let last = g.shape(values).rank() - 1;
    g.mean(values, &[last], false)
}

/// A shape as [`align`] makes it: with an axis behind the batch.
pub(crate) fn column(shape: &Shape) -> Shape {
    match shape.axes() {
        [batch] => [*batch, 1].into(),
        _ => shape.clone(),
    }
}

/// The class numbers in the shape of the predictions without their classes.
pub(crate) fn labels(g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
    let mut places = g.shape(y_pred).to_vec();
    places.pop();
    g.reshape(y_true, places)
}

/// An axis of a value with the batch in front, as [`check_axis`] found it right.
pub(super) fn axis(shape: &Shape, axis: i64) -> usize {
    axis.rem_euclid(shape.rank().max(1) as i64) as usize
}

/// Refuses an axis that predictions (without the batch) lack, and the batch's own.
pub(super) fn check_axis(class: &str, axis: i64, prediction: &Shape) -> Result<()> {
    let whole = column(&prediction.with_batch(1));
    super::divergences::without_batch(class, &axis.into(), &whole).map(|_| ())
}

/// Targets and predictions with the axis of the classes behind all others.
pub(crate) fn classes_last(
    g: &mut Graph,
    y_true: Value,
    y_pred: Value,
    axis: i64,
) -> Result<(Value, Value)> {
    let rank = g.shape(y_pred).rank();
    let axis = self::axis(g.shape(y_pred), axis);
    if axis + 1 == rank {
        return Ok((y_true, y_pred));
    }
    let mut order: Vec<usize> = (0..rank).filter(|&a| a != axis).collect();
    order.push(axis);
    Ok((g.transpose(y_true, &order)?, g.transpose(y_pred, &order)?))
}

/// Whether two shapes are equal but for a last axis of length 1 that one of them has.
fn same_column(a: &[usize], b: &[usize]) -> bool {
    a == b
        || matches!(a.split_last(), Some((1, rest)) if rest == b)
        || matches!(b.split_last(), Some((1, rest)) if rest == a)
}

/// For losses that compare element by element.
pub(crate) fn check_same(class: &str, targets: &Targets, prediction: &Shape) -> Result<()> {
    if same_column(&targets.shape, prediction) {
        return Ok(());
    }
    let error = Error::shape(format!(
        "{class} expects targets of the predictions' shape {prediction}, received {}",
        targets.shape
    ));
    let classes = prediction.last().copied().unwrap_or(1);
    let one_each = targets.shape.is_empty() || targets.shape.axes() == [1];
    Err(if one_each && targets.dtype == DType::I32 && classes > 1 {
        error.help("for one class number a sample use SparseCategoricalCrossentropy")
    } else if one_each {
        error.help("the last layer needs one unit for one target a sample")
    } else {
        error.help("shapes are those of one sample, without the batch axis")
    })
}

/// For losses whose targets are shares of 1.
pub(crate) fn check_unit_range(class: &str, targets: &Targets) -> Result<()> {
    match targets.range {
        Some((low, high)) if !(low >= 0.0 && high <= 1.0) => {
            let bad = if low >= 0.0 { high } else { low };
            Err(Error::data(format!(
                "{class} expects targets between 0 and 1, received {bad}"
            ))
            .help("0 and 1 stand for no and yes; for -1 and 1 add 1 and halve"))
        }
        _ => Ok(()),
    }
}

/// For losses between one-hot rows and one probability a class.
pub(crate) fn check_one_hot(class: &str, targets: &Targets, prediction: &Shape) -> Result<()> {
    let Some((&classes, places)) = prediction.split_last() else {
        return Err(no_classes(class));
    };
    if targets.shape != *prediction {
        let error = Error::shape(format!(
            "{class} expects one-hot targets of the predictions' shape {prediction}, received {}",
            targets.shape
        ));
        return Err(if is_one_label(targets, places) {
            error.help(format!(
                "these look like class numbers: use Sparse{class}, or make one-hot rows of length {classes}"
            ))
        } else {
            error.help(format!(
                "each row needs one entry for each of the {classes} predicted classes"
            ))
        });
    }
    if classes == 1 {
        return Err(one_class(class, prediction));
    }
    check_unit_range(class, targets)
}

/// For losses and metrics between class numbers and one probability a class; `ignored` may stand outside the classes.
pub(crate) fn check_labels(
    class: &str,
    targets: &Targets,
    prediction: &Shape,
    ignored: Option<i32>,
) -> Result<()> {
    let Some((&classes, places)) = prediction.split_last() else {
        return Err(no_classes(class));
    };
    if !is_one_label(targets, places) {
        let error = Error::shape(format!(
            "{class} expects one integer label for each prediction {prediction}, received targets of shape {}",
            targets.shape
        ));
        let dense = class.trim_start_matches("Sparse");
        return Err(if targets.shape == *prediction {
            error.help(format!(
                "these look like one-hot labels: use {dense}, or pass the class numbers"
            ))
        } else {
            error.help(format!("labels need the shape {}", Shape::from(places)))
        });
    }
    if targets.dtype == DType::F32 {
        return Err(Error::dtype(format!(
            "{class} expects integer labels, received {}",
            targets.dtype
        ))
        .help("class numbers are int32; for real targets use MeanSquaredError"));
    }
    if classes == 1 {
        return Err(one_class(class, prediction));
    }
    let Some((low, high)) = targets.range else {
        return Ok(());
    };
    let wrong = |x: f64| !(0.0..classes as f64).contains(&x) && Some(x) != ignored.map(f64::from);
    match [low, high].into_iter().find(|&x| wrong(x)) {
        Some(bad) => Err(Error::data(format!(
            "labels must be between 0 and {} for {classes} predicted classes, received {bad}",
            classes - 1
        ))
        .help("the last layer needs one unit a class, and classes are numbered from 0")),
        None => Ok(()),
    }
}

fn is_one_label(targets: &Targets, places: &[usize]) -> bool {
    targets.shape.axes() == places
        || matches!(targets.shape.split_last(), Some((1, rest)) if rest == places)
}

fn no_classes(class: &str) -> Error {
    Error::shape(format!(
        "{class} expects predictions with an axis of classes, received one number a sample"
    ))
    .help("the last layer needs one unit a class")
}

fn one_class(class: &str, prediction: &Shape) -> Error {
    Error::shape(format!(
        "{class} expects predictions for at least 2 classes, received {prediction}"
    ))
    .help("for yes or no from one unit use BinaryCrossentropy and a sigmoid")
}
