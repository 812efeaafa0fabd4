//! The mean of each window of an image; padding never counts.

use cornu_kernels::pool2d;

use super::{Array, AveragePoolGrad, Call, GradientOf, Rule};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};
use crate::shape::{DType, Shape};

/// The windows of a pooling over images `[n, .., height, width, channels]`. A window that reaches over the edge is clipped to
/// the image.
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
        let (from, to) = (image(input), image(output));
        pool2d::Pool2d {
            in_h: from[0],
            in_w: from[1],
            channels: from[2],
            out_h: to[0],
            out_w: to[1],
            size: self.size,
            stride: self.strides,
            pad: [self.padding[0].0, self.padding[1].0],
        }
    }

    /// The input pixel at position `k` of the window of output `i`, if it lies in the image.
    pub(super) fn pixel(&self, i: &[usize], k: usize, x: &[usize]) -> Option<Vec<usize>> {
        let first = i.len() - 3;
        let place = |axis: usize, k: usize| {
            (i[first + axis] * self.strides[axis] + k)
                .checked_sub(self.padding[axis].0)
                .filter(|&p| p < x[first + axis])
        };
        let mut at = i.to_vec();
        at[first] = place(0, k / self.size[1])?;
        at[first + 1] = place(1, k % self.size[1])?;
        Some(at)
    }

    /// All pixels of the window of output `i`, with their positions.
    pub(super) fn pixels(&self, i: &[usize], x: &[usize]) -> Vec<(usize, Vec<usize>)> {
        (0..self.size[0] * self.size[1])
            .filter_map(|k| self.pixel(i, k, x).map(|at| (k, at)))
            .collect()
    }
}

/// Height, width and channels: the last three axes.
fn image(shape: &[usize]) -> [usize; 3] {
    let first = shape.len() - 3;
    [shape[first], shape[first + 1], shape[first + 2]]
}

/// Images in a call that is handed so many rows of `[rows, .., height, width, channels]`.
pub(super) fn images(rows: usize, shape: &[usize]) -> usize {
    rows * shape[1..shape.len() - 3].iter().product::<usize>()
}

/// A shape with other heights and widths of its images.
pub(super) fn resized(shape: &[usize], [h, w]: [usize; 2]) -> Shape {
    let mut axes = shape.to_vec();
    let first = axes.len() - 3;
    (axes[first], axes[first + 1]) = (h, w);
    axes.into()
}

/// Height and width of the images of a shape.
pub(super) fn height_and_width(shape: &[usize]) -> [usize; 2] {
    let [h, w, _] = image(shape);
    [h, w]
}

/// Sizes and strides beyond this are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

/// The shape of a pooled image.
pub(super) fn check_pool(window: &Window, x: &Meta) -> Result<Shape> {
    if x.shape.rank() < 4 || x.dtype != DType::F32 {
        return Err(Error::shape(format!(
            "pooling needs images [n, .., h, w, channels], received {x:?}"
        )));
    }
    let [height, width, _] = image(&x.shape);
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
    let pixels = height > 0 && width > 0;
    match (window.out(0, height), window.out(1, width)) {
        (Some(h), Some(w)) if pixels => Ok(resized(&x.shape, [h, w])),
        _ => Err(Error::shape(format!(
            "a {}×{} window does not fit the {height}×{width} image",
            window.size[0], window.size[1]
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
            image: height_and_width(&shape),
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
        let images = images(call.input_rows(0), &call.input_metas[0].shape);
        let x = call.f32(0);
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
    let mut cases: Vec<_> = batched.collect();
    cases.push(case("several images a sample", |s| {
        let (_, _, window) = windows()[3];
        let x = s.batched(&[3, 5, 6, 2], Mixed)?;
        let y = s.g.average_pool(x, window)?;
        s.g.square(y)
    }));
    cases
}
