//! Winograd's convolution F(4×4, 3×3): 36 multiplications where the definition has 144.
//!
//! A tile of 4 × 4 outputs needs 6 × 6 inputs. Both the tile and the kernel are transformed to 6 × 6 places
//! ([`transform`]); at each of the 36 places the convolution is then a plain product over channels for all tiles, and the
//! result is transformed back. The gradient of the weights is the same chain read backwards. The floor is a quarter of the
//! multiplications at peak, plus one pass of each transform over its operand; tiles go through in blocks whose transformed
//! operands stay in the second cache. Measured on the machine that `tile` names, for 15 × 15 × 32 to 64 channels, against
//! the direct convolution of `dense`: see `kernels_bench conv2d`. The price is rounding: errors of about 4·10⁻⁶ of the
//!
//! Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.

mod transform;

use super::Conv2d;
use crate::matrix::panels::aligned;
use crate::matrix::tile::{self, Block, MAX_ROWS, Run, Start, Walk};
use crate::product::Act;

/// Places of a transformed tile.
pub const PLACES: usize = 36;
/// Outputs of a tile along each axis.
const TILE: usize = 4;
/// Columns of a panel of transformed weights or gradients, whatever the level.
const PANEL: usize = 32;
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

/// Transforms weights for [`forward`]: panels of 32 output channels at each of 36 places.
///
/// # Shapes
///
/// `w` `[3][3][in_c][out_c]`, `u` `[36][out_c / 32, rounded up][in_c][32]`.
pub fn transform_weights(in_c: usize, out_c: usize, w: &[f32], u: &mut [f32]) {
    assert!(
        w.len() == 9 * in_c * out_c && u.len() == weights_len(in_c, out_c),
        "winograd::transform_weights: expects {} weights and room for {}, received {} and {}",
        9 * in_c * out_c,
        weights_len(in_c, out_c),
        w.len(),
        u.len()
    );
    transform::weights(in_c, out_c, w, u);
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
    check("winograd::forward", g, images, x.len(), y.len());
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
                b: &u[place * g.in_c * layout.columns..][..g.in_c * layout.columns],
                n: g.out_c,
                columns: layout.columns,
                add: false,
            };
            job.run(&mut m[place * m_place..][..m_place]);
        }
        transform::outputs(g, first, count, m, layout.columns, m_place, bias, act, y);
    }
}

/// Adds the gradient of the weights to `dw`. Unlike [`super::weight_grad`], one call for all images and several calls for
/// parts of them differ in their rounding.
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
    let layout = Layout::new(g, images);
    let [v_place, d_place] = layout.place;
    let u_place = g.in_c * layout.columns + 16;
    let (v, rest) =
        aligned(scratch, PLACES * (v_place + d_place + u_place)).split_at_mut(PLACES * v_place);
    let (d, du) = rest.split_at_mut(PLACES * d_place);
    let all = images * tiles(g);
    for first in (0..all).step_by(layout.block) {
        let count = layout.block.min(all - first);
        transform::inputs(g, first, count, x, v, layout.row, v_place);
        transform::output_grads(g, first, count, dy, d, d_place);
        for place in 0..PLACES {
            let job = Job {
                a: &v[place * v_place..][..v_place],
                rows: g.in_c,
                row: layout.row,
                terms: count,
                walk: Walk::Cols,
                b: &d[place * d_place..][..d_place],
                n: g.out_c,
                columns: layout.columns,
                add: first > 0,
            };
            job.run(&mut du[place * u_place..][..u_place]);
        }
    }
    transform::weight_grads(g.in_c, g.out_c, du, layout.columns, u_place, dw);
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
                && self.b.len() >= self.terms * columns
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
                b: self.b[panel * self.terms * PANEL + within..].as_ptr(),
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
