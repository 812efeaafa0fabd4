//! Reductions, softmax and strided copies against their definitions.

mod against;

use against::{Numbers, close, each_level};
use cornu_kernels::copy::strided;
use cornu_kernels::reduce::*;
use cornu_kernels::softmax::{log_softmax, softmax};

#[test]
fn reductions_agree_with_the_definition_and_pass_nan_on() {
    each_level(|_| {
        let mut r = Numbers::new(15);
        for round in 0..300 {
            let (outer, n, inner) = (
                1 + r.below(4),
                r.below(200),
                [1, 1 + r.below(300)][r.below(2)],
            );
            let mut x = r.floats(outer * n * inner);
            if round % 5 == 0 && !x.is_empty() {
                let at = r.below(x.len());
                x[at] = f32::NAN;
            }
            for kind in [Reduction::Sum, Reduction::Max, Reduction::Min] {
                let mut y = r.floats(outer * inner);
                reduce(kind, outer, n, inner, &x, &mut y);
                for (at, &y) in y.iter().enumerate() {
                    let (o, i) = (at / inner, at % inner);
                    let all: Vec<f64> = (0..n)
                        .map(|k| f64::from(x[(o * n + k) * inner + i]))
                        .collect();
                    let want = match kind {
                        _ if all.iter().any(|v| v.is_nan()) => f64::NAN,
                        Reduction::Sum => all.iter().sum(),
                        Reduction::Max => all.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b)),
                        Reduction::Min => all.iter().fold(f64::INFINITY, |a, &b| a.min(b)),
                    };
                    let same = f64::from(y) == want || want.is_nan() && y.is_nan();
                    assert!(
                        same || (f64::from(y) - want).abs() < 1e-5 * n as f64,
                        "{kind:?} {y} {want}"
                    );
                }
            }
        }
    });
}

#[test]
fn rows_add_up_in_order_whatever_the_cut() {
    each_level(|_| {
        let mut r = Numbers::new(16);
        for _ in 0..100 {
            let (rows, cols) = (r.below(60), 1 + r.below(300));
            let (x, start) = (r.floats(rows * cols), r.floats(cols));
            let mut want = start.clone();
            for i in 0..rows * cols {
                want[i % cols] += x[i];
            }
            let (mut whole, mut parts) = (start.clone(), start);
            accumulate_rows(rows, cols, &x, &mut whole);
            let cut = r.below(rows + 1);
            accumulate_rows(cut, cols, &x[..cut * cols], &mut parts);
            accumulate_rows(rows - cut, cols, &x[cut * cols..], &mut parts);
            assert_eq!(whole, want);
            assert_eq!(parts, want);
            let mut sum = r.floats(cols);
            sum_parts(rows, cols, &x, &mut sum);
            let mut from_zero = vec![0.0; cols];
            accumulate_rows(rows, cols, &x, &mut from_zero);
            assert_eq!(sum, from_zero);
        }
    });
}

#[test]
fn the_first_maximum_is_found() {
    let mut y = [9; 3];
    argmax(
        3,
        3,
        &[1.0, 5.0, 5.0, 0.0, f32::NAN, 7.0, -1.0, -2.0, -3.0],
        &mut y,
    );
    assert_eq!(y, [1, 1, 0]);
}

#[test]
fn softmax_and_its_logarithm_agree_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(17);
        for _ in 0..100 {
            let (rows, n) = (r.below(6), 1 + r.below(70));
            let scale = [1.0, 30.0, 1e4][r.below(3)];
            let x: Vec<f32> = r.floats(rows * n).iter().map(|v| v * scale).collect();
            let (mut y, mut log) = (r.floats(rows * n), r.floats(rows * n));
            softmax(rows, n, &x, &mut y);
            log_softmax(rows, n, &x, &mut log);
            let (mut want, mut want_log) = (Vec::new(), Vec::new());
            for x in x.chunks_exact(n) {
                let largest = f64::from(x.iter().fold(f32::MIN, |a, &b| a.max(b)));
                let sum: f64 = x.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
                want.extend(x.iter().map(|&v| (f64::from(v) - largest).exp() / sum));
                want_log.extend(x.iter().map(|&v| f64::from(v) - largest - sum.ln()));
            }
            close("softmax", &y, &want, &vec![0.5; want.len()]);
            let sizes: Vec<f64> = want_log.iter().map(|v| 1.0 + v.abs()).collect();
            close("log_softmax", &log, &want_log, &sizes);
        }
        let mut y = [0.0; 3];
        softmax(1, 3, &[1.0, f32::NAN, 2.0], &mut y);
        assert!(y.iter().all(|v| v.is_nan()));
    });
}

#[test]
fn strided_copies_agree_with_a_loop_over_indices() {
    let mut r = Numbers::new(18);
    for _ in 0..2000 {
        let rank = r.below(6);
        let shape: Vec<usize> = (0..rank)
            .map(|_| 1 + r.below(if rank < 3 { 40 } else { 5 }))
            .collect();
        // A destination of any axis order with gaps; a source that may reverse, repeat and overlap.
        let mut order: Vec<usize> = (0..rank).collect();
        (1..rank).for_each(|i| order.swap(i, r.below(i + 1)));
        let mut dst_strides = vec![0; rank];
        let mut size = 1 + r.below(2) as isize;
        for &axis in &order {
            dst_strides[axis] = if r.below(4) == 0 { -size } else { size };
            size *= shape[axis] as isize + r.below(2) as isize;
        }
        let mut src_strides: Vec<isize> = (0..rank).map(|_| r.below(30) as isize - 10).collect();
        if r.below(2) == 0 {
            let mut step = 1;
            for axis in (0..rank).rev() {
                src_strides[axis] = step;
                step *= shape[axis] as isize;
            }
        }
        let extent = |strides: &[isize]| -> (usize, usize) {
            let span = |keep: fn(isize) -> bool| -> isize {
                shape
                    .iter()
                    .zip(strides)
                    .map(|(&n, &s)| (n as isize - 1) * s)
                    .filter(|&s| keep(s))
                    .sum()
            };
            ((-span(|s| s < 0)) as usize, span(|s| s > 0) as usize + 1)
        };
        let ((src_offset, src_end), (dst_offset, dst_end)) =
            (extent(&src_strides), extent(&dst_strides));
        let src: Vec<i32> = (0..(src_offset + src_end) as i32).collect();
        let mut dst = vec![-1; dst_offset + dst_end];
        let mut want = dst.clone();
        for flat in 0..shape.iter().product() {
            let (mut rest, mut s, mut d) = (flat, src_offset as isize, dst_offset as isize);
            for axis in (0..rank).rev() {
                let i = (rest % shape[axis]) as isize;
                rest /= shape[axis];
                s += i * src_strides[axis];
                d += i * dst_strides[axis];
            }
            want[d as usize] = src[s as usize];
        }
        strided(
            &shape,
            &src,
            src_offset,
            &src_strides,
            &mut dst,
            dst_offset,
            &dst_strides,
        );
        assert_eq!(dst, want, "{shape:?} {src_strides:?} {dst_strides:?}");
    }
}

#[test]
#[should_panic(expected = "the source view")]
fn a_view_outside_its_slice_is_refused() {
    strided(&[2, 2], &[1, 2, 3], 0, &[2, 1], &mut [0; 4], 0, &[2, 1]);
}

#[test]
#[should_panic(expected = "the destination view")]
fn a_negative_reach_is_refused() {
    strided(&[3], &[1, 2, 3], 0, &[1], &mut [0; 3], 1, &[-1]);
}
