//! Convolution of volumes and its weights' gradient against double-precision loops over the definition, at every level.

mod against;

use against::{Numbers, close, each_level};
use cornu_kernels::conv2d::Conv2d;
use cornu_kernels::conv3d::{Conv3d, forward, weight_grad};

/// The input position that output `o` meets at tap `t`, unless it is padding or an inserted zero.
fn source(
    o: usize,
    t: usize,
    stride: usize,
    steps: [usize; 2],
    pad: isize,
    size: usize,
) -> Option<usize> {
    let at = (o * stride + t * steps[1]) as isize - pad;
    let dilation = steps[0] as isize;
    (at >= 0 && at % dilation == 0 && at / dilation < size as isize)
        .then_some((at / dilation) as usize)
}

/// Calls `f(x index, w index, y index)` for every product of the definition for one volume.
fn each(g: &Conv3d, mut f: impl FnMut(usize, usize, usize)) {
    let p = &g.plane;
    let (ci, co) = (p.in_c / p.groups, p.out_c / p.groups);
    let along = |axis: usize, o: usize, t: usize| {
        let size = [p.in_h, p.in_w][axis];
        let steps = [p.lhs_dilation[axis], p.rhs_dilation[axis]];
        source(o, t, p.stride[axis], steps, p.pad[axis], size)
    };
    let places = (0..g.out_d).flat_map(|d| (0..p.out_h).map(move |h| (d, h)));
    for (od, oh) in places {
        for (ow, kd) in (0..p.out_w).flat_map(|w| (0..g.k_d).map(move |k| (w, k))) {
            let steps = [g.lhs_dilation, g.rhs_dilation];
            let Some(id) = source(od, kd, g.stride, steps, g.pad, g.in_d) else {
                continue;
            };
            for (kh, kw) in (0..p.k_h).flat_map(|h| (0..p.k_w).map(move |w| (h, w))) {
                let (Some(ih), Some(iw)) = (along(0, oh, kh), along(1, ow, kw)) else {
                    continue;
                };
                for (o, i) in (0..p.out_c).flat_map(|o| (0..ci).map(move |i| (o, i))) {
                    f(
                        ((id * p.in_h + ih) * p.in_w + iw) * p.in_c + o / co * ci + i,
                        (((kd * p.k_h + kh) * p.k_w + kw) * ci + i) * p.out_c + o,
                        ((od * p.out_h + oh) * p.out_w + ow) * p.out_c + o,
                    );
                }
            }
        }
    }
}

fn geometry(r: &mut Numbers) -> Conv3d {
    let groups = 1 + r.below(3);
    let mut two = |n: usize| [1 + r.below(n), 1 + r.below(n)];
    let ([in_h, in_w], [out_h, out_w], [k_h, k_w]) = (two(6), two(6), two(3));
    let (stride, lhs_dilation, rhs_dilation) = (two(2), two(2), two(2));
    Conv3d {
        in_d: 1 + r.below(5),
        out_d: 1 + r.below(5),
        k_d: 1 + r.below(3),
        stride: 1 + r.below(2),
        pad: r.below(5) as isize - 2,
        lhs_dilation: 1 + r.below(2),
        rhs_dilation: 1 + r.below(2),
        plane: Conv2d {
            in_h,
            in_w,
            in_c: groups * (1 + r.below(4)),
            out_h,
            out_w,
            out_c: groups * (1 + r.below(18)),
            k_h,
            k_w,
            stride,
            pad: [r.below(4) as isize - 1, r.below(4) as isize - 1],
            lhs_dilation,
            rhs_dilation,
            groups,
        },
    }
}

#[test]
fn forward_agrees_with_the_definition_plane_by_plane() {
    each_level(|_| {
        let mut r = Numbers::new(11);
        for _ in 0..200 {
            let g = geometry(&mut r);
            let (x, w) = (r.floats(g.input_len()), r.floats(g.weights_len()));
            let mut want = vec![0.0; g.output_len()];
            let mut scale = vec![1.0; want.len()];
            each(&g, |xi, wi, yi| {
                let term = f64::from(x[xi]) * f64::from(w[wi]);
                want[yi] += term;
                scale[yi] += term.abs();
            });
            let mut y = r.floats(want.len());
            forward(&g, &x, &w, 0, &mut y, &mut Vec::new());
            close(&format!("{g:?}"), &y, &want, &scale);
            let mut planes = r.floats(want.len());
            for (plane, part) in planes.chunks_mut(g.plane.output_len()).enumerate() {
                forward(&g, &x, &w, plane, part, &mut Vec::new());
            }
            close(&format!("planes of {g:?}"), &planes, &want, &scale);
        }
    });
}

#[test]
fn weight_gradient_adds_to_what_is_there() {
    each_level(|_| {
        let mut r = Numbers::new(12);
        for _ in 0..200 {
            let (g, volumes) = (geometry(&mut r), 1 + r.below(2));
            let x = r.floats(volumes * g.input_len());
            let dy = r.floats(volumes * g.output_len());
            let mut dw = r.floats(g.weights_len());
            let mut want: Vec<f64> = dw.iter().copied().map(f64::from).collect();
            let mut scale = vec![1.0; want.len()];
            for v in 0..volumes {
                each(&g, |xi, wi, yi| {
                    let (a, b) = (x[v * g.input_len() + xi], dy[v * g.output_len() + yi]);
                    let term = f64::from(a) * f64::from(b);
                    want[wi] += term;
                    scale[wi] += term.abs();
                });
            }
            for (k, part) in dw.chunks_mut(g.plane.weights_len()).enumerate() {
                weight_grad(&g, volumes, &x, &dy, k, part, &mut Vec::new());
            }
            close(&format!("{volumes} volumes of {g:?}"), &dw, &want, &scale);
        }
    });
}

#[test]
#[should_panic(expected = "conv3d::forward: a volume of")]
fn wrong_weights_are_refused() {
    let mut r = Numbers::new(13);
    let g = geometry(&mut r);
    let (x, mut y) = (r.floats(g.input_len()), vec![0.0; g.output_len()]);
    forward(&g, &x, &[], 0, &mut y, &mut Vec::new());
}
