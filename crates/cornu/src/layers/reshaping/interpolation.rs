//! Images made larger by whole factors: what stands between the pixels, as a weighted sum of their neighbours.

use std::f64::consts::PI;

use crate::choice::Named;
use crate::error::Result;
use crate::graph::{Graph, Value};

/// How values between pixels follow from the pixels around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest pixel's value.
    Nearest,
    /// A straight line between neighbours.
    Bilinear,
    /// Keys's cubic polynomials through four pixels.
    Bicubic,
    /// A windowed sinc over six pixels.
    Lanczos3,
    /// A windowed sinc over ten pixels.
    Lanczos5,
}

impl Named for Interpolation {
    const WHAT: &'static str = "interpolation";
    fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "nearest" => Some(Self::Nearest),
            "bilinear" => Some(Self::Bilinear),
            "bicubic" => Some(Self::Bicubic),
            "lanczos3" => Some(Self::Lanczos3),
            "lanczos5" => Some(Self::Lanczos5),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos3 => "lanczos3",
            Self::Lanczos5 => "lanczos5",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
    }
}

/// `sin(πd) / πd`.
fn sinc(d: f64) -> f64 {
    if d == 0.0 {
        1.0
    } else {
        (PI * d).sin() / (PI * d)
    }
}

impl Interpolation {
    /// Pixels at each side that count.
    fn radius(self) -> usize {
        match self {
            Self::Nearest | Self::Bilinear => 1,
            Self::Bicubic => 2,
            Self::Lanczos3 => 3,
            Self::Lanczos5 => 5,
        }
    }

    /// The weight of a pixel at a distance of `d` pixels.
    fn weight(self, d: f64) -> f64 {
        let d = d.abs();
        match self {
            Self::Nearest => f64::from(d < 0.5),
            Self::Bilinear => (1.0 - d).max(0.0),
            Self::Bicubic if d <= 1.0 => (1.5 * d - 2.5) * d * d + 1.0,
            Self::Bicubic if d < 2.0 => ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0,
            Self::Lanczos3 if d < 3.0 => sinc(d) * sinc(d / 3.0),
            Self::Lanczos5 if d < 5.0 => sinc(d) * sinc(d / 5.0),
            _ => 0.0,
        }
    }

    /// The pixels, counted from the one that is cut into `factor` parts, whose sum is part number `phase`, with their weights.
    fn taps(self, factor: usize, phase: usize) -> Vec<(isize, f64)> {
        let centre = (phase as f64 + 0.5) / factor as f64 - 0.5;
        let (below, mut between) = (centre.floor(), centre - centre.floor());
        if self == Self::Bicubic {
            // TensorFlow, and so Keras, takes cubic weights from a table with 1024 places between two pixels.
            between = (between * 1024.0).round_ties_even() / 1024.0;
        }
        let radius = self.radius() as isize;
        (1 - radius..=radius)
            .map(|o| (o + below as isize, self.weight(o as f64 - between)))
            .filter(|&(_, w)| w != 0.0)
            .collect()
    }

    /// Makes an axis of `x` (not the first or last) `factor` times as long. Pixels outside count nothing: the weights of the
    /// others are scaled to add up to 1.
    pub(super) fn enlarge(
        self,
        g: &mut Graph,
        x: Value,
        axis: usize,
        factor: usize,
    ) -> Result<Value> {
        let shape = g.shape(x).clone();
        let one = g.constant(1.0)?;
        let mut along = vec![1; shape.rank()];
        along[axis] = shape[axis];
        let ones = g.broadcast(one, along)?;
        let reach = self.radius();
        let (x, ones) = (
            g.pad(x, axis, reach, reach)?,
            g.pad(ones, axis, reach, reach)?,
        );
        let before: usize = shape[..axis].iter().product();
        let after: usize = shape[axis + 1..].iter().product();
        let mut parts = Vec::with_capacity(factor);
        for phase in 0..factor {
            let taps = self.taps(factor, phase);
            let (sum, whole) = (
                weighted(g, x, axis, shape[axis], &taps, reach)?,
                weighted(g, ones, axis, shape[axis], &taps, reach)?,
            );
            let part = g.div(sum, whole)?;
            parts.push(g.reshape(part, [before, shape[axis], 1, after])?);
        }
        let y = g.concat(&parts, 2)?;
        let mut larger = shape.to_vec();
        larger[axis] *= factor;
        g.reshape(y, larger)
    }
}

/// The sum of the padded `x` moved along an axis by each tap's offset, times its weight.
fn weighted(
    g: &mut Graph,
    x: Value,
    axis: usize,
    length: usize,
    taps: &[(isize, f64)],
    reach: usize,
) -> Result<Value> {
    let mut sum = None;
    for &(offset, weight) in taps {
        let moved = g.slice(x, axis, reach.saturating_add_signed(offset), length)?;
        let term = g.scale(moved, weight as f32)?;
        sum = Some(match sum {
            None => term,
            Some(sum) => g.add(sum, term)?,
        });
    }
    sum.map_or_else(|| g.constant(0.0), Ok)
}

/// Repeats every pixel of `x` `[batch, lengths.., channels]`, along each axis so many times.
pub(super) fn repeat(g: &mut Graph, x: Value, times: &[usize]) -> Result<Value> {
    let shape = g.shape(x).clone();
    let channels = shape[shape.rank() - 1];
    let (mut apart, mut wide, mut merged) = (vec![shape[0]], vec![shape[0]], vec![shape[0]]);
    for (i, &n) in times.iter().enumerate() {
        apart.extend([shape[i + 1], 1]);
        wide.extend([shape[i + 1], n]);
        merged.push(shape[i + 1] * n);
    }
    for list in [&mut apart, &mut wide, &mut merged] {
        list.push(channels);
    }
    let apart = g.reshape(x, apart)?;
    let wide = g.broadcast(apart, wide)?;
    g.reshape(wide, merged)
}
