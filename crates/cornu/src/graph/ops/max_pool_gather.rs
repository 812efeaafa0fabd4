//! The pixels at which an earlier max-pooling found its maxima: the gradient of that pooling's gradient.

use cornu_kernels::pool2d;

use super::average_pool::{check_pool, height_and_width, images};
use super::{Array, Call, GradientOf, Rule, Window};
use crate::error::Result;
use crate::graph::{Meta, Value};

/// `y` = `x` at the positions given, one a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPoolGather {
    /// The windows.
    pub window: Window,
}

impl Rule for MaxPoolGather {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta::f32(check_pool(&self.window, inputs[0])?)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(2);
        };
        let shape = at.graph.shape(at.inputs[0]).clone();
        let image = height_and_width(&shape);
        let dx = at
            .graph
            .max_pool_grad(dy, at.inputs[1], self.window, image)?;
        Ok(vec![Some(dx), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, arg) = (inputs[0], inputs[1]);
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let at = self.window.pixel(i, arg.at(i) as usize, &x.shape);
            at.map_or(0.0, |at| x.at(&at))
        })]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self
            .window
            .geometry(&call.input_metas[0].shape, &call.output_metas[0].shape);
        let images = images(call.input_rows(0), &call.input_metas[0].shape);
        let (x, arg) = (call.f32(0), call.u8(1));
        pool2d::max_gather(&g, images, x, arg, call.out_f32(0));
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let windows = super::average_pool::windows().into_iter();
    let cases = windows.map(|(name, image, window)| {
        case(name, move |s| {
            let (x, z) = (s.batched(&image, Distinct)?, s.batched(&image, Mixed)?);
            let y = s.g.max_pool(x, window)?;
            let positions = Value { output: 1, ..y };
            s.g.push(MaxPoolGather { window }.into(), vec![z, positions])
        })
    });
    cases.collect()
}
