//! A scale maps values to places on an axis and picks round numbers for its ticks.

/// A linear map from values to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// `low` lands on `start`, `high` on `end`; an empty range is widened so that its one value lands in the middle.
    pub(crate) fn new(low: f64, high: f64, start: f64, end: f64) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else {
            let half = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
            (low - half, high + half)
        };
        Self {
            low,
            high,
            start,
            end,
        }
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// The scale stretched to whole steps, and the about `wanted` round values within it.
    pub(crate) fn ticks(self, wanted: usize) -> (Self, Vec<f64>, f64) {
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step + 1e-9).floor();
        let last = (self.high / step - 1e-9).ceil();
        let stretched = Self {
            low: first * step,
            high: last * step,
            ..self
        };
        let count = (last - first) as usize;
        let ticks = (0..=count).map(|i| (first + i as f64) * step).collect();
        (stretched, ticks, step)
    }
}

/// The least of 1, 2, 5 times a power of ten that is at least `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let multiple = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|m| m * power >= rough * 0.999)
        .unwrap_or(10.0);
    multiple * power
}

/// A tick's text with just the decimals its step needs.
pub(crate) fn tick_text(value: f64, step: f64) -> String {
    let magnitude = value.abs().max(step);
    if magnitude >= 1e5 || step < 1e-4 {
        return if value == 0.0 {
            "0".into()
        } else {
            format!("{value:.1e}")
        };
    }
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    // "-0.0" would be a lie about its sign.
    let value = if value.abs() < step / 2.0 { 0.0 } else { value };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(low: f64, high: f64) -> Vec<String> {
        let (_, ticks, step) = Scale::new(low, high, 0.0, 100.0).ticks(4);
        ticks.into_iter().map(|t| tick_text(t, step)).collect()
    }

    #[test]
    fn ticks_are_round_and_enclose_the_values() {
        assert_eq!(
            texts(0.13, 0.87),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(texts(0.0, 1.0), ["0.0", "0.5", "1.0"]);
        assert_eq!(texts(-3.0, 12.0), ["-5", "0", "5", "10", "15"]);
        assert_eq!(
            texts(0.701, 0.709),
            ["0.700", "0.702", "0.704", "0.706", "0.708", "0.710"]
        );
    }

    #[test]
    fn one_value_lands_in_the_middle() {
        let scale = Scale::new(0.7, 0.7, 0.0, 100.0);
        assert!((scale.at(0.7) - 50.0).abs() < 1e-9);
        assert!((Scale::new(0.0, 0.0, 0.0, 100.0).at(0.0) - 50.0).abs() < 1e-9);
    }
}
