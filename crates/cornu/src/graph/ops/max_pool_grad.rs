//! The gradient of max-pooling: each window's gradient goes to the pixel that was its maximum.

use cornu_kernels::pool2d;

use super::average_pool::{images, resized};
use super::{Array, Call, GradientOf, MaxPoolGather, Rule, Window};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// `dx` from `dy` and the positions that [`MaxPool`](super::MaxPool) found; overlapping windows add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPoolGrad {
    /// The windows.
    pub window: Window,
    /// Height and width of the image that was pooled.
    pub image: [usize; 2],
}

impl Rule for MaxPoolGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let dy = inputs[0];
        if dy.shape.rank() < 4 || inputs[1].shape != dy.shape {
            return Err(Error::shape(format!(
                "the positions {:?} do not belong to the gradient {dy:?}",
                inputs[1]
            )));
        }
        Ok(vec![Meta::f32(resized(&dy.shape, self.image))])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(ddx) = at.dy0() else {
            return super::no_gradient(2);
        };
        let gather = MaxPoolGather {
            window: self.window,
        };
        let ddy = at.graph.push(gather.into(), vec![ddx, at.inputs[1]])?;
        Ok(vec![Some(ddy), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (dy, arg) = (inputs[0], inputs[1]);
        let mut dx = Array::from_fn(&outputs[0].shape, |_| 0.0);
        Array::from_fn(&dy.shape, |i| {
            let k = arg.at(i) as usize;
            // A position outside the image, which no pooling gives, gets nothing.
            if let Some(at) = self.window.pixel(i, k, &outputs[0].shape) {
                let o = dx.offset(&at);
                dx.data[o] += dy.at(i);
            }
            0.0
        });
        vec![dx]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self
            .window
            .geometry(&call.output_metas[0].shape, &call.input_metas[0].shape);
        let images = images(call.input_rows(0), &call.input_metas[0].shape);
        let (dy, arg) = (call.f32(0), call.u8(1));
        pool2d::max_backward(&g, images, dy, arg, call.out_f32(0));
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let windows = super::average_pool::windows().into_iter();
    let cases = windows.map(|(name, image, window)| {
        case(name, move |s| {
            let x = s.batched(&image, Distinct)?;
            let y = s.g.max_pool(x, window)?;
            let row = s.g.shape(y)[1..].to_vec();
            let dy = s.batched(&row, Mixed)?;
            let positions = Value { output: 1, ..y };
            s.g.max_pool_grad(dy, positions, window, [image[0], image[1]])
        })
    });
    let mut cases: Vec<_> = cases.collect();
    cases.push(case("several images a sample", |s| {
        let (_, image, window) = super::average_pool::windows()[3];
        let x = s.batched(&[3, 5, 6, 2], Distinct)?;
        let y = s.g.max_pool(x, window)?;
        let dy = s.batched(&[3, 5, 3, 2], Mixed)?;
        let positions = Value { output: 1, ..y };
        s.g.max_pool_grad(dy, positions, window, [image[0], image[1]])
    }));
    cases
}
