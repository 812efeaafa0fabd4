//! Random numbers that are the same on every machine: whole-number arithmetic, and a sine without the system's library.

/// A stream of random numbers for one image, started from where the image stands and not from what came before it.
///
/// # Source
/// SplitMix64: G. Steele, D. Lea, C. Flood, Fast Splittable Pseudorandom Number Generators, 2014.
pub(super) struct Random(u64);

impl Random {
    /// The stream of image `index` of part `part` of the set grown from `seed`.
    pub(super) fn new(seed: u64, part: u64, index: u64) -> Self {
        Self(mix(mix(mix(seed) ^ part) ^ index))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Evenly spread over 0..1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// Evenly spread over `low..high`.
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of `0..n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// True this often.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The direction `turns` whole turns from the x axis, as (cosine, sine), to about six digits.
///
/// The system's sine differs in its last bit between systems, and with it the bytes of an image; sums and products do not.
pub(super) fn direction(turns: f32) -> (f32, f32) {
    (quarter_wave(turns + 0.25), quarter_wave(turns))
}

fn quarter_wave(turns: f32) -> f32 {
    let t = turns - turns.floor();
    // Fold to -0.25..=0.25, where the Taylor series is short.
    let t = if t < 0.25 {
        t
    } else if t < 0.75 {
        0.5 - t
    } else {
        t - 1.0
    };
    let x = t * std::f32::consts::TAU;
    let y = x * x;
    x * (1.0 - y / 6.0 * (1.0 - y / 20.0 * (1.0 - y / 42.0 * (1.0 - y / 72.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_cosine_and_sine() {
        for i in -40..=40 {
            let turns = i as f32 / 16.0;
            let (x, y) = direction(turns);
            let angle = f64::from(turns) * std::f64::consts::TAU;
            assert!((f64::from(x) - angle.cos()).abs() < 1e-5, "{turns}");
            assert!((f64::from(y) - angle.sin()).abs() < 1e-5, "{turns}");
        }
    }

    #[test]
    fn numbers_are_spread_evenly_and_streams_differ() {
        let mut random = Random::new(1, 2, 3);
        let mut counts = [0; 10];
        (0..10_000).for_each(|_| counts[random.below(10) as usize] += 1);
        assert!(
            counts.iter().all(|&n| (850..1150).contains(&n)),
            "{counts:?}"
        );
        let first = |s, p, i| Random::new(s, p, i).bits();
        assert!(first(0, 0, 1) != first(0, 1, 0) && first(0, 0, 1) != first(1, 0, 0));
    }
}
