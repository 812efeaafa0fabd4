//! The places of a run of output pixels, and the pixels they are made of.

use super::{Interpolation, Outside, Sampling};

/// Pixels of a run: its arrays stay in the innermost cache.
pub(super) const BLOCK: usize = 64;

/// Some pixels of an output row.
pub(super) struct Run {
    pub(super) len: usize,
    x: [f32; BLOCK],
    y: [f32; BLOCK],
    /// Offsets of the pixels above left, above right, below left and below right; of the only one in the first.
    pub(super) offset: [[i32; BLOCK]; 4],
    /// Their weights; 0 for those outside.
    pub(super) weight: [[f32; BLOCK]; 4],
    /// The weight of what is outside.
    pub(super) rest: [f32; BLOCK],
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            len: 0,
            x: [0.0; BLOCK],
            y: [0.0; BLOCK],
            offset: [[0; BLOCK]; 4],
            weight: [[0.0; BLOCK]; 4],
            rest: [0.0; BLOCK],
        }
    }

    /// Places by the eight numbers of an image.
    #[inline(always)]
    pub(super) fn project(&mut self, m: &[f32], row: usize, column: usize) {
        let (row, column) = (row as f32, column as i32);
        // Each column's sum is made in one order, whatever run it is in.
        for j in 0..self.len {
            let at = (column + j as i32) as f32;
            self.x[j] = m[0] * at + m[1] * row + m[2];
            self.y[j] = m[3] * at + m[4] * row + m[5];
        }
        if m[6] != 0.0 || m[7] != 0.0 {
            for j in 0..self.len {
                let at = (column + j as i32) as f32;
                let k = m[6] * at + m[7] * row + 1.0;
                self.x[j] /= k;
                self.y[j] /= k;
            }
        }
    }

    /// Places as they are given, row and column.
    #[inline(always)]
    pub(super) fn read(&mut self, places: &[f32]) {
        for (j, place) in places.chunks_exact(2).enumerate() {
            (self.y[j], self.x[j]) = (place[0], place[1]);
        }
    }

    /// The pixels and weights of the places.
    #[inline(always)]
    pub(super) fn tap(&mut self, s: &Sampling) {
        let n = self.len;
        hold(s.outside, &mut self.x[..n], s.in_w as f32);
        hold(s.outside, &mut self.y[..n], s.in_h as f32);
        match s.interpolation {
            Interpolation::Nearest => self.nearest(s),
            Interpolation::Bilinear => self.bilinear(s),
        }
    }

    #[inline(always)]
    fn nearest(&mut self, s: &Sampling) {
        let (w, h, c) = (s.in_w as i32, s.in_h as i32, s.channels as i32);
        for j in 0..self.len {
            // Held between -2 and the size plus 1, or not far from it: whole numbers that an i32 holds.
            let (x, y) = (round(self.x[j]) as i32, round(self.y[j]) as i32);
            let inside = x >= 0 && x < w && y >= 0 && y < h;
            self.offset[0][j] = if inside { (y * w + x) * c } else { 0 };
            self.weight[0][j] = f32::from(u8::from(inside));
        }
    }

    #[inline(always)]
    fn bilinear(&mut self, s: &Sampling) {
        let (w, h, c) = (s.in_w as i32, s.in_h as i32, s.channels as i32);
        let outside_counts = s.outside == Outside::Constant;
        for j in 0..self.len {
            let (left, above) = (self.x[j].floor(), self.y[j].floor());
            let (right, below) = (self.x[j] - left, self.y[j] - above);
            let (x, y) = (left as i32, above as i32);
            let inside = |x: i32, n: i32| {
                if outside_counts && !(0..n).contains(&x) {
                    0.0
                } else {
                    1.0
                }
            };
            let (wx0, wx1) = ((1.0 - right) * inside(x, w), right * inside(x + 1, w));
            let (wy0, wy1) = ((1.0 - below) * inside(y, h), below * inside(y + 1, h));
            // Where the place is that of the last pixel, the one after it has the weight 0.
            let (x0, x1) = (x.clamp(0, w - 1), (x + 1).clamp(0, w - 1));
            let (y0, y1) = (y.clamp(0, h - 1), (y + 1).clamp(0, h - 1));
            self.offset[0][j] = (y0 * w + x0) * c;
            self.offset[1][j] = (y0 * w + x1) * c;
            self.offset[2][j] = (y1 * w + x0) * c;
            self.offset[3][j] = (y1 * w + x1) * c;
            self.weight[0][j] = wy0 * wx0;
            self.weight[1][j] = wy0 * wx1;
            self.weight[2][j] = wy1 * wx0;
            self.weight[3][j] = wy1 * wx1;
            self.rest[j] = 1.0 - (wy0 + wy1) * (wx0 + wx1);
        }
    }
}

/// Half away from zero.
#[inline(always)]
fn round(v: f32) -> f32 {
    let whole = v.abs().trunc();
    let up = f32::from(u8::from(v.abs() - whole >= 0.5));
    (whole + up).copysign(v)
}

/// Brings places along an axis of length `n` into the image; of a constant outside, near to it.
///
/// The formulas are those of TensorFlow's `ImageProjectiveTransformV3`, [`Outside::Mirror`] that of a wave.
#[inline(always)]
fn hold(outside: Outside, v: &mut [f32], n: f32) {
    let last = n - 1.0;
    // Most runs lie inside; NaN does not.
    if v.iter().all(|&v| v >= 0.0 && v <= last) {
        return;
    }
    match outside {
        Outside::Constant => v.iter_mut().for_each(|v| *v = v.max(-2.0).min(n + 1.0)),
        Outside::Nearest => {}
        _ if n <= 1.0 => v.fill(0.0),
        Outside::Reflect => {
            for v in &mut *v {
                let turns = (v.abs() / (2.0 * n)).trunc();
                let a = v.abs() - 2.0 * n * turns;
                *v = if *v < 0.0 {
                    if a > n { 2.0 * n - a } else { a - 1.0 }
                } else if *v > last && a >= n {
                    2.0 * n - a - 1.0
                } else {
                    a
                };
            }
        }
        Outside::Mirror => {
            for v in &mut *v {
                let turns = (v.abs() / (2.0 * last)).trunc();
                let a = v.abs() - 2.0 * last * turns;
                *v = if a > last { 2.0 * last - a } else { a };
            }
        }
        Outside::Wrap => {
            for v in &mut *v {
                if *v < 0.0 {
                    *v += n * ((-*v / last).trunc() + 1.0);
                } else if *v > last {
                    *v -= n * (*v / last).trunc();
                }
            }
        }
    }
    if outside != Outside::Constant {
        // NaN becomes 0.
        for v in v {
            *v = v.max(0.0).min(last);
        }
    }
}
