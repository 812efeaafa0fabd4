//! An axis made longer or shorter: each new entry is a weighted sum of neighbouring old ones.

use cornu_kernels::resample::{self, Taps};

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// Which neighbours count, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The nearest one alone.
    Nearest,
    /// A triangle: linear interpolation.
    Bilinear,
    /// Keys's cubic curve, over four.
    Bicubic,
    /// A sinc over six, in a window that is one too.
    Lanczos3,
    /// The same over ten.
    Lanczos5,
}

impl Resampling {
    /// How far the curve reaches, in pixels.
    fn radius(self) -> f64 {
        match self {
            Self::Nearest | Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos3 => 3.0,
            Self::Lanczos5 => 5.0,
        }
    }

    /// The weight at a distance.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        let lanczos = |radius: f64| {
            if x > radius {
                return 0.0;
            }
            if x <= 1e-3 {
                return 1.0;
            }
            let angle = std::f64::consts::PI * x;
            radius * angle.sin() * (angle / radius).sin() / (angle * angle)
        };
        match self {
            Self::Nearest | Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x >= 2.0 => 0.0,
            Self::Bicubic if x >= 1.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Self::Bicubic => ((1.5 * x - 2.5) * x) * x + 1.0,
            Self::Lanczos3 => lanczos(3.0),
            Self::Lanczos5 => lanczos(5.0),
        }
    }
}

/// `y[.., i, ..] = Σ w(i, k) x[.., k, ..]` along one axis, where pixel `i` of `to` covers what it covers of `from`; or its transpose.
///
/// The centres of the pixels count: pixel `i` lies at `(i + ½) · from / to - ½`. The weights of a pixel add up to 1, those of neighbours
/// beyond the edge left out. With `antialias`, the curve is stretched where the axis shrinks, so that every old entry counts.
///
/// # Source
/// Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on Acoustics, Speech and Signal Processing
/// 29, 1981 (with a = -½).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resample {
    /// The axis.
    pub axis: usize,
    /// Its length before.
    pub from: usize,
    /// Its length after.
    pub to: usize,
    /// Which neighbours count.
    pub method: Resampling,
    /// Whether the curve is stretched where the axis shrinks.
    pub antialias: bool,
    /// Whether this is the transpose, which goes from `to` to `from`.
    pub transposed: bool,
}

impl Resample {
    /// The neighbours of output entry `i`, and their weights.
    fn neighbours(&self, i: usize) -> (usize, Vec<f64>) {
        let scale = self.from as f64 / self.to as f64;
        let last = self.from - 1;
        if self.method == Resampling::Nearest {
            let at = ((i as f64 + 0.5) * scale).floor() as usize;
            return (at.min(last), vec![1.0]);
        }
        let stretch = if self.antialias { scale.max(1.0) } else { 1.0 };
        let mut centre = (i as f64 + 0.5) * scale;
        if self.method == Resampling::Bicubic && !self.antialias {
            // TensorFlow looks such weights up in a table of 1024 places between two pixels.
            let place = centre - 0.5;
            let below = place.floor();
            centre = below + ((place - below) * 1024.0).round_ties_even() / 1024.0 + 0.5;
        }
        let reach = self.method.radius() * stretch;
        let first = (centre - reach - 0.5).ceil().clamp(0.0, last as f64) as usize;
        let end = (centre + reach - 0.5).floor().clamp(0.0, last as f64) as usize;
        let mut weights: Vec<f64> = (first..=end)
            .map(|k| self.method.weight((k as f64 + 0.5 - centre) / stretch))
            .collect();
        let sum: f64 = weights.iter().sum();
        for w in &mut weights {
            *w /= sum;
        }
        (first, weights)
    }

    fn taps(&self) -> Taps {
        let mut taps = Taps {
            start: Vec::with_capacity(self.to),
            begin: vec![0],
            weights: Vec::new(),
        };
        for i in 0..self.to {
            let (start, weights) = self.neighbours(i);
            taps.start.push(start);
            taps.weights.extend(weights.iter().map(|&w| w as f32));
            taps.begin.push(taps.weights.len());
        }
        taps
    }

    /// Lengths of the input's axis and the output's.
    fn lengths(&self) -> [usize; 2] {
        if self.transposed {
            [self.to, self.from]
        } else {
            [self.from, self.to]
        }
    }
}

impl Rule for Resample {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        let [input, output] = self.lengths();
        let fits = x.dtype == DType::F32
            && x.shape.get(self.axis) == Some(&input)
            && self.from > 0
            && self.to > 0
            && self.from.max(self.to) < 1 << 28;
        if !fits {
            return Err(Error::shape(format!(
                "resampling axis {} from {} to {} entries does not fit {x:?}",
                self.axis, self.from, self.to
            )));
        }
        let mut axes = x.shape.to_vec();
        axes[self.axis] = output;
        Ok(vec![Meta::f32(axes)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let op = Self {
            transposed: !self.transposed,
            ..*self
        };
        let dx = at.dy0().map(|dy| at.graph.push(op.into(), vec![dy]));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let mut y = Array::from_fn(&outputs[0].shape, |_| 0.0);
        let of = if self.transposed { x } else { &y };
        let shape = of.shape.clone();
        Array::from_fn(&shape, |i| {
            let (first, weights) = self.neighbours(i[self.axis]);
            for (k, w) in weights.iter().enumerate() {
                let mut from = i.to_vec();
                from[self.axis] = first + k;
                if self.transposed {
                    let o = y.offset(&from);
                    y.data[o] += w * x.at(i);
                } else {
                    let o = y.offset(i);
                    y.data[o] += w * x.at(&from);
                }
            }
            0.0
        });
        vec![y]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        if self.axis > 0 {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let shape = call.input_shape(0);
        let outer: usize = shape[..self.axis].iter().product();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let [input, output] = self.lengths();
        let taps = self.taps();
        let (x, parallel) = (call.f32(0), call.parallel);
        let y = call.out_f32(0);
        let (xs, ys) = (input * inner, output * inner);
        let work = inner * taps.weights.len();
        let piece = parallel::rows(parallel, outer, work);
        parallel::chunks(parallel, y, (piece * ys).max(1), |i, y| {
            let outer = y.len() / ys.max(1);
            let x = &x[i * piece * xs..][..outer * xs];
            if self.transposed {
                resample::backward(&taps, outer, inner, self.from, x, y);
            } else {
                resample::forward(&taps, outer, inner, self.from, x, y);
            }
        });
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        let [input, _] = self.lengths();
        let rows = inputs[0].shape.elements() / input.max(1);
        let (_, weights) = self.neighbours(self.to / 2);
        2 * (rows * self.to * weights.len()) as u64
    }
}

impl Graph {
    /// One axis of `x` resampled to a length.
    pub fn resample(
        &mut self,
        x: Value,
        axis: usize,
        to: usize,
        method: Resampling,
        antialias: bool,
    ) -> Result<Value> {
        let from = self.shape(x).get(axis).copied().unwrap_or(0);
        if from == to && to > 0 {
            return Ok(x);
        }
        let op = Resample {
            axis,
            from,
            to,
            method,
            antialias,
            transposed: false,
        };
        self.push(op.into(), vec![x])
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let kinds = [
        (Resampling::Nearest, false, 5, 7),
        (Resampling::Nearest, false, 7, 3),
        (Resampling::Bilinear, false, 3, 8),
        (Resampling::Bilinear, true, 9, 4),
        (Resampling::Bicubic, false, 5, 3),
        (Resampling::Bicubic, true, 11, 3),
        (Resampling::Lanczos3, false, 6, 7),
        (Resampling::Lanczos5, true, 13, 5),
        (Resampling::Bilinear, false, 1, 4),
        (Resampling::Bicubic, true, 4, 1),
    ];
    let mut all = Vec::new();
    for (i, (method, antialias, from, to)) in kinds.into_iter().enumerate() {
        all.push(case(
            format!("{method:?} {from} to {to}, antialias {antialias}"),
            move |s| {
                let (row, axis): (&[usize], _) = if i % 2 == 0 {
                    (&[from, 2, 3], 1)
                } else {
                    (&[2, from, 3], 2)
                };
                let x = s.batched(row, Mixed)?;
                s.g.resample(x, axis, to, method, antialias)
            },
        ));
    }
    all.push(case("the batch", |s| {
        let x = s.fixed(&[5, 4], Mixed)?;
        s.g.resample(x, 0, 3, Resampling::Bicubic, true)
    }));
    all
}
