//! Convolution as a sweep of matrix products over the image itself.
//!
//! For one kernel row the run over (tap, channel) is contiguous in the input, so the left operand of the product is the
//! image read with overlapping rows; nothing is gathered. The weight gradient is the same sweep with the roles of rows
//! and terms exchanged. Measured on the machine that `tile` names: 15 × 15 × 32 to 64 channels at 92 % of the register peak forward and
//! for the weights; 3 to 32 channels at 75 % forward (a tile has 27 terms only, and its 26 stores show) and 91 %.

use super::Conv2d;
use super::taps::{Frame, Phase, Tap};
use crate::columns::Columns;
use crate::matrix::grid::Grid;
use crate::matrix::panels::{Lies, Sweep, aligned};
use crate::matrix::tile::Run;
use crate::product::{Act, Init};

/// Taps that are neighbours both in the kernel and in the image, as (first, how many).
fn neighbours(taps: &[Tap], join: bool) -> Vec<(Tap, usize)> {
    let mut joined: Vec<(Tap, usize)> = Vec::new();
    for &tap in taps {
        match joined.last_mut() {
            Some((first, n)) if join && tap.k == first.k + *n && tap.at == first.at + *n => *n += 1,
            _ => joined.push((tap, 1)),
        }
    }
    joined
}

/// The kernel is `w`, packed or as it is.
pub(super) fn forward(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    (w, packed): (&[f32], bool),
    init: Init<'_>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    // Rows at the edge meet fewer taps; a product of their own pays where it has enough rows for full tiles.
    let frame = Frame::new(g, 1, g.out_w >= 12);
    let (ci, co) = (g.in_c / g.groups, g.out_c / g.groups);
    // The groups that these columns are of, and how many columns of each.
    let (groups, co) = if g.groups == 1 {
        (0..1, y.width())
    } else {
        (y.first() / co..(y.first() + y.width()) / co, co)
    };
    let first = y.first();
    let batch = frame.batch(images);
    let lies = if packed {
        Lies::Panels(g.k_h * g.k_w * ci)
    } else {
        Lies::Rows(g.out_c)
    };
    let plan = |py: &Phase, px: &Phase, images: usize| {
        let mut runs = Vec::new();
        for ty in &py.taps {
            for (tx, n) in neighbours(&px.taps, g.groups == 1) {
                runs.push(Run {
                    a: ty.at * frame.line + tx.at * frame.pixel,
                    b: (ty.k * g.k_w + tx.k) * ci * lies.term(),
                    len: n * ci,
                });
            }
        }
        let grid = Grid {
            size: [images, py.count, px.count],
            a: [
                frame.image,
                frame.y.input_step * frame.line,
                frame.x.input_step * frame.pixel,
            ],
            c: [
                g.output_len(),
                py.step * g.out_w * g.out_c,
                px.step * g.out_c,
            ],
        };
        (
            Sweep::new(grid, &runs, 1, lies, co),
            (py.first * g.out_w + px.first) * g.out_c,
        )
    };
    let plans = |images: usize| -> Vec<(Sweep, usize)> {
        frame
            .y
            .phases
            .iter()
            .flat_map(|py| frame.x.phases.iter().map(move |px| (py, px)))
            .map(|(py, px)| plan(py, px, images))
            .collect()
    };
    each_batch(
        g,
        &frame,
        images,
        batch,
        x,
        scratch,
        plans,
        |range, sweep, c_offset, a, packed| {
            for group in groups.clone() {
                let column = if g.groups == 1 { first } else { group * co };
                let init = match init {
                    Init::Bias(bias) => Init::Bias(&bias[column..][..co]),
                    other => other,
                };
                let (a, w) = (&a[group * ci..], &w[lies.column(column)..]);
                let offset = range.start * g.output_len() + c_offset + column;
                let c = y.at(offset, co, sweep.reach_of_c());
                // SAFETY: the sweep's rows of C are multiples of `out_c` apart and `co` wide, which `at` found ours.
                unsafe { sweep.run_at(a, w, init, act, c, packed, &[]) };
            }
        },
    );
}

pub(super) fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    // One phase a tap, so that its sum runs over the images in order.
    let frame = Frame::new(g, 1, false);
    let (ci, co) = (g.in_c / g.groups, g.out_c / g.groups);
    let batch = frame.batch(images);
    // A sweep needs taps at equal distances; those of a phase always are.
    let step = |taps: &[Tap]| match taps {
        [a, b, ..] => (b.k - a.k, b.at - a.at),
        _ => (0, 0),
    };
    let plans = |images: usize| -> Vec<(Sweep, [usize; 3])> {
        let mut plans = Vec::new();
        for py in &frame.y.phases {
            for px in &frame.x.phases {
                let (Some(ty), Some(tx)) = (py.taps.first(), px.taps.first()) else {
                    continue;
                };
                let ((ky, at_y), (kx, at_x)) = (step(&py.taps), step(&px.taps));
                let mut runs = Vec::new();
                for image in 0..images {
                    for t in 0..py.count {
                        runs.push(Run {
                            a: image * frame.image + t * frame.y.input_step * frame.line,
                            b: ((image * g.out_h + py.first + t * py.step) * g.out_w + px.first)
                                * g.out_c,
                            len: px.count,
                        });
                    }
                }
                let grid = Grid {
                    size: [py.taps.len(), px.taps.len(), ci],
                    a: [at_y * frame.line, at_x * frame.pixel, 1],
                    c: [ky * g.k_w * ci * g.out_c, kx * ci * g.out_c, g.out_c],
                };
                let sweep = Sweep::new(
                    grid,
                    &runs,
                    frame.x.input_step * frame.pixel,
                    Lies::Rows(px.step * g.out_c),
                    co,
                );
                let a = ty.at * frame.line + tx.at * frame.pixel;
                plans.push((sweep, [a, (ty.k * g.k_w + tx.k) * ci * g.out_c, 0]));
            }
        }
        plans
    };
    each_batch(
        g,
        &frame,
        images,
        batch,
        x,
        scratch,
        plans,
        |range, sweep, [a_offset, c_offset, _], a, packed| {
            let dy = &dy[range.start * g.output_len()..range.end * g.output_len()];
            for group in 0..g.groups {
                let (a, c) = (
                    &a[a_offset + group * ci..],
                    &mut dw[c_offset + group * co..],
                );
                sweep.run(
                    a,
                    &dy[group * co..],
                    Init::Accumulate,
                    Act::Linear,
                    c,
                    packed,
                );
            }
        },
    );
}

/// Plans once (twice where the last batch is smaller), then calls `f` for each batch and plan with the framed images.
fn each_batch<P: Copy>(
    g: &Conv2d,
    frame: &Frame,
    images: usize,
    batch: usize,
    x: &[f32],
    scratch: &mut Vec<f32>,
    plans: impl Fn(usize) -> Vec<(Sweep, P)>,
    mut f: impl FnMut(std::ops::Range<usize>, &Sweep, P, &[f32], &mut [f32]),
) {
    let mut planned = plans(batch);
    let framed = if frame.copies {
        (frame.image * batch).next_multiple_of(16)
    } else {
        0
    };
    let needed = planned
        .iter()
        .map(|(sweep, _)| sweep.scratch_len())
        .max()
        .unwrap_or(0);
    let (framed, mut packed) = aligned(scratch, framed + needed).split_at_mut(framed);
    framed.fill(0.0);
    let mut more = Vec::new();
    let mut start = 0;
    while start < images {
        let end = (start + batch).min(images);
        if end - start < batch {
            planned = plans(end - start);
            let needed = planned
                .iter()
                .map(|(sweep, _)| sweep.scratch_len())
                .max()
                .unwrap_or(0);
            if needed > packed.len() {
                packed = aligned(&mut more, needed);
            }
        }
        let part = &x[start * g.input_len()..end * g.input_len()];
        let a = if frame.copies {
            frame.copy(g, 1, part, framed);
            &framed[..]
        } else {
            &part[frame.offset..]
        };
        for (sweep, offset) in &planned {
            f(start..end, sweep, *offset, a, packed);
        }
        start = end;
    }
}
