//! The matrix product against a double-precision triple loop, at every level, over odd shapes and strides.

mod against;

use against::{Numbers, close, each_level};
use cornu_kernels::columns::Columns;
use cornu_kernels::packed;
use cornu_kernels::product::{Act, Factor, Init, Product, product, product_columns};

fn naive(
    p: &Product,
    a: &[f32],
    b: &[f32],
    init: Init,
    act: Act,
    c: &[f32],
) -> (Vec<f64>, Vec<f64>) {
    let mut want: Vec<f64> = c.iter().map(|&c| f64::from(c)).collect();
    let mut scale = vec![1.0; c.len()];
    for i in 0..p.m {
        for j in 0..p.n {
            let at = i * p.ldc + j;
            let mut sum = match init {
                Init::Zero => 0.0,
                Init::Accumulate => f64::from(c[at]),
                Init::Bias(bias) => f64::from(bias[j]),
            };
            let mut size = sum.abs();
            for k in 0..p.k {
                let term = f64::from(a[i * p.a_row + k * p.a_k]) * f64::from(b[k * p.ldb + j]);
                sum += term;
                size += term.abs();
            }
            want[at] = if act == Act::Relu { sum.max(0.0) } else { sum };
            scale[at] = size;
        }
    }
    (want, scale)
}

#[test]
fn random_shapes_and_strides_agree_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(1);
        for round in 0..300 {
            let big = round % 10 == 0;
            let (m, n) = if big {
                (r.below(300), r.below(200))
            } else {
                (r.below(40), r.below(80))
            };
            let k = if big { r.below(700) } else { r.below(50) };
            let (a_row, a_k) = match r.below(4) {
                0 => (k + r.below(3), 1),
                1 => (1, m + r.below(3)),
                2 => (1 + r.below(4), 1),
                _ => (k * 3 + 1, 2 + r.below(2)),
            };
            let p = Product {
                m,
                n,
                k,
                a_row,
                a_k,
                ldb: n + r.below(9),
                ldc: n + r.below(9),
            };
            let a = r.floats(m * a_row + k * a_k + 1);
            let b = r.floats((k * p.ldb + n).max(1));
            let mut c = r.floats(m * p.ldc + n);
            let bias = r.floats(n);
            let init = [Init::Zero, Init::Accumulate, Init::Bias(&bias)][r.below(3)];
            let act = [Act::Linear, Act::Relu][r.below(2)];
            let (want, scale) = naive(&p, &a, &b, init, act, &c);
            product(&p, &a, &b, init, act, &mut c, &mut Vec::new());
            close(&format!("{p:?} {init:?} {act:?}"), &c, &want, &scale);
        }
    });
}

#[test]
fn cutting_the_rows_changes_no_bit() {
    each_level(|_| {
        let mut r = Numbers::new(2);
        for (m, n, k) in [(97, 33, 700), (150, 64, 290), (40, 200, 31), (130, 10, 64)] {
            for transposed in [false, true] {
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
                let (a, b) = (r.floats(m * k), r.floats(k * n));
                let (mut whole, mut parts) = (vec![0.0; m * n], vec![0.0; m * n]);
                product(
                    &p,
                    &a,
                    &b,
                    Init::Zero,
                    Act::Linear,
                    &mut whole,
                    &mut Vec::new(),
                );
                let mut row = 0;
                while row < m {
                    let rows = (1 + r.below(40)).min(m - row);
                    let part = Product { m: rows, ..p };
                    let c = &mut parts[row * n..(row + rows) * n];
                    product(
                        &part,
                        &a[row * a_row..],
                        &b,
                        Init::Zero,
                        Act::Linear,
                        c,
                        &mut Vec::new(),
                    );
                    row += rows;
                }
                assert!(
                    whole
                        .iter()
                        .zip(&parts)
                        .all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{p:?}"
                );
            }
        }
    });
}

#[test]
fn relu_keeps_nan() {
    each_level(|_| {
        let p = Product {
            m: 1,
            n: 3,
            k: 1,
            a_row: 1,
            a_k: 1,
            ldb: 3,
            ldc: 3,
        };
        let mut c = [0.0; 3];
        product(
            &p,
            &[1.0],
            &[f32::NAN, -1.0, 2.0],
            Init::Zero,
            Act::Relu,
            &mut c,
            &mut Vec::new(),
        );
        assert!(c[0].is_nan() && c[1] == 0.0 && c[2] == 2.0, "{c:?}");
    });
}

#[test]
#[should_panic(expected = "product: B has 5 elements")]
fn a_short_operand_is_refused() {
    let p = Product {
        m: 1,
        n: 3,
        k: 2,
        a_row: 2,
        a_k: 1,
        ldb: 3,
        ldc: 3,
    };
    product(
        &p,
        &[1.0; 2],
        &[1.0; 5],
        Init::Zero,
        Act::Linear,
        &mut [0.0; 3],
        &mut Vec::new(),
    );
}

#[test]
fn cutting_the_columns_turning_or_packing_the_weight_changes_no_bit() {
    each_level(|_| {
        let mut r = Numbers::new(5);
        for round in 0..60 {
            let large = if round % 10 == 0 { 4 } else { 1 };
            let (m, n, k) = (
                1 + r.below(60 * large),
                1 + r.below(100 * large),
                r.below(150 * large),
            );
            let (a, b, bias) = (r.floats(m * k), r.floats(k * n), r.floats(n));
            let mut turned = vec![0.0; n * k];
            for i in 0..k {
                for j in 0..n {
                    turned[j * k + i] = b[i * n + j];
                }
            }
            let p = Product {
                m,
                n,
                k,
                a_row: k,
                a_k: 1,
                ldb: n,
                ldc: n,
            };
            let mut want = vec![0.0; m * n];
            let mut scratch = Vec::new();
            let act = Act::Relu;
            product(&p, &a, &b, Init::Bias(&bias), act, &mut want, &mut scratch);
            let mut panels = vec![f32::NAN; packed::len(k, n)];
            let half = packed::len(k, n.div_ceil(2)).min(panels.len());
            let second = half / (k * packed::PANEL).max(1);
            packed::pack(k, n, (&b, Factor::Plain), n, 0, &mut panels[..half]);
            let turn = (&turned[..], Factor::Transposed);
            packed::pack(k, n, turn, k, second, &mut panels[half..]);
            for (factor, b, ldb) in [
                (Factor::Plain, &b, n),
                (Factor::Transposed, &turned, k),
                (Factor::Packed, &panels, k),
            ] {
                let mut got = vec![f32::NAN; m * n];
                let width = match factor {
                    Factor::Packed => packed::PANEL * (1 + r.below(3)),
                    _ => 1 + r.below(n),
                };
                for part in Columns::cut(&mut got, n, width) {
                    let (first, width) = (part.first(), part.width());
                    let p = Product { n: width, ldb, ..p };
                    let from = match factor {
                        Factor::Plain => first,
                        Factor::Transposed | Factor::Packed => first * k,
                    };
                    let b = (&b[from.min(b.len())..], factor);
                    let init = Init::Bias(&bias[first..first + width]);
                    product_columns(&p, &a, b, init, act, part, &mut scratch);
                }
                assert_eq!(got, want, "{factor:?} {p:?}");
            }
        }
    });
}
