//! The gradient of sampling: each pixel's gradient goes to the pixels it was made of.

use cornu_kernels::sample;

use super::sample::{check, naive, places};
use super::{Array, Call, GradientOf, Rule, Sample, no_gradient};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

pub use super::sample::Sampler;

/// `dx` from `dy` and the places; what came from outside is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleGrad {
    /// Between pixels and outside the image.
    pub sampler: Sampler,
    /// Height and width of the image that was sampled.
    pub image: [usize; 2],
}

impl Rule for SampleGrad {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let dy = &inputs[0].shape;
        if dy.rank() != 4 {
            return Err(Error::shape(format!(
                "a gradient of images needs [n, h, w, channels], received {:?}",
                inputs[0]
            )));
        }
        let image = Meta::f32([dy[0], self.image[0], self.image[1], dy[3]]);
        check(&image, inputs[1], [dy[1], dy[2]])?;
        Ok(vec![image])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(ddx) = at.dy0() else {
            return no_gradient(2);
        };
        let shape = at.graph.shape(at.inputs[0]);
        let op = Sample {
            sampler: self.sampler.linear(),
            size: [shape[1], shape[2]],
        };
        let ddy = at.graph.push(op.into(), vec![ddx, at.inputs[1]])?;
        Ok(vec![Some(ddy), None])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (dy, places) = (inputs[0], inputs[1]);
        let s = self.sampler.sampling(&outputs[0].shape, &dy.shape);
        let mut dx = Array::from_fn(&outputs[0].shape, |_| 0.0);
        Array::from_fn(&dy.shape, |i| {
            for (at, weight) in naive::taps(&s, places, i) {
                if let Some([row, column]) = at {
                    let o = dx.offset(&[i[0], row, column, i[3]]);
                    dx.data[o] += weight * dy.at(i);
                }
            }
            0.0
        });
        vec![dx]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let s = self
            .sampler
            .sampling(&call.output_metas[0].shape, &call.input_metas[0].shape);
        let (dy, numbers, images) = (call.f32(0), call.f32(1), call.input_rows(0));
        let places = places(&call.input_metas[1], numbers);
        sample::sample_backward(&s, images, dy, places, call.out_f32(0));
    }

    fn flops(&self, inputs: &[&Meta], _: &[Meta]) -> u64 {
        8 * inputs[0].shape.elements() as u64
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let all = super::sample::samplings().into_iter();
    let cases = all.map(|(name, sampler, make, [h, w])| {
        // As of sampling: a place 70 pixels away has lost two digits.
        let rounding = if name.starts_with("projected") {
            5.0
        } else {
            1.0
        };
        case(name, move |s| {
            let dy = s.batched(&[h, w, 3], Mixed)?;
            let places = make(s)?;
            let image = [4, 5];
            s.g.push(SampleGrad { sampler, image }.into(), vec![dy, places])
        })
        .rounding(rounding)
    });
    cases.collect()
}
