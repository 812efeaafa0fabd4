//! Convolution in its plain form, along 1, 2 or 3 axes.

use super::arguments::Weighed;
use super::sliding::Sliding;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::core::low_rank::LowRank;
use crate::layers::{Context, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

pub(super) fn build<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    filters: usize,
    groups: usize,
    low_rank: LowRank,
) -> Result<Vec<WeightSpec>> {
    let (lengths, channels) = s.check(inputs)?;
    inputs::sizes([
        ("filters", Sizes::<1>::from(filters)),
        ("groups", Sizes::from(groups)),
    ])?;
    if !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        return Err(Error::config(format!(
            "groups must divide channels and filters, received groups {groups} for {channels} channels and {filters} filters"
        )));
    }
    s.one_kind_of_step()?;
    s.slides(&lengths)?;
    let declared = s.weights([("kernel", s.kernel(channels / groups, filters))], filters);
    let mut weights = declared.into_iter();
    let Some(kernel) = weights.next() else {
        unreachable!("a convolution has a kernel")
    };
    let Weighed {
        regularizer,
        constraint,
        ..
    } = s.kernels[0];
    low_rank.join(
        kernel,
        weights.next(),
        "lora_kernel",
        regularizer.as_ref(),
        constraint.as_ref(),
    )
}

pub(super) fn call<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
    groups: usize,
    low_rank: LowRank,
) -> Result<Value> {
    let (x, lengths) = s.read(cx.graph, inputs[0])?;
    let mut w = cx.weight(0);
    if low_rank.rank.is_some() {
        let thin = 1 + usize::from(s.bias.is_some());
        w = low_rank.add(cx.graph, w, [cx.weight(thin), cx.weight(thin + 1)])?;
    }
    let kernel = cx.graph.shape(w).clone();
    let w = Sliding::<N>::lifted(cx.graph, w, kernel[N], kernel[N + 1])?;
    let slides = Sliding::<N>::all_axes(&s.slides(&lengths)?);
    let y = cx.graph.convolution(x, w, &slides, groups)?;
    s.finish(cx, y)
}
