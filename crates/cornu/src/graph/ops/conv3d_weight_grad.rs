//! The gradient of a convolution of volumes with respect to its kernel.

use cornu_kernels::conv3d;

use super::{Array, Call, Conv3D, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};

/// `dw[k, .., ci, co] = Σ x[n, i, .., ci] · dy[n, o, .., co]` from the operands `x`, `dy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv3DWeightGrad {
    /// The convolution.
    pub convolution: Conv3D,
    /// The kernel's depth, height and width.
    pub kernel: [usize; 3],
}

/// A kernel of more elements than this is computed in one go, as that of a convolution of images.
const WHOLE_RESULT: usize = if cfg!(test) { 60 } else { 100_000 };

impl Rule for Conv3DWeightGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, dy) = (inputs[0], inputs[1]);
        if x.shape.rank() != 5 || dy.shape.rank() != 5 || x.shape[0] != dy.shape[0] {
            return Err(Error::shape(format!(
                "a kernel's gradient needs volumes and their gradients, received {x:?} and {dy:?}"
            )));
        }
        let [d, h, w] = self.kernel;
        let channels = x.shape[4] / self.convolution.plane.groups;
        Ok(vec![Meta::f32([d, h, w, channels, dy.shape[4]])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(ddw) = at.dy0() else {
            return super::no_gradient(2);
        };
        // Linear in each operand, as that of images.
        let (x, dy) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let lengths = g.shape(x)[1..4].to_vec();
        let (slides, groups) = self.convolution.slides();
        let dx = g.convolution_transpose(dy, ddw, &slides, &lengths, groups)?;
        let ddy = g.convolution(x, ddw, &slides, groups)?;
        Ok(vec![Some(dx), Some(ddy)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, dy) = (inputs[0], inputs[1]);
        let mut dw = vec![0.0; outputs[0].shape.elements()];
        self.convolution
            .each_product(&x.shape, &outputs[0].shape, &dy.shape, |i, j, k| {
                dw[j] += x.data[i] * dy.data[k];
            });
        vec![Array::new(outputs[0].shape.clone(), dw)]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let small = outputs[0].shape.elements() <= WHOLE_RESULT;
        if small && inputs.iter().all(|o| o.batched) {
            Split::Sum
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self.convolution.geometry(
            &call.input_metas[0].shape,
            &call.output_metas[0].shape,
            &call.input_metas[1].shape,
        );
        let (x, dy, volumes) = (call.f32(0), call.f32(1), call.input_rows(0));
        let (accumulate, parallel) = (call.accumulate, call.parallel);
        let dw = call.out_f32(0);
        if !accumulate {
            dw.fill(0.0);
        }
        if dw.is_empty() {
            return;
        }
        // Several threads take planes of the kernel.
        let plane = dw.len() / g.k_d;
        let work = dy.len() * plane / g.plane.out_c;
        let piece = parallel::rows(parallel, g.k_d, work);
        parallel::chunks(parallel, dw, piece * plane, |i, dw| {
            scratch::with(|s| conv3d::weight_grad(&g, volumes, x, dy, i * piece, dw, s));
        });
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let products: usize = outputs[0].shape[..4].iter().product();
        (inputs[1].shape.elements() as u64).saturating_mul(2 * products as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for (name, volume, [d, h, w, out], op) in super::conv3d::volumes() {
        let kernel = [d, h, w, volume[3] / op.plane.groups, out];
        cases.push(case(name, move |s| {
            let (x, w) = (s.batched(&volume, Mixed)?, s.fixed(&kernel, Mixed)?);
            let y = s.g.push(op.into(), vec![x, w])?;
            let row = s.g.shape(y)[1..].to_vec();
            let dy = s.batched(&row, Mixed)?;
            s.g.conv3d_weight_grad(op, x, w, dy)
        }));
    }
    cases
}
