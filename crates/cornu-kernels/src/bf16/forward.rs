//! Convolution of rounded images: an image is rounded once, into a frame of zeros, and read with overlapping rows.
//!
//! A strip is 16 neighbouring pixels of a line. Where too much of strips would lie beyond lines, or where channels are no multiple of
//! 32, the strips' operands are gathered first, which costs about as much as the products of 16 columns.

use super::amx::{BYTES, Chunk, SIDE, TERMS, Tiles};
use super::pack;
use super::sweep::{Block, Piece, Run, Strip, Sweep, blocks, floats, gather, line};
use crate::columns::Columns;
use crate::conv2d::Conv2d;
use crate::conv2d::taps::{Frame, Phase};
use crate::matrix::panels::aligned;
use crate::product::{Act, Init};

/// Numbers of a batch of framed images: a good third of a second cache.
const FRAMED: usize = 384 * 1024;

/// Bytes of gathered operands and of C that are worked on at a time: half of a second cache.
const WORKED: usize = 1 << 20;

/// One set of taps, and the outputs that meet it.
struct Part {
    /// Lines of an image and outputs of a line, and from one to the next in the frame and in C.
    size: [usize; 2],
    a: [usize; 2],
    c: [usize; 2],
    /// The first output in C.
    first: usize,
    /// For each run of terms, the row of the weights at which it begins.
    weights: Vec<usize>,
    runs: Vec<Run>,
    blocks: Vec<(Block, Vec<Chunk>, Vec<Piece>)>,
    /// Whether strips are read from the frame.
    direct: bool,
    /// Where its panels begin, and numbers of a panel.
    packed: usize,
    panel: usize,
}

impl Part {
    fn new(g: &Conv2d, frame: &Frame, columns: usize, py: &Phase, px: &Phase) -> Part {
        let ci = g.in_c / g.groups;
        let (mut runs, mut weights) = (Vec::<Run>::new(), Vec::<usize>::new());
        for ty in &py.taps {
            for tx in &px.taps {
                let a = ty.at * frame.line + tx.at * frame.pixel;
                let row = (ty.k * g.k_w + tx.k) * ci;
                match (runs.last_mut(), weights.last()) {
                    (Some(run), Some(from)) if run.a + run.len == a && from + run.len == row => {
                        run.len += ci;
                    }
                    _ => {
                        runs.push(Run { a, len: ci });
                        weights.push(row);
                    }
                }
            }
        }
        let mut size = [py.count, px.count];
        let mut a = [
            frame.y.input_step * frame.line,
            frame.x.input_step * frame.pixel,
        ];
        let mut c = [py.step * g.out_w * g.out_c, px.step * g.out_c];
        if a[0] == size[1] * a[1] && c[0] == size[1] * c[1] {
            (size, a, c) = ([1, size[0] * size[1]], [0, a[1]], [0, c[1]]);
        }
        // Pixels beyond the ends of lines against gathering.
        let beyond = size[1].next_multiple_of(SIDE) * columns;
        let gathered = size[1] * (columns + SIDE);
        let whole = runs.iter().all(|run| run.len.is_multiple_of(TERMS));
        let direct = whole && beyond <= gathered;
        let blocks = blocks(&runs).into_iter().map(|block| {
            let chunks = if direct {
                block.in_place()
            } else {
                block.gathered()
            };
            let pieces = block.pieces();
            (block, chunks, pieces)
        });
        Part {
            blocks: blocks.collect(),
            panel: runs
                .iter()
                .map(|run| run.len)
                .sum::<usize>()
                .next_multiple_of(TERMS)
                * SIDE,
            size,
            a,
            c,
            first: (py.first * g.out_w + px.first) * g.out_c,
            weights,
            runs,
            direct,
            packed: 0,
        }
    }

    /// Packs `columns` of the weights, from `w` on.
    ///
    /// # Safety
    ///
    /// The instructions are there, and the part's panels at `to`.
    unsafe fn pack(&self, w: &[f32], out_c: usize, columns: usize, to: *mut u16) {
        let runs = self.runs.iter().zip(&self.weights);
        let rows = runs.flat_map(|(run, &row)| row..row + run.len);
        let rows: Vec<*const f32> = rows
            .map(|row| w[row * out_c..][..columns].as_ptr())
            .collect();
        // Chunk by chunk, so that rows of the weights are read along.
        for (i, rows) in rows.chunks(TERMS).enumerate() {
            let mut tile = [std::ptr::null(); TERMS];
            tile[..rows.len()].copy_from_slice(rows);
            for first in (0..columns).step_by(SIDE) {
                let at = self.packed + first / SIDE * self.panel + i * BYTES / 2;
                // SAFETY: the rows were sliced above, and hold `columns`; the place is a panel's tile.
                unsafe { pack::paired(&tile, first, columns - first, to.add(at)) };
            }
        }
    }

    /// Rows of C that are worked on at a time: whole pairs of strips.
    fn rows(&self, columns: usize) -> usize {
        let gathered = if self.direct { 0 } else { self.longest() };
        (WORKED / (4 * columns + 2 * gathered) / (2 * SIDE)).max(1) * 2 * SIDE
    }

    /// The length of a gathered row.
    fn longest(&self) -> usize {
        let terms = self.blocks.iter().map(|(block, ..)| block.terms);
        line(terms.max().unwrap_or(0))
    }

    /// The strips of so many framed images, and where each of their rows begins in the frame.
    fn strips(&self, images: usize, frame: usize, output: usize) -> (Vec<Strip>, Vec<usize>) {
        let mut strips = Vec::new();
        let mut rows = Vec::new();
        let lines = (0..images).flat_map(|image| (0..self.size[0]).map(move |y| (image, y)));
        if self.direct {
            for (image, y) in lines {
                for first in (0..self.size[1]).step_by(SIDE) {
                    let c = image * output + y * self.c[0];
                    strips.push(Strip {
                        a: image * frame + y * self.a[0] + first * self.a[1],
                        rows: (self.size[1] - first).min(SIDE),
                        c: std::array::from_fn(|r| c + (first + r) * self.c[1]),
                    });
                }
            }
            return (strips, rows);
        }
        for (image, y) in lines {
            for x in 0..self.size[1] {
                if rows.len() % SIDE == 0 {
                    strips.push(Strip {
                        a: 0,
                        rows: 0,
                        c: [0; SIDE],
                    });
                }
                rows.push(image * frame + y * self.a[0] + x * self.a[1]);
                if let Some(strip) = strips.last_mut() {
                    strip.c[strip.rows] = image * output + y * self.c[0] + x * self.c[1];
                    strip.rows += 1;
                }
            }
        }
        (strips, rows)
    }
}

/// Rounds images into their frame; `to` is zero outside of them.
///
/// # Safety
///
/// The instructions are there, and at `to` the frames of all of these images.
unsafe fn enframe(g: &Conv2d, frame: &Frame, images: &[f32], to: *mut u16) {
    if !frame.copies {
        // SAFETY: the frame is the images themselves.
        unsafe { pack::round_exactly(images.as_ptr(), to, images.len()) };
        return;
    }
    for (i, image) in images.chunks_exact(g.input_len()).enumerate() {
        frame.lines(g, |from, at| {
            let line = &image[from];
            // SAFETY: the line lies in the frame.
            unsafe {
                pack::round_exactly(line.as_ptr(), to.add(i * frame.image + at), line.len());
            };
        });
    }
}

/// `y = act(init + x ∗ w)`.
///
/// # Safety
///
/// The instructions are there; operands and columns are as [`forward_columns`](super::forward_columns) checked.
pub(super) unsafe fn run(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    w: &[f32],
    init: Init<'_>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    let frame = Frame::new(g, 1, false);
    let (ci, co) = (g.in_c / g.groups, g.out_c / g.groups);
    let first = y.first();
    let (groups, columns) = if g.groups == 1 {
        (0..1, y.width())
    } else {
        (first / co..(first + y.width()) / co, co)
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut panels = 0;
    for py in &frame.y.phases {
        for px in &frame.x.phases {
            let mut part = Part::new(g, &frame, columns, py, px);
            part.packed = panels;
            panels += part.panel * columns.div_ceil(SIDE);
            parts.push(part);
        }
    }
    let batch = (FRAMED / frame.image.max(1)).clamp(1, images);
    // Strips beyond a line's end read what follows.
    let beyond = parts.iter().map(|part| SIDE * part.a[1]).max().unwrap_or(0) + 2 * TERMS;
    let pixels = g.out_h * g.out_w * batch;
    let gathered = parts.iter().filter(|part| !part.direct).map(|part| {
        let rows = part.rows(columns).min(pixels.next_multiple_of(SIDE));
        rows * part.longest() + 2 * TERMS
    });
    let gathered = floats(gathered.max().unwrap_or(0));
    let framed = floats(frame.offset + frame.image * batch + beyond);
    let packed = floats(panels * groups.len());
    let memory = aligned(scratch, framed + packed + gathered);
    let (framed, memory) = memory.split_at_mut(framed);
    let (packed, gathered) = memory.split_at_mut(packed);
    if frame.copies {
        framed.fill(0.0);
    }
    let (framed, packed, gathered): (*mut u16, *mut u16, *mut u16) = (
        framed.as_mut_ptr().cast(),
        packed.as_mut_ptr().cast(),
        gathered.as_mut_ptr().cast(),
    );
    let column = |group: usize| if g.groups == 1 { first } else { group * co };
    for (i, group) in groups.clone().enumerate() {
        for part in &parts {
            // SAFETY: the panels of this group.
            unsafe {
                part.pack(
                    &w[column(group)..],
                    g.out_c,
                    columns,
                    packed.add(i * panels),
                );
            };
        }
    }
    // SAFETY: the caller has the tiles.
    let tiles = unsafe { Tiles::new() };
    for start in (0..images).step_by(batch) {
        let count = batch.min(images - start);
        let x = &x[start * g.input_len()..(start + count) * g.input_len()];
        // SAFETY: the frame has room for a batch.
        unsafe { enframe(g, &frame, x, framed) };
        for part in &parts {
            let (strips, rows) = part.strips(count, frame.image, g.output_len());
            let some = part.rows(columns) / SIDE;
            for (n, strips) in strips.chunks(some).enumerate() {
                for (i, group) in groups.clone().enumerate() {
                    let column = column(group);
                    let init = match init {
                        Init::Bias(bias) => Init::Bias(&bias[column..][..columns]),
                        other => other,
                    };
                    let reach = strips.iter().flat_map(|s| &s.c[..s.rows]).max();
                    let reach = reach.map_or(0, |c| c + columns);
                    let c = y.at(start * g.output_len() + part.first + column, columns, reach);
                    // SAFETY: the group's channels begin in each pixel; panels are packed, and all strips' rows of C are
                    // multiples of `out_c` apart and `columns` wide, which `at` found ours.
                    unsafe {
                        let job = Job {
                            part,
                            a: framed.add(frame.offset + group * ci),
                            gathered,
                            b: packed.add(i * panels + part.packed),
                            columns,
                        };
                        let rows = rows.get(n * some * SIDE..).unwrap_or_default();
                        let rows = &rows[..rows.len().min(some * SIDE)];
                        job.run(&tiles, strips, rows, init, act, c);
                    }
                }
            }
        }
    }
}

/// A part's operands.
struct Job<'a> {
    part: &'a Part,
    a: *const u16,
    gathered: *mut u16,
    b: *const u16,
    columns: usize,
}

impl Job<'_> {
    /// # Safety
    ///
    /// As [`Sweep::run`].
    unsafe fn run(
        &self,
        tiles: &Tiles,
        strips: &[Strip],
        rows: &[usize],
        init: Init<'_>,
        act: Act,
        c: *mut f32,
    ) {
        let part = self.part;
        let line = part.longest();
        let gathered: Vec<Strip>;
        let strips = if part.direct {
            strips
        } else {
            let each = strips.iter().enumerate();
            gathered = each
                .map(|(i, strip)| Strip {
                    a: i * SIDE * line,
                    ..*strip
                })
                .collect();
            &gathered
        };
        let last = part.blocks.len().saturating_sub(1);
        let none = (Block::default(), Vec::new(), Vec::new());
        // Without any terms, C is what sums start from.
        let blocks = if part.blocks.is_empty() {
            std::slice::from_ref(&none)
        } else {
            &part.blocks
        };
        for (i, (_, chunks, pieces)) in blocks.iter().enumerate() {
            let (a, a_row) = if part.direct {
                (self.a, part.a[1])
            } else {
                // SAFETY: the memory was measured for these rows.
                unsafe { gather(self.a, rows, pieces, line, self.gathered) };
                (self.gathered.cast_const(), line)
            };
            let sweep = Sweep {
                a,
                a_row,
                strips,
                chunks,
                b: self.b,
                panel: part.panel,
                columns: self.columns,
            };
            let init = if i == 0 { init } else { Init::Accumulate };
            let act = if i == last { act } else { Act::Linear };
            // SAFETY: as the caller says.
            unsafe { sweep.run(tiles, init, act, c) };
        }
    }
}
