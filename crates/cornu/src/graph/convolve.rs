//! Convolutions of images and volumes in one wording, and their way back.

use super::ops::{Conv3D, Conv3DWeightGrad, Convolution, Slide};
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
            [down, right] => self.conv2d(x, w, Convolution::of([down, right], groups)),
            [depth, down, right] => {
                let plane = Convolution::of([down, right], groups);
                self.push(Conv3D { depth, plane }.into(), vec![x, w])
            }
            _ => Err(Error::shape(format!(
                "a convolution slides along 2 or 3 axes, received {}",
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
        let axes = slides.len();
        if ys.rank() != axes + 2 || ws.rank() != axes + 2 || lengths.len() != axes {
            return Err(Error::shape(format!(
                "a convolution along {axes} axes has inputs and kernels of {} axes, received {ys} and {ws}",
                axes + 2
            )));
        }
        let back: Vec<Slide> = slides
            .iter()
            .enumerate()
            .map(|(i, s)| s.input_grad(lengths[i], ys[i + 1], ws[i]))
            .collect();
        let flipped = if axes == 3 {
            // Mirrored along depth and height at once.
            let merged = self.reshape(w, [ws[0] * ws[1], ws[2], ws[3], ws[4]])?;
            let flipped = self.flip_kernel(merged, groups)?;
            let channels = self.shape(flipped).clone();
            self.reshape(flipped, [ws[0], ws[1], ws[2], channels[2], channels[3]])?
        } else {
            self.flip_kernel(w, groups)?
        };
        self.convolution(dy, flipped, &back, groups)
    }

    /// The gradient of a convolution of volumes with respect to its kernel `w`.
    pub(crate) fn conv3d_weight_grad(
        &mut self,
        convolution: Conv3D,
        x: Value,
        w: Value,
        dy: Value,
    ) -> Result<Value> {
        let kernel = [self.shape(w)[0], self.shape(w)[1], self.shape(w)[2]];
        let op = Conv3DWeightGrad {
            convolution,
            kernel,
        };
        self.push(op.into(), vec![x, dy])
    }
}
