//! The speed of light: how many multiply-adds a second this core does when nothing leaves its registers.

use std::time::Instant;

/// Measures 10⁹ floating-point operations a second of fused multiply-adds at the current level.
///
/// Runs for about `seconds` and returns the best of its rounds.
pub fn fma_gflops(seconds: f64) -> f64 {
    let begin = Instant::now();
    let mut best = 0.0_f64;
    while best == 0.0 || begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        let steps = 10_000;
        let mut acc = [0.0_f32; 16];
        for _ in 0..steps {
            for a in &mut acc {
                *a = *a * 0.999 + 1.0;
            }
        }
        std::hint::black_box(acc);
        best = best.max(2.0 * 16.0 * f64::from(steps) / start.elapsed().as_secs_f64() / 1e9);
    }
    best
}
