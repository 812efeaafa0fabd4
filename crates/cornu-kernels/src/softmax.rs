//! Softmax and its logarithm over the last axis, stable for any finite input.

/// `y[i][j] = exp(x[i][j] − max_i) / Σ_j exp(x[i][j] − max_i)`.
///
/// # Shapes
///
/// `x` and `y` `[rows][n]`.
///
/// # Example
///
/// ```
/// let mut y = [0.0; 2];
/// cornu_kernels::softmax::softmax(1, 2, &[1000.0, 1000.0], &mut y);
/// assert_eq!(y, [0.5, 0.5]);
/// ```
pub fn softmax(rows: usize, n: usize, x: &[f32], y: &mut [f32]) {
    check("softmax", rows, n, x, y);
    for (x, y) in x.chunks_exact(n.max(1)).zip(y.chunks_exact_mut(n.max(1))) {
        let largest = x
            .iter()
            .fold(f32::NEG_INFINITY, |a, &b| if a >= b { a } else { b });
        let mut sum = 0.0;
        for (x, y) in x.iter().zip(y.iter_mut()) {
            *y = (x - largest).exp();
            sum += *y;
        }
        for y in y {
            *y /= sum;
        }
    }
}

/// `y[i][j] = x[i][j] − max_i − ln Σ_j exp(x[i][j] − max_i)`.
///
/// # Shapes
///
/// `x` and `y` `[rows][n]`.
pub fn log_softmax(rows: usize, n: usize, x: &[f32], y: &mut [f32]) {
    check("log_softmax", rows, n, x, y);
    for (x, y) in x.chunks_exact(n.max(1)).zip(y.chunks_exact_mut(n.max(1))) {
        let largest = x
            .iter()
            .fold(f32::NEG_INFINITY, |a, &b| if a >= b { a } else { b });
        let sum: f32 = x.iter().map(|x| (x - largest).exp()).sum();
        let shift = sum.ln();
        for (x, y) in x.iter().zip(y.iter_mut()) {
            *y = x - largest - shift;
        }
    }
}

fn check(function: &str, rows: usize, n: usize, x: &[f32], y: &[f32]) {
    assert!(
        x.len() == rows * n && y.len() == rows * n,
        "{function}: x and y hold [{rows}][{n}] elements"
    );
}
