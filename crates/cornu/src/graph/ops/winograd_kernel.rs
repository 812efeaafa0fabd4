//! A 3 × 3 kernel transformed for Winograd's convolution.

use cornu_kernels::conv2d::winograd;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};

/// `[3, 3, in, out] → [elements]`, as the kernels of [`WinogradConv2D`](super::WinogradConv2D) read it. Set by the Winograd pass
/// alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WinogradKernel;

impl Rule for WinogradKernel {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        match inputs[0].shape.axes() {
            &[3, 3, i, o] => Ok(vec![Meta::f32([winograd::weights_len(i, o)])]),
            _ => Err(Error::shape(format!("{:?} is no 3 × 3 kernel", inputs[0]))),
        }
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        unreachable!("gradients are taken before convolutions are transformed")
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before convolutions are transformed")
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let (i, o) = (call.input_metas[0].shape[2], call.input_metas[0].shape[3]);
        let w = call.f32(0);
        let parallel = call.parallel;
        let u = call.out_f32(0);
        let panel = winograd::panel_len(i).max(1);
        // Stores bound it, which cost about as much as eight multiply-adds each.
        let panels = parallel::rows(parallel, u.len() / panel, 8 * panel);
        parallel::chunks(parallel, u, panels * panel, |n, u| {
            winograd::transform_weights(i, o, w, n * panels, u);
        });
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    super::winograd_conv2d::cases()
}
