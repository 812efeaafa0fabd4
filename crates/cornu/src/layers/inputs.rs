//! What layers ask of their inputs and sizes, with one wording for all.

use super::Pair;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// No window, stride or number of channels comes near this; the arithmetic on sizes below it cannot overflow.
const MAX_SIZE: usize = 1 << 28;

/// The only input.
pub(super) fn single<'a>(class: &str, inputs: &'a [Shape]) -> Result<&'a Shape> {
    match inputs {
        [x] => Ok(x),
        _ => Err(Error::shape(format!(
            "{class} expects one input, received {}",
            inputs.len()
        ))
        .help("join several inputs with Add or Concatenate")),
    }
}

/// The only input, an image: `[height, width, channels]`.
pub(super) fn image(class: &str, inputs: &[Shape]) -> Result<[usize; 3]> {
    let x = single(class, inputs)?;
    match *x.axes() {
        [h, w, c] => Ok([h, w, c]),
        _ => Err(Error::shape(format!(
            "{class} expects images [height, width, channels], received {x}"
        ))
        .help("grey images need a last axis of length 1: reshape [28, 28] to [28, 28, 1]")),
    }
}

/// The inputs of a layer that joins several.
pub(super) fn several<'a>(class: &str, inputs: &'a [Shape]) -> Result<&'a [Shape]> {
    if inputs.is_empty() {
        return Err(Error::shape(format!(
            "{class} expects at least one input, received none"
        )));
    }
    Ok(inputs)
}

/// Refuses sizes of 0 and absurd ones.
pub(super) fn sizes<const N: usize>(named: [(&str, Pair); N]) -> Result<()> {
    for (name, Pair(a, b)) in named {
        let given = if a == b {
            a.to_string()
        } else {
            format!("({a}, {b})")
        };
        if a == 0 || b == 0 {
            return Err(Error::config(format!(
                "{name} must be at least 1, received {given}"
            )));
        }
        if a > MAX_SIZE || b > MAX_SIZE {
            return Err(Error::config(format!(
                "{name} must be at most 2^28, received {given}"
            )));
        }
    }
    Ok(())
}

/// Refuses numbers that are not finite or lie outside `low..=high`.
pub(super) fn number(name: &str, x: f64, low: f64, high: f64) -> Result<()> {
    if x.is_finite() && x >= low && x <= high {
        return Ok(());
    }
    let range = match (low > f64::MIN, high < f64::MAX) {
        (true, true) => format!("from {low} to {high}"),
        (true, false) => format!("of at least {low}"),
        (false, true) => format!("of at most {high}"),
        (false, false) => String::new(),
    };
    let wanted = format!("a finite number {range}");
    Err(Error::config(format!(
        "{name} must be {}, received {x}",
        wanted.trim_end()
    )))
}
