//! Mean and squared deviations of each channel, in blocks whose statistics are merged in order.
//!
//! A block of rows fits the first-level cache, so its deviations are taken from its own mean in a second pass that memory
//! does not see; blocks are merged with the formula of Chan, Golub and LeVeque (1979). `E[x²] - E[x]²` in one pass would lose
//! all digits where the mean is large. The floor is one read of `x` from memory; two passes over a block stay under it on two
//! cores.

use crate::simd::{Simd, dispatch};

/// Elements of a block.
const BLOCK: usize = 8 * 1024;

/// Statistics of some rows.
#[derive(Clone, Debug)]
pub struct Moments {
    /// How many rows.
    pub rows: usize,
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Sum of the squared deviations of each channel from its mean.
    pub deviations: Vec<f32>,
}

impl Moments {
    /// Of no rows.
    pub fn none(channels: usize) -> Self {
        Self {
            rows: 0,
            mean: vec![0.0; channels],
            deviations: vec![0.0; channels],
        }
    }

    /// The statistics of these rows and those together.
    pub fn merge(&mut self, other: &Moments) {
        assert_eq!(
            self.mean.len(),
            other.mean.len(),
            "moments: channels of both"
        );
        let rows = self.rows + other.rows;
        if other.rows == 0 {
            return;
        }
        let share = other.rows as f32 / rows as f32;
        let weight = self.rows as f32 * share;
        let those = other.mean.iter().zip(&other.deviations);
        for ((m, d), (&om, &od)) in self.mean.iter_mut().zip(&mut self.deviations).zip(those) {
            let delta = om - *m;
            *m += delta * share;
            *d += od + delta * delta * weight;
        }
        self.rows = rows;
    }
}

/// Statistics of each channel of `x`, rows of `channels` elements.
///
/// # Example
/// ```
/// use cornu_kernels::moments::moments;
/// let m = moments(2, &[1.0, 10.0, 3.0, 10.0]);
/// assert_eq!((m.mean, m.deviations), (vec![2.0, 10.0], vec![2.0, 0.0]));
/// ```
pub fn moments(channels: usize, x: &[f32]) -> Moments {
    let mut all = Moments::none(channels);
    if channels == 0 {
        return all;
    }
    assert!(
        x.len().is_multiple_of(channels),
        "moments: {} elements are no rows of {channels}",
        x.len()
    );
    let rows = (BLOCK / channels).max(16);
    let mut part = Moments::none(channels);
    for block in x.chunks(rows * channels) {
        part.rows = block.len() / channels;
        let (p, m, d) = (
            block.as_ptr(),
            part.mean.as_mut_ptr(),
            part.deviations.as_mut_ptr(),
        );
        let n = part.rows;
        dispatch!(of_block(n: usize, channels: usize, p: *const f32, m: *mut f32, d: *mut f32));
        all.merge(&part);
    }
    all
}

/// # Safety
///
/// `x` holds `rows · channels` elements, `mean` and `deviations` hold `channels`; the level is available.
#[inline(always)]
unsafe fn of_block<S: Simd>(
    rows: usize,
    channels: usize,
    x: *const f32,
    mean: *mut f32,
    deviations: *mut f32,
) {
    let inverse = 1.0 / rows as f32;
    let mut j = 0;
    // SAFETY: columns j..j+W·lanes are below `channels`, rows below `rows`.
    unsafe {
        while j + 4 * S::LANES <= channels {
            columns::<S, 4>(
                rows,
                channels,
                x.add(j),
                inverse,
                mean.add(j),
                deviations.add(j),
            );
            j += 4 * S::LANES;
        }
        while j + S::LANES <= channels {
            columns::<S, 1>(
                rows,
                channels,
                x.add(j),
                inverse,
                mean.add(j),
                deviations.add(j),
            );
            j += S::LANES;
        }
        while j < channels {
            let first = *x.add(j);
            let mut sum = 0.0;
            for r in 1..rows {
                sum += *x.add(r * channels + j) - first;
            }
            let m = first + sum * inverse;
            let mut squares = 0.0;
            for r in 0..rows {
                let d = *x.add(r * channels + j) - m;
                squares += d * d;
            }
            *mean.add(j) = m;
            *deviations.add(j) = squares;
            j += 1;
        }
    }
}

/// # Safety
///
/// As [`of_block`], for `W` vectors of columns.
#[inline(always)]
unsafe fn columns<S: Simd, const W: usize>(
    rows: usize,
    channels: usize,
    x: *const f32,
    inverse: f32,
    mean: *mut f32,
    deviations: *mut f32,
) {
    // SAFETY: the caller has these columns in every row.
    unsafe {
        // Differences from the first row: their sum has no large part to lose small ones in.
        let mut first = [S::splat(0.0); W];
        for v in 0..W {
            first[v] = S::load(x.add(v * S::LANES));
        }
        let mut sum = [S::splat(0.0); W];
        for r in 1..rows {
            for v in 0..W {
                let d = S::sub(S::load(x.add(r * channels + v * S::LANES)), first[v]);
                sum[v] = S::add(sum[v], d);
            }
        }
        let inverse = S::splat(inverse);
        for v in 0..W {
            sum[v] = S::fma(sum[v], inverse, first[v]);
            S::store(mean.add(v * S::LANES), sum[v]);
        }
        let mut squares = [S::splat(0.0); W];
        for r in 0..rows {
            for v in 0..W {
                let d = S::sub(S::load(x.add(r * channels + v * S::LANES)), sum[v]);
                squares[v] = S::fma(d, d, squares[v]);
            }
        }
        for v in 0..W {
            S::store(deviations.add(v * S::LANES), squares[v]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, with_level};

    #[test]
    fn every_level_finds_mean_and_deviations_even_far_from_zero() {
        for level in Level::ALL.into_iter().filter(|l| l.is_available()) {
            for (rows, channels) in [(1, 1), (5, 3), (17, 16), (1000, 67), (3000, 130)] {
                let x: Vec<f32> = (0..rows * channels)
                    .map(|i| 1000.0 + ((i * 7919) % 1013) as f32 / 500.0)
                    .collect();
                let got = with_level(level, || moments(channels, &x));
                for c in 0..channels {
                    let column = || x.iter().skip(c).step_by(channels).map(|&v| f64::from(v));
                    let mean = column().sum::<f64>() / rows as f64;
                    let squares: f64 = column().map(|v| (v - mean).powi(2)).sum();
                    assert!((f64::from(got.mean[c]) - mean).abs() < 1e-3, "{level:?}");
                    let off = (f64::from(got.deviations[c]) - squares).abs();
                    assert!(off <= 2e-4 * (1.0 + squares), "{level:?} {rows}×{channels}");
                }
            }
        }
    }
}
