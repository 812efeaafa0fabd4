//! How close each kernel comes to the register peak of one core: prints GFLOP/s (or GB/s) and the share of the peak.

use cornu_kernels::arena::{Arena, as_f32_mut};
use cornu_kernels::conv2d::{Conv2d, flip_weights, forward, weight_grad};
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

/// Reproducible numbers on a cache line boundary, as the framework lays its buffers out.
fn numbers(len: usize) -> &'static mut [f32] {
    let arena = Box::leak(Box::new(Arena::new(len * 4).expect("a few megabytes")));
    let numbers = as_f32_mut(arena.as_mut_bytes());
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = ((i * 7919) % 2003) as f32 / 1000.0 - 1.0;
    }
    numbers
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
    if on("conv2d") {
        convolutions(peak);
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
        let (a, b, c) = (numbers(m * k), numbers(k * n), numbers(m * n));
        let seconds = median(|| product(&p, a, b, Init::Zero, Act::Linear, c, &mut scratch));
        let t = if transposed { " A transposed" } else { "" };
        report(
            &format!("product {m} x {n} x {k}{t}"),
            2.0 * (m * n * k) as f64,
            seconds,
            peak,
        );
    }
}

/// A convolution of square images; `pad` on both sides.
fn square(
    size: usize,
    in_c: usize,
    kernel: usize,
    stride: usize,
    pad: usize,
    out_c: usize,
) -> Conv2d {
    let out = (size + 2 * pad - kernel) / stride + 1;
    Conv2d {
        in_h: size,
        in_w: size,
        in_c,
        out_h: out,
        out_w: out,
        out_c,
        k_h: kernel,
        k_w: kernel,
        stride: [stride; 2],
        pad: [pad.cast_signed(); 2],
        lhs_dilation: [1; 2],
        rhs_dilation: [1; 2],
        groups: 1,
    }
}

fn convolutions(peak: f64) {
    let mut scratch = Vec::new();
    for (name, images, g) in [
        ("A 32x32x3 3x3 32", 8, square(32, 3, 3, 1, 0, 32)),
        ("A, one image", 1, square(32, 3, 3, 1, 0, 32)),
        ("B 15x15x32 3x3 64", 8, square(15, 32, 3, 1, 0, 64)),
        ("B, one image", 1, square(15, 32, 3, 1, 0, 64)),
        ("28x28x1 3x3 32", 8, square(28, 1, 3, 1, 0, 32)),
        ("32x32x64 3x3 same", 4, square(32, 64, 3, 1, 1, 64)),
        ("16x16x128 3x3 same", 4, square(16, 128, 3, 1, 1, 128)),
        ("8x8x256 3x3 same", 8, square(8, 256, 3, 1, 1, 256)),
        ("4x4x512 3x3 same", 8, square(4, 512, 3, 1, 1, 512)),
        ("32x32x64 3x3 / 2 128", 4, square(32, 64, 3, 2, 1, 128)),
        ("56x56x64 1x1 256", 2, square(56, 64, 1, 1, 0, 256)),
        ("224x224x3 7x7 / 2 64", 1, square(224, 3, 7, 2, 3, 64)),
        ("224x224x3 11x11 / 4 96", 1, square(224, 3, 11, 4, 2, 96)),
    ] {
        let flops = 2.0 * (images * g.output_len() * g.k_h * g.k_w * g.in_c) as f64;
        let x = numbers(images * g.input_len());
        let w = numbers(g.weights_len());
        let (y, dw) = (numbers(images * g.output_len()), numbers(w.len()));
        let bias = numbers(g.out_c);
        let seconds = median(|| forward(&g, images, x, w, Some(bias), Act::Relu, y, &mut scratch));
        report(&format!("conv2d forward      {name}"), flops, seconds, peak);
        let seconds = median(|| weight_grad(&g, images, x, y, dw, &mut scratch));
        report(&format!("conv2d weight grad  {name}"), flops, seconds, peak);
        let back = g.input_grad_geometry();
        let (flipped, dx) = (numbers(w.len()), numbers(x.len()));
        let seconds = median(|| {
            flip_weights(g.k_h, g.k_w, g.in_c, g.out_c, 1, w, flipped);
            forward(
                &back,
                images,
                y,
                flipped,
                None,
                Act::Linear,
                dx,
                &mut scratch,
            );
        });
        report(&format!("conv2d input grad   {name}"), flops, seconds, peak);
    }
}
