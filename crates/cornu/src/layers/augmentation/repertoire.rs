//! The kinds of change of which RandAugment and AugMix choose.

use super::span::{Draw, Span};
use super::{
    AutoContrast, Equalization, RandomBrightness, RandomColorDegeneration, RandomContrast,
    RandomPosterization, RandomRotation, RandomSharpness, RandomShear, RandomTranslation,
    Solarization,
};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::{Interpolation, UnaryKind};
use crate::layers::{Context, Layer};

/// Refuses numbers of changes beyond all use: each is all kinds of change in the plan.
pub(super) fn check(name: &str, n: usize) -> Result<()> {
    if n <= 64 {
        return Ok(());
    }
    Err(Error::config(format!(
        "{name} must be at most 64, received {n}"
    )))
}

/// What all kinds of change have in common.
pub(super) struct Repertoire {
    pub(super) factor: Span<0>,
    pub(super) value_range: (f64, f64),
    pub(super) interpolation: Choice<Interpolation>,
    pub(super) seed: Option<i64>,
    /// Whether brightness, colour, contrast and sharpness are among them.
    pub(super) colours: bool,
}

impl Repertoire {
    fn layers(&self) -> Vec<Box<dyn Layer>> {
        let ((low, high), seed) = (self.value_range, self.seed);
        let factor = self.factor.bounds();
        let between = || self.interpolation.clone();
        let bits = (8.0 * factor.1).trunc().max(1.0);
        let shear = RandomShear::new().x_factor(factor).y_factor(factor);
        let move_by = RandomTranslation::new(factor, factor);
        let solarization = Solarization::new()
            .addition_factor(factor)
            .threshold_factor(factor);
        let mut all = vec![
            seeded!(seed, shear.interpolation(between())),
            seeded!(seed, move_by.interpolation(between())),
            seeded!(seed, RandomRotation::new(factor).interpolation(between())),
            seeded!(seed, RandomPosterization::new(bits).value_range(low, high)),
            seeded!(seed, solarization.value_range(low, high)),
            Box::new(AutoContrast::new().value_range(low, high)),
            Box::new(Equalization::new().value_range(low, high)),
        ];
        if self.colours {
            all.push(seeded!(
                seed,
                RandomBrightness::new(factor).value_range(low, high)
            ));
            all.push(seeded!(
                seed,
                RandomColorDegeneration::new(factor).value_range(low, high)
            ));
            all.push(seeded!(
                seed,
                RandomContrast::new(factor).value_range(low, high)
            ));
            all.push(seeded!(
                seed,
                RandomSharpness::new(factor).value_range(low, high)
            ));
        }
        all
    }

    /// Each image changed in one way that is chosen at random, or in none with as many more chances as `idle` says.
    pub(super) fn one(
        &self,
        cx: &mut Context<'_>,
        draw: &Draw,
        x: Value,
        idle: usize,
    ) -> Result<Value> {
        let layers = self.layers();
        let chances = (layers.len() + idle) as f64;
        let number = draw.image(cx, (0.0, chances - 1e-3))?;
        let number = cx.graph.unary(UnaryKind::Floor, number)?;
        let mut y = x;
        for (i, layer) in layers.iter().enumerate() {
            let changed = layer.call(cx, &[x])?;
            let own = cx.graph.constant(i as f32)?;
            let chosen = cx.graph.equal(number, own)?;
            y = cx.graph.select(chosen, changed, y)?;
        }
        Ok(y)
    }
}
