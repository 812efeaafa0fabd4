//! The loop of every pooling: windows in order, and within one, a vector of channels at a time over its pixels.
//!
//! Memory bounds it: a 2 × 2 pooling reads four vectors and writes one. Windows of four pixels therefore have their own
//! unrolled body, so that the work per vector hides behind the loads.

use super::Pool2d;
use crate::simd::{Simd, dispatch};

/// What is done with each window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Max,
    MaxAndArg,
    MaxBackward,
    MaxGather,
    Average,
    AverageBackward,
}

/// The operands; an operation leaves those it does not know null.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// The images: read by forward operations, written by backward ones.
    pub(super) x: *mut f32,
    /// The pooled images: written by forward operations, read by backward ones.
    pub(super) y: *mut f32,
    /// The position of the maximum, one for each element of `y`.
    pub(super) arg: *mut u8,
}

/// One pixel of a window: its offset in the image and its position in the window.
type Tap = (usize, u32);

/// # Safety
///
/// The operands that `op` uses cover `images` images of `g`; a backward operation's `x` is zero wherever windows
/// overlap or no window comes.
pub(super) unsafe fn windows(op: Op, g: &Pool2d, images: usize, operands: Operands) {
    /// One loop for each operation: a choice within the loop would cost as much as the work.
    macro_rules! choose {
        ($($name:ident: $op:ident),*) => {{
            $(
                #[inline(always)]
                unsafe fn $name<S: Simd>(g: &Pool2d, images: usize, operands: Operands) {
                    // SAFETY: the contract of `windows`.
                    unsafe { all::<S>(Op::$op, g, images, operands) }
                }
            )*
            match op {
                $(Op::$op => dispatch!($name(g: &Pool2d, images: usize, operands: Operands)),)*
            }
        }};
    }
    choose!(
        max: Max,
        max_and_arg: MaxAndArg,
        max_backward: MaxBackward,
        max_gather: MaxGather,
        average: Average,
        average_backward: AverageBackward
    );
}

#[inline(always)]
unsafe fn all<S: Simd>(op: Op, g: &Pool2d, images: usize, operands: Operands) {
    let overlap = g.size[0] > g.stride[0] || g.size[1] > g.stride[1];
    let mut taps: Vec<Tap> = Vec::with_capacity(g.size[0] * g.size[1]);
    let mut at = 0;
    for image in 0..images {
        for oy in 0..g.out_h {
            let (y0, y1, ky) = g.window(0, oy);
            let row = (image * g.in_h + y0) * g.in_w;
            // The first window's pixels serve all full windows of the row, moved.
            let mut shape = (usize::MAX, 0);
            for ox in 0..g.out_w {
                let (x0, x1, kx) = g.window(1, ox);
                if shape != (kx, x1 - x0) {
                    shape = (kx, x1 - x0);
                    taps.clear();
                    for y in 0..y1 - y0 {
                        for x in 0..x1 - x0 {
                            taps.push((
                                (y * g.in_w + x) * g.channels,
                                ((ky + y) * g.size[1] + kx + x) as u32,
                            ));
                        }
                    }
                }
                // SAFETY: `window` clips to the image, so all taps are inside `x`, and `at` counts the pixels of `y`.
                unsafe {
                    let here = Operands {
                        x: operands.x.add((row + x0) * g.channels),
                        y: operands.y.add(at),
                        arg: operands.arg.wrapping_add(at),
                    };
                    if let Ok(taps) = <&[Tap; 4]>::try_from(&taps[..]) {
                        window::<S>(op, taps, g.channels, overlap, here);
                    } else {
                        window::<S>(op, &taps, g.channels, overlap, here);
                    }
                }
                at += g.channels;
            }
        }
    }
}

#[inline(always)]
unsafe fn window<S: Simd>(op: Op, taps: &[Tap], channels: usize, overlap: bool, o: Operands) {
    let mut ch = 0;
    // SAFETY: the caller's contract, channel by channel; the last vector is partial.
    unsafe {
        while ch + S::LANES <= channels {
            vector::<S, true>(op, taps, overlap, ch, S::LANES, o);
            ch += S::LANES;
        }
        if ch < channels {
            vector::<S, false>(op, taps, overlap, ch, channels - ch, o);
        }
    }
}

#[inline(always)]
unsafe fn vector<S: Simd, const FULL: bool>(
    op: Op,
    taps: &[Tap],
    overlap: bool,
    ch: usize,
    n: usize,
    o: Operands,
) {
    // SAFETY: n lanes from channel `ch` on are inside every operand that `op` uses.
    unsafe {
        macro_rules! load {
            ($p:expr) => {
                if FULL {
                    S::load($p)
                } else {
                    S::load_part($p, n)
                }
            };
        }
        macro_rules! store {
            ($p:expr, $v:expr) => {
                if FULL {
                    S::store($p, $v)
                } else {
                    S::store_part($p, n, $v)
                }
            };
        }
        macro_rules! arg {
            () => {
                if FULL {
                    S::load_bytes(o.arg.add(ch))
                } else {
                    let mut bytes = [0_u8; 16];
                    std::ptr::copy_nonoverlapping(o.arg.add(ch), bytes.as_mut_ptr(), n);
                    S::load_bytes(bytes.as_ptr())
                }
            };
        }
        let (x, y) = (o.x.add(ch), o.y.add(ch));
        let zero = S::splat(0.0);
        match op {
            Op::Max | Op::MaxAndArg => {
                let mut best = load!(x.add(taps[0].0));
                let mut arg = S::float(S::isplat(taps[0].1));
                for &(offset, position) in &taps[1..] {
                    let v = load!(x.add(offset));
                    // Greater, or the first NaN.
                    let wins = S::and(S::not(S::le(v, best)), S::eq(best, best));
                    best = S::select(wins, v, best);
                    arg = S::select(wins, S::float(S::isplat(position)), arg);
                }
                store!(y, best);
                if op == Op::MaxAndArg {
                    if FULL {
                        S::store_bytes(o.arg.add(ch), S::bits(arg));
                    } else {
                        let mut bytes = [0_u8; 16];
                        S::store_bytes(bytes.as_mut_ptr(), S::bits(arg));
                        std::ptr::copy_nonoverlapping(bytes.as_ptr(), o.arg.add(ch), n);
                    }
                }
            }
            Op::MaxBackward => {
                let (arg, dy) = (arg!(), load!(y));
                for &(offset, position) in taps {
                    let share = S::select(S::ieq(arg, S::isplat(position)), dy, zero);
                    let to = x.add(offset);
                    store!(
                        to,
                        if overlap {
                            S::add(load!(to), share)
                        } else {
                            share
                        }
                    );
                }
            }
            Op::MaxGather => {
                let arg = arg!();
                let mut picked = zero;
                for &(offset, position) in taps {
                    picked = S::select(
                        S::ieq(arg, S::isplat(position)),
                        load!(x.add(offset)),
                        picked,
                    );
                }
                store!(y, picked);
            }
            Op::Average => {
                let mut sum = load!(x.add(taps[0].0));
                for &(offset, _) in &taps[1..] {
                    sum = S::add(sum, load!(x.add(offset)));
                }
                store!(y, S::mul(sum, S::splat(1.0 / taps.len() as f32)));
            }
            Op::AverageBackward => {
                let share = S::mul(load!(y), S::splat(1.0 / taps.len() as f32));
                for &(offset, _) in taps {
                    let to = x.add(offset);
                    store!(
                        to,
                        if overlap {
                            S::add(load!(to), share)
                        } else {
                            share
                        }
                    );
                }
            }
        }
    }
}
