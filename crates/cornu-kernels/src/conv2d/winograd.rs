//! Winograd's convolution F(4×4, 3×3): 36 multiplications where the definition has 144.
//!
//! A tile of 4 × 4 outputs needs 6 × 6 inputs. Both the tile and the kernel are transformed to 6 × 6 places
//! (`transform`); at each of the 36 places the convolution is then a plain product over channels for all tiles, and the
//! result is transformed back. The gradient of the weights is the same chain read backwards. The floor is a quarter of the
//! multiplications at peak, plus one pass of each transform over its operand; tiles go through in blocks whose transformed
//! operands stay in the second cache. Measured on the machine that `tile` names, for 15 × 15 × 32 to 64 channels, against
//! the direct convolution of `dense`: see `kernels_bench conv2d`. The price is rounding: errors of about 4·10⁻⁶ of the
//!
//! Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.

mod transform;

use super::Conv2d;
use crate::columns::Columns;
use crate::matrix::panels::aligned;
use crate::matrix::tile::{self, Block, MAX_ROWS, Run, Start, Walk};
use crate::product::Act;

/// Places of a transformed tile.
pub const PLACES: usize = 36;
/// Outputs of a tile along each axis.
const TILE: usize = 4;
/// Columns of a panel of transformed weights or gradients, whatever the level.
pub const PANEL: usize = 32;
/// Floats of transformed operands that share the second cache with the weights.
const BLOCK: usize = 256 * 1024;

/// Whether a convolution can be computed this way: 3 × 3, one step at a time, one group.
pub fn applies(g: &Conv2d) -> bool {
    g.k_h == 3
        && g.k_w == 3
        && g.stride == [1, 1]
        && g.lhs_dilation == [1, 1]
        && g.rhs_dilation == [1, 1]
        && g.groups == 1
}

/// Tiles of one image.
pub fn tiles(g: &Conv2d) -> usize {
    g.out_h.div_ceil(TILE) * g.out_w.div_ceil(TILE)
}

/// Elements of transformed weights.
pub fn weights_len(in_c: usize, out_c: usize) -> usize {
    PLACES * in_c * out_c.next_multiple_of(PANEL)
}

/// Elements of one panel of transformed weights.
pub fn panel_len(in_c: usize) -> usize {
    PLACES * in_c * PANEL
}

/// Transforms weights for [`forward`], the panels of 32 output channels from `first` on that fill `u`; several threads
/// may take some panels each.
///
/// # Shapes
///
/// `w` `[3][3][in_c][out_c]`, `u` `[panels][36][in_c][32]`.
pub fn transform_weights(in_c: usize, out_c: usize, w: &[f32], first: usize, u: &mut [f32]) {
    let panel = panel_len(in_c);
    assert!(
        w.len() == 9 * in_c * out_c
            && u.len().is_multiple_of(panel.max(1))
            && first * panel + u.len() <= weights_len(in_c, out_c),
        "winograd::transform_weights: expects {} weights and room for panels of {panel}, received {} and {} from panel {first}",
        9 * in_c * out_c,
        w.len(),
        u.len()
    );
    transform::weights(in_c, out_c, w, first, u);
}

/// Operands of a block of tiles as they lie in working memory.
#[derive(Clone, Copy)]
struct Layout {
    /// Tiles of a block.
    block: usize,
    /// Input channels with their padding: floats of a row of the transformed input.
    row: usize,
    /// Output channels with their padding.
    columns: usize,
    /// Floats from one place to the next: inputs, outputs. Not a power of two, so that the 36 streams of a transform do
    /// not meet in one set of the cache.
    place: [usize; 2],
}

impl Layout {
    fn new(g: &Conv2d, images: usize) -> Layout {
        let (row, columns) = (g.in_c.next_multiple_of(16), g.out_c.next_multiple_of(PANEL));
        let all = (images * tiles(g)).max(1);
        let most = (BLOCK / (PLACES * (row + columns))).max(3 * (MAX_ROWS - 1));
        let block = all.div_ceil(all.div_ceil(most));
        Layout {
            block,
            row,
            columns,
            place: [block * row + 16, block * columns + 16],
        }
    }
}

/// Convolves `images` images with transformed weights: `y = act(bias + x ∗ w)`.
///
/// # Shapes
///
/// As [`super::forward`], with `u` from [`transform_weights`] in place of the weights.
pub fn forward(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    u: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    if !y.is_empty() {
        let y = &mut Columns::whole(y, g.out_c);
        forward_columns(g, images, x, u, bias, act, y, scratch);
    }
}

/// As [`forward`], for some of the output's channels alone, which begin at a multiple of [`PANEL`]: where there are few tiles and
/// many weights, several threads take some channels each, so that every weight is read once.
pub fn forward_columns(
    g: &Conv2d,
    images: usize,
    x: &[f32],
    u: &[f32],
    bias: Option<&[f32]>,
    act: Act,
    y: &mut Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    check("winograd::forward", g, images, x.len(), y.matrix_len());
    assert_eq!(
        u.len(),
        weights_len(g.in_c, g.out_c),
        "winograd::forward: transformed weights of {g:?}"
    );
    if let Some(bias) = bias {
        assert_eq!(
            bias.len(),
            g.out_c,
            "winograd::forward: one bias for each output channel"
        );
    }
    assert!(
        y.first().is_multiple_of(PANEL),
        "winograd::forward: channels from {} on",
        y.first()
    );
    let u = &u[y.first() / PANEL * panel_len(g.in_c)..];
    let bias = bias.map(|bias| &bias[y.first()..][..y.width()]);
    // From here on of these channels alone.
    let g = &Conv2d {
        out_c: y.width(),
        ..*g
    };
    let layout = Layout::new(g, images);
    let [v_place, m_place] = layout.place;
    let (v, m) = aligned(scratch, PLACES * (v_place + m_place)).split_at_mut(PLACES * v_place);
    let all = images * tiles(g);
    for first in (0..all).step_by(layout.block) {
        let count = layout.block.min(all - first);
        transform::inputs(g, first, count, x, v, layout.row, v_place);
        for place in 0..PLACES {
            let job = Job {
                a: &v[place * v_place..][..v_place],
                rows: count,
                row: layout.row,
                terms: g.in_c,
                walk: Walk::Rows,
                b: &u[place * g.in_c * PANEL..],
                panel: panel_len(g.in_c),
                n: g.out_c,
                columns: layout.columns,
                add: false,
            };
            job.run(&mut m[place * m_place..][..m_place]);
        }
        transform::outputs(g, first, count, m, layout.columns, m_place, bias, act, y);
    }
}

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
/// As [`super::weight_grad`].
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

fn check(function: &str, g: &Conv2d, images: usize, x: usize, y: usize) {
    assert!(
        applies(g),
        "{function}: 3 × 3 kernels with steps of 1 and one group, received {g:?}"
    );
    assert!(
        x == images * g.input_len() && y == images * g.output_len(),
        "{function}: elements of {images} images of {g:?}, received {x} and {y}"
    );
}

/// The product at one place: `C[r][j] = Σ_k A[r, k] · B[k][j]`, B in panels of 32 columns.
struct Job<'a> {
    a: &'a [f32],
    rows: usize,
    /// Floats between rows of A, or between its terms in the column walk.
    row: usize,
    terms: usize,
    walk: Walk,
    b: &'a [f32],
    /// Floats from one panel of B to the next.
    panel: usize,
    /// Columns that matter, and with padding.
    n: usize,
    columns: usize,
    add: bool,
}

impl Job<'_> {
    fn run(&self, c: &mut [f32]) {
        let tiles = tile::current();
        let width = 2 * tiles.lanes;
        let most = tiles.max_rows[1];
        let (rows, columns) = (self.rows, self.columns);
        let far = match self.walk {
            Walk::Cols => (self.terms - 1) * self.row + rows,
            _ => (rows - 1) * self.row + self.terms,
        };
        assert!(
            self.a.len() >= far
                && self.panel >= self.terms * PANEL
                && self.b.len() >= (columns / PANEL - 1) * self.panel + self.terms * PANEL
                && c.len() >= rows * columns
                && self.n <= columns
                && columns.is_multiple_of(PANEL)
                && PANEL.is_multiple_of(width),
            "winograd: operands of {rows} rows, {} terms, {columns} columns",
            self.terms
        );
        let count = rows.div_ceil(most);
        let (small, longer) = (rows / count, rows % count);
        let kernels = [small, small + 1].map(|r| (tiles.get)(self.walk, 2, r.clamp(1, most)));
        let runs = [Run {
            a: 0,
            b: 0,
            len: self.terms,
        }];
        let (step, a_k) = if self.walk == Walk::Cols {
            (1, self.row)
        } else {
            (self.row, 1)
        };
        for column in (0..self.n).step_by(width) {
            let (panel, within) = (column / PANEL, column % PANEL);
            let mut block = Block {
                a: self.a.as_ptr(),
                b: self.b[panel * self.panel + within..].as_ptr(),
                c: c[column..].as_mut_ptr(),
                a_rows: [0; MAX_ROWS],
                c_rows: [0; MAX_ROWS],
                runs: &runs,
                a_k,
                ldb: PANEL,
                cols: width,
                start: if self.add {
                    Start::Accumulate
                } else {
                    Start::Zero
                },
                relu: false,
            };
            let mut row = 0;
            for t in 0..count {
                let long = usize::from(t < longer);
                for r in 0..small + long {
                    block.a_rows[r] = (row + r) * step;
                    block.c_rows[r] = (row + r) * columns;
                }
                row += small + long;
                // SAFETY: the rows and terms are those whose reach in A, B and C was checked on entry; columns are
                // padded to whole panels in B and C, and a panel is a multiple of the tile's width.
                unsafe { kernels[long](&block) };
            }
        }
    }
}
