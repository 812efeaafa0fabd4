//! How close each kernel comes to the register peak of one core: prints GFLOP/s (or GB/s) and the share of the peak.

use cornu_kernels::product::{Act, Init, Product, product};
use cornu_kernels::{level, peak};
use std::time::Instant;

/// The median seconds of one call: calls are grouped so that each sample lasts about two milliseconds.
fn median(mut f: impl FnMut()) -> f64 {
    f();
    let start = Instant::now();
    f();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let group = ((0.002 / once) as usize).clamp(1, 100_000);
    let mut samples: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..group {
                f();
            }
            start.elapsed().as_secs_f64() / group as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn numbers(len: usize) -> Vec<f32> {
    (0..len)
        .map(|i| ((i * 7919) % 2003) as f32 / 1000.0 - 1.0)
        .collect()
}

fn report(name: &str, flops: f64, seconds: f64, peak: f64) {
    let rate = flops / seconds / 1e9;
    println!(
        "{name:<44} {:>10.1} us {rate:>8.1} GFLOP/s {:>5.0} %",
        seconds * 1e6,
        100.0 * rate / peak
    );
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let on = |what: &str| wanted.is_empty() || wanted.iter().any(|w| what.contains(w.as_str()));
    let peak = peak::fma_gflops(0.3);
    println!(
        "level {}: multiply-add peak {peak:.1} GFLOP/s",
        level().name()
    );
    if on("product") {
        products(peak);
    }
}

fn products(peak: f64) {
    let mut scratch = Vec::new();
    for (m, n, k, transposed) in [
        (128, 64, 2304, false),
        (2304, 64, 128, true),
        (128, 2304, 64, false),
        (8, 64, 2304, false),
        (8, 2304, 64, false),
        (128, 512, 784, false),
        (784, 512, 128, true),
        (128, 512, 512, false),
        (512, 512, 128, true),
        (1024, 1024, 1024, false),
        (1, 1000, 2048, false),
        (4096, 384, 128, false),
        (32, 512, 128, false),
        (128, 10, 64, false),
    ] {
        let (a_row, a_k) = if transposed { (1, m) } else { (k, 1) };
        let p = Product {
            m,
            n,
            k,
            a_row,
            a_k,
            ldb: n,
            ldc: n,
        };
        let (a, b, mut c) = (numbers(m * k), numbers(k * n), vec![0.0; m * n]);
        let seconds = median(|| product(&p, &a, &b, Init::Zero, Act::Linear, &mut c, &mut scratch));
        let t = if transposed { " A transposed" } else { "" };
        report(
            &format!("product {m} x {n} x {k}{t}"),
            2.0 * (m * n * k) as f64,
            seconds,
            peak,
        );
    }
}
