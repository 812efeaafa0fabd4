//! Counter-based random numbers: element `i` of a stream is a pure function of (seed, step, stream, `i`).
//!
//! The generator is Philox4x32-10. Its counter is (block, stream, step low, step high) and its key the seed. Sixteen
//! consecutive blocks make a group, and the words of a group are laid out word by word: of the 64 words of group `g`,
//! word `e` is word `e / 16` of block `16·g + e % 16`. A vector of sixteen blocks is therefore stored as it is computed.

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

const GROUP: u64 = 64;

impl Stream {
    fn group(&self, group: u64) -> [u32; 64] {
        let mut words = [0; 64];
        for lane in 0..16 {
            let block = (group * 16) as u32 + lane as u32;
            let counter = [
                block,
                self.stream,
                self.step as u32,
                (self.step >> 32) as u32,
            ];
            let w = philox(counter, [self.seed as u32, (self.seed >> 32) as u32]);
            for word in 0..4 {
                words[word * 16 + lane] = w[word];
            }
        }
        words
    }

    /// Calls `f` with each group the range touches, the first element used of it, and the piece of `out` it fills.
    fn fill<T>(
        &self,
        per_group: u64,
        start: u64,
        out: &mut [T],
        mut f: impl FnMut(&[u32; 64], usize, &mut [T]),
    ) {
        let groups = (start + out.len() as u64).div_ceil(per_group);
        assert!(
            groups <= 1 << 28,
            "random: a stream has 2^28 groups of {per_group} elements, asked for {groups}"
        );
        let mut rest = out;
        let mut at = start;
        while !rest.is_empty() {
            let from = (at % per_group) as usize;
            let take = (per_group as usize - from).min(rest.len());
            let (piece, tail) = rest.split_at_mut(take);
            f(&self.group(at / per_group), from, piece);
            rest = tail;
            at += take as u64;
        }
    }
}

/// Fills `out` with 32 random bits each, elements `start..` of the stream. The same at every level.
pub fn bits(stream: &Stream, start: u64, out: &mut [u32]) {
    stream.fill(GROUP, start, out, |words, from, out| {
        out.copy_from_slice(&words[from..from + out.len()]);
    });
}

/// Fills `out` with numbers in `[0, 1)`, multiples of 2⁻²⁴. The same at every level.
pub fn uniform(stream: &Stream, start: u64, out: &mut [f32]) {
    stream.fill(GROUP, start, out, |words, from, out| {
        for (out, w) in out.iter_mut().zip(&words[from..]) {
            *out = (w >> 8) as f32 * (1.0 / 16_777_216.0);
        }
    });
}

/// Fills `out` with ones of probability `threshold / 65536` and zeros. The same at every level.
///
/// Uses 16 bits an element: of the 128 elements of a group, the first 64 are the low halves of its words.
pub fn bernoulli(stream: &Stream, start: u64, threshold: u32, out: &mut [u8]) {
    assert!(
        threshold <= 65536,
        "bernoulli: threshold 0..=65536, received {threshold}"
    );
    stream.fill(2 * GROUP, start, out, |words, from, out| {
        for (e, out) in (from..).zip(out.iter_mut()) {
            let half = words[e % 64] >> (16 * (e / 64)) & 0xFFFF;
            *out = u8::from(half < threshold);
        }
    });
}

/// Fills `out` with numbers of the standard normal distribution (Box–Muller).
///
/// Of the 64 elements of a group, the first 16 are `r·cos θ` and the next 16 `r·sin θ` of the same pairs.
pub fn normal(stream: &Stream, start: u64, out: &mut [f32]) {
    stream.fill(GROUP, start, out, |words, from, out| {
        let mut all = [0.0; 64];
        for half in 0..2 {
            for lane in 0..16 {
                // In (0, 1], so that the logarithm is finite.
                let u = ((words[half * 32 + lane] >> 8) + 1) as f32 * (1.0 / 16_777_216.0);
                let angle = (words[half * 32 + 16 + lane] >> 8) as f32
                    * (std::f32::consts::TAU / 16_777_216.0);
                let r = (-2.0 * u.ln()).sqrt();
                all[half * 32 + lane] = r * angle.cos();
                all[half * 32 + 16 + lane] = r * angle.sin();
            }
        }
        out.copy_from_slice(&all[from..from + out.len()]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

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
