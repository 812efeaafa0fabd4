//! Convolutions of images and volumes in one wording, and their way back.

use super::ops::{Convolution, Slide};
use super::{Graph, Value};
use crate::error::{Error, Result};

impl Graph {
    /// `x` `[batch, lengths.., channels]` convolved with a kernel `[sizes.., channels / groups, filters]`; one slide an axis.
    pub fn convolution(
        &mut self,
        x: Value,
        w: Value,
        slides: &[Slide],
        groups: usize,
    ) -> Result<Value> {
        match *slides {
            [y, x_slide] => self.conv2d(x, w, Convolution::of([y, x_slide], groups)),
            _ => Err(Error::shape(format!(
                "a convolution slides along 2 axes, received {}",
                slides.len()
            ))),
        }
    }

    /// The gradient of [`Graph::convolution`] with respect to its input, of the lengths given, as a function of its output's
    /// gradient `dy`: what a transposed convolution computes.
    pub fn convolution_transpose(
        &mut self,
        dy: Value,
        w: Value,
        slides: &[Slide],
        lengths: &[usize],
        groups: usize,
    ) -> Result<Value> {
        let (ys, ws) = (self.shape(dy).clone(), self.shape(w).clone());
        let back: Vec<Slide> = slides
            .iter()
            .enumerate()
            .map(|(i, s)| s.input_grad(lengths[i], ys[i + 1], ws[i]))
            .collect();
        let flipped = self.flip_kernel(w, groups)?;
        self.convolution(dy, flipped, &back, groups)
    }
}
