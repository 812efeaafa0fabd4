//! How the next number of a sequence is chosen from what a model says of all.

use cornu_kernels::random::{self, Stream};

use crate::error::{Error, Result};

/// A way to choose: the likeliest, one at random among the likely ones, or the sequence that is likeliest as a whole.
///
/// # Example
/// ```
/// use cornu::generate::Sampler;
/// let careful = Sampler::top_p(0.9).temperature(0.8).seed(7);
/// # let _ = careful;
/// ```
///
/// # Keras
/// KerasHub's `GreedySampler`, `RandomSampler`, `TopKSampler`, `TopPSampler` and `BeamSampler`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    kind: Kind,
    temperature: f64,
    seed: u64,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Greedy,
    Random { k: Option<usize>, p: Option<f64> },
    Beam { beams: usize, length_penalty: f64 },
}

impl Sampler {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            temperature: 1.0,
            seed: 0,
        }
    }

    /// The likeliest at each place; of equally likely ones the first.
    pub fn greedy() -> Self {
        Self::of(Kind::Greedy)
    }

    /// Any, as often as the model says.
    pub fn random() -> Self {
        Self::of(Kind::Random { k: None, p: None })
    }

    /// One of the `k` likeliest.
    ///
    /// # Source
    /// Fan, Lewis and Dauphin, "Hierarchical Neural Story Generation", 2018.
    pub fn top_k(k: usize) -> Self {
        Self::of(Kind::Random {
            k: Some(k),
            p: None,
        })
    }

    /// One of the likeliest that have the probability `p` together.
    ///
    /// # Source
    /// Holtzman et al., "The Curious Case of Neural Text Degeneration", 2019.
    pub fn top_p(p: f64) -> Self {
        Self::of(Kind::Random {
            k: None,
            p: Some(p),
        })
    }

    /// The likeliest sequence found by following so many at a time.
    pub fn beam(beams: usize) -> Self {
        Self::of(Kind::Beam {
            beams,
            length_penalty: 0.0,
        })
    }

    /// Of the ones that [`Sampler::top_p`] would take, no more than the `k` likeliest.
    pub fn at_most(mut self, most: usize) -> Self {
        if let Kind::Random { k, .. } = &mut self.kind {
            *k = Some(most);
        }
        self
    }

    /// For beams: scores are divided by the length to this power, so that long sequences are not at a disadvantage; 0 without it.
    pub fn length_penalty(mut self, power: f64) -> Self {
        if let Kind::Beam { length_penalty, .. } = &mut self.kind {
            *length_penalty = power;
        }
        self
    }

    /// What logits are divided by: below 1 the likely becomes likelier, above 1 all become alike.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// The seed of what is drawn.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many sequences are followed for each prompt, and the power of the length that scores are divided by.
    pub(super) fn beams(&self) -> Option<(usize, f64)> {
        match self.kind {
            Kind::Beam {
                beams,
                length_penalty,
            } => Some((beams, length_penalty)),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: &str, wanted: &str, given: String| {
            Err(Error::config(format!(
                "{what} must be {wanted}, received {given}"
            )))
        };
        let t = self.temperature;
        if !(t > 0.0 && t.is_finite()) {
            return wrong("temperature", "a finite number above 0", t.to_string());
        }
        match self.kind {
            Kind::Random { k: Some(0), .. } => wrong("k", "at least 1", "0".to_owned()),
            Kind::Random { p: Some(p), .. } if !(p > 0.0 && p <= 1.0) => {
                wrong("p", "above 0 and at most 1", p.to_string())
            }
            Kind::Beam { beams, .. } if !(1..=1024).contains(&beams) => {
                wrong("beams", "from 1 to 1024", beams.to_string())
            }
            Kind::Beam { length_penalty, .. } if !(0.0..=10.0).contains(&length_penalty) => {
                wrong("length_penalty", "from 0 to 10", length_penalty.to_string())
            }
            _ => Ok(()),
        }
    }

    /// Logarithms of probabilities, up to a number that all have in common.
    pub(super) fn scores(&self, said: &[f32], logits: bool) -> Vec<f64> {
        let log = |&x: &f32| {
            let x = f64::from(x);
            (if logits { x } else { x.max(1e-30).ln() }) / self.temperature
        };
        said.iter().map(log).collect()
    }

    /// The number chosen for a row at a place.
    pub(super) fn choose(&self, scores: &[f64], row: usize, place: usize) -> usize {
        let Kind::Random { k, p } = self.kind else {
            return best(scores);
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        if k.is_some() || p.is_some() {
            // Equally likely ones in the order of their numbers.
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            order.truncate(k.unwrap_or(order.len()));
        }
        let mut weights = probabilities(order.iter().map(|&i| scores[i]));
        if let Some(p) = p {
            let mut sum = 0.0;
            let enough = weights.iter().position(|w| {
                sum += w;
                sum > p
            });
            weights.truncate(enough.map_or(weights.len(), |i| i + 1));
        }
        let total: f64 = weights.iter().sum();
        let mut u = [0.0];
        let stream = Stream {
            seed: self.seed,
            step: place as u64,
            stream: row as u32,
        };
        random::uniform(&stream, 0, &mut u);
        let mut left = f64::from(u[0]) * total;
        for (&i, w) in order.iter().zip(&weights) {
            left -= w;
            if left < 0.0 {
                return i;
            }
        }
        order[weights.len() - 1]
    }
}

/// The first of the largest.
fn best(scores: &[f64]) -> usize {
    let mut at = 0;
    for (i, &s) in scores.iter().enumerate() {
        if s > scores[at] {
            at = i;
        }
    }
    at
}

/// Probabilities from scores.
fn probabilities(scores: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let most = scores.clone().fold(f64::NEG_INFINITY, f64::max);
    let all: Vec<f64> = scores.map(|s| (s - most).exp()).collect();
    let sum: f64 = all.iter().sum();
    all.into_iter().map(|e| e / sum).collect()
}

/// The `n` likeliest numbers with the logarithms of their probabilities, the likeliest first.
pub(super) fn likeliest(scores: &[f64], n: usize) -> Vec<(usize, f64)> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
    let all = sum.ln();
    // Equally likely ones in the order of their numbers.
    let order = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
    let mut numbers: Vec<usize> = (0..scores.len()).collect();
    if n < numbers.len() {
        // Sorting tens of thousands of words for each of thousands of places takes longer than the network.
        numbers.select_nth_unstable_by(n, order);
        numbers.truncate(n);
    }
    numbers.sort_unstable_by(order);
    let log = |i| (i, scores[i] - most - all);
    numbers.into_iter().map(log).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(sampler: &Sampler, scores: &[f64]) -> Vec<f64> {
        let mut counts = vec![0; scores.len()];
        for place in 0..20_000 {
            counts[sampler.choose(scores, 3, place)] += 1;
        }
        counts
            .into_iter()
            .map(|n| f64::from(n) / 20_000.0)
            .collect()
    }

    fn near(got: &[f64], want: &[f64]) {
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < 0.015, "{got:?} should be {want:?}");
        }
    }

    #[test]
    fn choices_are_as_frequent_as_published() {
        let p = [0.1f64, 0.4, 0.2, 0.3];
        let scores: Vec<f64> = p.iter().map(|p| p.ln()).collect();
        assert_eq!(Sampler::greedy().choose(&scores, 0, 0), 1);
        near(&shares(&Sampler::random(), &scores), &p);
        near(
            &shares(&Sampler::top_k(2), &scores),
            &[0.0, 4.0 / 7.0, 0.0, 3.0 / 7.0],
        );
        // 0.4 and 0.3 are not above 0.75 yet, with 0.2 they are.
        near(
            &shares(&Sampler::top_p(0.75), &scores),
            &[0.0, 4.0 / 9.0, 2.0 / 9.0, 3.0 / 9.0],
        );
        near(
            &shares(&Sampler::top_p(0.75).at_most(1), &scores),
            &[0.0, 1.0, 0.0, 0.0],
        );
        // At half the temperature probabilities are squared.
        let said: Vec<f32> = scores.iter().map(|&s| s as f32).collect();
        let colder = Sampler::random().temperature(0.5);
        near(
            &shares(&colder, &colder.scores(&said, true)),
            &p.map(|p| p * p / 0.3),
        );
    }

    #[test]
    fn the_likeliest_are_those_of_a_whole_sort() {
        let scores: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 10)).collect();
        let sum: f64 = scores.iter().map(|s| s.exp()).sum();
        let mut whole: Vec<usize> = (0..50).collect();
        whole.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        for n in [1, 7, 50, 60] {
            let found = likeliest(&scores, n);
            let numbers: Vec<usize> = found.iter().map(|f| f.0).collect();
            assert_eq!(numbers, whole[..n.min(50)]);
            for (i, log) in found {
                assert!((log - (scores[i].exp() / sum).ln()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn one_seed_draws_the_same() {
        let scores = [0.0; 50];
        let drawn = |seed: u64| -> Vec<usize> {
            let sampler = Sampler::random().seed(seed);
            (0..20)
                .map(|place| sampler.choose(&scores, 0, place))
                .collect()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn absurd_samplers_are_refused() {
        for sampler in [
            Sampler::top_k(0),
            Sampler::top_p(0.0),
            Sampler::top_p(1.5),
            Sampler::beam(0),
            Sampler::greedy().temperature(0.0),
            Sampler::random().temperature(f64::NAN),
        ] {
            assert!(sampler.check().is_err(), "{sampler:?}");
        }
        assert!(Sampler::beam(4).length_penalty(0.6).check().is_ok());
    }
}
