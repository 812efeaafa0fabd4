//! The definition of a convolution.

use cornu_kernels::conv2d::Conv2d;

/// The input position that output `o` meets at tap `t`, unless it is padding or an inserted zero.
fn source(g: &Conv2d, axis: usize, o: usize, t: usize) -> Option<usize> {
    let at = (o * g.stride[axis] + t * g.rhs_dilation[axis]) as isize - g.pad[axis];
    let size = [g.in_h, g.in_w][axis];
    let dilation = g.lhs_dilation[axis] as isize;
    (at >= 0 && at % dilation == 0 && at / dilation < size as isize)
        .then_some((at / dilation) as usize)
}

/// Calls `f(x index, w index, y index)` for every product of the definition, in the order images, rows, columns, taps.
pub fn each(g: &Conv2d, images: usize, mut f: impl FnMut(usize, usize, usize)) {
    let (ci, co) = (g.in_c / g.groups, g.out_c / g.groups);
    for n in 0..images {
        for oy in 0..g.out_h {
            for ox in 0..g.out_w {
                for ky in 0..g.k_h {
                    let Some(iy) = source(g, 0, oy, ky) else {
                        continue;
                    };
                    for kx in 0..g.k_w {
                        let Some(ix) = source(g, 1, ox, kx) else {
                            continue;
                        };
                        for o in 0..g.out_c {
                            for i in 0..ci {
                                let x =
                                    ((n * g.in_h + iy) * g.in_w + ix) * g.in_c + o / co * ci + i;
                                let w = ((ky * g.k_w + kx) * ci + i) * g.out_c + o;
                                f(x, w, ((n * g.out_h + oy) * g.out_w + ox) * g.out_c + o);
                            }
                        }
                    }
                }
            }
        }
    }
}
