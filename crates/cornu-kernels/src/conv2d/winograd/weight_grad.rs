//! The gradient of the weights by Winograd's algorithm: the chain of the forward pass read backwards.

use super::job::Job;
use super::{Conv2d, Layout, PANEL, PLACES, applies, check, tiles, transform};
use crate::matrix::panels::aligned;
use crate::matrix::tile::Walk;

/// The gradient of the weights, cut so that threads can share it: first every block of tiles is transformed, then every
/// range of input channels summed over all blocks.
///
/// How it is cut follows from shapes alone. The blocks of one call and of several calls for parts of the images differ in
/// their rounding.
#[derive(Clone, Copy, Debug)]
pub struct WeightGrad {
    g: Conv2d,
    images: usize,
    /// Tiles of all images, and of a block.
    all: usize,
    block: usize,
    row: usize,
    columns: usize,
    place: [usize; 2],
}

/// Floats of a block of sums, which stay in the second cache.
const SUMS: usize = 256 * 1024;

impl WeightGrad {
    /// For so many images.
    pub fn new(g: &Conv2d, images: usize) -> WeightGrad {
        assert!(
            applies(g),
            "winograd::WeightGrad: 3 × 3 kernels with steps of 1 and one group, received {g:?}"
        );
        let layout = Layout::new(g, images);
        WeightGrad {
            g: *g,
            images,
            all: images * tiles(g),
            block: layout.block,
            row: layout.row,
            columns: layout.columns,
            place: layout.place,
        }
    }

    /// Blocks of tiles.
    pub fn blocks(&self) -> usize {
        self.all.div_ceil(self.block.max(1))
    }

    /// Floats of a transformed block.
    pub fn block_len(&self) -> usize {
        PLACES * (self.place[0] + self.place[1])
    }

    /// Input channels whose gradient is worth a task of its own.
    pub fn channels(&self) -> usize {
        (SUMS / (PLACES * self.columns.min(4 * PANEL))).clamp(13, self.g.in_c.max(13))
    }

    /// Tiles of a block, and the first.
    fn tiles(&self, number: usize) -> (usize, usize) {
        let first = number * self.block;
        (first, self.block.min(self.all - first))
    }

    /// Transforms block `number`.
    pub fn transform(&self, number: usize, x: &[f32], dy: &[f32], out: &mut [f32]) {
        check(
            "winograd::WeightGrad",
            &self.g,
            self.images,
            x.len(),
            dy.len(),
        );
        let (first, count) = self.tiles(number);
        let (v, d) = out.split_at_mut(PLACES * self.place[0]);
        transform::inputs(&self.g, first, count, x, v, self.row, self.place[0]);
        transform::output_grads(&self.g, first, count, dy, d, self.place[1]);
    }

    /// Adds the gradient for the input channels from `first` on to each tap's `[channels][out_c]`, from all transformed blocks.
    pub fn sum(
        &self,
        blocks: &[f32],
        first: usize,
        dw: &mut [&mut [f32]; 9],
        scratch: &mut Vec<f32>,
    ) {
        let (out_c, block_len) = (self.g.out_c, self.block_len());
        let rows = dw[0].len() / out_c.max(1);
        assert!(
            first + rows <= self.g.in_c && blocks.len() >= self.blocks() * block_len,
            "winograd::WeightGrad: channels {first}..{} of {:?}",
            first + rows,
            self.g
        );
        let width = (SUMS / (PLACES * rows.max(1)) / PANEL * PANEL).clamp(PANEL, self.columns);
        for column in (0..out_c).step_by(width) {
            let columns = width.min(self.columns - column);
            let place_len = rows * columns + 16;
            let sums = aligned(scratch, PLACES * place_len);
            for place in 0..PLACES {
                for (number, block) in blocks
                    .chunks_exact(block_len)
                    .take(self.blocks())
                    .enumerate()
                {
                    let (_, count) = self.tiles(number);
                    let (v, d) = block.split_at(PLACES * self.place[0]);
                    let job = Job {
                        a: &v[place * self.place[0] + first..(place + 1) * self.place[0]],
                        rows,
                        row: self.row,
                        terms: count,
                        walk: Walk::Cols,
                        b: &d[place * self.place[1] + column * count..(place + 1) * self.place[1]],
                        panel: count * PANEL,
                        n: columns.min(out_c - column),
                        columns,
                        add: number > 0,
                    };
                    job.run(&mut sums[place * place_len..][..place_len]);
                }
            }
            transform::weight_grads(rows, out_c, column, sums, columns, place_len, dw);
        }
    }
}

/// Adds the gradient of the weights to `dw`, on one thread: the blocks of [`WeightGrad`] one after another.
///
/// # Shapes
///
/// As [`crate::conv2d::weight_grad`].
pub fn weight_grad(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    check("winograd::weight_grad", g, images, x.len(), dy.len());
    assert_eq!(
        dw.len(),
        g.weights_len(),
        "winograd::weight_grad: elements of the weights of {g:?}"
    );
    if images == 0 {
        return;
    }
    let job = WeightGrad::new(g, images);
    let place_len = g.in_c * job.columns + 16;
    let (block, sums) =
        aligned(scratch, job.block_len() + PLACES * place_len).split_at_mut(job.block_len());
    for number in 0..job.blocks() {
        job.transform(number, x, dy, block);
        let (_, count) = job.tiles(number);
        let (v, d) = block.split_at(PLACES * job.place[0]);
        for place in 0..PLACES {
            let job = Job {
                a: &v[place * job.place[0]..][..job.place[0]],
                rows: g.in_c,
                row: job.row,
                terms: count,
                walk: Walk::Cols,
                b: &d[place * job.place[1]..][..job.place[1]],
                panel: count * PANEL,
                n: g.out_c,
                columns: job.columns,
                add: number > 0,
            };
            job.run(&mut sums[place * place_len..][..place_len]);
        }
    }
    let mut taps = dw.chunks_exact_mut(g.in_c * g.out_c);
    let mut dw: [&mut [f32]; 9] = std::array::from_fn(|_| taps.next().unwrap_or_default());
    transform::weight_grads(g.in_c, g.out_c, 0, sums, job.columns, place_len, &mut dw);
}
