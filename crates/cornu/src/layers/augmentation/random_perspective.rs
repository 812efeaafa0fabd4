//! Images seen from the side at random during training.

use serde::{Deserialize, Serialize};

use super::span::{self, Draw, Span};
use super::warp;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::ops::{Interpolation, Outside};
use crate::graph::{Graph, Value};
use crate::layers::DataFormat;
use crate::layers::images::{ChannelsLast, images};
use crate::layers::{Base, Context, WeightSpec, inputs};
use crate::shape::Shape;

/// Shows an image in perspective, its corners moved at random, drawn anew for each image at each step of training; does nothing in use.
///
/// The corners of the image go from `c` to `c · (1 + p)`, where each `p` comes from `-scale/2` to `scale/2`, down and to the right each,
/// and every other pixel goes where the perspective has it. An image is changed with a probability from the factor's range.
///
/// # Shapes
/// `[height, width, channels]`, height and width at least 2; the output has the input's.
///
/// # Errors
/// A factor or a scale that is not from 0 to 1; an interpolation of another name; an input that is no image, or of one row or column.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let layer = RandomPerspective::new().factor((0.5, 0.5)).scale(0.3);
/// let model = Sequential::new().input([32, 32, 3]).add(layer).build()?;
/// assert_eq!(model.output_shape().axes(), &[32, 32, 3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989: the perspective of a square in closed form.
///
/// # Keras
/// What is drawn comes from the run's seed or from the layer's own; it is not Keras's. One number `f` as the factor means a probability
/// from 0 to `f`, as Keras has it: `(f, f)` is the probability `f`. TensorFlow approximates the gradient of such layers by sampling it the
/// other way; here it is the derivative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomPerspective {
    #[serde(skip)]
    base: Base,
    #[serde(default = "span::up_to_one")]
    factor: Span<0>,
    #[serde(default = "span::one")]
    scale: f64,
    #[serde(default = "warp::bilinear")]
    interpolation: Choice<Interpolation>,
    #[serde(default)]
    fill_value: f64,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    data_format: DataFormat,
}

layer!(RandomPerspective);

impl Default for RandomPerspective {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomPerspective {
    /// Changes images with a probability from 0 to 1, and moves corners by up to half the image.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            factor: 1.0.into(),
            scale: 1.0,
            interpolation: warp::bilinear(),
            fill_value: 0.0,
            seed: None,
            data_format: DataFormat::ChannelsLast,
        }
    }

    edges!(constant);

    setters! {
        /// The probability that an image is changed; two numbers give the range of probabilities.
        factor: Span<0>,
        /// How far corners move.
        scale: f64,
        /// A seed of the layer's own, so that what it draws does not depend on the run's.
        seed: i64 = Some,
    }
}

images!(RandomPerspective);

impl ChannelsLast for RandomPerspective {
    fn build_last(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [height, width, _] = inputs::image("RandomPerspective", inputs)?;
        if height < 2 || width < 2 {
            return Err(Error::shape(format!(
                "RandomPerspective expects images of at least 2 rows and columns, received {height}×{width}"
            )));
        }
        self.factor.check_as("factor", 0.0, 1.0)?;
        inputs::number("scale", self.scale, 0.0, 1.0)?;
        warp::sampler(
            &self.interpolation,
            &Outside::Constant.into(),
            self.fill_value,
        )?;
        Ok(Vec::new())
    }

    fn call_last(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let x = inputs[0];
        if !cx.training {
            return Ok(x);
        }
        let [height, width] = [1, 2].map(|axis| cx.graph.shape(x)[axis]);

        let draw = Draw::new(cx, self.seed, x);
        let chosen = draw.chosen(cx, self.factor.bounds())?;
        let (right, down) = (width as f32 - 1.0, height as f32 - 1.0);
        // Of the corners, those at 0 stay at 0: upper right, lower left, lower right.
        let mut place = |size: f32, moves: bool| {
            let bounds = if moves { self.scale / 2.0 } else { 0.0 };
            let p = draw.column(cx, (-bounds, bounds))?;
            let p = cx.graph.add_scalar(p, 1.0)?;
            cx.graph.scale(p, size)
        };
        let corners = [
            [place(right, true)?, place(0.0, false)?],
            [place(0.0, false)?, place(down, true)?],
            [place(right, true)?, place(down, true)?],
        ];
        let numbers = rectangle_of(cx.graph, corners, [right, down])?;
        let sampler = warp::sampler(
            &self.interpolation,
            &Outside::Constant.into(),
            self.fill_value,
        )?;
        let y = warp::project(cx, x, numbers.map(Some), sampler, [height, width])?;
        cx.graph.select(chosen, y, x)
    }
}

/// The numbers that take a quadrangle with a corner at 0 to the rectangle from 0 to `size`; corners (x, y) are the upper right, the
/// lower left and the lower right one.
fn rectangle_of(g: &mut Graph, corners: [[Value; 2]; 3], size: [f32; 2]) -> Result<[Value; 8]> {
    let [[x1, y1], [x2, y2], [x3, y3]] = corners;
    // From the unit square to the quadrangle, [a b 0; d e 0; p q 1].
    let minus = |g: &mut Graph, a, b| g.sub(a, b);
    let cross = |g: &mut Graph, a, b, c, d| {
        let (left, right) = (g.mul(a, d)?, g.mul(b, c)?);
        g.sub(left, right)
    };
    let (dx1, dx2) = (minus(g, x1, x3)?, minus(g, x2, x3)?);
    let (dy1, dy2) = (minus(g, y1, y3)?, minus(g, y2, y3)?);
    let (sx, sy) = {
        let (x, y) = (g.add(x1, x2)?, g.add(y1, y2)?);
        (g.sub(x3, x)?, g.sub(y3, y)?)
    };
    let whole = cross(g, dx1, dx2, dy1, dy2)?;
    let (p, q) = (cross(g, sx, dx2, sy, dy2)?, cross(g, dx1, sx, dy1, sy)?);
    let (p, q) = (g.div(p, whole)?, g.div(q, whole)?);
    let row = |g: &mut Graph, to, by| {
        let more = g.mul(by, to)?;
        g.add(to, more)
    };
    let (a, b) = (row(g, x1, p)?, row(g, x2, q)?);
    let (d, e) = (row(g, y1, p)?, row(g, y2, q)?);
    // Its inverse, but for a factor, times the rectangle's size.
    let all = cross(g, a, b, d, e)?;
    let entry = |g: &mut Graph, v, factor: f32| {
        let v = g.scale(v, factor)?;
        g.div(v, all)
    };
    let [w, h] = size;
    let third = cross(g, d, e, p, q)?;
    let fourth = cross(g, b, a, q, p)?;
    let zero = g.scale(all, 0.0)?;
    Ok([
        entry(g, e, w)?,
        entry(g, b, -w)?,
        zero,
        entry(g, d, -h)?,
        entry(g, a, h)?,
        zero,
        entry(g, third, 1.0)?,
        entry(g, fourth, 1.0)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::interpreter;

    #[test]
    fn corners_come_from_the_corners_of_the_rectangle() {
        let mut g = Graph::new();
        let corners = [[5.5f32, 0.3], [-0.4, 4.6], [6.9, 3.2]];
        let values = corners.map(|c| c.map(|v| g.constant(v).expect("a number")));
        let numbers = rectangle_of(&mut g, values, [6.0, 4.0]).expect("numbers");
        let all = interpreter::run(&g, &[], &[]);
        let m = numbers.map(|v| all[v.index()][0].data[0]);
        let ends = [[0.0, 0.0], [6.0, 0.0], [0.0, 4.0], [6.0, 4.0]];
        let starts = std::iter::once([0.0; 2]).chain(corners.map(|c| c.map(f64::from)));
        for ([x, y], end) in starts.zip(ends) {
            let k = m[6] * x + m[7] * y + 1.0;
            let at = [
                (m[0] * x + m[1] * y + m[2]) / k,
                (m[3] * x + m[4] * y + m[5]) / k,
            ];
            assert!(
                (at[0] - end[0]).abs() < 1e-5 && (at[1] - end[1]).abs() < 1e-5,
                "{at:?} is not {end:?}"
            );
        }
    }
}
