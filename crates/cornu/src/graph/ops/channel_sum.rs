//! The sum over neighbouring channels, of which local response normalisation is made.

use cornu_kernels::channel_sum;

use super::{Array, Call, GradientOf, Operand, Rule, Split};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[.., c] = Σ x[.., j]` for `|j - c| ≤ radius`. Symmetric, so its own gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelSum {
    /// Channels to either side.
    pub radius: usize,
}

impl Rule for ChannelSum {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let x = inputs[0];
        if x.shape.rank() == 0 || x.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "a sum over channels needs float32 with channels, received {x:?}"
            )));
        }
        Ok(vec![x.clone()])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let dx = at.dy0().map(|dy| at.graph.channel_sum(dy, self.radius));
        Ok(vec![dx.transpose()?])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let last = outputs[0].shape.rank() - 1;
        let channels = outputs[0].shape[last];
        vec![Array::from_fn(&outputs[0].shape, |i| {
            let mut at = i.to_vec();
            let from = i[last].saturating_sub(self.radius);
            let to = channels.min(i[last].saturating_add(self.radius).saturating_add(1));
            let terms = (from..to).map(|c| {
                at[last] = c;
                inputs[0].at(&at)
            });
            terms.sum()
        })]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs[0].meta.shape.rank() > 1 {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let channels = call.output_metas[0].shape.last().copied().unwrap_or(1);
        let (x, radius, parallel) = (call.f32(0), self.radius, call.parallel);
        let rows = x.len().checked_div(channels).unwrap_or(0);
        let piece = parallel::rows(parallel, rows, 8 * channels) * channels;
        parallel::chunks(parallel, call.out_f32(0), piece.max(1), |i, y| {
            let x = &x[i * piece..][..y.len()];
            channel_sum::channel_sum(channels, radius, x, y);
        });
    }

    fn flops(&self, _: &[&Meta], outputs: &[Meta]) -> u64 {
        (outputs[0].shape.elements() as u64).saturating_mul(2 * self.radius as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let shapes = [(1, 1), (2, 3), (2, 19), (0, 4), (3, 40), (50, 6)];
    let cases = shapes.into_iter().map(|(radius, channels)| {
        case(format!("{radius} of {channels}"), move |s| {
            let x = s.batched(&[2, channels], Mixed)?;
            s.g.channel_sum(x, radius)
        })
    });
    let mut cases: Vec<_> = cases.collect();
    cases.push(case("without a batch", |s| {
        let x = s.fixed(&[3, 5], Mixed)?;
        s.g.channel_sum(x, 1)
    }));
    cases
}
