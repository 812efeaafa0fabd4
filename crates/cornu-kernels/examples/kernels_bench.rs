//! How close each kernel comes to the register peak of one core: prints GFLOP/s (or GB/s) and the share of the peak.

#![allow(clippy::print_stdout, reason = "a program that reports")]

use cornu_kernels::arena::{Arena, as_f32_mut};
use cornu_kernels::bf16;
use cornu_kernels::columns::Columns;
use cornu_kernels::conv2d::{Conv2d, flip_weights, forward, weight_grad, winograd};
use cornu_kernels::copy::strided;
use cornu_kernels::elementwise::{Binary, Indexing, Instr, Program, Sink, Source, Unary, run};
use cornu_kernels::pool2d::{Pool2d, max_backward, max_forward};
use cornu_kernels::product::{Act, Factor, Init, Product, product, product_columns};
use cornu_kernels::random::{Stream, bernoulli, normal, uniform};
use cornu_kernels::reduce::accumulate_rows;
use cornu_kernels::softmax::softmax;
use cornu_kernels::{level, peak};
use std::time::Instant;

/// The least seconds of one call, which others on the machine disturb least: calls are grouped so that each sample lasts about two milliseconds.
fn least(mut f: impl FnMut()) -> f64 {
    f();
    let start = Instant::now();
    f();
    let once = start.elapsed().as_secs_f64().max(1e-9);
    let group = ((0.002 / once) as usize).clamp(1, 100_000);
    let samples: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..group {
                f();
            }
            start.elapsed().as_secs_f64() / group as f64
        })
        .collect();
    samples.into_iter().fold(f64::INFINITY, f64::min)
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
    if on("far") {
        far_products(peak);
    }
    if on("conv2d") {
        convolutions(peak);
    }
    if on("bf16") {
        rounded(peak);
    }
    if on("memory") {
        memory();
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
        let seconds = least(|| product(&p, a, b, Init::Zero, Act::Linear, c, &mut scratch));
        let t = if transposed { " A transposed" } else { "" };
        report(
            &format!("product {m} x {n} x {k}{t}"),
            2.0 * (m * n * k) as f64,
            seconds,
            peak,
        );
    }
}

/// Products of operands rounded to bf16, beside those in f32.
fn rounded(peak: f64) {
    println!("instructions for bf16: {}", bf16::is_fast());
    let mut scratch = Vec::new();
    for (images, size, ci, co, k, stride) in [
        (4, 15, 32, 64, 3, 1),
        (8, 32, 64, 64, 3, 1),
        (8, 32, 64, 128, 3, 2),
        (8, 16, 128, 128, 3, 1),
        (8, 16, 128, 256, 1, 2),
        (32, 8, 256, 256, 3, 1),
        (32, 4, 512, 512, 3, 1),
        (4, 27, 48, 128, 5, 1),
        (4, 32, 3, 64, 3, 1),
        (4, 15, 3, 32, 3, 1),
    ] {
        let same = usize::from(size != 15);
        let out = (size + 2 * same * (k / 2) - k) / stride + 1;
        let g = Conv2d {
            in_h: size,
            in_w: size,
            in_c: ci,
            out_h: out,
            out_w: out,
            out_c: co,
            k_h: k,
            k_w: k,
            stride: [stride; 2],
            pad: [(same * (k / 2)) as isize; 2],
            lhs_dilation: [1, 1],
            rhs_dilation: [1, 1],
            groups: 1,
        };
        let back = g.input_grad_geometry();
        let (x, y) = (
            numbers(images * g.input_len()),
            numbers(images * g.output_len()),
        );
        let (w, dw) = (numbers(g.weights_len()), numbers(g.weights_len()));
        let flops = (2 * images * out * out * g.weights_len()) as f64;
        let name = format!("{images} images {size}² × {ci} by {k}² / {stride} to {co}");
        let both = |what: &str, rounded: f64, plain: f64| {
            let what = format!("{name}, {what} ({:.1} × f32)", plain / rounded);
            report(&what, flops, rounded, peak);
        };
        let s = &mut scratch;
        both(
            "forward",
            least(|| bf16::forward(&g, images, x, w, None, Act::Linear, y, s)),
            least(|| forward(&g, images, x, w, None, Act::Linear, y, s)),
        );
        both(
            "input",
            least(|| bf16::forward(&back, images, y, w, None, Act::Linear, x, s)),
            least(|| forward(&back, images, y, w, None, Act::Linear, x, s)),
        );
        both(
            "weights",
            least(|| bf16::weight_grad(&g, images, x, y, dw, s)),
            least(|| weight_grad(&g, images, x, y, dw, s)),
        );
    }
    for (m, n, k, columns, factor) in [
        (128, 64, 2304, false, Factor::Plain),
        (2304, 64, 128, true, Factor::Plain),
        (128, 2304, 64, false, Factor::Transposed),
        (128, 512, 512, false, Factor::Plain),
        (16, 4096, 4096, false, Factor::Plain),
        (16, 4096, 4096, false, Factor::Transposed),
        (4096, 4096, 16, true, Factor::Plain),
        (1024, 1024, 1024, false, Factor::Plain),
    ] {
        let p = Product {
            m,
            n,
            k,
            a_row: if columns { 1 } else { k },
            a_k: if columns { m } else { 1 },
            ldb: if factor == Factor::Plain { n } else { k },
            ldc: n,
        };
        let (a, b, c) = (numbers(m * k), numbers(k * n), numbers(m * n));
        let s = &mut scratch;
        let fast = least(|| bf16::product(&p, a, (b, factor), Init::Zero, Act::Linear, c, s));
        let plain = least(|| {
            let c = Columns::whole(c, n);
            product_columns(&p, a, (b, factor), Init::Zero, Act::Linear, c, s);
        });
        report(
            &format!("{m} x {n} x {k} {factor:?} ({:.1} × f32)", plain / fast),
            2.0 * (m * n * k) as f64,
            fast,
            peak,
        );
    }
}

/// Products whose B comes from the third cache or from memory: several of them take turns.
fn far_products(peak: f64) {
    let mut scratch = Vec::new();
    for (m, n, k, columns, count) in [
        (128, 512, 784, 512, 4),
        (128, 512, 784, 128, 4),
        (128, 512, 784, 64, 4),
        (128, 512, 512, 64, 6),
        (49, 512, 4608, 512, 8),
        (49, 512, 4608, 256, 8),
        (49, 2048, 512, 2048, 16),
        (49, 512, 2048, 512, 16),
        (196, 256, 2304, 256, 16),
        (4, 512, 4096, 512, 8),
        (16, 512, 4096, 512, 8),
        (32, 512, 4096, 512, 8),
        (64, 512, 4096, 512, 8),
    ] {
        let p = Product {
            m,
            n: columns,
            k,
            a_row: k,
            a_k: 1,
            ldb: n,
            ldc: n,
        };
        let (a, b, c) = (numbers(m * k), numbers(count * k * n), numbers(m * n));
        let mut turn = 0;
        let seconds = least(|| {
            turn = (turn + 1) % count;
            let b = &b[turn * k * n..][..k * n];
            for first in (0..n).step_by(columns) {
                let (b, c) = (&b[first..], &mut c[first..]);
                product(&p, a, b, Init::Zero, Act::Linear, c, &mut scratch);
            }
        });
        report(
            &format!("product {m} x {n} x {k} by {columns}, one of {count}"),
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
        (
            "56x56x64 3x3 depthwise",
            2,
            Conv2d {
                groups: 64,
                ..square(56, 64, 3, 1, 1, 64)
            },
        ),
        ("224x224x3 7x7 / 2 64", 1, square(224, 3, 7, 2, 3, 64)),
        ("224x224x3 11x11 / 4 96", 1, square(224, 3, 11, 4, 2, 96)),
    ] {
        let flops = 2.0 * (images * g.output_len() * g.k_h * g.k_w * g.in_c / g.groups) as f64;
        let x = numbers(images * g.input_len());
        let w = numbers(g.weights_len());
        let (y, dw) = (numbers(images * g.output_len()), numbers(w.len()));
        let bias = numbers(g.out_c);
        let seconds = least(|| forward(&g, images, x, w, Some(bias), Act::Relu, y, &mut scratch));
        report(&format!("conv2d forward      {name}"), flops, seconds, peak);
        let seconds = least(|| weight_grad(&g, images, x, y, dw, &mut scratch));
        report(&format!("conv2d weight grad  {name}"), flops, seconds, peak);
        let back = g.input_grad_geometry();
        let (flipped, dx) = (numbers(w.len()), numbers(x.len()));
        let seconds = least(|| {
            flip_weights(
                g.k_h,
                g.k_w,
                g.in_c / g.groups,
                g.out_c,
                g.groups,
                w,
                flipped,
            );
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
        if winograd::applies(&g) && g.in_c >= 16 {
            // The share is of the direct sum's operations: above 100 % no direct sum could follow.
            let u = numbers(winograd::weights_len(g.in_c, g.out_c));
            let seconds = least(|| {
                winograd::forward(&g, images, x, u, Some(bias), Act::Relu, y, &mut scratch);
            });
            report(
                &format!("winograd forward     {name}"),
                flops,
                seconds,
                peak,
            );
            let seconds = least(|| winograd::weight_grad(&g, images, x, y, dw, &mut scratch));
            report(
                &format!("winograd weight grad {name}"),
                flops,
                seconds,
                peak,
            );
            let u = numbers(winograd::weights_len(g.out_c, g.in_c));
            let seconds = least(|| {
                winograd::forward(&back, images, y, u, None, Act::Linear, dx, &mut scratch);
            });
            report(
                &format!("winograd input grad  {name}"),
                flops,
                seconds,
                peak,
            );
        }
    }
}

/// Kernels that move more than they compute: bytes read and written a second.
fn memory() {
    let show = |name: &str, bytes: usize, seconds: f64| {
        println!(
            "{name:<44} {:>10.1} us {:>8.1} GB/s",
            seconds * 1e6,
            bytes as f64 / seconds / 1e9
        );
    };
    let n = 128 * 1024;
    let (a, b) = (numbers(n), numbers(n));
    let seconds = least(|| a.copy_from_slice(std::hint::black_box(b)));
    show("copy 512 KiB", 8 * n, seconds);

    for (name, g) in [("30x30x32", (30, 32)), ("13x13x64", (13, 64))] {
        let (size, channels) = g;
        let out = size / 2;
        let g = Pool2d {
            in_h: size,
            in_w: size,
            channels,
            out_h: out,
            out_w: out,
            size: [2; 2],
            stride: [2; 2],
            pad: [0; 2],
        };
        let images = 4;
        let (x, y) = (
            numbers(images * size * size * channels),
            numbers(images * out * out * channels),
        );
        let mut arg = vec![0; y.len()];
        let seconds = least(|| max_forward(&g, images, x, y, Some(&mut arg)));
        show(
            &format!("max pool 2x2 forward {name}, 4 images"),
            4 * x.len() + 5 * y.len(),
            seconds,
        );
        let seconds = least(|| max_backward(&g, images, y, &arg, x));
        show(
            &format!("max pool 2x2 backward {name}, 4 images"),
            4 * x.len() + 5 * y.len(),
            seconds,
        );
    }

    let load = |dst, input| Instr::Load { dst, input };
    let chain = |op: Unary| {
        Program::new(
            vec![
                load(0, 0),
                Instr::Unary { op, dst: 0, a: 0 },
                Instr::Store { output: 0, src: 0 },
            ],
            1,
            1,
            1,
        )
    };
    for op in [
        Unary::Relu,
        Unary::Exp,
        Unary::Tanh,
        Unary::Sigmoid,
        Unary::Log,
        Unary::Erf,
        Unary::Sin,
    ] {
        let p = chain(op);
        let seconds = least(|| {
            run(
                &p,
                0,
                n,
                &[(Source::F32(a), Indexing::Same)],
                &mut [Sink::F32(b)],
            );
        });
        show(&format!("elementwise {op:?}"), 8 * n, seconds);
    }
    let p = Program::new(
        vec![
            load(0, 0),
            load(1, 1),
            Instr::Binary {
                op: Binary::Add,
                dst: 0,
                a: 0,
                b: 1,
            },
            Instr::Unary {
                op: Unary::Relu,
                dst: 0,
                a: 0,
            },
            load(1, 2),
            Instr::Binary {
                op: Binary::Mul,
                dst: 0,
                a: 0,
                b: 1,
            },
            Instr::Store { output: 0, src: 0 },
        ],
        2,
        3,
        1,
    );
    let (bias, mask) = (numbers(32), vec![1_u8; n]);
    let seconds = least(|| {
        let bias = (
            Source::F32(bias),
            Indexing::Cyclic {
                repeat: 1,
                period: 32,
            },
        );
        let inputs = [
            (Source::F32(a), Indexing::Same),
            bias,
            (Source::U8(&mask), Indexing::Same),
        ];
        run(&p, 0, n, &inputs, &mut [Sink::F32(b)]);
    });
    show("elementwise relu(x + bias) * mask", 9 * n, seconds);

    for (name, n) in [("in the third cache", 784 * 512), ("in the first", 2048)] {
        let p = adam();
        let (gradient, rate) = (numbers(n), [0.001_f32]);
        let mut kept = [numbers(n), numbers(n), numbers(n)];
        kept[1].iter_mut().for_each(|v| *v = v.abs());
        let seconds = least(|| {
            let inputs = [
                (Source::F32(gradient), Indexing::Same),
                (Source::Output(0), Indexing::Same),
                (Source::Output(1), Indexing::Same),
                (Source::F32(&rate), Indexing::Scalar),
                (Source::Output(2), Indexing::Same),
            ];
            let [m, v, w] = &mut kept;
            run(
                &p,
                0,
                n,
                &inputs,
                &mut [Sink::F32(m), Sink::F32(v), Sink::F32(w)],
            );
        });
        show(&format!("Adam {name}"), 28 * n, seconds);
    }

    let stream = Stream {
        seed: 1,
        step: 2,
        stream: 3,
    };
    let mut coins = vec![0; n];
    let seconds = least(|| bernoulli(&stream, 0, 49152, &mut coins));
    println!(
        "{:<44} {:>10.1} us {:>8.2} G/s",
        "bernoulli",
        seconds * 1e6,
        n as f64 / seconds / 1e9
    );
    let seconds = least(|| uniform(&stream, 0, a));
    println!(
        "{:<44} {:>10.1} us {:>8.2} G/s",
        "uniform",
        seconds * 1e6,
        n as f64 / seconds / 1e9
    );
    let seconds = least(|| normal(&stream, 0, a));
    println!(
        "{:<44} {:>10.1} us {:>8.2} G/s",
        "normal",
        seconds * 1e6,
        n as f64 / seconds / 1e9
    );
    let mut sums = vec![0.0; 64];
    let seconds = least(|| accumulate_rows(n / 64, 64, a, &mut sums));
    show("accumulate rows of 64", 4 * n, seconds);
    let seconds = least(|| softmax(n / 1024, 1024, a, b));
    show("softmax of 1024", 8 * n, seconds);
    let seconds = least(|| strided(&[256, 512], a, 0, &[1, 256], b, 0, &[512, 1]));
    show("transpose 512 x 256", 8 * n, seconds);
}

/// Adam's step: inputs gradient, momentum, velocity, rate, weight.
fn adam() -> Program {
    let binary = |op, dst, a, b| Instr::Binary { op, dst, a, b };
    let unary = |op, dst, a| Instr::Unary { op, dst, a };
    let load = |dst, input| Instr::Load { dst, input };
    let constant = |dst, value| Instr::Const { dst, value };
    let store = |output, src| Instr::Store { output, src };
    let mut code = vec![load(0, 0), load(1, 1)];
    let towards = |share| {
        [
            binary(Binary::Sub, 2, 0, 1),
            constant(3, share),
            binary(Binary::Mul, 2, 2, 3),
            binary(Binary::Add, 3, 1, 2),
        ]
    };
    code.extend(towards(0.1));
    code.extend([store(0, 3), load(4, 3), binary(Binary::Mul, 5, 3, 4)]);
    code.extend([unary(Unary::Square, 0, 0), load(1, 2)]);
    code.extend(towards(0.001));
    code.extend([store(1, 3), unary(Unary::Sqrt, 0, 3), constant(1, 1e-7)]);
    code.extend([binary(Binary::Add, 0, 0, 1), binary(Binary::Div, 0, 5, 0)]);
    code.extend([load(1, 4), binary(Binary::Sub, 0, 1, 0), store(2, 0)]);
    Program::new(code, 6, 5, 3)
}
