//! The four linear maps of F(4×4, 3×3), two-dimensional by applying the one-dimensional map to columns, then to rows.
//!
//! With the interpolation points 0, ±1/√2, ±√2, ∞ (the usual 0, ±1, ±2, ∞ lose another factor of six in accuracy): inputs `Bᵀ d B`, weights
//! `G g Gᵀ`, outputs `Aᵀ m A`, and for gradients their transposes `A dy Aᵀ` and `Gᵀ u G`. Each works on a vector of channels at a time; a
//! map of a tile is some 150 additions and multiplications for 36 loads and 36 stores, so it is bound by arithmetic where the operand is in
//! cache.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "the contract of each map is stated on its entry, which checks the lengths"
)]

use super::{PANEL, PLACES, TILE};
use crate::columns::Columns;
use crate::conv2d::Conv2d;
use crate::product::Act;
use crate::simd::{Simd, dispatch};

/// Input pixels of a tile along each axis.
const PATCH: usize = TILE + 2;

/// A linear map of `N` values to `M`, on vectors.
trait Map<const N: usize, const M: usize> {
    unsafe fn apply<S: Simd>(d: [S::F; N]) -> [S::F; M];
}

/// The inner and the outer point; the products of their squares are 1, which keeps all four maps well scaled.
const INNER: f32 = std::f32::consts::FRAC_1_SQRT_2;
const OUTER: f32 = std::f32::consts::SQRT_2;

/// `Bᵀ`: for each point the polynomial whose roots are the other points.
struct Inputs;
impl Map<6, 6> for Inputs {
    #[inline(always)]
    unsafe fn apply<S: Simd>(d: [S::F; 6]) -> [S::F; 6] {
        let (both, half, two) = (S::splat(-2.5), S::splat(-0.5), S::splat(-2.0));
        let (inner, outer) = (S::splat(INNER), S::splat(OUTER));
        let (even, odd) = (
            S::fma(two, d[2], d[4]),
            S::mul(inner, S::fma(two, d[1], d[3])),
        );
        let (even2, odd2) = (
            S::fma(half, d[2], d[4]),
            S::mul(outer, S::fma(half, d[1], d[3])),
        );
        [
            S::add(d[0], S::fma(both, d[2], d[4])),
            S::add(even, odd),
            S::sub(even, odd),
            S::add(even2, odd2),
            S::sub(even2, odd2),
            S::add(d[1], S::fma(both, d[3], d[5])),
        ]
    }
}

/// `G`: the kernel's polynomial at each point, over the product of the point's distances to the others.
struct Weights;
impl Map<3, 6> for Weights {
    #[inline(always)]
    unsafe fn apply<S: Simd>(g: [S::F; 3]) -> [S::F; 6] {
        let (inner, outer) = (S::splat(-1.0 / 1.5), S::splat(1.0 / 6.0));
        let even = S::mul(inner, S::fma(S::splat(0.5), g[2], g[0]));
        let odd = S::mul(S::splat(-INNER / 1.5), g[1]);
        let even2 = S::mul(outer, S::fma(S::splat(2.0), g[2], g[0]));
        let odd2 = S::mul(S::splat(OUTER / 6.0), g[1]);
        [
            g[0],
            S::add(even, odd),
            S::sub(even, odd),
            S::add(even2, odd2),
            S::sub(even2, odd2),
            g[2],
        ]
    }
}

/// `Aᵀ`: powers of the points.
struct Outputs;
impl Map<6, 4> for Outputs {
    #[inline(always)]
    unsafe fn apply<S: Simd>(m: [S::F; 6]) -> [S::F; 4] {
        let (s, d) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (t, e) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        let (inner, outer) = (S::splat(INNER), S::splat(OUTER));
        let (half, two) = (S::splat(0.5), S::splat(2.0));
        [
            S::add(m[0], S::add(s, t)),
            S::fma(outer, e, S::mul(inner, d)),
            S::fma(two, t, S::mul(half, s)),
            S::fma(
                S::splat(2.0 * OUTER),
                e,
                S::fma(S::splat(0.5 * INNER), d, m[5]),
            ),
        ]
    }
}

/// `A`.
struct OutputGrads;
impl Map<4, 6> for OutputGrads {
    #[inline(always)]
    unsafe fn apply<S: Simd>(y: [S::F; 4]) -> [S::F; 6] {
        let (half, two) = (S::splat(0.5), S::splat(2.0));
        let even = S::fma(half, y[2], y[0]);
        let odd = S::mul(S::splat(INNER), S::fma(half, y[3], y[1]));
        let even2 = S::fma(two, y[2], y[0]);
        let odd2 = S::mul(S::splat(OUTER), S::fma(two, y[3], y[1]));
        [
            y[0],
            S::add(even, odd),
            S::sub(even, odd),
            S::add(even2, odd2),
            S::sub(even2, odd2),
            y[3],
        ]
    }
}

/// `Gᵀ`.
struct WeightGrads;
impl Map<6, 3> for WeightGrads {
    #[inline(always)]
    unsafe fn apply<S: Simd>(u: [S::F; 6]) -> [S::F; 3] {
        let (s, d) = (S::add(u[1], u[2]), S::sub(u[1], u[2]));
        let (t, e) = (S::add(u[3], u[4]), S::sub(u[3], u[4]));
        let (inner, outer) = (S::splat(-1.0 / 1.5), S::splat(1.0 / 6.0));
        [
            S::fma(inner, s, S::fma(outer, t, u[0])),
            S::fma(S::splat(-INNER / 1.5), d, S::mul(S::splat(OUTER / 6.0), e)),
            S::fma(
                S::splat(-0.5 / 1.5),
                s,
                S::fma(S::splat(2.0 / 6.0), t, u[5]),
            ),
        ]
    }
}

/// Applies a map to the columns, then to the rows of `N × N` vectors at `from`.
#[inline(always)]
unsafe fn square<S: Simd, const N: usize, const M: usize, T: Map<N, M>>(
    from: *const f32,
    row: usize,
    column: usize,
) -> [[S::F; M]; M] {
    let zero = S::splat(0.0);
    let mut half = [[zero; N]; M];
    for j in 0..N {
        let mut d = [zero; N];
        for i in 0..N {
            d[i] = S::load(from.add(i * row + j * column));
        }
        let t = T::apply::<S>(d);
        for i in 0..M {
            half[i][j] = t[i];
        }
    }
    let mut whole = [[zero; M]; M];
    for i in 0..M {
        whole[i] = T::apply::<S>(half[i]);
    }
    whole
}

/// Where the tiles of an image lie.
#[derive(Clone, Copy)]
struct Place {
    image: usize,
    y: usize,
    x: usize,
}

/// The tiles from number `first` on: images, then rows of tiles, then columns. Counted, as divisions would show.
#[inline(always)]
fn places(g: &Conv2d, first: usize) -> impl FnMut() -> Place {
    let (rows, columns) = (g.out_h.div_ceil(TILE), g.out_w.div_ceil(TILE));
    let (h, w) = (rows * TILE, columns * TILE);
    let (image, rest) = (first / (rows * columns), first % (rows * columns));
    let mut next = Place {
        image,
        y: rest / columns * TILE,
        x: rest % columns * TILE,
    };
    move || {
        let here = next;
        next.x += TILE;
        if next.x == w {
            (next.x, next.y) = (0, next.y + TILE);
            if next.y == h {
                (next.y, next.image) = (0, next.image + 1);
            }
        }
        here
    }
}

/// Transforms patches of `N × N` pixels of images `[h][w][c]`: `out[place][panel of `width` channels][tile][channel]`.
///
/// Pixels outside the image are read from a line of zeros, so that one loop serves all tiles.
#[inline(always)]
unsafe fn patches<S: Simd, const N: usize, T: Map<N, PATCH>>(
    g: &Conv2d,
    size: [usize; 3],
    pad: [isize; 2],
    first: usize,
    count: usize,
    images: *const f32,
    out: *mut f32,
    width: usize,
    place: usize,
) {
    let [h, w, c] = size;
    let nothing = vec![0.0_f32; c];
    let zero = S::splat(0.0);
    let mut pixels = [[nothing.as_ptr(); N]; N];
    let mut next = places(g, first);
    for t in 0..count {
        let tile = next();
        let image = images.add(tile.image * h * w * c);
        let corner = [tile.y.cast_signed() - pad[0], tile.x.cast_signed() - pad[1]];
        for i in 0..N {
            let y = corner[0] + i.cast_signed();
            let inside = y >= 0 && y < h.cast_signed();
            for j in 0..N {
                let x = corner[1] + j.cast_signed();
                pixels[j][i] = if inside && x >= 0 && x < w.cast_signed() {
                    image.add((y.cast_unsigned() * w + x.cast_unsigned()) * c)
                } else {
                    nothing.as_ptr()
                };
            }
        }
        for channel in (0..c).step_by(S::LANES) {
            let panel = if width >= c { 0 } else { channel / width };
            let out = out.add(panel * count * width + t * width + channel - panel * width);
            let left = c - channel;
            let mut half = [[zero; N]; PATCH];
            for j in 0..N {
                let mut d = [zero; N];
                for i in 0..N {
                    let from = pixels[j][i].add(channel);
                    d[i] = if left >= S::LANES {
                        S::load(from)
                    } else {
                        S::load_part(from, left)
                    };
                }
                let column = T::apply::<S>(d);
                for i in 0..PATCH {
                    half[i][j] = column[i];
                }
            }
            for i in 0..PATCH {
                let line = T::apply::<S>(half[i]);
                for j in 0..PATCH {
                    S::store(out.add((i * PATCH + j) * place), line[j]);
                }
            }
        }
    }
}

/// `v[place][tile][channel]`, rows of `row` floats, from tiles `first..first + count` of `x`.
pub(super) fn inputs(
    g: &Conv2d,
    first: usize,
    count: usize,
    x: &[f32],
    v: &mut [f32],
    row: usize,
    place: usize,
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        g: &Conv2d,
        first: usize,
        count: usize,
        x: *const f32,
        v: *mut f32,
        row: usize,
        place: usize,
    ) {
        let size = [g.in_h, g.in_w, g.in_c];
        patches::<S, 6, Inputs>(g, size, g.pad, first, count, x, v, row, place);
    }
    assert!(
        row >= g.in_c.next_multiple_of(16)
            && place >= count * row
            && v.len() >= PLACES * place
            && x.len() >= (first + count).div_ceil(super::tiles(g).max(1)) * g.input_len(),
        "winograd: room for {count} transformed inputs"
    );
    let (x, v) = (x.as_ptr(), v.as_mut_ptr());
    // Whole vectors stay within a row, which is padded to the longest vector; tiles lie in images that were counted.
    dispatch!(body(g: &Conv2d, first: usize, count: usize, x: *const f32, v: *mut f32, row: usize, place: usize));
}

/// `d[place][panel][tile][32]` from tiles `first..first + count` of the gradient of the outputs.
pub(super) fn output_grads(
    g: &Conv2d,
    first: usize,
    count: usize,
    dy: &[f32],
    d: &mut [f32],
    place: usize,
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        g: &Conv2d,
        first: usize,
        count: usize,
        dy: *const f32,
        d: *mut f32,
        place: usize,
    ) {
        let size = [g.out_h, g.out_w, g.out_c];
        patches::<S, TILE, OutputGrads>(g, size, [0, 0], first, count, dy, d, PANEL, place);
    }
    assert!(
        place >= count * g.out_c.next_multiple_of(PANEL)
            && d.len() >= PLACES * place
            && dy.len() >= (first + count).div_ceil(super::tiles(g).max(1)) * g.output_len(),
        "winograd: room for {count} transformed gradients"
    );
    let (dy, d) = (dy.as_ptr(), d.as_mut_ptr());
    dispatch!(body(g: &Conv2d, first: usize, count: usize, dy: *const f32, d: *mut f32, place: usize));
}

/// Writes tiles `first..first + count` of `y = act(bias + Aᵀ m A)`, from `m[place][tile][columns]`.
pub(super) fn outputs(
    g: &Conv2d,
    first: usize,
    count: usize,
    m: &[f32],
    columns: usize,
    place: usize,
    bias: Option<&[f32]>,
    act: Act,
    y: &mut Columns<'_>,
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        g: &Conv2d,
        first: usize,
        count: usize,
        m: *const f32,
        columns: usize,
        place: usize,
        bias: *const f32,
        relu: bool,
        y: *mut f32,
        pixel: usize,
    ) {
        let (h, w, c) = (g.out_h, g.out_w, g.out_c);
        let mut next = places(g, first);
        for t in 0..count {
            let tile = next();
            let (rows, cols) = (TILE.min(h - tile.y), TILE.min(w - tile.x));
            let corner = y.add(((tile.image * h + tile.y) * w + tile.x) * pixel);
            for channel in (0..c).step_by(S::LANES) {
                let left = c - channel;
                let from = m.add(t * columns + channel);
                // Two halves by hand: the rows of places lie a place apart.
                let mut out = square::<S, PATCH, TILE, Outputs>(from, PATCH * place, place);
                let start = if bias.is_null() {
                    S::splat(0.0)
                } else if left >= S::LANES {
                    S::load(bias.add(channel))
                } else {
                    S::load_part(bias.add(channel), left)
                };
                for line in &mut out {
                    for value in line {
                        *value = S::add(*value, start);
                        if relu {
                            *value = S::relu(*value);
                        }
                    }
                }
                let to = corner.add(channel);
                if rows == TILE && cols == TILE && left >= S::LANES {
                    for i in 0..TILE {
                        for j in 0..TILE {
                            S::store(to.add((i * w + j) * pixel), out[i][j]);
                        }
                    }
                } else {
                    for i in 0..rows {
                        for j in 0..cols {
                            let to = to.add((i * w + j) * pixel);
                            if left >= S::LANES {
                                S::store(to, out[i][j]);
                            } else {
                                S::store_part(to, left, out[i][j]);
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(
        columns >= g.out_c.next_multiple_of(PANEL)
            && place >= count * columns
            && m.len() >= PLACES * place
            && bias.is_none_or(|b| b.len() == g.out_c)
            && y.width() == g.out_c,
        "winograd: {count} tiles of outputs"
    );
    let bias = bias.map_or(std::ptr::null(), <[f32]>::as_ptr);
    let relu = act == Act::Relu;
    let pixel = y.stride();
    let pixels = (first + count).div_ceil(super::tiles(g).max(1)) * g.out_h * g.out_w;
    // The pixels that the tiles write, of which `at` says that they are there and ours.
    let reach = pixels.saturating_sub(1) * pixel + g.out_c;
    let (m, y) = (m.as_ptr(), y.at(y.first(), g.out_c, reach));
    dispatch!(body(g: &Conv2d, first: usize, count: usize, m: *const f32, columns: usize, place: usize, bias: *const f32, relu: bool, y: *mut f32, pixel: usize));
}

/// `u[panel][place][in_c][32] = G w Gᵀ` for the panels from `first` on; columns past the last channel are 0.
pub(super) fn weights(in_c: usize, out_c: usize, w: &[f32], first: usize, u: &mut [f32]) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        in_c: usize,
        out_c: usize,
        w: *const f32,
        first: usize,
        panels: usize,
        u: *mut f32,
    ) {
        let mut taps = [0.0_f32; 9 * 16];
        for within in (0..panels * PANEL).step_by(S::LANES) {
            let panel = u.add(within / PANEL * PLACES * in_c * PANEL + within % PANEL);
            let column = first * PANEL + within;
            for i in 0..in_c {
                for tap in 0..9 {
                    let from = w.wrapping_add((tap * in_c + i) * out_c + column);
                    let value = if column + S::LANES <= out_c {
                        S::load(from)
                    } else if column < out_c {
                        S::load_part(from, out_c - column)
                    } else {
                        S::splat(0.0)
                    };
                    S::store(taps.as_mut_ptr().add(tap * 16), value);
                }
                let whole = square::<S, 3, PATCH, Weights>(taps.as_ptr(), 3 * 16, 16);
                for a in 0..PATCH {
                    for b in 0..PATCH {
                        let place = (a * PATCH + b) * in_c * PANEL;
                        S::store(panel.add(place + i * PANEL), whole[a][b]);
                    }
                }
            }
        }
    }
    let panels = u.len() / (PLACES * in_c * PANEL).max(1);
    let (w, u) = (w.as_ptr(), u.as_mut_ptr());
    dispatch!(body(in_c: usize, out_c: usize, w: *const f32, first: usize, panels: usize, u: *mut f32));
}

/// Adds `Gᵀ u G` to the nine taps' `dw[rows][out_c]`, for the columns from `first` on that `u[place][rows][columns]` has.
pub(super) fn weight_grads(
    rows: usize,
    out_c: usize,
    first: usize,
    u: &[f32],
    columns: usize,
    place: usize,
    dw: &mut [&mut [f32]; 9],
) {
    #[inline(always)]
    unsafe fn body<S: Simd>(
        rows: usize,
        out_c: usize,
        first: usize,
        u: *const f32,
        columns: usize,
        place: usize,
        dw: &[*mut f32; 9],
    ) {
        for i in 0..rows {
            for column in (0..columns.min(out_c - first)).step_by(S::LANES) {
                let from = u.add(i * columns + column);
                let out = square::<S, PATCH, 3, WeightGrads>(from, PATCH * place, place);
                let left = out_c - first - column;
                for a in 0..3 {
                    for b in 0..3 {
                        let to = dw[a * 3 + b].add(i * out_c + first + column);
                        if left >= S::LANES {
                            S::store(to, S::add(S::load(to), out[a][b]));
                        } else {
                            S::store_part(to, left, S::add(S::load_part(to, left), out[a][b]));
                        }
                    }
                }
            }
        }
    }
    assert!(
        columns.is_multiple_of(PANEL)
            && first < out_c
            && first + columns <= out_c.next_multiple_of(PANEL)
            && place >= rows * columns
            && u.len() >= PLACES * place
            && dw.iter().all(|dw| dw.len() == rows * out_c),
        "winograd: gradients of {rows} rows and {out_c} columns of weights from {first}"
    );
    let dw = &dw.each_mut().map(|dw| dw.as_mut_ptr());
    let u = u.as_ptr();
    dispatch!(body(rows: usize, out_c: usize, first: usize, u: *const f32, columns: usize, place: usize, dw: &[*mut f32; 9]));
}
