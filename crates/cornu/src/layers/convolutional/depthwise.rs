//! Convolution of each channel by itself along 1 or 2 axes, and its separable form, which mixes the channels afterwards.

use super::sliding::Sliding;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Slide;
use crate::layers::{Context, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Refuses what cannot work; the input's channels and those after the convolution of each by itself.
fn check<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    depth_multiplier: usize,
) -> Result<(usize, usize)> {
    let (lengths, channels) = s.check(inputs)?;
    inputs::sizes([("depth_multiplier", Sizes::<1>::from(depth_multiplier))])?;
    s.padding.get()?.not_causal()?;
    s.slides(&lengths)?;
    let spread = channels.checked_mul(depth_multiplier).ok_or_else(|| {
        Error::shape(format!(
            "{depth_multiplier} times {channels} channels are too many"
        ))
    })?;
    Ok((channels, spread))
}

/// The input with each channel convolved with its own kernels, `[.., channels · multiplier]`.
fn spread<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
) -> Result<Value> {
    let (x, lengths) = s.read(cx.graph, inputs[0])?;
    let kernel = cx.graph.shape(cx.weight(0)).clone();
    let (channels, multiplier) = (kernel[N], kernel[N + 1]);
    let w = Sliding::<N>::lifted(cx.graph, cx.weight(0), 1, channels * multiplier)?;
    let slides = Sliding::<N>::all_axes(&s.slides(&lengths)?);
    cx.graph.convolution(x, w, &slides, channels)
}

pub(super) fn build<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    depth_multiplier: usize,
) -> Result<Vec<WeightSpec>> {
    let (channels, spread) = check(s, inputs, depth_multiplier)?;
    Ok(s.weights([("kernel", s.kernel(channels, depth_multiplier))], spread))
}

pub(super) fn call<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
) -> Result<Value> {
    let y = spread(s, cx, inputs)?;
    s.finish(cx, y)
}

pub(super) fn build_separable<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    filters: usize,
    depth_multiplier: usize,
) -> Result<Vec<WeightSpec>> {
    let (channels, spread) = check(s, inputs, depth_multiplier)?;
    inputs::sizes([("filters", Sizes::<1>::from(filters))])?;
    let mut pointwise = vec![1; N];
    pointwise.extend([spread, filters]);
    let kernels = [
        ("depthwise_kernel", s.kernel(channels, depth_multiplier)),
        ("pointwise_kernel", pointwise),
    ];
    Ok(s.weights(kernels, filters))
}

pub(super) fn call_separable<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
) -> Result<Value> {
    let x = spread(s, cx, inputs)?;
    let kernel = cx.graph.shape(cx.weight(1)).clone();
    let w = Sliding::<N>::lifted(cx.graph, cx.weight(1), kernel[N], kernel[N + 1])?;
    let slides = Sliding::<N>::all_axes(&[Slide::PLAIN; N]);
    let y = cx.graph.convolution(x, w, &slides, 1)?;
    s.finish(cx, y)
}
