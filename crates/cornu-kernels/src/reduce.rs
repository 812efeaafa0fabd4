//! Sums, extremes and where they are, in an order that shapes alone decide.

use crate::simd::{Simd, dispatch};

/// What a [`reduce`] keeps of the reduced axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum; 0 of nothing.
    Sum,
    /// The largest value, NaN if there is one; −∞ of nothing.
    Max,
    /// The smallest value, NaN if there is one; +∞ of nothing.
    Min,
}

impl Reduction {
    fn start(self) -> f32 {
        match self {
            Reduction::Sum => 0.0,
            Reduction::Max => f32::NEG_INFINITY,
            Reduction::Min => f32::INFINITY,
        }
    }
}

/// # Safety
///
/// The level is available.
#[inline(always)]
unsafe fn combine<S: Simd>(kind: Reduction, a: S::F, b: S::F) -> S::F {
    // SAFETY: the caller has the level.
    unsafe {
        match kind {
            Reduction::Sum => S::add(a, b),
            Reduction::Max => S::max(a, b),
            Reduction::Min => S::min(a, b),
        }
    }
}

/// `y[j] = y[j] ⊕ x[0][j] ⊕ x[1][j] ⊕ ...`: a few vectors of columns at a time, so that sums stay in registers.
///
/// # Safety
///
/// `x` holds `rows · cols` elements and `y` holds `cols`.
#[inline(always)]
unsafe fn columns<S: Simd>(kind: Reduction, rows: usize, cols: usize, x: *const f32, y: *mut f32) {
    const WIDE: usize = 8;
    // SAFETY: all offsets are below `cols`, or in a row below `rows`.
    unsafe {
        let mut j = 0;
        while j + WIDE * S::LANES <= cols {
            let mut acc = [S::splat(0.0); WIDE];
            for v in 0..WIDE {
                acc[v] = S::load(y.add(j + v * S::LANES));
            }
            for row in 0..rows {
                for v in 0..WIDE {
                    acc[v] =
                        combine::<S>(kind, acc[v], S::load(x.add(row * cols + j + v * S::LANES)));
                }
            }
            for v in 0..WIDE {
                S::store(y.add(j + v * S::LANES), acc[v]);
            }
            j += WIDE * S::LANES;
        }
        while j < cols {
            let n = S::LANES.min(cols - j);
            if n == S::LANES {
                let mut acc = S::load(y.add(j));
                for row in 0..rows {
                    acc = combine::<S>(kind, acc, S::load(x.add(row * cols + j)));
                }
                S::store(y.add(j), acc);
            } else {
                let mut acc = S::load_part(y.add(j), n);
                for row in 0..rows {
                    acc = combine::<S>(kind, acc, S::load_part(x.add(row * cols + j), n));
                }
                S::store_part(y.add(j), n, acc);
            }
            j += n;
        }
    }
}

/// `⊕ x[i]` over four vectors of lanes, which are then combined in order, and the tail after them.
///
/// # Safety
///
/// `x` holds `n` elements.
#[inline(always)]
unsafe fn line<S: Simd>(kind: Reduction, n: usize, x: *const f32) -> f32 {
    // SAFETY: all offsets are below `n`; the array has room for the widest vector.
    unsafe {
        let mut acc = [S::splat(kind.start()); 4];
        let mut i = 0;
        while i + 4 * S::LANES <= n {
            for v in 0..4 {
                acc[v] = combine::<S>(kind, acc[v], S::load(x.add(i + v * S::LANES)));
            }
            i += 4 * S::LANES;
        }
        while i + S::LANES <= n {
            acc[0] = combine::<S>(kind, acc[0], S::load(x.add(i)));
            i += S::LANES;
        }
        let pairs = [
            combine::<S>(kind, acc[0], acc[1]),
            combine::<S>(kind, acc[2], acc[3]),
        ];
        let mut lanes = [0.0_f32; 16];
        S::store(lanes.as_mut_ptr(), combine::<S>(kind, pairs[0], pairs[1]));
        let scalar = |a: f32, b: f32| match kind {
            Reduction::Sum => a + b,
            Reduction::Max if a >= b || a.is_nan() => a,
            Reduction::Min if a <= b || a.is_nan() => a,
            Reduction::Max | Reduction::Min => b,
        };
        let all = lanes[1..S::LANES]
            .iter()
            .fold(lanes[0], |a, &b| scalar(a, b));
        (i..n).fold(all, |a, i| scalar(a, *x.add(i)))
    }
}

/// Reduces the middle axis: `y[o][i] = ⊕_r x[o][r][i]`. `y` is overwritten.
///
/// # Shapes
///
/// `x` `[outer][n][inner]`, `y` `[outer][inner]`.
///
/// # Example
///
/// ```
/// use cornu_kernels::reduce::{Reduction, reduce};
/// let mut y = [0.0; 2];
/// reduce(Reduction::Max, 1, 3, 2, &[1.0, 9.0, 4.0, 2.0, 3.0, 5.0], &mut y);
/// assert_eq!(y, [4.0, 9.0]);
/// ```
pub fn reduce(kind: Reduction, outer: usize, n: usize, inner: usize, x: &[f32], y: &mut [f32]) {
    assert_eq!(
        x.len(),
        outer * n * inner,
        "reduce: elements of x [{outer}][{n}][{inner}]"
    );
    assert_eq!(
        y.len(),
        outer * inner,
        "reduce: elements of y [{outer}][{inner}]"
    );
    match (inner, n, kind) {
        (1, 2, Reduction::Max | Reduction::Min) => return short_extremes::<2>(kind, x, y),
        (1, 3, Reduction::Max | Reduction::Min) => return short_extremes::<3>(kind, x, y),
        (1, 4, Reduction::Max | Reduction::Min) => return short_extremes::<4>(kind, x, y),
        _ => {}
    }
    if inner == 1 {
        for (o, y) in y.iter_mut().enumerate() {
            let x = x[o * n..][..n].as_ptr();
            *y = dispatch!(line(kind: Reduction, n: usize, x: *const f32) -> f32);
        }
        return;
    }
    y.fill(kind.start());
    if inner > 0 {
        for (o, y) in y.chunks_exact_mut(inner).enumerate() {
            let (x, y) = (x[o * n * inner..][..n * inner].as_ptr(), y.as_mut_ptr());
            dispatch!(columns(kind: Reduction, n: usize, inner: usize, x: *const f32, y: *mut f32));
        }
    }
}

/// Extremes of rows shorter than a vector, such as a pixel's channels: what a call for each row costs would be most of it.
fn short_extremes<const N: usize>(kind: Reduction, x: &[f32], y: &mut [f32]) {
    let max = kind == Reduction::Max;
    for (x, y) in x.as_chunks::<N>().0.iter().zip(y) {
        let mut best = x[0];
        for &v in &x[1..] {
            let beats = if max { v > best } else { v < best };
            best = if beats || v.is_nan() { v } else { best };
        }
        *y = best;
    }
}

/// Adds all rows to `y`: `y[j] += Σ_i x[i][j]`, rows in order, starting from `y`.
///
/// Rows 0..4 followed by rows 4..8 into the same `y` gives bit for bit what rows 0..8 give.
///
/// # Shapes
///
/// `x` `[rows][cols]`, `y` `[cols]`.
pub fn accumulate_rows(rows: usize, cols: usize, x: &[f32], y: &mut [f32]) {
    assert_eq!(
        x.len(),
        rows * cols,
        "accumulate_rows: elements of x [{rows}][{cols}]"
    );
    assert_eq!(y.len(), cols, "accumulate_rows: elements of y");
    let (kind, x, y) = (Reduction::Sum, x.as_ptr(), y.as_mut_ptr());
    dispatch!(columns(kind: Reduction, rows: usize, cols: usize, x: *const f32, y: *mut f32));
}

/// The index of the first maximum of each row; NaN counts as the largest.
///
/// # Shapes
///
/// `x` `[rows][n]` with `n ≥ 1`, `y` `[rows]`.
pub fn argmax(rows: usize, n: usize, x: &[f32], y: &mut [i32]) {
    assert!(
        n > 0 && i32::try_from(n).is_ok(),
        "argmax: rows of 1 to 2^31-1 elements, received {n}"
    );
    assert_eq!(x.len(), rows * n, "argmax: elements of x [{rows}][{n}]");
    assert_eq!(y.len(), rows, "argmax: elements of y");
    for (x, y) in x.chunks_exact(n).zip(y) {
        let mut best = 0;
        for (i, v) in x.iter().enumerate().skip(1) {
            if *v > x[best] || (v.is_nan() && !x[best].is_nan()) {
                best = i;
            }
        }
        *y = best as i32;
    }
}

/// Adds the parts up: `y[j] = Σ_p x[p·len + j]`, in order of `p`. `y` is overwritten.
///
/// # Shapes
///
/// `x` `[parts][len]`, `y` `[len]`.
pub fn sum_parts(parts: usize, len: usize, x: &[f32], y: &mut [f32]) {
    assert_eq!(
        x.len(),
        parts * len,
        "sum_parts: elements of x [{parts}][{len}]"
    );
    assert_eq!(y.len(), len, "sum_parts: elements of y");
    y.fill(0.0);
    accumulate_rows(parts, len, x, y);
}

/// Whether there is neither infinity nor NaN.
///
/// # Example
///
/// ```
/// use cornu_kernels::reduce::all_finite;
/// assert!(all_finite(&[1.0, -0.0, f32::MAX]));
/// assert!(!all_finite(&[1.0, f32::NAN]));
/// ```
pub fn all_finite(x: &[f32]) -> bool {
    /// A plain loop over bits, compiled for each level's vectors.
    #[inline(always)]
    unsafe fn body<S: Simd>(x: &[f32]) -> bool {
        const EXPONENT: u32 = 0x7f80_0000;
        x.iter().fold(0, |bad, v| {
            bad | u32::from(v.to_bits() & EXPONENT == EXPONENT)
        }) == 0
    }
    // A few at a time: the first bad one ends it.
    x.chunks(4096).all(|x| dispatch!(body(x: &[f32]) -> bool))
}

/// The largest magnitude, 0 of nothing; not finite if any element is not.
///
/// # Example
///
/// ```
/// use cornu_kernels::reduce::largest;
/// assert_eq!(largest(&[1.0, -3.0, 2.0]), 3.0);
/// assert!(!largest(&[f32::INFINITY, f32::NAN]).is_finite());
/// ```
pub fn largest(x: &[f32]) -> f32 {
    /// Magnitudes are in the order of their bits, NaN behind infinity.
    #[inline(always)]
    unsafe fn body<S: Simd>(x: &[f32]) -> u32 {
        const MAGNITUDE: u32 = 0x7fff_ffff;
        x.iter()
            .fold(0, |most, v| most.max(v.to_bits() & MAGNITUDE))
    }
    f32::from_bits(dispatch!(body(x: &[f32]) -> u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_rows_give_their_extremes_and_their_nan() {
        for n in [2, 3, 4] {
            let mut x: Vec<f32> = (0..n * 7).map(|i| (i * 5 % 11) as f32 - 5.0).collect();
            x[n] = f32::NAN;
            x[3 * n - 1] = f32::NAN;
            for kind in [Reduction::Max, Reduction::Min] {
                let mut y = [0.0; 7];
                reduce(kind, 7, n, 1, &x, &mut y);
                for (x, y) in x.chunks(n).zip(y) {
                    let mut sorted = x.to_vec();
                    sorted.sort_by(f32::total_cmp);
                    let want = sorted[if kind == Reduction::Max { n - 1 } else { 0 }];
                    let nan = x.iter().any(|v| v.is_nan());
                    assert!(
                        if nan { y.is_nan() } else { y == want },
                        "{kind:?} of {x:?}: {y}"
                    );
                }
            }
        }
    }
}
