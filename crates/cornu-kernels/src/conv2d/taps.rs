//! Which kernel taps meet which pixels along one axis, with inserted zeros skipped instead of multiplied.
//!
//! With `lhs_dilation` L and stride s, outputs that are `L / gcd(L, s)` apart meet the same taps, each at a fixed
//! distance: one *phase*. Without dilation there is one phase with every tap.

use super::Conv2d;

/// One kernel tap of a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// Its index in the kernel.
    pub(crate) k: usize,
    /// The padded input position it meets at the phase's first output.
    pub(crate) at: usize,
}

/// Outputs `first, first + step, ...` and the taps they meet.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) first: usize,
    pub(crate) step: usize,
    pub(crate) count: usize,
    pub(crate) taps: Vec<Tap>,
}

/// An axis of a convolution.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) phases: Vec<Phase>,
    /// Input positions from one output of a phase to the next.
    pub(crate) input_step: usize,
    /// Input position that padded position 0 stands for.
    pub(crate) low: isize,
    /// Padded positions.
    pub(crate) padded: usize,
    /// Whether every padded position is inside the input.
    pub(crate) inside: bool,
}

/// First output, number of outputs, and the kernel index and input position of each tap.
type Piece = (usize, usize, Vec<(usize, isize)>);

/// Cuts phases where the set of taps inside the input changes, and keeps only those inside.
fn without_padding(phases: &[Piece], step: usize, input_step: usize, input: usize) -> Vec<Piece> {
    let mut parts: Vec<Piece> = Vec::new();
    for (first, count, taps) in phases {
        let fresh = parts.len();
        for t in 0..*count {
            let moved = (t * input_step).cast_signed();
            let inside = |at: isize| (0..input.cast_signed()).contains(&(at + moved));
            let here = taps.iter().filter(|(_, at)| inside(*at));
            if let Some((_, n, before)) = parts[fresh..].last_mut()
                && before
                    .iter()
                    .map(|tap| tap.0)
                    .eq(here.clone().map(|tap| tap.0))
            {
                *n += 1;
            } else {
                let here = here.map(|&(k, at)| (k, at + moved)).collect();
                parts.push((first + t * step, 1, here));
            }
        }
    }
    parts
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Axis {
    /// With `split`, outputs that miss some taps at the image's edge get phases of their own where that saves work.
    pub(crate) fn new(g: &Conv2d, axis: usize, split: bool) -> Axis {
        let (input, output, kernel) = [(g.in_h, g.out_h, g.k_h), (g.in_w, g.out_w, g.k_w)][axis];
        let (stride, zeros) = (g.stride[axis], g.lhs_dilation[axis]);
        let common = gcd(stride, zeros);
        let (step, input_step) = (zeros / common, stride / common);
        let mut whole = Vec::new();
        for first in 0..step.min(output) {
            let count = (output - first).div_ceil(step);
            let mut taps = Vec::new();
            for k in 0..kernel {
                let at = (first * stride + k * g.rhs_dilation[axis]).cast_signed() - g.pad[axis];
                if at.rem_euclid(zeros.cast_signed()) == 0 {
                    taps.push((k, at.div_euclid(zeros.cast_signed())));
                }
            }
            whole.push((first, count, taps));
        }
        let phases = if split {
            let parts = without_padding(&whole, step, input_step, input);
            let work = |phases: &[Piece]| -> usize {
                phases.iter().map(|(_, n, taps)| n * taps.len()).sum()
            };
            if 100 * work(&parts) <= 92 * work(&whole) {
                parts
            } else {
                whole
            }
        } else {
            whole
        };
        let (mut low, mut high) = (isize::MAX, isize::MIN);
        for (_, count, taps) in &phases {
            for (_, at) in taps {
                low = low.min(*at);
                high = high.max(at + ((count - 1) * input_step).cast_signed());
            }
        }
        if low > high {
            (low, high) = (0, 0);
        }
        let place = |(k, at): (usize, isize)| Tap {
            k,
            at: (at - low).cast_unsigned(),
        };
        let phases = phases
            .into_iter()
            .map(|(first, count, taps)| Phase {
                first,
                step,
                count,
                taps: taps.into_iter().map(place).collect(),
            })
            .collect();
        let padded = (high - low).cast_unsigned() + 1;
        Axis {
            phases,
            input_step,
            low,
            padded,
            inside: low >= 0 && high < input.cast_signed(),
        }
    }
}

/// The input as the taps see it: in place where every tap is inside, else copied into a frame of zeros.
pub(crate) struct Frame {
    pub(crate) y: Axis,
    pub(crate) x: Axis,
    /// Elements of one image, one line and one pixel.
    pub(crate) image: usize,
    pub(crate) line: usize,
    pub(crate) pixel: usize,
    /// Offset of padded position (0, 0) where the input is used in place.
    pub(crate) offset: usize,
    /// Whether the input must be copied.
    pub(crate) copies: bool,
}

/// Elements of copied images that stay in the second cache with the rest.
const COPIED: usize = 192 * 1024;

impl Frame {
    /// `spread` copies of each channel are laid side by side; `split` is as for [`Axis::new`], for rows.
    pub(crate) fn new(g: &Conv2d, spread: usize, split: bool) -> Frame {
        let (y, x) = (Axis::new(g, 0, split), Axis::new(g, 1, false));
        let pixel = g.in_c * spread;
        if spread == 1 && y.inside && x.inside {
            let line = g.in_w * pixel;
            let offset = y.low.cast_unsigned() * line + x.low.cast_unsigned() * pixel;
            return Frame {
                image: g.in_h * line,
                line,
                pixel,
                offset,
                copies: false,
                y,
                x,
            };
        }
        let line = x.padded * pixel;
        Frame {
            image: y.padded * line,
            line,
            pixel,
            offset: 0,
            copies: true,
            y,
            x,
        }
    }

    /// How many images to take at a time.
    pub(crate) fn batch(&self, images: usize) -> usize {
        if self.copies {
            (COPIED / self.image.max(1)).clamp(1, images.max(1))
        } else {
            images.max(1)
        }
    }

    /// Calls `f` with each line of an image that lies in the frame: where it is in the image, and where it begins in the frame.
    pub(crate) fn lines(&self, g: &Conv2d, mut f: impl FnMut(std::ops::Range<usize>, usize)) {
        let inside = |axis: &Axis, size: usize| {
            let first = axis.low.max(0);
            let end = (axis.low + axis.padded.cast_signed()).min(size.cast_signed());
            (
                first.cast_unsigned(),
                end.max(first).cast_unsigned(),
                (first - axis.low).cast_unsigned(),
            )
        };
        let (y0, y1, down) = inside(&self.y, g.in_h);
        let (x0, x1, right) = inside(&self.x, g.in_w);
        if x0 == x1 {
            return;
        }
        for y in y0..y1 {
            let from = (y * g.in_w + x0) * g.in_c..(y * g.in_w + x1) * g.in_c;
            f(from, (down + y - y0) * self.line + right * self.pixel);
        }
    }

    /// Copies images into the frame; `to` must be zero outside of them, as the first call of a batch finds it.
    pub(crate) fn copy(&self, g: &Conv2d, spread: usize, images: &[f32], to: &mut [f32]) {
        let per_image = images
            .chunks_exact(g.input_len().max(1))
            .zip(to.chunks_exact_mut(self.image.max(1)));
        for (image, to) in per_image {
            self.lines(g, |from, at| {
                let from = &image[from];
                let to = &mut to[at..][..from.len() * spread];
                if spread == 1 {
                    to.copy_from_slice(from);
                } else {
                    for (to, from) in to.chunks_exact_mut(spread).zip(from) {
                        to.fill(*from);
                    }
                }
            });
        }
    }
}
