//! The speed of light: how many multiply-adds a second a core, or several at once, do when nothing leaves its registers.

use crate::simd::{Simd, dispatch};
use std::time::Instant;

const CHAINS: usize = 12;

/// `steps` multiply-adds on each of twelve vectors: enough in flight to hide the latency; returns the lanes.
#[inline(always)]
unsafe fn spin<S: Simd>(steps: u32) -> usize {
    // SAFETY: the caller has the level; nothing touches memory.
    unsafe {
        let (factor, addend) = (
            S::splat(std::hint::black_box(0.999)),
            S::splat(std::hint::black_box(1.0)),
        );
        let mut acc = [S::splat(0.0); CHAINS];
        for _ in 0..steps {
            for a in &mut acc {
                *a = S::fma(*a, factor, addend);
            }
        }
        let mut sum = S::splat(0.0);
        for a in acc {
            sum = S::add(sum, a);
        }
        std::hint::black_box(sum);
    }
    S::LANES
}

/// Measures 10⁹ floating-point operations a second of multiply-adds at the current level.
///
/// Runs for about `seconds` and returns the best of its rounds.
pub fn fma_gflops(seconds: f64) -> f64 {
    let begin = Instant::now();
    let mut best = 0.0_f64;
    let steps: u32 = 50_000;
    while best == 0.0 || begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        let lanes = dispatch!(spin(steps: u32) -> usize);
        let flops = 2.0 * (CHAINS * lanes) as f64 * f64::from(steps);
        best = best.max(flops / start.elapsed().as_secs_f64() / 1e9);
    }
    best
}

/// As [`fma_gflops`], of so many threads together: cores that share their heat or their units are slower than one alone.
pub fn fma_gflops_of(threads: usize, seconds: f64) -> f64 {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| fma_gflops(seconds)))
            .collect();
        let each = all.into_iter();
        each.map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
            .sum()
    })
}
