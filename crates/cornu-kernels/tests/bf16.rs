//! Products of operands rounded to bf16, at every level, against the f32 kernels on operands that were rounded before.

mod against;

use against::{Numbers, close, each_level};
use cornu_kernels::bf16;
use cornu_kernels::columns::Columns;
use cornu_kernels::conv2d::{self, Conv2d};
use cornu_kernels::product::{self, Act, Factor, Init, Product};
use cornu_kernels::{Level, with_level};

fn rounded(x: &[f32]) -> Vec<f32> {
    x.iter().map(|&x| bf16::round(x)).collect()
}

fn sizes(x: &[f32]) -> Vec<f32> {
    x.iter().map(|x| bf16::round(x.abs())).collect()
}

/// What `f` makes of rounded operands in plain f32, and of their sizes.
fn wanted(
    a: &[f32],
    b: &[f32],
    f: impl Fn(&[f32], &[f32], bool) -> Vec<f32>,
) -> (Vec<f64>, Vec<f64>) {
    let wide = |x: Vec<f32>| x.into_iter().map(f64::from).collect();
    with_level(Level::Portable, || {
        (
            wide(f(&rounded(a), &rounded(b), false)),
            wide(f(&sizes(a), &sizes(b), true)),
        )
    })
}

fn geometry(r: &mut Numbers) -> Conv2d {
    let groups = [1, 1, 1, 2][r.below(4)];
    let channels = |r: &mut Numbers| match r.below(4) {
        0 => 32 * (1 + r.below(3)),
        1 => 1 + r.below(4),
        _ => 1 + r.below(70),
    };
    let (ci, co) = (channels(r), channels(r));
    let kernel = [[1, 1], [3, 3], [5, 2], [2, 3]][r.below(4)];
    let step = |r: &mut Numbers| match r.below(3) {
        0 => [1 + r.below(3), 1 + r.below(3)],
        _ => [1, 1],
    };
    let (stride, lhs_dilation, rhs_dilation) = (step(r), step(r), step(r));
    let pad = match r.below(3) {
        0 => [0, 0],
        1 => [(kernel[0] / 2) as isize, (kernel[1] / 2) as isize],
        _ => [r.below(7) as isize - 3, r.below(7) as isize - 3],
    };
    Conv2d {
        in_h: 1 + r.below(9),
        in_w: 1 + r.below(34),
        in_c: ci * groups,
        out_h: 1 + r.below(9),
        out_w: 1 + r.below(34),
        out_c: co * groups,
        k_h: kernel[0],
        k_w: kernel[1],
        stride,
        pad,
        lhs_dilation,
        rhs_dilation,
        groups,
    }
}

#[test]
fn rounding_is_to_the_nearest_and_half_to_even() {
    let one = 1.0_f32.to_bits();
    for (bits, want) in [
        (one + 0x7FFF, one),
        (one + 0x8000, one),
        (one + 0x8001, one + 0x1_0000),
        (one + 0x1_8000, one + 0x2_0000),
        (f32::MAX.to_bits(), f32::INFINITY.to_bits()),
        (1, 0),
        (0x8000_0001, 0x8000_0000),
    ] {
        assert_eq!(
            bf16::round(f32::from_bits(bits)).to_bits(),
            want,
            "{bits:x}"
        );
    }
}

#[test]
fn every_level_rounds_alike() {
    each_level(|_| {
        let mut r = Numbers::new(7);
        // Any bits at all, times one.
        let a: Vec<f32> = (0..4096).map(|_| f32::from_bits(r.next() as u32)).collect();
        let p = Product {
            m: 4096,
            n: 1,
            k: 1,
            a_row: 1,
            a_k: 1,
            ldb: 1,
            ldc: 1,
        };
        let mut c = vec![9.0; 4096];
        let b = (&[1.0][..], Factor::Plain);
        bf16::product(&p, &a, b, Init::Zero, Act::Linear, &mut c, &mut Vec::new());
        for (a, c) in a.iter().zip(&c) {
            let want = bf16::round(*a);
            assert!(want == *c || want.is_nan() && c.is_nan(), "{a} became {c}");
        }
    });
}

#[test]
fn convolutions_agree() {
    each_level(|_| {
        let mut r = Numbers::new(3);
        let mut scratch = Vec::new();
        for _ in 0..200 {
            let (g, images) = (geometry(&mut r), 1 + r.below(5));
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let bias = (r.below(2) == 1).then(|| r.floats(g.out_c));
            let bias = bias.as_deref();
            let act = [Act::Linear, Act::Relu][r.below(2)];
            let (want, scale) = wanted(&x, &w, |x, w, sizes| {
                let mut y = vec![0.0; images * g.output_len()];
                let act = if sizes { Act::Linear } else { act };
                let bias = bias.filter(|_| !sizes);
                conv2d::forward(&g, images, x, w, bias, act, &mut y, &mut Vec::new());
                y
            });
            let scale: Vec<f64> = scale.iter().map(|s| s + 1.0).collect();
            let what = format!("{images} images of {g:?}");
            let mut y = r.floats(want.len());
            bf16::forward(&g, images, &x, &w, bias, act, &mut y, &mut scratch);
            close(&what, &y, &want, &scale);
            let mut parts = r.floats(want.len());
            let width = g.out_c / g.groups * (1 + r.below(g.groups));
            let width = if g.groups == 1 {
                1 + r.below(width)
            } else {
                width
            };
            for mut part in Columns::cut(&mut parts, g.out_c, width) {
                bf16::forward_columns(&g, images, &x, &w, bias, act, &mut part, &mut scratch);
            }
            assert!(same(&y, &parts), "{what}: by {width} channels");
            let mut parts = r.floats(want.len());
            for (i, y) in parts.chunks_mut(g.output_len()).enumerate() {
                let x = &x[i * g.input_len()..][..g.input_len()];
                bf16::forward(&g, 1, x, &w, bias, act, y, &mut scratch);
            }
            assert!(same(&y, &parts), "{what}: image by image");
        }
    });
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn gradients_of_weights_agree() {
    each_level(|_| {
        let mut r = Numbers::new(4);
        let mut scratch = Vec::new();
        for _ in 0..200 {
            let (g, images) = (geometry(&mut r), 1 + r.below(9));
            let x = r.floats(images * g.input_len());
            let dy = r.floats(images * g.output_len());
            let start = r.floats(g.weights_len());
            let (want, scale) = wanted(&x, &dy, |x, dy, sizes| {
                let mut dw = start.clone();
                if sizes {
                    dw.fill(1.0);
                }
                conv2d::weight_grad(&g, images, x, dy, &mut dw, &mut Vec::new());
                dw
            });
            let mut dw = start.clone();
            bf16::weight_grad(&g, images, &x, &dy, &mut dw, &mut scratch);
            let what = format!("{images} images of {g:?}");
            close(&what, &dw, &want, &scale);
            if g.groups == 1 {
                let mut parts = start.clone();
                let width = 1 + r.below(g.in_c);
                let accumulate = r.below(2) == 1;
                if !accumulate {
                    dw.fill(0.0);
                    bf16::weight_grad(&g, images, &x, &dy, &mut dw, &mut scratch);
                }
                let s = &mut scratch;
                for mut part in Columns::cut(&mut parts, g.in_c * g.out_c, width * g.out_c) {
                    bf16::weight_grad_channels(&g, images, &x, &dy, accumulate, &mut part, s);
                }
                assert!(same(&dw, &parts), "{what}: by {width} channels");
            }
        }
    });
}

#[test]
fn products_agree() {
    each_level(|_| {
        let mut r = Numbers::new(5);
        let mut scratch = Vec::new();
        for _ in 0..300 {
            let (m, n) = (1 + r.below(70), 1 + r.below(300));
            let k = [r.below(50), r.below(1500)][r.below(2)];
            let (a_row, a_k) =
                [(k + r.below(3), 1), (1, m + r.below(3)), (3 * k + 1, 2)][r.below(3)];
            let factor = [Factor::Plain, Factor::Transposed][r.below(2)];
            let ldb = r.below(3)
                + match factor {
                    Factor::Transposed => k,
                    _ => n,
                };
            let p = Product {
                m,
                n,
                k,
                a_row,
                a_k,
                ldb,
                ldc: n,
            };
            let a = r.floats(m * a_row + k * a_k);
            let b = r.floats(ldb * n.max(k));
            let (start, bias) = (r.floats(m * n), r.floats(n));
            let init = [Init::Zero, Init::Accumulate, Init::Bias(&bias)][r.below(3)];
            let act = [Act::Linear, Act::Relu][r.below(2)];
            let (want, scale) = wanted(&a, &b, |a, b, sizes| {
                let mut c = start.clone();
                let (init, act) = if sizes {
                    c.fill(1.0);
                    (Init::Accumulate, Act::Linear)
                } else {
                    (init, act)
                };
                let whole = Columns::cut(&mut c, n, n).remove(0);
                let b = (b, factor);
                product::product_columns(&p, a, b, init, act, whole, &mut Vec::new());
                c
            });
            let mut c = start.clone();
            bf16::product(&p, &a, (&b, factor), init, act, &mut c, &mut scratch);
            close(&format!("{p:?}, {factor:?}"), &c, &want, &scale);
            let mut parts = start.clone();
            let width = 1 + r.below(n);
            for part in Columns::cut(&mut parts, n, width) {
                let (first, n) = (part.first(), part.width());
                let init = match init {
                    Init::Bias(bias) => Init::Bias(&bias[first..][..n]),
                    other => other,
                };
                let from = match factor {
                    Factor::Transposed => first * ldb,
                    _ => first,
                };
                let p = Product { n, ..p };
                let b = (&b[from..], factor);
                bf16::product_columns(&p, &a, b, init, act, part, &mut scratch);
            }
            assert!(same(&c, &parts), "{p:?}, {factor:?}: by {width} columns");
        }
    });
}

#[test]
fn a_relu_keeps_what_is_no_number() {
    each_level(|_| {
        let p = Product {
            m: 2,
            n: 3,
            k: 2,
            a_row: 2,
            a_k: 1,
            ldb: 3,
            ldc: 3,
        };
        let a = [f32::NAN, 1.0, 1.0, -2.0];
        let mut c = [0.0; 6];
        let b = (&[1.0; 6][..], Factor::Plain);
        bf16::product(&p, &a, b, Init::Zero, Act::Relu, &mut c, &mut Vec::new());
        assert!(c[..3].iter().all(|c| c.is_nan()), "{c:?}");
        assert_eq!(c[3..], [0.0; 3]);
    });
}
