//! The mean of each window of an image; padding never counts.

use cornu_kernels::pool2d;

use super::{Array, AveragePoolGrad, Call, GradientOf, Rule};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::{DType, Shape};

/// The windows of a pooling. A window that reaches over the edge is clipped to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Height and width.
    pub size: [usize; 2],
    /// Pixels between neighbouring windows.
    pub strides: [usize; 2],
    /// How far windows reach over the image's edges, (before, after) for each axis.
    pub padding: [(usize, usize); 2],
}

impl Window {
    fn out(&self, axis: usize, input: usize) -> Option<usize> {
        let padded = input + self.padding[axis].0 + self.padding[axis].1;
        padded
            .checked_sub(self.size[axis])
            .map(|room| room / self.strides[axis] + 1)
    }

    pub(super) fn geometry(&self, input: &[usize], output: &[usize]) -> pool2d::Pool2d {
        pool2d::Pool2d {
            in_h: input[1],
            in_w: input[2],
            channels: input[3],
            out_h: output[1],
            out_w: output[2],
            size: self.size,
            stride: self.strides,
            pad: [self.padding[0].0, self.padding[1].0],
        }
    }

    /// The input pixel at position `k` of the window of output `i`, if it lies in the image.
    pub(super) fn pixel(&self, i: &[usize], k: usize, x: &[usize]) -> Option<[usize; 4]> {
        let place = |axis: usize, k: usize| {
            (i[axis + 1] * self.strides[axis] + k)
                .checked_sub(self.padding[axis].0)
                .filter(|&p| p < x[axis + 1])
        };
        let y = place(0, k / self.size[1])?;
        let z = place(1, k % self.size[1])?;
        Some([i[0], y, z, i[3]])
    }

    /// All pixels of the window of output `i`, with their positions.
    pub(super) fn pixels(&self, i: &[usize], x: &[usize]) -> Vec<(usize, [usize; 4])> {
        (0..self.size[0] * self.size[1])
            .filter_map(|k| self.pixel(i, k, x).map(|at| (k, at)))
            .collect()
    }
}

/// Sizes and strides beyond this are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

/// The shape of a pooled image.
pub(super) fn check_pool(window: &Window, x: &Meta) -> Result<Shape> {
    if x.shape.rank() != 4 || x.dtype != DType::F32 {
        return Err(Error::shape(format!(
            "pooling needs images [n, h, w, channels], received {x:?}"
        )));
    }
    let valid = (0..2).all(|i| {
        let (lo, hi) = window.padding[i];
        (1..=LIMIT).contains(&window.size[i])
            && (1..=LIMIT).contains(&window.strides[i])
            && lo < window.size[i]
            && hi < window.size[i]
    });
    if !valid {
        return Err(Error::config(format!(
            "windows and strides must be at least 1 and below 2^31, and padding smaller than the window, received {window:?}"
        )));
    }
    let pixels = x.shape[1] > 0 && x.shape[2] > 0;
    match (window.out(0, x.shape[1]), window.out(1, x.shape[2])) {
        (Some(h), Some(w)) if pixels => Ok(Shape::from([x.shape[0], h, w, x.shape[3]])),
        _ => Err(Error::shape(format!(
            "a {}×{} window does not fit the {}×{} image",
            window.size[0], window.size[1], x.shape[1], x.shape[2]
        ))
        .help("use padding \"same\", a smaller window, or fewer layers that shrink the image")),
    }
}

/// The mean of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AveragePool {
    /// The windows.
    pub window: Window,
}

impl Rule for AveragePool {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta::f32(check_pool(&self.window, inputs[0])?)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let shape = at.graph.shape(at.inputs[0]).clone();
        let op = AveragePoolGrad {
            window: self.window,
            image: [shape[1], shape[2]],
        };
        Ok(vec![Some(at.graph.push(op.into(), vec![dy])?)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let pixels = self.window.pixels(i, &x.shape);
            pixels.iter().map(|(_, at)| x.at(at)).sum::<f64>() / pixels.len() as f64
        })]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self
            .window
            .geometry(&call.input_metas[0].shape, &call.output_metas[0].shape);
        let (x, images) = (call.f32(0), call.input_rows(0));
        pool2d::average_forward(&g, images, x, call.out_f32(0));
    }

    fn flops(&self, _: &[&Meta], outputs: &[Meta]) -> u64 {
        let pixels = self.window.size[0] * self.window.size[1];
        (outputs[0].shape.elements() as u64).saturating_mul(pixels as u64)
    }
}

/// Windows with everything odd: overlapping, with gaps, over the edge.
#[cfg(test)]
pub(super) fn windows() -> Vec<(&'static str, [usize; 3], Window)> {
    let plain = Window {
        size: [2, 2],
        strides: [2, 2],
        padding: [(0, 0); 2],
    };
    vec![
        ("plain", [4, 6, 3], plain),
        ("odd sizes", [5, 7, 3], plain),
        (
            "odd sizes, padded",
            [5, 7, 2],
            Window {
                padding: [(0, 1); 2],
                ..plain
            },
        ),
        (
            "overlapping",
            [5, 6, 2],
            Window {
                size: [3, 3],
                strides: [1, 2],
                padding: [(1, 1), (0, 1)],
            },
        ),
        (
            "with gaps",
            [7, 5, 2],
            Window {
                size: [2, 1],
                strides: [3, 2],
                ..plain
            },
        ),
        (
            "the whole image",
            [3, 4, 5],
            Window {
                size: [3, 4],
                strides: [1, 1],
                ..plain
            },
        ),
        (
            "one pixel",
            [3, 2, 1],
            Window {
                size: [1, 1],
                strides: [1, 1],
                ..plain
            },
        ),
    ]
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let batched = windows().into_iter().map(|(name, image, window)| {
        case(name, move |s| {
            let x = s.batched(&image, Mixed)?;
            let y = s.g.average_pool(x, window)?;
            s.g.square(y)
        })
    });
    batched.collect()
}
