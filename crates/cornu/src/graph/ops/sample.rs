//! Images sampled at places between their pixels: each output pixel says where it comes from.

use cornu_kernels::sample::{self, Places, Sampling};

use super::{Array, Call, GradientOf, Rule, SampleGrad, no_gradient};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

pub use cornu_kernels::sample::{Interpolation, Outside};

/// How an image is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sampler {
    /// What a place between pixels is made of.
    pub interpolation: Interpolation,
    /// What lies outside the image.
    pub outside: Outside,
    /// The bits of the value of [`Outside::Constant`].
    value: u32,
}

impl Sampler {
    /// From its parts; the value is that of a constant outside.
    pub fn new(interpolation: Interpolation, outside: Outside, value: f32) -> Self {
        Self {
            interpolation,
            outside,
            value: value.to_bits(),
        }
    }

    /// The same with zeros outside: the part that is linear in the image.
    pub(super) fn linear(self) -> Self {
        Self { value: 0, ..self }
    }

    pub(super) fn sampling(self, image: &[usize], result: &[usize]) -> Sampling {
        Sampling {
            in_h: image[1],
            in_w: image[2],
            out_h: result[1],
            out_w: result[2],
            channels: image[3],
            interpolation: self.interpolation,
            outside: self.outside,
            value: f32::from_bits(self.value),
        }
    }
}

/// Eight numbers an image, or a place for each pixel.
pub(super) fn places<'a>(meta: &Meta, numbers: &'a [f32]) -> Places<'a> {
    if meta.shape.rank() == 2 {
        Places::Projective(numbers)
    } else {
        Places::Each(numbers)
    }
}

/// Refuses images and places that do not belong to each other.
pub(super) fn check(image: &Meta, places: &Meta, size: [usize; 2]) -> Result<()> {
    let floats = image.dtype == DType::F32 && places.dtype == DType::F32;
    let images = floats && image.shape.rank() == 4;
    let fits = images && {
        let n = image.shape[0];
        let projective = places.shape.axes() == [n, 8];
        projective || places.shape.axes() == [n, size[0], size[1], 2]
    };
    if !fits {
        return Err(Error::shape(format!(
            "sampling to {size:?} needs images [n, h, w, channels] and places [n, 8] or [n, {}, {}, 2], received {image:?} and {places:?}",
            size[0], size[1]
        )));
    }
    if image.shape[1] == 0 || image.shape[2] == 0 {
        return Err(Error::shape(format!(
            "an image without pixels cannot be sampled, received {image:?}"
        )));
    }
    let row = image.shape.row();
    if row > i32::MAX as usize || size.iter().any(|&n| n >= 1 << 24) {
        return Err(Error::shape(format!(
            "images that are sampled have fewer than 2^31 elements and 2^24 columns, received {image:?}"
        )));
    }
    Ok(())
}

/// `y[n, i, j] = x[n, place(n, i, j)]`. The places are no variables: they have no gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// Between pixels and outside the image.
    pub sampler: Sampler,
    /// Height and width of the result.
    pub size: [usize; 2],
}

impl Rule for Sample {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        check(inputs[0], inputs[1], self.size)?;
        let x = &inputs[0].shape;
        Ok(vec![Meta::f32([x[0], self.size[0], self.size[1], x[3]])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return no_gradient(2);
        };
        let shape = at.graph.shape(at.inputs[0]);
        let op = SampleGrad {
            sampler: self.sampler,
            image: [shape[1], shape[2]],
        };
        let dx = at.graph.push(op.into(), vec![dy, at.inputs[1]])?;
        Ok(vec![Some(dx), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, places) = (inputs[0], inputs[1]);
        let s = self.sampler.sampling(&x.shape, &outputs[0].shape);
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let taps = naive::taps(&s, places, i);
            let sum = taps.iter().map(|&(at, weight)| match at {
                Some([row, column]) => weight * x.at(&[i[0], row, column, i[3]]),
                None => weight * f64::from(s.value),
            });
            sum.sum()
        })]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let s = self
            .sampler
            .sampling(&call.input_metas[0].shape, &call.output_metas[0].shape);
        let (x, numbers, images) = (call.f32(0), call.f32(1), call.input_rows(0));
        let (from, each) = (x.len() / images.max(1), numbers.len() / images.max(1));
        let (parallel, meta) = (call.parallel, &call.input_metas[1]);
        let y = call.out_f32(0);
        let row = y.len() / images.max(1);
        let piece = parallel::rows(parallel, images, row * 8);
        parallel::chunks(parallel, y, (piece * row).max(1), |i, y| {
            let (first, images) = (i * piece, y.len() / row.max(1));
            let x = &x[first * from..(first + images) * from];
            let numbers = &numbers[first * each..(first + images) * each];
            sample::sample(&s, images, x, places(meta, numbers), y);
        });
    }

    fn flops(&self, _: &[&Meta], outputs: &[Meta]) -> u64 {
        8 * outputs[0].shape.elements() as u64
    }
}

impl Graph {
    /// Images sampled where each pixel of the result comes from: by eight numbers an image, `[n, 8]`, or by row and column of
    /// each pixel, `[n, height, width, 2]`.
    ///
    /// With eight numbers a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁, pixel (x, y) of the result comes from column `(a₀x + a₁y + a₂) / k` and row
    /// `(b₀x + b₁y + b₂) / k`, `k = c₀x + c₁y + 1`, as Keras's `ops.image.affine_transform` has it.
    pub fn sample(
        &mut self,
        x: Value,
        places: Value,
        sampler: Sampler,
        size: [usize; 2],
    ) -> Result<Value> {
        self.push(Sample { sampler, size }.into(), vec![x, places])
    }
}

/// The reference: one pixel at a time, in double precision.
pub(super) mod naive {
    use super::{Interpolation, Outside, Sampling};
    use crate::graph::Array;

    /// Where an axis of length `n` is entered for a place, by walking back into it.
    fn held(outside: Outside, v: f64, n: usize) -> f64 {
        let (len, last) = (n as f64, n as f64 - 1.0);
        if outside == Outside::Constant {
            return if v.is_finite() { v } else { -10.0 };
        }
        let v = if v.is_nan() { 0.0 } else { v };
        let inside = match outside {
            _ if n == 1 => 0.0,
            // The image and its mirror image take turns: the edge between them lies half a pixel beyond the last.
            Outside::Reflect => {
                let turn = (v + 0.5).rem_euclid(2.0 * len) - 0.5;
                if turn > last + 0.5 {
                    2.0 * len - 1.0 - turn
                } else {
                    turn
                }
            }
            Outside::Mirror => {
                let turn = v.rem_euclid(2.0 * last);
                turn.min(2.0 * last - turn)
            }
            Outside::Wrap if v < 0.0 => v + len * ((-v / last).trunc() + 1.0),
            Outside::Wrap if v > last => v - len * (v / last).trunc(),
            _ => v,
        };
        inside.clamp(0.0, last)
    }

    /// The pixels that make up element `i` of the result, with their weights; `None` is outside.
    pub(crate) fn taps(
        s: &Sampling,
        places: &Array,
        i: &[usize],
    ) -> Vec<(Option<[usize; 2]>, f64)> {
        let (y, x) = (i[1] as f64, i[2] as f64);
        let (row, column) = if places.shape.rank() == 2 {
            let m: Vec<f64> = (0..8).map(|k| places.at(&[i[0], k])).collect();
            let k = m[6] * x + m[7] * y + 1.0;
            (
                (m[3] * x + m[4] * y + m[5]) / k,
                (m[0] * x + m[1] * y + m[2]) / k,
            )
        } else {
            (
                places.at(&[i[0], i[1], i[2], 0]),
                places.at(&[i[0], i[1], i[2], 1]),
            )
        };
        let (row, column) = (
            held(s.outside, row, s.in_h),
            held(s.outside, column, s.in_w),
        );
        let pixel = |r: f64, c: f64| {
            let inside = r >= 0.0 && c >= 0.0 && r < s.in_h as f64 && c < s.in_w as f64;
            inside.then_some([r as usize, c as usize])
        };
        if s.interpolation == Interpolation::Nearest {
            return vec![(pixel(row.round(), column.round()), 1.0)];
        }
        let (above, left) = (row.floor(), column.floor());
        let mut taps = Vec::new();
        for (r, wr) in [(above, above + 1.0 - row), (above + 1.0, row - above)] {
            for (c, wc) in [(left, left + 1.0 - column), (left + 1.0, column - left)] {
                if wr * wc != 0.0 {
                    taps.push((pixel(r, c), wr * wc));
                }
            }
        }
        taps
    }
}

/// A way to make a value for a case.
#[cfg(test)]
pub(super) type Make = fn(&mut super::check::Scene) -> Result<Value>;

/// Samplers and places of all kinds: name, sampler, places, and the size of the result.
#[cfg(test)]
pub(super) fn samplings() -> Vec<(String, Sampler, Make, [usize; 2])> {
    use super::check::{Fill::Whole, Scene};
    /// Multiples of a step, away from zero by as much as said: no rounding brings them to an edge or to the middle between pixels.
    fn numbers(s: &mut Scene, row: &[usize], most: i32, step: f32, away: f32) -> Result<Value> {
        let x = s.batched(row, Whole(-most, most + 1))?;
        let x = s.g.cast(x, DType::F32)?;
        let x = s.g.scale(x, step)?;
        s.g.add_scalar(x, away)
    }
    /// Three columns: quarters of two directions, and a way that is no quarter.
    fn direction(s: &mut Scene) -> Result<Value> {
        let (a, b) = (
            numbers(s, &[2], 4, 0.25, 0.0)?,
            numbers(s, &[1], 9, 0.25, 0.1)?,
        );
        s.g.concat(&[a, b], 1)
    }
    let turned: Make = |s| {
        let (a, b) = (direction(s)?, direction(s)?);
        let c = numbers(s, &[2], 0, 0.0, 0.0)?;
        s.g.concat(&[a, b, c], 1)
    };
    let projected: Make = |s| {
        let (a, b) = (direction(s)?, direction(s)?);
        // Never near to where the picture's plane is seen from its edge.
        let c = numbers(s, &[2], 9, 0.001, 0.01)?;
        s.g.concat(&[a, b, c], 1)
    };
    let each: Make = |s| numbers(s, &[4, 3, 2], 30, 0.31, 0.013);
    let kinds: [(&str, Make, [usize; 2]); 3] = [
        ("turned", turned, [5, 7]),
        ("each", each, [4, 3]),
        ("projected", projected, [3, 70]),
    ];
    let mut all = Vec::new();
    for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
        for outside in [
            Outside::Constant,
            Outside::Nearest,
            Outside::Reflect,
            Outside::Mirror,
            Outside::Wrap,
        ] {
            // Every rule for the outside with both interpolations, and the kinds of places in turn; those that rounding moves only where
            // that changes little.
            let smooth = interpolation == Interpolation::Bilinear && outside != Outside::Wrap;
            let (name, make, size) = kinds[all.len() % if smooth { 3 } else { 2 }];
            let sampler = Sampler::new(interpolation, outside, 0.7);
            let name = format!("{name}, {interpolation:?}, {outside:?}");
            all.push((name, sampler, make, size));
        }
    }
    all
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let image = |i: usize| [[5, 7, 3], [4, 4, 1], [1, 6, 2]][i % 3];
    let all = samplings().into_iter().enumerate();
    let cases = all.map(|(i, (name, sampler, make, size))| {
        // A place 70 pixels away has lost two digits.
        let rounding = if name.starts_with("projected") {
            5.0
        } else {
            1.0
        };
        case(name, move |s| {
            let x = s.batched(&image(i / 2), Mixed)?;
            let places = make(s)?;
            s.g.sample(x, places, sampler, size)
        })
        .rounding(rounding)
    });
    cases.collect()
}
