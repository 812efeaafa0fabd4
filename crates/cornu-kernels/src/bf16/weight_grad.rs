//! The gradient of weights from rounded operands: pixels are the terms, so that one operand is turned as it is rounded.
//!
//! `dw[tap][ci] = Σ x[pixel + tap][ci] · dy[pixel]`. Of some images the same pixel lies side by side, pixel after pixel of a line: so a
//! line of any width is whole chunks of terms, and a tap is a shift. Images are turned once for all taps; strides read every second, …
//! pixel, which lie side by side as well. Lines outside the image are left out.

use super::amx::{BYTES, Chunk, SIDE, TERMS, Tiles};
use super::pack;
use super::sweep::{DEPTH, Strip, Sweep, floats, line};
use crate::conv2d::Conv2d;
use crate::conv2d::taps::{Axis, Tap};
use crate::matrix::panels::aligned;
use crate::product::{Act, Init};
use std::ops::Range;

/// Numbers of both operands that are worked on at a time: more than half of a second cache.
const WORKED: usize = 640 * 1024;

/// What is multiplied, and where the rows of its pixels are.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) x: &'a [f32],
    pub(super) dy: &'a [f32],
    /// Floats of x from one image, line and pixel to the next.
    pub(super) steps: [usize; 3],
    /// Floats of dy from one pixel to the next.
    pub(super) pixel: usize,
    /// Floats from one row of the result to the next.
    pub(super) row: usize,
}

impl<'a> Operands<'a> {
    /// Images and gradients of a convolution.
    pub(super) fn of(g: &Conv2d, x: &'a [f32], dy: &'a [f32]) -> Self {
        Operands {
            x,
            dy,
            steps: [g.input_len(), g.in_w * g.in_c, g.in_c],
            pixel: g.out_c,
            row: g.out_c,
        }
    }
}

/// How the pixels of some images lie as terms.
struct Terms<'a> {
    g: &'a Conv2d,
    of: Operands<'a>,
    y: &'a Axis,
    x: &'a Axis,
    taps: [&'a [Tap]; 2],
    /// Images side by side.
    side: usize,
    /// For each line of the image, its number among those that taps meet.
    lines: Vec<Option<usize>>,
    /// The remainders of the stride at which taps begin.
    remainders: Vec<usize>,
    /// Pixels of a line with a remainder.
    len: usize,
    /// Chunks of a line of the output.
    chunks: usize,
}

/// Images side by side that fill chunks best, the fewest of those that do it well.
fn side(width: usize, images: usize) -> usize {
    let waste = |n: usize| (width * n).next_multiple_of(TERMS) as f64 / (width * n) as f64;
    let choices = 1..=images.min(TERMS);
    let well = choices.clone().find(|&n| waste(n) <= 1.07);
    let best = || choices.min_by(|&a, &b| waste(a).total_cmp(&waste(b)));
    well.or_else(best).unwrap_or(1)
}

impl<'a> Terms<'a> {
    fn new(g: &'a Conv2d, of: Operands<'a>, y: &'a Axis, x: &'a Axis, images: usize) -> Self {
        let taps = [y, x].map(|axis| axis.phases.first().map_or(&[][..], |p| &p.taps[..]));
        let mut lines = vec![None; g.in_h];
        for tap in taps[0] {
            for oy in 0..g.out_h {
                let at = (tap.at + oy * y.input_step).cast_signed() + y.low;
                if let Some(line) = usize::try_from(at).ok().and_then(|at| lines.get_mut(at)) {
                    *line = Some(0);
                }
            }
        }
        // In their order: what is written of one may reach into the next, which is written after it.
        let met = lines.iter_mut().flatten();
        met.enumerate().for_each(|(i, place)| *place = i);
        let mut remainders: Vec<usize> = taps[1].iter().map(|t| t.at % x.input_step).collect();
        remainders.sort_unstable();
        remainders.dedup();
        let shift = taps[1].iter().map(|t| t.at / x.input_step).max();
        let side = side(g.out_w, images);
        Terms {
            g,
            of,
            y,
            x,
            taps,
            side,
            lines,
            remainders,
            len: shift.unwrap_or(0) + g.out_w,
            chunks: (g.out_w * side).div_ceil(TERMS),
        }
    }

    /// Terms of the images side by side, in x.
    fn turned(&self) -> usize {
        let lines = self.lines.iter().flatten().count();
        lines * self.remainders.len() * self.len * self.side
    }

    /// Where up to 32 terms of a line begin: `row` tells it for a pixel of one of the images side by side.
    fn rows(
        &self,
        first: usize,
        end: usize,
        row: impl Fn(usize, usize) -> Option<&'a [f32]>,
    ) -> [*const f32; TERMS] {
        let mut rows = [std::ptr::null(); TERMS];
        let (mut x, mut n) = (first / self.side, first % self.side);
        for to in &mut rows[..end - first] {
            *to = row(x, n).map_or(std::ptr::null(), <[f32]>::as_ptr);
            n += 1;
            if n == self.side {
                (x, n) = (x + 1, 0);
            }
        }
        rows
    }

    /// Turns `channels` of the images from `image` on, side by side: rows of channels, `line` numbers apart.
    ///
    /// # Safety
    ///
    /// The instructions are there, and memory for whole strips of channels, and 32 numbers behind each row.
    unsafe fn turn(
        &self,
        image: usize,
        channel: usize,
        channels: usize,
        to: *mut u16,
        line: usize,
    ) {
        let (g, steps) = (self.g, self.of.steps);
        let run = self.len * self.side;
        for (iy, place) in self.lines.iter().enumerate() {
            let Some(place) = place else {
                continue;
            };
            for (r, &remainder) in self.remainders.iter().enumerate() {
                let at = (place * self.remainders.len() + r) * run;
                for first in (0..run).step_by(TERMS) {
                    let rows = self.rows(first, run.min(first + TERMS), |x, n| {
                        let ix = (remainder + x * self.x.input_step).cast_signed() + self.x.low;
                        let ix = usize::try_from(ix).ok().filter(|&ix| ix < g.in_w)?;
                        let at = (image + n) * steps[0] + iy * steps[1] + ix * steps[2];
                        Some(&self.of.x[at + channel..][..channels])
                    });
                    for c in (0..channels).step_by(SIDE) {
                        // SAFETY: rows hold the channels, or are null; the place is the caller's.
                        unsafe {
                            let to = to.add(c * line + at + first);
                            pack::turned(&rows, c, channels - c, to, line);
                        }
                    }
                }
            }
        }
    }

    /// Packs `channels` of the gradients of the images from `image` on, in panels.
    ///
    /// # Safety
    ///
    /// The instructions are there, and memory for all panels, `panel` numbers apart.
    unsafe fn pack(
        &self,
        image: usize,
        channel: usize,
        channels: usize,
        to: *mut u16,
        panel: usize,
    ) {
        let (g, pixel) = (self.g, self.of.pixel);
        for oy in 0..g.out_h {
            for chunk in 0..self.chunks {
                let first = chunk * TERMS;
                let end = (first + TERMS).min(g.out_w * self.side);
                let rows = self.rows(first, end, |ox, n| {
                    let row = ((image + n) * g.out_h + oy) * g.out_w + ox;
                    Some(&self.of.dy[row * pixel + channel..][..channels])
                });
                for c in (0..channels).step_by(SIDE) {
                    let at = c / SIDE * panel + (oy * self.chunks + chunk) * BYTES / 2;
                    // SAFETY: as above.
                    unsafe { pack::paired(&rows, c, channels - c, to.add(at)) };
                }
            }
        }
    }

    /// The chunks that a tap multiplies, of so many times images side by side.
    fn of_tap(&self, ty: &Tap, tx: &Tap, times: usize) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let (step, run) = (self.x.input_step, self.len * self.side);
        let remainder = self.remainders.iter().position(|&r| r == tx.at % step);
        for time in 0..times {
            for oy in 0..self.g.out_h {
                let at = (ty.at + oy * self.y.input_step).cast_signed() + self.y.low;
                let place = usize::try_from(at).ok().and_then(|at| *self.lines.get(at)?);
                let (Some(place), Some(remainder)) = (place, remainder) else {
                    continue;
                };
                let a = time * self.turned()
                    + (place * self.remainders.len() + remainder) * run
                    + tx.at / step * self.side;
                let b = (time * self.g.out_h + oy) * self.chunks;
                chunks.extend((0..self.chunks).map(|i| Chunk {
                    a: 2 * (a + i * TERMS),
                    b: (b + i) * BYTES,
                }));
            }
        }
        chunks
    }
}

/// `dw = init + Σ x · dy` for some of the input channels of each group; `dw` begins with the first of them.
///
/// # Safety
///
/// The instructions are there, nothing is dilated on the left, and rows of the result with the channels of all groups are the caller's.
pub(super) unsafe fn run(
    g: &Conv2d,
    images: usize,
    of: Operands<'_>,
    channels: Range<usize>,
    init: Init<'_>,
    dw: *mut f32,
    scratch: &mut Vec<f32>,
) {
    let (y, x) = (Axis::new(g, 0, false), Axis::new(g, 1, false));
    let (ci, co) = (g.in_c / g.groups, g.out_c / g.groups);
    let mut init = init;
    let mut start = 0;
    while start < images {
        let terms = Terms::new(g, of, &y, &x, images - start);
        let chunks = g.out_h * terms.chunks;
        // Of all channels, so that the order of additions does not depend on how they are cut.
        let numbers = ci * terms.turned() + co * chunks * TERMS;
        let most = (images - start) / terms.side;
        let times = (WORKED / numbers.max(1)).clamp(1, most);
        let line = line(times * terms.turned() + TERMS);
        let panel = times * chunks * BYTES / 2;
        let turned = floats(channels.len().next_multiple_of(SIDE) * line + TERMS);
        let packed = floats(co.div_ceil(SIDE) * panel);
        let memory = aligned(scratch, turned + packed);
        let (turned, packed) = memory.split_at_mut(turned);
        let turned: *mut u16 = turned.as_mut_ptr().cast();
        let packed: *mut u16 = packed.as_mut_ptr().cast();
        // SAFETY: the caller has the tiles.
        let tiles = unsafe { Tiles::new() };
        let taps = terms.taps;
        for group in 0..g.groups {
            for time in 0..times {
                let image = start + time * terms.side;
                // SAFETY: the memory was measured for so many times.
                unsafe {
                    let to = turned.add(time * terms.turned());
                    terms.turn(image, group * ci + channels.start, channels.len(), to, line);
                    let to = packed.add(time * chunks * BYTES / 2);
                    terms.pack(image, group * co, co, to, panel);
                }
            }
            for (ty, tx) in taps[0]
                .iter()
                .flat_map(|y| taps[1].iter().map(move |x| (y, x)))
            {
                let tap = ty.k * g.k_w + tx.k;
                let strips: Vec<Strip> = (0..channels.len())
                    .step_by(SIDE)
                    .map(|c| Strip {
                        a: c * line,
                        rows: (channels.len() - c).min(SIDE),
                        c: std::array::from_fn(|r| (tap * ci + c + r) * of.row + group * co),
                    })
                    .collect();
                let chunks = terms.of_tap(ty, tx, times);
                let blocks = chunks.len().div_ceil(DEPTH).max(1);
                for block in 0..blocks {
                    let cut = |i: usize| i * chunks.len() / blocks;
                    let sweep = Sweep {
                        a: turned,
                        a_row: line,
                        strips: &strips,
                        chunks: &chunks[cut(block)..cut(block + 1)],
                        b: packed,
                        panel,
                        columns: co,
                    };
                    let init = if block == 0 { init } else { Init::Accumulate };
                    // SAFETY: turned rows and packed panels hold the chunks; the rows of the result are the caller's.
                    unsafe { sweep.run(&tiles, init, Act::Linear, dw) };
                }
            }
        }
        start += times * terms.side;
        init = Init::Accumulate;
    }
}
