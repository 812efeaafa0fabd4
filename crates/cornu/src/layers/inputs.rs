//! What layers ask of their inputs and sizes, with one wording for all.

use super::{DataFormat, Sizes};
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
    let ([h, w], c) = spatial(class, inputs, DataFormat::ChannelsLast)?;
    Ok([h, w, c])
}

/// The only input, a sequence (1), image (2) or volume (3): the lengths of its axes, and its channels.
pub(super) fn spatial<const N: usize>(
    class: &str,
    inputs: &[Shape],
    format: DataFormat,
) -> Result<([usize; N], usize)> {
    let x = single(class, inputs)?;
    let parts = match format {
        DataFormat::ChannelsLast => x.split_last().map(|(&c, axes)| (axes, c)),
        DataFormat::ChannelsFirst => x.split_first().map(|(&c, axes)| (axes, c)),
    };
    let known = parts.and_then(|(axes, c)| Some((<[usize; N]>::try_from(axes).ok()?, c)));
    known.ok_or_else(|| {
        let (what, axes, help) = match N {
            1 => (
                "sequences",
                "steps",
                "a sequence of one number a step needs a last axis of length 1",
            ),
            2 => (
                "images",
                "height, width",
                "grey images need a last axis of length 1: reshape [28, 28] to [28, 28, 1]",
            ),
            _ => (
                "volumes",
                "depth, height, width",
                "volumes of one number a place need a last axis of length 1",
            ),
        };
        match format {
            DataFormat::ChannelsLast => Error::shape(format!(
                "{class} expects {what} [{axes}, channels], received {x}"
            ))
            .help(help),
            DataFormat::ChannelsFirst => Error::shape(format!(
                "{class} expects {what} [channels, {axes}], received {x}"
            ))
            .help("the data format \"channels_first\" has the channels in front"),
        }
    })
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
pub(super) fn sizes<const M: usize, const N: usize>(named: [(&str, Sizes<N>); M]) -> Result<()> {
    for (name, given) in named {
        if given.0.contains(&0) {
            return Err(Error::config(format!(
                "{name} must be at least 1, received {given}"
            )));
        }
        if given.0.iter().any(|&n| n > MAX_SIZE) {
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
