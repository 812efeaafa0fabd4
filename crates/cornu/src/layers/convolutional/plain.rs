//! Convolution in its plain form, along 1, 2 or 3 axes.

use super::sliding::Sliding;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Context, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

pub(super) fn build<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    filters: usize,
    groups: usize,
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
    Ok(s.weights([("kernel", s.kernel(channels / groups, filters))], filters))
}

pub(super) fn call<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
    groups: usize,
) -> Result<Value> {
    let (x, lengths) = s.read(cx.graph, inputs[0])?;
    let kernel = cx.graph.shape(cx.weight(0)).clone();
    let w = s.lifted(cx.graph, cx.weight(0), kernel[N], kernel[N + 1])?;
    let slides = Sliding::<N>::all_axes(&s.slides(&lengths)?);
    let y = cx.graph.convolution(x, w, &slides, groups)?;
    s.finish(cx, y)
}
