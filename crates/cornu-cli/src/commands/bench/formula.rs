//! Weights, samples and what is compared of a gradient, by a formula that every implementation knows, so that nothing need be stored.
//!
//! ```text
//! uniform(name, i) = (hash >> 8) / 2²⁴, in [0, 1)
//! hash: x = i · 0x9E3779B9 + fnv1a(name) · 0x85EBCA6B; x ^= x >> 16; x *= 0x7FEB352D; x ^= x >> 15; x *= 0x846CA68B; x ^= x >> 16
//! signed = 2 uniform - 1
//! ```
//!
//! in wrapping 32-bit arithmetic. A weight "layer/…/name" has, in Keras's layout and in row-major order, 1 + signed / 8 if it is a
//! gamma, 1 + signed / 2 if a `moving_variance`, signed / 16 if a beta, bias or `moving_mean`, else signed · 2⁻ᵉ with the smallest e such that
//! 6 · 4ᵉ is at least the product of all its axes but the last. All factors are powers of two: the products are exact.
//!
//! In layers whose name ends in `_bn` a gamma is 1/16 + signed / 128 and a beta -1 or, where signed is not negative, 1.5: then hardly any value
//! is so near 0 that rounding decides whether a ReLU lets it pass. Elsewhere in deep networks it decides for some millionths of the
//! values, which changes gradients by a hundredth.

/// How many projections of a value are compared.
const PROJECTIONS: usize = 2;

/// FNV-1a: a number for a name.
fn stream(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |h, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    })
}

/// Numbers in [0, 1) that belong to a name, one after another.
pub(crate) fn uniform(name: &str) -> impl Iterator<Item = f32> + use<> {
    let offset = stream(name).wrapping_mul(0x85eb_ca6b);
    (0u32..).map(move |i| {
        let mut x = i.wrapping_mul(0x9e37_79b9).wrapping_add(offset);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7feb_352d);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846c_a68b);
        x ^= x >> 16;
        (x >> 8) as f32 / (1 << 24) as f32
    })
}

fn signed(name: &str) -> impl Iterator<Item = f32> + use<> {
    uniform(name).map(|u| 2.0 * u - 1.0)
}

/// The values of a weight; its name is without the model's.
pub(crate) fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let (last, rows) = (shape.len().saturating_sub(1), shape.iter());
    let fan_in: usize = rows.take(last).product();
    let (layer, part) = name.rsplit_once('/').unwrap_or(("", name));
    let count = shape.iter().product();
    let normalizes = layer.ends_with("_bn");
    let (base, factor) = match part {
        "beta" if normalizes => {
            let values = signed(name).take(count);
            return values.map(|s| if s < 0.0 { -1.0 } else { 1.5 }).collect();
        }
        "gamma" if normalizes => (1.0 / 16.0, 1.0 / 128.0),
        "gamma" => (1.0, 0.125),
        "moving_variance" => (1.0, 0.5),
        "beta" | "bias" | "moving_mean" => (0.0, 0.0625),
        _ => {
            let mut factor = 1.0;
            let mut reached = 6;
            while reached < fan_in {
                reached *= 4;
                factor *= 0.5;
            }
            (0.0, factor)
        }
    };
    let values = signed(name).take(count);
    values.map(|s| base + factor * s).collect()
}

/// What is compared of a value: its L2 norm, and sums of its elements times numbers between -1 and 1.
pub(crate) fn digest(name: &str, values: &[f32]) -> Vec<f64> {
    let squares: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let mut digest = vec![squares.sqrt()];
    for k in 0..PROJECTIONS {
        let factors = signed(&format!("{name}#{k}"));
        digest.push(
            values
                .iter()
                .zip(factors)
                .map(|(&v, s)| f64::from(v) * f64::from(s))
                .sum(),
        );
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalisations_keep_values_away_from_zero() {
        let (gamma, beta) = (weight("a_bn/gamma", &[50]), weight("a_bn/beta", &[50]));
        assert!(gamma.iter().all(|g| (g - 0.0625).abs() <= 0.0079));
        assert!(beta.contains(&-1.0) && beta.iter().all(|&b| b == -1.0 || b == 1.5));
    }

    #[test]
    fn the_formula_is_the_one_the_scripts_use() {
        // bench/peers/problem.py computes the same.
        let first: Vec<f32> = uniform("input").take(3).collect();
        assert_eq!(
            first,
            [0.11882579326629639, 0.9815882444381714, 0.48780298233032227]
        );
        assert_eq!(weight("a/kernel", &[24, 2])[1], 0.4221644401550293);
        assert_eq!(weight("a/gamma", &[3])[2], 0.935797393321991);
        let digest = digest("a/kernel", &[3.0, 4.0]);
        assert_eq!(digest[0], 5.0);
        assert!((digest[1] - 5.582728743553162).abs() < 1e-12);
    }
}
