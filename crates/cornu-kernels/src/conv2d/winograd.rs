//! Winograd's convolution F(4×4, 3×3): 36 multiplications where the definition has 144.
//!
//! A tile of 4 × 4 outputs needs 6 × 6 inputs. Both the tile and the kernel are transformed to 6 × 6 places
//! (`transform`); at each of the 36 places the convolution is then a plain product over channels for all tiles, and the
//! result is transformed back. The gradient of the weights is the same chain read backwards. The floor is a quarter of the
//! multiplications at peak, plus one pass of each transform over its operand; tiles go through in blocks whose transformed
//! operands stay in the second cache. Measured on the machine that `tile` names, for 15 × 15 × 32 to 64 channels, against
//! the direct convolution of `dense`: see `kernels_bench conv2d`. The price is rounding: errors of about 4·10⁻⁶ of the
//! size of the sums.
//!
//! Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.

mod job;
mod transform;
mod weight_grad;

pub use weight_grad::{WeightGrad, weight_grad};

use super::Conv2d;
use crate::columns::Columns;
use crate::matrix::panels::aligned;
use crate::matrix::tile::{MAX_ROWS, Walk};
use crate::product::Act;
use job::Job;

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
