//! The gradient of average-pooling: each window's gradient is shared equally by its pixels.

use cornu_kernels::pool2d;

use super::average_pool::{images, resized};
use super::{Array, AveragePool, Call, GradientOf, Rule, Window};
use crate::error::Result;
use crate::graph::{Meta, Value};

/// `dx` from `dy`; overlapping windows add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AveragePoolGrad {
    /// The windows.
    pub window: Window,
    /// Height and width of the image that was pooled.
    pub image: [usize; 2],
}

impl Rule for AveragePoolGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        Ok(vec![Meta::f32(resized(&inputs[0].shape, self.image))])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let op = AveragePool {
            window: self.window,
        };
        let ddy = at
            .dy0()
            .map(|ddx| at.graph.push(op.into(), vec![ddx]))
            .transpose()?;
        Ok(vec![ddy])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let dy = inputs[0];
        let mut dx = Array::from_fn(&outputs[0].shape, |_| 0.0);
        Array::from_fn(&dy.shape, |i| {
            let pixels = self.window.pixels(i, &outputs[0].shape);
            for (_, at) in &pixels {
                let o = dx.offset(at);
                dx.data[o] += dy.at(i) / pixels.len() as f64;
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
        let dy = call.f32(0);
        pool2d::average_backward(&g, images, dy, call.out_f32(0));
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let windows = super::average_pool::windows().into_iter();
    let cases = windows.map(|(name, image, window)| {
        case(name, move |s| {
            let x = s.batched(&image, Mixed)?;
            let y = s.g.average_pool(x, window)?;
            let row = s.g.shape(y)[1..].to_vec();
            let dy = s.batched(&row, Mixed)?;
            let image = [image[0], image[1]];
            s.g.push(AveragePoolGrad { window, image }.into(), vec![dy])
        })
    });
    let mut cases: Vec<_> = cases.collect();
    cases.push(case("several images a sample", |s| {
        let (_, image, window) = super::average_pool::windows()[3];
        let dy = s.batched(&[3, 5, 3, 2], Mixed)?;
        let image = [image[0], image[1]];
        s.g.push(AveragePoolGrad { window, image }.into(), vec![dy])
    }));
    cases
}
