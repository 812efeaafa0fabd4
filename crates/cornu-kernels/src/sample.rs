//! Images sampled at places between their pixels: turned, moved, zoomed, seen in perspective or bent.
//!
//! For a run of output pixels the places are computed, brought into the image by the rule for its outside, and turned into taps (four
//! offsets and weights a pixel), in loops over arrays that become vectors; then each pixel is a sum of four. The floor of the
//! latter is twelve loads a pixel of three channels: 32×32 pixels take 4 µs.

mod places;

use crate::simd::{Simd, dispatch};
use places::{BLOCK, Run};

/// What a place between pixels is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// The four pixels around, weighted by how near they are.
    Bilinear,
}

/// What lies outside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outside {
    /// One value: `k k k | a b c d | k k k`.
    Constant,
    /// The pixel at the edge: `a a a | a b c d | d d d`.
    Nearest,
    /// The image mirrored at its edge: `c b a | a b c d | d c b`.
    Reflect,
    /// The image mirrored at its last pixel: `d c b | a b c d | c b a`.
    Mirror,
    /// The image again: `b c d | a b c d | a b c`.
    Wrap,
}

/// How images `[images][in_h][in_w][channels]` are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Rows of the image that is sampled.
    pub in_h: usize,
    /// Its columns.
    pub in_w: usize,
    /// Rows of the result.
    pub out_h: usize,
    /// Columns of the result.
    pub out_w: usize,
    /// Channels of both.
    pub channels: usize,
    /// Between pixels.
    pub interpolation: Interpolation,
    /// Beyond the edges.
    pub outside: Outside,
    /// The value of [`Outside::Constant`].
    pub value: f32,
}

/// Where the pixels of a result come from.
#[derive(Clone, Copy, Debug)]
pub enum Places<'a> {
    /// Eight numbers an image: pixel (x, y) comes from `(a₀x + a₁y + a₂) / k`, `(b₀x + b₁y + b₂) / k` with `k = c₀x + c₁y + 1`,
    /// in the order a, b, c.
    Projective(&'a [f32]),
    /// Row and column of each pixel.
    Each(&'a [f32]),
}

impl Places<'_> {
    fn numbers(&self) -> usize {
        match self {
            Places::Projective(m) => m.len(),
            Places::Each(p) => p.len(),
        }
    }
}

impl Sampling {
    fn check(&self, function: &str, images: usize, x: usize, places: &Places<'_>, y: usize) {
        assert_eq!(
            x,
            images * self.in_h * self.in_w * self.channels,
            "{function}: elements of {images} images of {self:?}"
        );
        assert_eq!(
            y,
            images * self.out_h * self.out_w * self.channels,
            "{function}: elements of {images} results of {self:?}"
        );
        let each = match places {
            Places::Projective(_) => 8,
            Places::Each(_) => 2 * self.out_h * self.out_w,
        };
        assert_eq!(
            places.numbers(),
            images * each,
            "{function}: numbers of places of {images} images of {self:?}"
        );
        assert!(
            y == 0 || self.in_h > 0 && self.in_w > 0,
            "{function}: an image without pixels, {self:?}"
        );
        assert!(
            i32::try_from(self.in_h * self.in_w * self.channels).is_ok() && self.out_w < 1 << 24,
            "{function}: images of fewer than 2^31 elements, received {self:?}"
        );
    }
}

/// `y` from `x`: each pixel is what `x` has at its place.
///
/// # Example
///
/// ```
/// use cornu_kernels::sample::{Interpolation, Outside, Places, Sampling, sample};
/// let s = Sampling {
///     in_h: 1, in_w: 3, out_h: 1, out_w: 3, channels: 1,
///     interpolation: Interpolation::Bilinear, outside: Outside::Nearest, value: 0.0,
/// };
/// let half_a_pixel_on = [1.0, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0];
/// let mut y = [0.0; 3];
/// sample(&s, 1, &[2.0, 4.0, 8.0], Places::Projective(&half_a_pixel_on), &mut y);
/// assert_eq!(y, [3.0, 6.0, 8.0]);
/// ```
pub fn sample(s: &Sampling, images: usize, x: &[f32], places: Places<'_>, y: &mut [f32]) {
    s.check("sample", images, x.len(), &places, y.len());
    let (x, y) = (x.as_ptr(), y.as_mut_ptr());
    dispatch!(forward(s: &Sampling, images: usize, x: *const f32, places: Places<'_>, y: *mut f32));
}

/// The transpose of [`sample`]: each pixel's gradient goes to those it was made of. `dx` is overwritten.
pub fn sample_backward(
    s: &Sampling,
    images: usize,
    dy: &[f32],
    places: Places<'_>,
    dx: &mut [f32],
) {
    s.check("sample_backward", images, dx.len(), &places, dy.len());
    dx.fill(0.0);
    let (dy, dx) = (dy.as_ptr(), dx.as_mut_ptr());
    dispatch!(backward(s: &Sampling, images: usize, dy: *const f32, places: Places<'_>, dx: *mut f32));
}

/// Calls `f` with the taps of runs of output pixels, each with its image and first pixel.
#[inline(always)]
fn runs(s: &Sampling, images: usize, places: Places<'_>, mut f: impl FnMut(&Run, usize, usize)) {
    let mut run = Run::new();
    let pixels = s.out_h * s.out_w;
    for image in 0..images {
        for row in 0..s.out_h {
            for column in (0..s.out_w).step_by(BLOCK) {
                run.len = (s.out_w - column).min(BLOCK);
                let first = row * s.out_w + column;
                match places {
                    Places::Projective(m) => {
                        run.project(&m[image * 8..image * 8 + 8], row, column);
                    }
                    Places::Each(p) => {
                        let from = 2 * (image * pixels + first);
                        run.read(&p[from..from + 2 * run.len]);
                    }
                }
                run.tap(s);
                f(&run, image, first);
            }
        }
    }
}

/// # Safety
///
/// Lengths are those that [`Sampling::check`] asks for.
#[inline(always)]
unsafe fn forward<S: Simd>(
    s: &Sampling,
    images: usize,
    x: *const f32,
    places: Places<'_>,
    y: *mut f32,
) {
    let c = s.channels;
    let (from, to) = (s.in_h * s.in_w * c, s.out_h * s.out_w * c);
    runs(s, images, places, |run, image, first| {
        // SAFETY: offsets of taps are those of pixels of an image, and the run's pixels lie in the result.
        unsafe {
            let (x, y) = (x.add(image * from), y.add(image * to + first * c));
            match (s.interpolation, c) {
                (Interpolation::Nearest, 3) => nearest::<3>(run, 3, s.value, x, y),
                (Interpolation::Nearest, 1) => nearest::<1>(run, 1, s.value, x, y),
                (Interpolation::Nearest, _) => nearest::<0>(run, c, s.value, x, y),
                (Interpolation::Bilinear, 3) => bilinear::<3>(run, 3, s.value, x, y),
                (Interpolation::Bilinear, 1) => bilinear::<1>(run, 1, s.value, x, y),
                (Interpolation::Bilinear, _) => bilinear::<0>(run, c, s.value, x, y),
            }
        }
    });
}

/// # Safety
///
/// `x` holds the image whose pixels the taps name, `y` the run's pixels, of `c` channels (`C`, if it is not 0).
#[inline(always)]
unsafe fn nearest<const C: usize>(run: &Run, c: usize, value: f32, x: *const f32, y: *mut f32) {
    let c = if C > 0 { C } else { c };
    for i in 0..run.len {
        // SAFETY: the caller's promise.
        unsafe {
            let y = y.add(i * c);
            if run.weight[0][i] == 0.0 {
                for k in 0..c {
                    *y.add(k) = value;
                }
            } else {
                std::ptr::copy_nonoverlapping(x.add(run.offset[0][i] as usize), y, c);
            }
        }
    }
}

/// # Safety
///
/// As [`nearest`].
#[inline(always)]
unsafe fn bilinear<const C: usize>(run: &Run, c: usize, value: f32, x: *const f32, y: *mut f32) {
    let c = if C > 0 { C } else { c };
    for i in 0..run.len {
        let [a, b, d, e] = run.weight.map(|w| w[i]);
        let rest = run.rest[i] * value;
        // SAFETY: the caller's promise.
        unsafe {
            let [p, q, r, t] = run.offset.map(|o| x.add(o[i] as usize));
            let y = y.add(i * c);
            for k in 0..c {
                let upper = a * *p.add(k) + b * *q.add(k);
                let lower = d * *r.add(k) + e * *t.add(k);
                *y.add(k) = upper + lower + rest;
            }
        }
    }
}

/// # Safety
///
/// As [`forward`].
#[inline(always)]
unsafe fn backward<S: Simd>(
    s: &Sampling,
    images: usize,
    dy: *const f32,
    places: Places<'_>,
    dx: *mut f32,
) {
    let c = s.channels;
    let (from, to) = (s.in_h * s.in_w * c, s.out_h * s.out_w * c);
    let taps = match s.interpolation {
        Interpolation::Nearest => 1,
        Interpolation::Bilinear => 4,
    };
    runs(s, images, places, |run, image, first| {
        for i in 0..run.len {
            for t in 0..taps {
                let weight = run.weight[t][i];
                // SAFETY: as in `forward`.
                unsafe {
                    let dy = dy.add(image * to + (first + i) * c);
                    let dx = dx.add(image * from + run.offset[t][i] as usize);
                    for k in 0..c {
                        *dx.add(k) += weight * *dy.add(k);
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, with_level};

    const TURNED: [f32; 8] = [0.9, -0.3, 0.7, 0.3, 0.9, -1.2, 0.01, -0.02];

    fn sampling(channels: usize, interpolation: Interpolation, outside: Outside) -> Sampling {
        Sampling {
            in_h: 5,
            in_w: 7,
            out_h: 6,
            out_w: 70,
            channels,
            interpolation,
            outside,
            value: 0.5,
        }
    }

    #[test]
    fn nothing_outside_is_read_wherever_the_places_are() {
        let odd = [
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            1e30,
            -1e30,
            -0.5,
            6.5,
            4.0,
            -3e9,
        ];
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            for outside in [
                Outside::Constant,
                Outside::Nearest,
                Outside::Reflect,
                Outside::Mirror,
                Outside::Wrap,
            ] {
                let s = sampling(3, interpolation, outside);
                let x: Vec<f32> = (0..105).map(|i| i as f32 / 105.0).collect();
                let places: Vec<f32> = (0..2 * 420).map(|i| odd[i * 7 % 9]).collect();
                let mut y = vec![9.0; 420 * 3];
                sample(&s, 1, &x, Places::Each(&places), &mut y);
                assert!(
                    y.iter().all(|y| (0.0..=1.0).contains(y)),
                    "{interpolation:?} {outside:?} {y:?}"
                );
            }
        }
    }

    #[test]
    fn the_way_back_is_the_transpose_at_all_levels() {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            for outside in [Outside::Constant, Outside::Reflect, Outside::Wrap] {
                for channels in [1, 2, 3, 17] {
                    let mut s = sampling(channels, interpolation, outside);
                    s.value = 0.0;
                    let places: Vec<f32> = TURNED.iter().copied().chain(TURNED).collect();
                    let places = Places::Projective(&places);
                    let x: Vec<f32> = (0..2 * 35 * channels)
                        .map(|i| (i * 13 % 29) as f32)
                        .collect();
                    let dy: Vec<f32> = (0..2 * 420 * channels)
                        .map(|i| (i * 7 % 31) as f32)
                        .collect();
                    let mut first: Option<Vec<f32>> = None;
                    for level in Level::ALL.into_iter().filter(|l| l.is_available()) {
                        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
                        with_level(level, || {
                            sample(&s, 2, &x, places, &mut y);
                            sample_backward(&s, 2, &dy, places, &mut dx);
                        });
                        let dot = |a: &[f32], b: &[f32]| -> f64 {
                            a.iter()
                                .zip(b)
                                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                                .sum()
                        };
                        let (one, other) = (dot(&y, &dy), dot(&x, &dx));
                        assert!((one - other).abs() < 1e-5 * one.abs(), "{s:?}");
                        let first = first.get_or_insert_with(|| y.clone());
                        assert_eq!(*first, y, "{} {s:?}", level.name());
                    }
                }
            }
        }
    }
}
