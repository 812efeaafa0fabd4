//! Convolution and its gradients against double-precision loops over the definition, at every level.

mod against;

use against::convolution::each;
use against::{Numbers, close, each_level};
use cornu_kernels::columns::Columns;
use cornu_kernels::conv2d::{
    Conv2d, add, flip_weights, forward, forward_columns, forward_packed, weight_grad,
};
use cornu_kernels::packed;
use cornu_kernels::product::{Act, Factor};

fn geometry(r: &mut Numbers) -> Conv2d {
    let groups = [1, 1, 1, 2, 3][r.below(5)];
    let (in_h, in_w) = (1 + r.below(14), 1 + r.below(14));
    let (mut ci, mut co) = (1 + r.below(9), 1 + r.below(40));
    let mut groups = groups;
    if r.below(6) == 0 {
        (groups, ci, co) = (1 + r.below(40), 1, 1 + r.below(3));
    }
    let kernel = [1 + r.below(5), 1 + r.below(5)];
    let stride = [1 + r.below(3), 1 + r.below(3)];
    let lhs_dilation = if r.below(3) == 0 {
        [1 + r.below(3), 1 + r.below(3)]
    } else {
        [1, 1]
    };
    let rhs_dilation = if r.below(3) == 0 {
        [1 + r.below(3), 1 + r.below(3)]
    } else {
        [1, 1]
    };
    let pad = match r.below(3) {
        0 => [0, 0],
        1 => [(kernel[0] / 2) as isize, (kernel[1] / 2) as isize],
        _ => [r.below(9) as isize - 3, r.below(9) as isize - 3],
    };
    Conv2d {
        in_h,
        in_w,
        in_c: ci * groups,
        out_h: 1 + r.below(15),
        out_w: 1 + r.below(15),
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
fn forward_agrees_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(3);
        let mut scratch = Vec::new();
        for _ in 0..250 {
            let (g, images) = (geometry(&mut r), 1 + r.below(3));
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
            let mut scale = vec![1.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(w[wi]);
                want[yi] += term;
                scale[yi] += term.abs();
            });
            if act == Act::Relu {
                for y in &mut want {
                    *y = y.max(0.0);
                }
            }
            let mut y = r.floats(want.len());
            forward(
                &g,
                images,
                &x,
                &w,
                with_bias.then_some(&bias[..]),
                act,
                &mut y,
                &mut scratch,
            );
            close(&format!("{images} images of {g:?}"), &y, &want, &scale);
        }
    });
}

#[test]
fn weight_gradient_agrees_with_the_definition_and_continues_over_images() {
    each_level(|_| {
        let mut r = Numbers::new(4);
        let mut scratch = Vec::new();
        for _ in 0..250 {
            let (g, images) = (geometry(&mut r), 1 + r.below(4));
            let x = r.floats(images * g.input_len());
            let dy = r.floats(images * g.output_len());
            let start = r.floats(g.weights_len());
            let mut want: Vec<f64> = start.iter().map(|&v| f64::from(v)).collect();
            let mut scale = vec![1.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(dy[yi]);
                want[wi] += term;
                scale[wi] += term.abs();
            });
            let mut dw = start.clone();
            weight_grad(&g, images, &x, &dy, &mut dw, &mut scratch);
            close(&format!("{images} images of {g:?}"), &dw, &want, &scale);

            let mut parts = start;
            let cut = r.below(images + 1);
            let (x0, x1) = x.split_at(cut * g.input_len());
            let (dy0, dy1) = dy.split_at(cut * g.output_len());
            weight_grad(&g, cut, x0, dy0, &mut parts, &mut scratch);
            weight_grad(&g, images - cut, x1, dy1, &mut parts, &mut scratch);
            assert!(
                dw.iter()
                    .zip(&parts)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "cut at {cut} of {images}: {g:?}"
            );
        }
    });
}

#[test]
fn input_gradient_is_the_flipped_convolution() {
    each_level(|_| {
        let mut r = Numbers::new(5);
        let mut scratch = Vec::new();
        for _ in 0..250 {
            let (g, images) = (geometry(&mut r), 1 + r.below(3));
            let dy = r.floats(images * g.output_len());
            let w = r.floats(g.weights_len());
            let mut want = vec![0.0; images * g.input_len()];
            let mut scale = vec![1.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(dy[yi]) * f64::from(w[wi]);
                want[xi] += term;
                scale[xi] += term.abs();
            });
            let mut flipped = vec![0.0; w.len()];
            flip_weights(
                g.k_h,
                g.k_w,
                g.in_c / g.groups,
                g.out_c,
                g.groups,
                &w,
                &mut flipped,
            );
            let mut dx = r.floats(want.len());
            let back = g.input_grad_geometry();
            forward(
                &back,
                images,
                &dy,
                &flipped,
                None,
                Act::Linear,
                &mut dx,
                &mut scratch,
            );
            close(&format!("{images} images of {g:?}"), &dx, &want, &scale);
        }
    });
}

#[test]
fn adding_starts_from_what_is_there() {
    each_level(|_| {
        let mut r = Numbers::new(9);
        for _ in 0..150 {
            let (g, images) = (geometry(&mut r), 1 + r.below(3));
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let mut y = r.floats(images * g.output_len());
            let mut want: Vec<f64> = y.iter().copied().map(f64::from).collect();
            let mut scale = vec![1.0; want.len()];
            each(&g, images, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(w[wi]);
                want[yi] += term;
                scale[yi] += term.abs();
            });
            add(&g, images, &x, &w, &mut y, &mut Vec::new());
            close(&format!("{images} images of {g:?}"), &y, &want, &scale);
        }
    });
}

#[test]
fn cutting_the_batch_changes_no_bit() {
    each_level(|_| {
        let mut r = Numbers::new(6);
        for _ in 0..30 {
            let (mut g, images) = (geometry(&mut r), 5);
            (g.in_h, g.in_w, g.out_h, g.out_w) =
                (g.in_h + 12, g.in_w + 12, g.out_h + 8, g.out_w + 8);
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let mut whole = vec![0.0; images * g.output_len()];
            let mut parts = whole.clone();
            forward(
                &g,
                images,
                &x,
                &w,
                None,
                Act::Linear,
                &mut whole,
                &mut Vec::new(),
            );
            for (x, y) in x
                .chunks_exact(g.input_len())
                .zip(parts.chunks_exact_mut(g.output_len()))
            {
                forward(&g, 1, x, &w, None, Act::Linear, y, &mut Vec::new());
            }
            assert!(
                whole
                    .iter()
                    .zip(&parts)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "{g:?}"
            );
        }
    });
}

#[test]
fn cutting_the_channels_changes_no_bit() {
    each_level(|_| {
        let mut r = Numbers::new(7);
        for _ in 0..60 {
            let (g, images) = (geometry(&mut r), 2);
            let co = g.out_c / g.groups;
            let x = r.floats(images * g.input_len());
            let w = r.floats(g.weights_len());
            let bias = r.floats(g.out_c);
            let mut whole = vec![0.0; images * g.output_len()];
            let mut parts = r.floats(whole.len());
            let (bias, act) = (Some(&bias[..]), Act::Relu);
            let s = &mut Vec::new();
            forward(&g, images, &x, &w, bias, act, &mut whole, s);
            let width = if g.groups == 1 { 1 + r.below(co) } else { co };
            if g.groups > 1 && g.groups == g.in_c {
                continue;
            }
            for mut y in Columns::cut(&mut parts, g.out_c, width) {
                forward_columns(&g, images, &x, &w, bias, act, &mut y, s);
            }
            let same = |parts: &[f32]| {
                let mut pairs = whole.iter().zip(parts);
                pairs.all(|(a, b)| a.to_bits() == b.to_bits())
            };
            assert!(same(&parts), "{width} of {g:?}");
            if g.groups > 1 {
                continue;
            }
            // The same with the kernel packed.
            let terms = g.k_h * g.k_w * g.in_c;
            let mut panels = vec![f32::NAN; packed::len(terms, co)];
            packed::pack(terms, co, (&w, Factor::Plain), co, 0, &mut panels);
            parts.fill(f32::NAN);
            for mut y in Columns::cut(&mut parts, co, packed::PANEL * (1 + r.below(2))) {
                forward_packed(&g, images, &x, &panels, bias, act, &mut y, s);
            }
            assert!(same(&parts), "packed: {g:?}");
        }
    });
}

#[test]
#[should_panic(expected = "conv2d::forward: elements of the weights")]
fn wrong_weights_are_refused() {
    let mut r = Numbers::new(7);
    let g = geometry(&mut r);
    let (x, mut y) = (r.floats(g.input_len()), vec![0.0; g.output_len()]);
    forward(&g, 1, &x, &[], None, Act::Linear, &mut y, &mut Vec::new());
}
