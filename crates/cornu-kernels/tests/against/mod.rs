//! What every kernel test needs: each level in turn, reproducible numbers, and a comparison that names the element.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod convolution;

use cornu_kernels::{Level, with_level};

/// Runs the test at every level this machine has.
pub fn each_level(f: impl Fn(Level)) {
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        with_level(level, || f(level));
    }
}

/// A small deterministic generator (SplitMix64).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// An integer in `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A float in `-1..1`.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }
}

/// Asserts that each element is within rounding of what is wanted; `scale` is the sum of the sizes of its terms.
pub fn close(what: &str, got: &[f32], want: &[f64], scale: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (&got, (&want, &scale))) in got.iter().zip(want.iter().zip(scale)).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(
            error <= 4e-6 * scale.max(1e-30),
            "{what}: element {i} is {got}, wanted {want} (terms {scale})"
        );
    }
}
