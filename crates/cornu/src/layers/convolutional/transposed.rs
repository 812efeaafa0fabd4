//! Transposed convolution along 1, 2 or 3 axes: what carries a convolution's gradient back to its input.

use super::sliding::Sliding;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Slide;
use crate::layers::{Context, Padding, Sizes, WeightSpec, inputs};
use crate::shape::Shape;

/// Longer results are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

/// The lengths of the result, and how the kernel slides over it to give the input.
fn geometry<const N: usize>(
    s: &Sliding<'_, N>,
    lengths: &[usize; N],
    output_padding: Option<Sizes<N>>,
) -> Result<([usize; N], Vec<Slide>)> {
    let padding = s.padding.get()?.not_causal()?;
    let mut result = [0; N];
    let mut slides = Vec::with_capacity(N);
    for i in 0..N {
        let (stride, span) = (s.strides.0[i], s.span(i));
        let extra = output_padding.map(|p| p.0[i]);
        let longest = (lengths[i] - 1)
            .checked_mul(stride)
            .filter(|&n| n < LIMIT)
            .ok_or_else(|| {
                Error::shape(format!(
                    "a result of {} times {stride} pixels is too long",
                    lengths[i]
                ))
            })?;
        result[i] = match (padding, extra) {
            (Padding::Valid, Some(extra)) => longest + span + extra,
            (Padding::Valid, None) => longest + span.max(stride),
            (_, None) => longest + stride,
            (_, Some(extra)) => longest + span % 2 + extra,
        };
        // Going forward over the result must give as many places as there are input pixels.
        if padding == Padding::Same && result[i].div_ceil(stride) != lengths[i] {
            return Err(Error::config(format!(
                "output_padding {} with padding \"same\" leaves {} pixels, to which {} places of a kernel of {span} at strides of {stride} do not belong",
                extra.unwrap_or(0),
                result[i],
                lengths[i],
            ))
            .help("leave output_padding out for a result of input · strides pixels"));
        }
        let (lo, hi) = padding.amounts(result[i], span, stride);
        slides.push(Slide {
            stride,
            padding: (lo as isize, hi as isize),
            lhs_dilation: 1,
            rhs_dilation: s.dilation_rate.0[i],
        });
    }
    Ok((result, slides))
}

pub(super) fn build<const N: usize>(
    s: &Sliding<'_, N>,
    inputs: &[Shape],
    filters: usize,
    output_padding: Option<Sizes<N>>,
) -> Result<Vec<WeightSpec>> {
    let (lengths, channels) = s.check(inputs)?;
    inputs::sizes([("filters", Sizes::<1>::from(filters))])?;
    s.one_kind_of_step()?;
    if let Some(extra) = output_padding
        && (0..N).any(|i| extra.0[i] >= s.strides.0[i])
    {
        return Err(Error::config(format!(
            "output_padding must be smaller than strides, received output_padding {extra} and strides {}",
            s.strides
        )));
    }
    geometry(s, &lengths, output_padding)?;
    Ok(s.weights([("kernel", s.kernel(filters, channels))], filters))
}

pub(super) fn call<const N: usize>(
    s: &Sliding<'_, N>,
    cx: &mut Context<'_>,
    inputs: &[Value],
    output_padding: Option<Sizes<N>>,
) -> Result<Value> {
    let (x, lengths) = s.read(cx.graph, inputs[0])?;
    let kernel = cx.graph.shape(cx.weight(0)).clone();
    let w = Sliding::<N>::lifted(cx.graph, cx.weight(0), kernel[N], kernel[N + 1])?;
    let (result, slides) = geometry(s, &lengths, output_padding)?;
    let slides = Sliding::<N>::all_axes(&slides);
    let row = (N == 1).then_some(1);
    let result: Vec<usize> = row.into_iter().chain(result).collect();
    let y = cx.graph.convolution_transpose(x, w, &slides, &result, 1)?;
    s.finish(cx, y)
}
