//! Sums over neighbouring channels: `2·radius + 1` shifted loads for each vector of results.
//!
//! Each element's terms are added in the order of the channels. A window of five costs five loads and four additions for
//! sixteen results, so that reading `x` and writing `y` is the floor for the small windows that networks use.

use crate::simd::{Simd, dispatch};

/// `y[row][c] = Σ x[row][j]` for `|j - c| ≤ radius`.
///
/// # Shapes
/// `x` and `y` `[rows][channels]`.
///
/// # Example
/// ```
/// let mut y = [0.0; 3];
/// cornu_kernels::channel_sum::channel_sum(3, 1, &[1.0, 2.0, 4.0], &mut y);
/// assert_eq!(y, [3.0, 7.0, 6.0]);
/// ```
pub fn channel_sum(channels: usize, radius: usize, x: &[f32], y: &mut [f32]) {
    assert!(
        x.len() == y.len() && (x.is_empty() || (channels > 0 && x.len().is_multiple_of(channels))),
        "channel_sum: {} and {} elements in rows of {channels}",
        x.len(),
        y.len()
    );
    if x.is_empty() {
        return;
    }
    let (rows, x, y) = (x.len() / channels, x.as_ptr(), y.as_mut_ptr());
    let radius = radius.min(channels);
    dispatch!(all(rows: usize, channels: usize, radius: usize, x: *const f32, y: *mut f32));
}

/// # Safety
///
/// `x` and `y` hold `rows · channels` elements; the level is available.
#[inline(always)]
unsafe fn all<S: Simd>(rows: usize, channels: usize, radius: usize, x: *const f32, y: *mut f32) {
    for row in 0..rows {
        // SAFETY: windows are cut off at the row's ends.
        unsafe {
            let (x, y) = (x.add(row * channels), y.add(row * channels));
            let edge = |c: usize| {
                let (from, to) = (c.saturating_sub(radius), (c + radius + 1).min(channels));
                let mut sum = 0.0;
                for j in from..to {
                    sum += *x.add(j);
                }
                *y.add(c) = sum;
            };
            let mut c = radius.min(channels);
            (0..c).for_each(edge);
            while c + S::LANES + radius <= channels {
                let mut sum = S::splat(0.0);
                for j in c - radius..=c + radius {
                    sum = S::add(sum, S::load(x.add(j)));
                }
                S::store(y.add(c), sum);
                c += S::LANES;
            }
            (c..channels).for_each(edge);
        }
    }
}
