//! Winograd's convolution and its weight gradient against double-precision loops over the definition, at every level.

mod against;

use against::convolution::each;
use against::{Numbers, each_level};
use cornu_kernels::columns::Columns;
use cornu_kernels::conv2d::{Conv2d, winograd};
use cornu_kernels::product::Act;

fn geometry(r: &mut Numbers) -> Conv2d {
    let (in_h, in_w) = (3 + r.below(15), 3 + r.below(15));
    let pad = [r.below(3) as isize, r.below(3) as isize];
    let out = |input: usize, pad: isize| input + 2 * pad as usize - 2;
    // The padding after the image may differ from the one before it.
    let (more_h, more_w) = (r.below(2), r.below(2));
    Conv2d {
        in_h,
        in_w,
        in_c: 1 + r.below(40),
        out_h: out(in_h, pad[0]) + more_h,
        out_w: out(in_w, pad[1]) + more_w,
        out_c: 1 + r.below(70),
        k_h: 3,
        k_w: 3,
        stride: [1, 1],
        pad,
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    }
}

/// Asserts that errors stay far below 10⁻⁴ of the root of the sum of squared terms, as rounding errors should.
fn close(what: &str, got: &[f32], want: &[f64], squares: &[f64]) {
    for (i, (&got, (&want, &squares))) in got.iter().zip(want.iter().zip(squares)).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(
            error <= 1e-5 * (1.0 + squares.sqrt()),
            "{what}: element {i} is {got}, wanted {want}"
        );
    }
}

#[test]
fn forward_agrees_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(11);
        let mut scratch = Vec::new();
        for _ in 0..60 {
            let (g, images) = (geometry(&mut r), 1 + r.below(5));
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let bias = r.floats(g.out_c);
            let with_bias = r.below(2) == 1;
            let act = [Act::Linear, Act::Relu][r.below(2)];
            let mut want = vec![0.0; images * g.output_len()];
            if with_bias {
                want.iter_mut()
                    .enumerate()
                    .for_each(|(i, y)| *y = f64::from(bias[i % g.out_c]));
            }
            let mut squares = vec![0.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(w[wi]);
                want[yi] += term;
                squares[yi] += term * term;
            });
            if act == Act::Relu {
                for y in &mut want {
                    *y = y.max(0.0);
                }
            }
            let mut u = r.floats(winograd::weights_len(g.in_c, g.out_c));
            // In two parts, as two threads would.
            let half = u.len() / winograd::panel_len(g.in_c) / 2;
            let (left, right) = u.split_at_mut(half * winograd::panel_len(g.in_c));
            winograd::transform_weights(g.in_c, g.out_c, &w, 0, left);
            winograd::transform_weights(g.in_c, g.out_c, &w, half, right);
            let mut y = r.floats(want.len());
            let bias = with_bias.then_some(&bias[..]);
            winograd::forward(&g, images, &x, &u, bias, act, &mut y, &mut scratch);
            close(&format!("{g:?}"), &y, &want, &squares);
        }
    });
}

#[test]
fn weight_gradient_agrees_with_the_definition_and_adds() {
    each_level(|_| {
        let mut r = Numbers::new(12);
        let mut scratch = Vec::new();
        for _ in 0..60 {
            let (g, images) = (geometry(&mut r), 1 + r.below(5));
            let x = r.floats(images * g.input_len());
            let dy = r.floats(images * g.output_len());
            let mut dw = r.floats(g.weights_len());
            let mut want: Vec<f64> = dw.iter().map(|&v| f64::from(v)).collect();
            let mut squares = vec![0.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(dy[yi]);
                want[wi] += term;
                squares[wi] += term * term;
            });
            let mut cut = dw.clone();
            winograd::weight_grad(&g, images, &x, &dy, &mut dw, &mut scratch);
            close(&format!("{g:?}"), &dw, &want, &squares);
            // The same, cut for several threads.
            let job = winograd::WeightGrad::new(&g, images);
            let mut blocks = r.floats(job.blocks() * job.block_len());
            for (number, block) in blocks.chunks_exact_mut(job.block_len()).enumerate() {
                job.transform(number, &x, &dy, block);
            }
            let some = 1 + r.below(g.in_c);
            let mut taps: Vec<_> = cut
                .chunks_exact_mut(g.in_c * g.out_c)
                .map(|tap| tap.chunks_mut(some * g.out_c))
                .collect();
            for first in (0..g.in_c).step_by(some) {
                let mut dw = std::array::from_fn(|tap| taps[tap].next().unwrap());
                job.sum(&blocks, first, &mut dw, &mut scratch);
            }
            close(&format!("cut, {g:?}"), &cut, &want, &squares);
        }
    });
}

#[test]
fn cutting_the_channels_changes_no_bit() {
    each_level(|_| {
        let mut r = Numbers::new(9);
        for _ in 0..20 {
            let (mut g, images) = (geometry(&mut r), 2);
            g.out_c += 60;
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let bias = r.floats(g.out_c);
            let mut u = vec![0.0; winograd::weights_len(g.in_c, g.out_c)];
            winograd::transform_weights(g.in_c, g.out_c, &w, 0, &mut u);
            let mut whole = vec![0.0; images * g.output_len()];
            let mut parts = r.floats(whole.len());
            let (bias, act) = (Some(&bias[..]), Act::Relu);
            let s = &mut Vec::new();
            winograd::forward(&g, images, &x, &u, bias, act, &mut whole, s);
            for mut y in Columns::cut(&mut parts, g.out_c, winograd::PANEL) {
                winograd::forward_columns(&g, images, &x, &u, bias, act, &mut y, s);
            }
            let mut pairs = whole.iter().zip(&parts);
            assert!(pairs.all(|(a, b)| a.to_bits() == b.to_bits()), "{g:?}");
        }
    });
}
