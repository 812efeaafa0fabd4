//! Convolution where each group has one input channel: no product to share work in, so channels fill the vectors.
//!
//! Every multiply-add needs a load of its own, which bounds this at half the register peak. A channel with several
//! outputs is first written out that many times, so that one loop serves all.

use super::Conv2d;
use super::taps::{Frame, Phase};
use crate::matrix::panels::aligned;
use crate::product::Act;
use crate::simd::{Simd, dispatch};

/// Offsets of a tap in the image and in the weights.
type Tap = (usize, usize);

/// One line of outputs in a phase.
#[derive(Clone, Copy)]
struct Line {
    count: usize,
    /// From one output to the next in the image, and in the result.
    a_step: usize,
    y_step: usize,
    channels: usize,
}

fn taps(g: &Conv2d, frame: &Frame, py: &Phase, px: &Phase) -> Vec<Tap> {
    let pair = |y: &super::taps::Tap, x: &super::taps::Tap| {
        (
            y.at * frame.line + x.at * frame.pixel,
            (y.k * g.k_w + x.k) * g.out_c,
        )
    };
    py.taps
        .iter()
        .flat_map(|y| px.taps.iter().map(move |x| pair(y, x)))
        .collect()
}

/// Calls `f` for each output line with its taps, its first element in the framed images, and its first in `y`.
fn each_line(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    scratch: &mut Vec<f32>,
    mut f: impl FnMut(&Line, &[Tap], &[f32], usize),
) {
    let spread = g.out_c / g.in_c;
    let frame = Frame::new(g, spread, false);
    let framed = aligned(scratch, if frame.copies { frame.image } else { 0 });
    framed.fill(0.0);
    let phases: Vec<(&Phase, &Phase, Vec<Tap>)> = (frame.y.phases.iter())
        .flat_map(|py| frame.x.phases.iter().map(move |px| (py, px)))
        .map(|(py, px)| (py, px, taps(g, &frame, py, px)))
        .collect();
    for image in 0..images {
        let part = &x[image * g.input_len()..][..g.input_len()];
        let a = if frame.copies {
            frame.copy(g, spread, part, framed);
            &framed[..]
        } else {
            &part[frame.offset..]
        };
        for (py, px, taps) in &phases {
            let line = Line {
                count: px.count,
                a_step: frame.x.input_step * frame.pixel,
                y_step: px.step * g.out_c,
                channels: g.out_c,
            };
            for t in 0..py.count {
                let y = ((image * g.out_h + py.first + t * py.step) * g.out_w + px.first) * g.out_c;
                // A line that no tap reaches need not exist.
                let above = t * frame.y.input_step * frame.line;
                let a = if taps.is_empty() { &[] } else { &a[above..] };
                let last = taps.iter().map(|tap| tap.0).max().unwrap_or(0)
                    + (px.count - 1) * line.a_step
                    + g.out_c;
                assert!(
                    taps.is_empty() || last <= a.len(),
                    "depthwise: a line reaches {last} of {}",
                    a.len()
                );
                f(&line, taps, a, y);
            }
        }
    }
}

pub(super) fn forward(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    let zeros;
    let bias = if let Some(bias) = bias {
        bias
    } else {
        zeros = vec![0.0; g.out_c];
        &zeros
    };
    each_line(g, images, x, scratch, |line, taps, a, at| {
        let y = &mut y[at..];
        assert!(
            (line.count - 1) * line.y_step + line.channels <= y.len(),
            "depthwise: a line leaves the result"
        );
        let (a, w, bias, y) = (a.as_ptr(), w.as_ptr(), bias.as_ptr(), y.as_mut_ptr());
        let relu = act == Act::Relu;
        dispatch!(forward_line(
            line: &Line, taps: &[Tap], a: *const f32, w: *const f32, bias: *const f32, relu: bool, y: *mut f32
        ));
    });
}

pub(super) fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    each_line(g, images, x, scratch, |line, taps, a, at| {
        let dy = &dy[at..];
        assert!(
            (line.count - 1) * line.y_step + line.channels <= dy.len(),
            "depthwise: a line leaves the result"
        );
        let (a, dy, dw) = (a.as_ptr(), dy.as_ptr(), dw.as_mut_ptr());
        dispatch!(grad_line(line: &Line, taps: &[Tap], a: *const f32, dy: *const f32, dw: *mut f32));
    });
}

/// # Safety
///
/// Taps and line stay inside `a` and `y`; tap offsets and channels inside `w` and `bias`.
#[inline(always)]
unsafe fn forward_line<S: Simd>(
    line: &Line,
    taps: &[Tap],
    a: *const f32,
    w: *const f32,
    bias: *const f32,
    relu: bool,
    y: *mut f32,
) {
    // SAFETY: the caller's contract; the last vector of channels is partial.
    unsafe {
        for ch in (0..line.channels).step_by(S::LANES) {
            let n = S::LANES.min(line.channels - ch);
            let (a, w, bias, y) = (a.add(ch), w.add(ch), bias.add(ch), y.add(ch));
            let mut at = 0;
            while at < line.count {
                let (a, y) = (a.add(at * line.a_step), y.add(at * line.y_step));
                if at + 8 <= line.count {
                    outputs::<S, 8>(line, taps, n, a, w, bias, relu, y);
                    at += 8;
                } else {
                    outputs::<S, 1>(line, taps, n, a, w, bias, relu, y);
                    at += 1;
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn part<S: Simd>(p: *const f32, n: usize) -> S::F {
    // SAFETY: n elements are readable.
    unsafe {
        if n == S::LANES {
            S::load(p)
        } else {
            S::load_part(p, n)
        }
    }
}

/// `P` neighbouring outputs of one vector of channels.
#[inline(always)]
unsafe fn outputs<S: Simd, const P: usize>(
    line: &Line,
    taps: &[Tap],
    n: usize,
    a: *const f32,
    w: *const f32,
    bias: *const f32,
    relu: bool,
    y: *mut f32,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut acc = [part::<S>(bias, n); P];
        for &(image, weight) in taps {
            let factor = part::<S>(w.add(weight), n);
            for p in 0..P {
                acc[p] = S::fma(part::<S>(a.add(image + p * line.a_step), n), factor, acc[p]);
            }
        }
        for p in 0..P {
            let value = if relu { S::relu(acc[p]) } else { acc[p] };
            let to = y.add(p * line.y_step);
            if n == S::LANES {
                S::store(to, value);
            } else {
                S::store_part(to, n, value);
            }
        }
    }
}

/// # Safety
///
/// Taps and line stay inside `a` and `dy`; tap offsets and channels inside `dw`.
#[inline(always)]
unsafe fn grad_line<S: Simd>(
    line: &Line,
    taps: &[Tap],
    a: *const f32,
    dy: *const f32,
    dw: *mut f32,
) {
    // SAFETY: the caller's contract; the last vector of channels is partial.
    unsafe {
        for ch in (0..line.channels).step_by(S::LANES) {
            let n = S::LANES.min(line.channels - ch);
            let (a, dy, dw) = (a.add(ch), dy.add(ch), dw.add(ch));
            let mut chunks = taps.chunks_exact(9);
            for taps in &mut chunks {
                gradients::<S, 9>(line, taps, n, a, dy, dw);
            }
            for tap in chunks.remainder() {
                gradients::<S, 1>(line, std::slice::from_ref(tap), n, a, dy, dw);
            }
        }
    }
}

/// The gradients of `T` taps for one vector of channels, continued over a line.
#[inline(always)]
unsafe fn gradients<S: Simd, const T: usize>(
    line: &Line,
    taps: &[Tap],
    n: usize,
    a: *const f32,
    dy: *const f32,
    dw: *mut f32,
) {
    // SAFETY: the caller's contract; `taps` holds T of them.
    unsafe {
        let mut acc = [S::splat(0.0); T];
        for t in 0..T {
            acc[t] = part::<S>(dw.add(taps[t].1), n);
        }
        for x in 0..line.count {
            let (a, dy) = (
                a.add(x * line.a_step),
                part::<S>(dy.add(x * line.y_step), n),
            );
            for t in 0..T {
                acc[t] = S::fma(part::<S>(a.add(taps[t].0), n), dy, acc[t]);
            }
        }
        for t in 0..T {
            let to = dw.add(taps[t].1);
            if n == S::LANES {
                S::store(to, acc[t]);
            } else {
                S::store_part(to, n, acc[t]);
            }
        }
    }
}
