//! Sequences of labels whose places in a longer sequence of predictions are not known.

use super::pairs::NEVER;
use super::{Choice, Loss, Reduction, Targets, loss_class, loss_identity};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};

loss_class! {
    /// `-ln` of the probability of all ways in which the labels, each repeated as often as one likes and with blanks between, give
    /// the sequence of steps.
    ///
    /// Class 0 is the blank; in the targets, 0 fills up what is shorter than the longest.
    ///
    /// # Shapes
    /// Labels `[batch, length]`, integers; predictions `[batch, steps, classes]`, scores before a softmax.
    ///
    /// # Errors
    /// Other ranks, real targets, labels out of range, more labels than steps.
    ///
    /// # Example
    /// ```
    /// use cornu::losses::CTC;
    /// let loss = CTC::default();
    /// # let _ = loss;
    /// ```
    ///
    /// # Source
    /// Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", 2006.
    ///
    /// # Keras
    /// The same. Labels that cannot be said in so few steps (equal neighbours need a blank between) are infinitely wrong there and
    /// 10³⁰ here.
    #[allow(clippy::upper_case_acronyms)] // Keras's name.
    pub struct CTC {}
}

/// `ln(eᵃ + eᵇ + …)`, element by element, exact for every size.
fn either(g: &mut Graph, logs: &[Value]) -> Result<Value> {
    let mut top = logs[0];
    for &log in &logs[1..] {
        top = g.maximum(top, log)?;
    }
    let top = g.stop_gradient(top)?;
    let mut sum = None;
    for &log in logs {
        let d = g.sub(log, top)?;
        let e = g.exp(d)?;
        sum = Some(match sum {
            None => e,
            Some(sum) => g.add(sum, e)?,
        });
    }
    let Some(sum) = sum else {
        unreachable!("there are logarithms")
    };
    let log = g.log(sum)?;
    g.add(log, top)
}

impl Loss for CTC {
    loss_identity!(CTC);

    fn check(&self, targets: &Targets, prediction: &Shape) -> Result<()> {
        self.check_arguments()?;
        let &[steps, classes] = prediction.axes() else {
            return Err(Error::shape(format!(
                "CTC expects predictions [steps, classes], received {prediction}"
            )));
        };
        let &[length] = targets.shape.axes() else {
            return Err(Error::shape(format!(
                "CTC expects one row of labels a sample, received targets of shape {}",
                targets.shape
            )));
        };
        if targets.dtype == DType::F32 {
            return Err(Error::dtype(format!(
                "CTC expects integer labels, received {}",
                targets.dtype
            )));
        }
        if length == 0 || length > steps {
            return Err(Error::shape(format!(
                "CTC expects 1 to {steps} labels for {steps} steps, received {length}"
            ))
            .help("each label needs a step of its own"));
        }
        match targets.range {
            Some((low, high)) if !(low >= 0.0 && high < classes as f64) => {
                let bad = if low < 0.0 { low } else { high };
                Err(Error::data(format!(
                    "labels must be between 0 and {} for {classes} predicted classes, received {bad}",
                    classes.saturating_sub(1)
                ))
                .help("class 0 is the blank, and fills up rows of labels that are shorter"))
            }
            _ => Ok(()),
        }
    }

    fn target_dtype(&self) -> DType {
        DType::I32
    }

    fn call(&self, g: &mut Graph, y_true: Value, y_pred: Value) -> Result<Value> {
        let (&[batch, steps, classes], &[_, length]) =
            (g.shape(y_pred).axes(), g.shape(y_true).axes())
        else {
            return Err(Error::shape(format!(
                "CTC expects [batch, length] and [batch, steps, classes], received {} and {}",
                g.shape(y_true),
                g.shape(y_pred)
            )));
        };
        let log_p = g.log_softmax(y_pred)?;
        let blank = g.slice(log_p, 2, 0, 1)?;
        let hot = g.one_hot(y_true, classes)?;
        // The logarithm of each label's probability at each step: [batch, steps, length].
        let said = g.batch_matmul(log_p, hot, (false, true))?;
        let never = g.constant(NEVER)?;
        let column = g.broadcast(never, [batch, 1])?;
        // Where a label may follow its neighbour without a blank between: 0, else NEVER.
        let labels = g.cast(y_true, DType::F32)?;
        let direct = if length > 1 {
            let (after, before) = (
                g.slice(labels, 1, 1, length - 1)?,
                g.slice(labels, 1, 0, length - 1)?,
            );
            let equal = g.equal(after, before)?;
            let barred = g.scale(equal, NEVER)?;
            g.concat(&[column, barred], 1)?
        } else {
            column
        };
        // The logarithm of the probability to have said so many labels: with a blank last [batch, length + 1], with a label last
        // [batch, length].
        let step = |g: &mut Graph, x: Value, t: usize, n: usize| {
            let x = g.slice(x, 1, t, 1)?;
            g.reshape(x, [batch, n])
        };
        let none = g.broadcast(never, [batch, length])?;
        let (first_blank, first_said) = (step(g, blank, 0, 1)?, step(g, said, 0, length)?);
        let mut blanks = g.concat(&[first_blank, none], 1)?;
        let first = g.slice(first_said, 1, 0, 1)?;
        let mut ends = if length > 1 {
            let rest = g.broadcast(never, [batch, length - 1])?;
            g.concat(&[first, rest], 1)?
        } else {
            first
        };
        for t in 1..steps {
            let (p_blank, p_said) = (step(g, blank, t, 1)?, step(g, said, t, length)?);
            // A blank follows a blank or the label before it.
            let ended = g.concat(&[column, ends], 1)?;
            let stay = either(g, &[blanks, ended])?;
            // A label follows itself, the blank before it, or the label before that.
            let before = g.slice(blanks, 1, 0, length)?;
            let earlier = g.slice(ended, 1, 0, length)?;
            let earlier = g.add(earlier, direct)?;
            let earlier = g.maximum(earlier, never)?;
            let said = either(g, &[ends, before, earlier])?;
            blanks = g.add(stay, p_blank)?;
            ends = g.add(said, p_said)?;
        }
        // How many labels there are.
        let zero = g.constant(0.0)?;
        let counts = g.not_equal(labels, zero)?;
        let count = g.sum(counts, &[1], false)?;
        let count = g.cast(count, DType::I32)?;
        let ended = g.concat(&[column, ends], 1)?;
        let (blank_last, label_last) = (g.take_last(blanks, count)?, g.take_last(ended, count)?);
        let log = either(g, &[blank_last, label_last])?;
        g.neg(log)
    }
}
