//! Counter-based random numbers: element `i` of a stream is a pure function of (seed, step, stream, `i`).
//!
//! The generator is Philox4x32-10. Its counter is (block, stream, step low, step high) and its key the seed. Sixteen
//! consecutive blocks make a group, and the words of a group are laid out word by word: of the 64 words of group `g`,
//! word `e` is word `e / 16` of block `16·g + e % 16`. A vector of sixteen blocks is therefore stored as it is computed.

use crate::simd::{Simd, dispatch, math};
use std::ffi::c_void;

/// Ten rounds of Philox4x32.
///
/// # Source
///
/// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let p0 = u64::from(c0) * 0xD251_1F53;
        let p1 = u64::from(c2) * 0xCD9E_8D57;
        (c0, c1, c2, c3) = (
            (p1 >> 32) as u32 ^ c1 ^ k0,
            p1 as u32,
            (p0 >> 32) as u32 ^ c3 ^ k1,
            p0 as u32,
        );
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    [c0, c1, c2, c3]
}

/// One sequence of random numbers, unrelated to any other.
///
/// # Example
///
/// ```
/// use cornu_kernels::random::{Stream, uniform};
/// let stream = Stream { seed: 7, step: 0, stream: 0 };
/// let (mut all, mut tail) = ([0.0; 100], [0.0; 40]);
/// uniform(&stream, 0, &mut all);
/// uniform(&stream, 60, &mut tail);
/// assert_eq!(all[60..], tail);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The seed of the whole run.
    pub seed: u64,
    /// The training step.
    pub step: u64,
    /// The operation that draws.
    pub stream: u32,
}

/// What is made of the words of a group.
#[derive(Clone, Copy)]
enum Kind {
    Bits,
    Uniform,
    Normal,
    Bernoulli { threshold: u32 },
}

/// Blocks in a group, and words.
const BLOCKS: u64 = 16;
const WORDS: usize = 64;

/// Writes `count` whole groups from `first` on; `out` has 64 words of room for each, or 128 bytes.
///
/// # Safety
///
/// The level is available and `out` is as large as stated.
#[inline(always)]
unsafe fn groups<S: Simd>(kind: Kind, s: &Stream, first: u64, count: usize, out: *mut c_void) {
    // SAFETY: a group is 16 blocks, a multiple of every vector length; each iteration writes its own 256 or 128 bytes.
    unsafe {
        let (m0, m1) = (S::isplat(0xD251_1F53), S::isplat(0xCD9E_8D57));
        for group in 0..count {
            let block = ((first + group as u64) * BLOCKS) as u32;
            for lane in (0..BLOCKS as usize).step_by(S::LANES) {
                let mut c0 = S::iadd(S::isplat(block + lane as u32), S::iota());
                let mut c1 = S::isplat(s.stream);
                let mut c2 = S::isplat(s.step as u32);
                let mut c3 = S::isplat((s.step >> 32) as u32);
                let (mut k0, mut k1) = (s.seed as u32, (s.seed >> 32) as u32);
                for _ in 0..10 {
                    let (high0, low0) = S::mul_wide(c0, m0);
                    let (high1, low1) = S::mul_wide(c2, m1);
                    c0 = S::ixor(S::ixor(high1, c1), S::isplat(k0));
                    c2 = S::ixor(S::ixor(high0, c3), S::isplat(k1));
                    (c1, c3) = (low1, low0);
                    k0 = k0.wrapping_add(0x9E37_79B9);
                    k1 = k1.wrapping_add(0xBB67_AE85);
                }
                let words = [c0, c1, c2, c3];
                match kind {
                    Kind::Bits => {
                        let out = out.cast::<u32>().add(group * WORDS + lane);
                        for word in 0..4 {
                            S::istore(out.add(word * 16), words[word]);
                        }
                    }
                    Kind::Uniform => {
                        let out = out.cast::<f32>().add(group * WORDS + lane);
                        for word in 0..4 {
                            S::store(out.add(word * 16), fraction::<S>(words[word], 0));
                        }
                    }
                    Kind::Normal => {
                        let out = out.cast::<f32>().add(group * WORDS + lane);
                        for pair in 0..2 {
                            // In (0, 1], so that the logarithm is finite.
                            let u = fraction::<S>(words[2 * pair], 1);
                            let angle = S::mul(
                                fraction::<S>(words[2 * pair + 1], 0),
                                S::splat(std::f32::consts::TAU),
                            );
                            let r = S::sqrt(S::mul(math::ln::<S>(u), S::splat(-2.0)));
                            S::store(out.add(pair * 32), S::mul(r, math::sine::<S>(angle, 1)));
                            S::store(
                                out.add(pair * 32 + 16),
                                S::mul(r, math::sine::<S>(angle, 0)),
                            );
                        }
                    }
                    Kind::Bernoulli { threshold } => {
                        let out = out.cast::<u8>().add(group * 2 * WORDS + lane);
                        let threshold = S::isplat(threshold);
                        for word in 0..4 {
                            // The difference is negative, and its sign bit 1, where the half is below the threshold.
                            let low = S::isub(S::iand(words[word], S::isplat(0xFFFF)), threshold);
                            let high = S::isub(S::shr::<16>(words[word]), threshold);
                            S::store_bytes(out.add(word * 16), S::shr::<31>(low));
                            S::store_bytes(out.add(WORDS + word * 16), S::shr::<31>(high));
                        }
                    }
                }
            }
        }
    }
}

/// The high 24 bits plus `add`, as a fraction of 2²⁴.
#[inline(always)]
unsafe fn fraction<S: Simd>(word: S::I, add: u32) -> S::F {
    // SAFETY: the caller has the level.
    unsafe {
        let whole = S::iadd(S::shr::<8>(word), S::isplat(add));
        S::mul(S::to_float(whole), S::splat(1.0 / 16_777_216.0))
    }
}

fn dispatched(kind: Kind, s: &Stream, first: u64, count: usize, out: *mut c_void) {
    dispatch!(groups(kind: Kind, s: &Stream, first: u64, count: usize, out: *mut c_void));
}

/// Fills `out` with elements `start..` of the stream, of which a group holds `PER`.
fn fill<T: Copy + Default, const PER: usize>(kind: Kind, s: &Stream, start: u64, out: &mut [T]) {
    let per = PER as u64;
    let end = start
        .checked_add(out.len() as u64)
        .map(|end| end.div_ceil(per));
    assert!(
        end.is_some_and(|groups| groups <= 1 << 28),
        "random: a stream has 2^28 groups of {PER} elements; asked for {} from {start}",
        out.len()
    );
    let (mut rest, mut at) = (out, start);
    while !rest.is_empty() {
        let from = (at % per) as usize;
        let whole = if from == 0 { rest.len() / PER } else { 0 };
        let take = if whole > 0 {
            whole * PER
        } else {
            (PER - from).min(rest.len())
        };
        let (piece, tail) = rest.split_at_mut(take);
        if whole > 0 {
            dispatched(kind, s, at / per, whole, piece.as_mut_ptr().cast());
        } else {
            let mut group = [T::default(); PER];
            dispatched(kind, s, at / per, 1, group.as_mut_ptr().cast());
            piece.copy_from_slice(&group[from..from + take]);
        }
        rest = tail;
        at += take as u64;
    }
}

/// Fills `out` with 32 random bits each, elements `start..` of the stream. The same at every level.
pub fn bits(stream: &Stream, start: u64, out: &mut [u32]) {
    fill::<u32, WORDS>(Kind::Bits, stream, start, out);
}

/// Fills `out` with numbers in `[0, 1)`, multiples of 2⁻²⁴. The same at every level.
pub fn uniform(stream: &Stream, start: u64, out: &mut [f32]) {
    fill::<f32, WORDS>(Kind::Uniform, stream, start, out);
}

/// Fills `out` with ones of probability `threshold / 65536` and zeros. The same at every level.
///
/// Uses 16 bits an element: of the 128 elements of a group, the first 64 are the low halves of its words.
pub fn bernoulli(stream: &Stream, start: u64, threshold: u32, out: &mut [u8]) {
    assert!(
        threshold <= 65536,
        "bernoulli: threshold 0..=65536, received {threshold}"
    );
    fill::<u8, { 2 * WORDS }>(Kind::Bernoulli { threshold }, stream, start, out);
}

/// Fills `out` with numbers of the standard normal distribution.
///
/// `r·cos θ` and `r·sin θ` with `r = √(−2 ln u)`. Of the 64 elements of a group, the first 16 are cosines, the next 16
/// the sines of the same pairs, and so on again.
///
/// # Source
///
/// Box, Muller: "A note on the generation of random normal deviates", 1958.
pub fn normal(stream: &Stream, start: u64, out: &mut [f32]) {
    fill::<f32, WORDS>(Kind::Normal, stream, start, out);
}

/// Fills `out` with logarithms of numbers of the gamma distribution of the shape given (and scale 1), elements `start..` of the
/// stream.
///
/// Logarithms, as a small shape gives numbers below all floats. Two of them make one of the beta distribution, `1 / (1 + e^(b - a))`.
/// Each element has a sequence of its own from which tries are drawn until one is accepted: 1.05 on average.
///
/// # Panics
///
/// When the shape is not positive.
///
/// # Source
///
/// Marsaglia, Tsang: "A simple method for generating gamma variables", ACM Transactions on Mathematical Software 26, 2000.
pub fn log_gamma(stream: &Stream, start: u64, shape: f32, out: &mut [f32]) {
    assert!(
        shape > 0.0 && shape.is_finite(),
        "log_gamma: a positive shape, received {shape}"
    );
    let key = [stream.seed as u32, (stream.seed >> 32) as u32];
    let below_one = shape < 1.0;
    let shape = f64::from(shape);
    let d = if below_one { shape + 1.0 } else { shape } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    for (i, out) in out.iter_mut().enumerate() {
        let element = start + i as u64;
        let mut attempt = 0;
        *out = loop {
            // 64 blocks for each element, of which the last would accept anything: one in 10^80 gets there.
            let block = (element as u32).wrapping_mul(64).wrapping_add(attempt);
            let counter = [
                block,
                stream.stream ^ (element >> 26) as u32,
                stream.step as u32,
                (stream.step >> 32) as u32,
            ];
            let words = philox(counter, key);
            // In (0, 1].
            let unit = words.map(|w| (f64::from(w) + 1.0) / 4_294_967_296.0);
            let normal = (-2.0 * unit[0].ln()).sqrt() * (std::f64::consts::TAU * unit[1]).cos();
            let v = (1.0 + c * normal).powi(3);
            let accepted = v > 0.0
                && unit[2].ln() < 0.5 * normal * normal + d * (1.0 - v + v.max(1e-300).ln());
            attempt += 1;
            if accepted || attempt == 64 {
                let more = if below_one { unit[3].ln() / shape } else { 0.0 };
                break (d.ln() + v.max(1e-300).ln() + more) as f32;
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_numbers_have_the_mean_and_variance_of_their_shape() {
        for shape in [0.2f32, 0.5, 1.0, 3.5] {
            let s = Stream {
                seed: 5,
                step: 1,
                stream: 2,
            };
            let mut all = vec![0.0; 40_000];
            log_gamma(&s, 0, shape, &mut all);
            let mut tail = vec![0.0; 100];
            log_gamma(&s, 39_900, shape, &mut tail);
            assert_eq!(all[39_900..], tail);
            let x: Vec<f64> = all.iter().map(|v| f64::from(*v).exp()).collect();
            let mean = x.iter().sum::<f64>() / 4e4;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4e4;
            let want = f64::from(shape);
            // Both are the shape; three standard errors of the mean, and about those of the variance.
            assert!((mean - want).abs() < 0.015 * want.sqrt(), "{shape}: {mean}");
            assert!((variance - want).abs() < 0.15 * want, "{shape}: {variance}");
        }
    }

    /// The known answers that the authors publish with their code (Random123, kat_vectors).
    #[test]
    fn philox_gives_the_published_answers() {
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([!0; 4], [!0; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let answer = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), answer);
    }
}
