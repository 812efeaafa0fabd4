//! A convolution's kernel turned round, for the gradient with respect to its input.

use cornu_kernels::conv2d;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::graph::{Meta, Value};

/// `[h, w, in / groups, out] → [h, w, out / groups, in]`, mirrored in both image axes. Its own inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlipKernel {
    /// The convolution's groups.
    pub groups: usize,
}

impl Rule for FlipKernel {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let w = &inputs[0].shape;
        if w.rank() != 4 || !w[3].is_multiple_of(self.groups) {
            return Err(Error::shape(format!(
                "{w} is no kernel of a convolution in {} groups",
                self.groups
            )));
        }
        Ok(vec![Meta::f32([
            w[0],
            w[1],
            w[3] / self.groups,
            w[2] * self.groups,
        ])])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let dw = at
            .dy0()
            .map(|dy| at.graph.flip_kernel(dy, self.groups))
            .transpose()?;
        Ok(vec![dw])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let w = inputs[0];
        let (in_per, out_per) = (w.shape[2], w.shape[3] / self.groups);
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let (group, ci) = (i[3] / in_per, i[3] % in_per);
            w.at(&[
                w.shape[0] - 1 - i[0],
                w.shape[1] - 1 - i[1],
                ci,
                group * out_per + i[2],
            ])
        })]
    }

    fn split(&self, _: &[Operand<'_>], _: &[Meta]) -> Split {
        Split::Whole
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let s = &call.input_metas[0].shape;
        let (h, w, i, o) = (s[0], s[1], s[2], s[3]);
        let x = call.f32(0);
        conv2d::flip_weights(h, w, i, o, self.groups, x, call.out_f32(0));
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    [1, 2, 3]
        .into_iter()
        .map(|groups| {
            case(format!("{groups} groups"), move |s| {
                let w = s.fixed(&[2, 3, 2, 6], Mixed)?;
                s.g.flip_kernel(w, groups)
            })
        })
        .collect()
}
