//! Batch renormalisation: what the batch normalised is corrected towards the statistics kept so far.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::{Initializer, InitializerConfig};
use crate::layers::inputs;

/// How far the corrections of batch renormalisation may go: the factor from `rmin` to `rmax`, the term from `-dmax` to `dmax`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenormClipping {
    /// The least factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmin: Option<f64>,
    /// The largest factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmax: Option<f64>,
    /// The largest term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dmax: Option<f64>,
}

impl RenormClipping {
    /// Refuses limits that contradict each other.
    pub(super) fn check(&self) -> Result<()> {
        let named = [
            ("rmin", self.rmin),
            ("rmax", self.rmax),
            ("dmax", self.dmax),
        ];
        for (name, limit) in named {
            inputs::number(name, limit.unwrap_or(0.0), 0.0, f64::MAX)?;
        }
        match (self.rmin, self.rmax) {
            (Some(low), Some(high)) if low > high => Err(Error::config(format!(
                "renorm_clipping needs rmin up to rmax, received {low} and {high}"
            ))),
            _ => Ok(()),
        }
    }

    /// The factor and the term that bring what was normalised by the batch to the statistics kept so far, each `[features]`.
    pub(super) fn correction(
        &self,
        g: &mut Graph,
        epsilon: f64,
        [mean, stddev]: [Value; 2],
        [kept_mean, kept_stddev]: [Value; 2],
    ) -> Result<[Value; 2]> {
        let least = g.constant(epsilon.sqrt() as f32)?;
        let kept_stddev = g.maximum(kept_stddev, least)?;
        let mut r = g.div(stddev, kept_stddev)?;
        let mut d = g.sub(mean, kept_mean)?;
        d = g.div(d, kept_stddev)?;
        if let Some(rmin) = self.rmin {
            let rmin = g.constant(rmin as f32)?;
            r = g.maximum(r, rmin)?;
        }
        if let Some(rmax) = self.rmax {
            let rmax = g.constant(rmax as f32)?;
            r = g.minimum(r, rmax)?;
        }
        if let Some(dmax) = self.dmax {
            d = g.clip(d, -dmax as f32, dmax as f32)?;
        }
        Ok([g.stop_gradient(r)?, g.stop_gradient(d)?])
    }
}

/// A standard deviation that begins as the root of the moving variance does.
pub(super) fn stddev_initializer(variance: &InitializerConfig) -> Result<InitializerConfig> {
    let value = match variance.get()? {
        Initializer::Ones => 1.0,
        Initializer::Zeros => 0.0,
        Initializer::Constant { value } if value >= 0.0 => value.sqrt(),
        _ => {
            return Err(Error::config(
                "renorm needs a moving_variance_initializer that gives one number of at least 0",
            ));
        }
    };
    Ok(Initializer::Constant { value }.into())
}
