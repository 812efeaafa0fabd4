//! Images turned, moved and bent: the arguments that all such layers share, and how their pixels find where they come from.

use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::graph::Value;
use crate::graph::ops::{Interpolation, Outside, Sampler};
use crate::layers::Context;

impl Named for Interpolation {
    const WHAT: &'static str = "interpolation";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "nearest" => Some(Self::Nearest),
            "bilinear" => Some(Self::Bilinear),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Nearest => "nearest",
            Self::Bilinear => "bilinear",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["nearest", "bilinear"]
    }
}

impl Named for Outside {
    const WHAT: &'static str = "fill mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "reflect" => Some(Self::Reflect),
            "wrap" => Some(Self::Wrap),
            "constant" => Some(Self::Constant),
            "nearest" => Some(Self::Nearest),
            "mirror" => Some(Self::Mirror),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Reflect => "reflect",
            Self::Wrap => "wrap",
            Self::Constant => "constant",
            Self::Nearest => "nearest",
            Self::Mirror => "mirror",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["reflect", "wrap", "constant", "nearest", "mirror"]
    }
}

pub(super) fn reflect() -> Choice<Outside> {
    Outside::Reflect.into()
}

pub(super) fn bilinear() -> Choice<Interpolation> {
    Interpolation::Bilinear.into()
}

/// `.interpolation(…)`, `.fill_value(…)` and, where the layer has a fill mode, `.fill_mode(…)`.
macro_rules! edges {
    () => {
        setters! {
            /// What lies outside the image: "reflect", "wrap", "constant", "nearest" or "mirror".
            fill_mode: Choice<$crate::graph::ops::Outside>,
        }
        edges!(constant);
    };
    (constant) => {
        setters! {
            /// What a place between pixels is made of: "nearest" or "bilinear".
            interpolation: Choice<$crate::graph::ops::Interpolation>,
            /// The value of what lies outside, where that is constant.
            fill_value: f64,
        }
    };
}

/// The sampler of a layer's arguments.
pub(super) fn sampler(
    interpolation: &Choice<Interpolation>,
    fill_mode: &Choice<Outside>,
    fill_value: f64,
) -> Result<Sampler> {
    crate::layers::inputs::number("fill_value", fill_value, f64::MIN, f64::MAX)?;
    Ok(Sampler::new(
        *interpolation.get()?,
        *fill_mode.get()?,
        fill_value as f32,
    ))
}

/// Samples images where eight columns of numbers say, a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁ ([`Graph::sample`](crate::graph::Graph::sample));
/// those not given are the identity's.
pub(super) fn project(
    cx: &mut Context<'_>,
    x: Value,
    numbers: [Option<Value>; 8],
    sampler: Sampler,
    size: [usize; 2],
) -> Result<Value> {
    let batch = cx.graph.shape(x)[0];
    let mut columns = Vec::with_capacity(8);
    for (i, number) in numbers.into_iter().enumerate() {
        columns.push(if let Some(number) = number {
            number
        } else {
            let identity = if i == 0 || i == 4 { 1.0 } else { 0.0 };
            let identity = cx.graph.constant(identity)?;
            cx.graph.broadcast(identity, [batch, 1])?
        });
    }
    let places = cx.graph.concat(&columns, 1)?;
    cx.graph.sample(x, places, sampler, size)
}
