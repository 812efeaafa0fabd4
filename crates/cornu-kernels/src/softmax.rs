//! Softmax and its logarithm over the last axis, stable for any finite input.

use crate::simd::{Simd, dispatch, math};

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
    let (log, x, y) = (false, x.as_ptr(), y.as_mut_ptr());
    dispatch!(all(log: bool, rows: usize, n: usize, x: *const f32, y: *mut f32));
}

/// `y[i][j] = x[i][j] − max_i − ln Σ_j exp(x[i][j] − max_i)`.
///
/// # Shapes
///
/// `x` and `y` `[rows][n]`.
pub fn log_softmax(rows: usize, n: usize, x: &[f32], y: &mut [f32]) {
    check("log_softmax", rows, n, x, y);
    let (log, x, y) = (true, x.as_ptr(), y.as_mut_ptr());
    dispatch!(all(log: bool, rows: usize, n: usize, x: *const f32, y: *mut f32));
}

fn check(function: &str, rows: usize, n: usize, x: &[f32], y: &[f32]) {
    assert!(
        x.len() == rows * n && y.len() == rows * n,
        "{function}: x and y hold [{rows}][{n}] elements"
    );
}

/// # Safety
///
/// `x` and `y` hold `rows · n` elements.
#[inline(always)]
unsafe fn all<S: Simd>(log: bool, rows: usize, n: usize, x: *const f32, y: *mut f32) {
    // SAFETY: rows and offsets are within the stated lengths; the arrays have room for the widest vector.
    unsafe {
        let whole = n - n % S::LANES;
        let left = n - whole;
        for row in 0..rows {
            let (x, y) = (x.add(row * n), y.add(row * n));
            // Past the end stands −∞, whose exponential adds nothing.
            let mut end = [f32::NEG_INFINITY; 16];
            std::ptr::copy_nonoverlapping(x.add(whole), end.as_mut_ptr(), left);
            let tail = S::load(end.as_ptr());
            let mut largest = tail;
            for i in (0..whole).step_by(S::LANES) {
                largest = S::max(largest, S::load(x.add(i)));
            }
            let mut lanes = [0.0_f32; 16];
            S::store(lanes.as_mut_ptr(), largest);
            let larger = |a: f32, b: &f32| if a >= *b || a.is_nan() { a } else { *b };
            let largest = S::splat(lanes[..S::LANES].iter().fold(f32::NEG_INFINITY, larger));

            let mut sum = S::splat(0.0);
            for i in (0..whole).step_by(S::LANES) {
                let e = math::exp::<S>(S::sub(S::load(x.add(i)), largest));
                sum = S::add(sum, e);
                if !log {
                    S::store(y.add(i), e);
                }
            }
            let last = math::exp::<S>(S::sub(tail, largest));
            sum = S::add(sum, last);
            S::store(lanes.as_mut_ptr(), sum);
            let sum: f32 = lanes[..S::LANES].iter().sum();

            if log {
                let shift = S::splat(sum.ln());
                for i in (0..whole).step_by(S::LANES) {
                    S::store(y.add(i), S::sub(S::sub(S::load(x.add(i)), largest), shift));
                }
                if left > 0 {
                    S::store_part(y.add(whole), left, S::sub(S::sub(tail, largest), shift));
                }
            } else {
                let scale = S::splat(1.0 / sum);
                for i in (0..whole).step_by(S::LANES) {
                    S::store(y.add(i), S::mul(S::load(y.add(i)), scale));
                }
                if left > 0 {
                    S::store_part(y.add(whole), left, S::mul(last, scale));
                }
            }
        }
    }
}
