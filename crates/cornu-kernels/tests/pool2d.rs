//! Pooling against its definition: clipped windows, first maxima, NaN, and gradients that go where values came from.

mod against;

use against::{Numbers, close, each_level};
use cornu_kernels::pool2d::*;

fn geometry(r: &mut Numbers) -> Pool2d {
    loop {
        let size = [1 + r.below(4), 1 + r.below(4)];
        let stride = if r.below(2) == 0 {
            size
        } else {
            [1 + r.below(4), 1 + r.below(4)]
        };
        let g = Pool2d {
            in_h: 1 + r.below(12),
            in_w: 1 + r.below(12),
            channels: 1 + r.below(40),
            out_h: 1 + r.below(8),
            out_w: 1 + r.below(8),
            size,
            stride,
            pad: [r.below(size[0]), r.below(size[1])],
        };
        let fits = |a: usize, i: usize, o: usize| (o - 1) * g.stride[a] < i + g.pad[a];
        if fits(0, g.in_h, g.out_h) && fits(1, g.in_w, g.out_w) {
            return g;
        }
    }
}

/// For each output element, the input elements of its window and their positions.
fn members(g: &Pool2d, images: usize) -> Vec<Vec<(usize, usize)>> {
    let mut all = Vec::new();
    for n in 0..images {
        for oy in 0..g.out_h {
            for ox in 0..g.out_w {
                for c in 0..g.channels {
                    let mut window = Vec::new();
                    for ky in 0..g.size[0] {
                        for kx in 0..g.size[1] {
                            let (y, x) = (oy * g.stride[0] + ky, ox * g.stride[1] + kx);
                            if y < g.pad[0]
                                || x < g.pad[1]
                                || y - g.pad[0] >= g.in_h
                                || x - g.pad[1] >= g.in_w
                            {
                                continue;
                            }
                            let pixel = (n * g.in_h + y - g.pad[0]) * g.in_w + x - g.pad[1];
                            window.push((pixel * g.channels + c, ky * g.size[1] + kx));
                        }
                    }
                    all.push(window);
                }
            }
        }
    }
    all
}

#[test]
fn maxima_and_their_gradients_agree_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(13);
        for _ in 0..200 {
            let (g, images) = (geometry(&mut r), 1 + r.below(2));
            let windows = members(&g, images);
            let x_len = images * g.in_h * g.in_w * g.channels;
            // Few distinct values, so that ties occur; and now and then NaN.
            let nan = r.below(4) == 0;
            let value = |r: &mut Numbers| {
                if nan && r.below(20) == 0 {
                    f32::NAN
                } else {
                    r.below(5) as f32 - 2.0
                }
            };
            let x: Vec<f32> = (0..x_len).map(|_| value(&mut r)).collect();
            let (mut y, mut arg) = (r.floats(windows.len()), vec![255; windows.len()]);
            max_forward(&g, images, &x, &mut y, Some(&mut arg));
            let mut alone = r.floats(windows.len());
            max_forward(&g, images, &x, &mut alone, None);
            let dy = r.floats(windows.len());
            let (mut dx, mut want) = (r.floats(x_len), vec![0.0; x_len]);
            max_backward(&g, images, &dy, &arg, &mut dx);
            let mut picked = r.floats(windows.len());
            max_gather(&g, images, &x, &arg, &mut picked);
            for (o, window) in windows.iter().enumerate() {
                let mut best = window[0];
                for &(i, position) in &window[1..] {
                    if x[i] > x[best.0] || x[i].is_nan() && !x[best.0].is_nan() {
                        best = (i, position);
                    }
                }
                want[best.0] += f64::from(dy[o]);
                assert_eq!(usize::from(arg[o]), best.1, "{g:?} output {o}");
                for got in [y[o], alone[o], picked[o]] {
                    assert!(
                        got == x[best.0] || got.is_nan() && x[best.0].is_nan(),
                        "{g:?} output {o}: {got}"
                    );
                }
            }
            close(&format!("{g:?}"), &dx, &want, &vec![4.0; x_len]);
        }
    });
}

#[test]
fn means_and_their_gradients_agree_with_the_definition() {
    each_level(|_| {
        let mut r = Numbers::new(14);
        for _ in 0..200 {
            let (g, images) = (geometry(&mut r), 1 + r.below(2));
            let windows = members(&g, images);
            let x = r.floats(images * g.in_h * g.in_w * g.channels);
            let dy = r.floats(windows.len());
            let (mut y, mut dx) = (r.floats(windows.len()), r.floats(x.len()));
            average_forward(&g, images, &x, &mut y);
            average_backward(&g, images, &dy, &mut dx);
            let mut want_dx = vec![0.0; x.len()];
            let mut want = Vec::new();
            for (window, dy) in windows.iter().zip(&dy) {
                let n = window.len() as f64;
                want.push(window.iter().map(|&(i, _)| f64::from(x[i])).sum::<f64>() / n);
                for &(i, _) in window {
                    want_dx[i] += f64::from(*dy) / n;
                }
            }
            close(&format!("{g:?}"), &y, &want, &vec![1.0; want.len()]);
            close(&format!("{g:?}"), &dx, &want_dx, &vec![4.0; x.len()]);
        }
    });
}

#[test]
#[should_panic(expected = "every window holds a pixel")]
fn a_window_beyond_the_image_is_refused() {
    let g = Pool2d {
        in_h: 2,
        in_w: 2,
        channels: 1,
        out_h: 2,
        out_w: 1,
        size: [2; 2],
        stride: [2; 2],
        pad: [0; 2],
    };
    max_forward(&g, 1, &[0.0; 4], &mut [0.0; 2], None);
}
