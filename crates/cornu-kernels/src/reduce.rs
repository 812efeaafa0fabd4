//! Sums, extremes and where they are, in an order that shapes alone decide.

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

fn max(a: f32, b: f32) -> f32 {
    if a >= b || a.is_nan() { a } else { b }
}

fn min(a: f32, b: f32) -> f32 {
    if a <= b || a.is_nan() { a } else { b }
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
    let (start, f): (f32, fn(f32, f32) -> f32) = match kind {
        Reduction::Sum => (0.0, |a, b| a + b),
        Reduction::Max => (f32::NEG_INFINITY, max),
        Reduction::Min => (f32::INFINITY, min),
    };
    for o in 0..outer {
        for i in 0..inner {
            y[o * inner + i] = (0..n).fold(start, |s, r| f(s, x[(o * n + r) * inner + i]));
        }
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
    for row in 0..rows {
        for j in 0..cols {
            y[j] += x[row * cols + j];
        }
    }
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
