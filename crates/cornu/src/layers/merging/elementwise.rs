//! What the layers share that merge several inputs element by element.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::inputs;
use crate::shape::Shape;

/// Refuses inputs that do not broadcast together.
pub(super) fn check(class: &str, inputs: &[Shape]) -> Result<()> {
    let inputs = inputs::several(class, inputs)?;
    let mut merged = inputs[0].clone();
    for x in &inputs[1..] {
        merged = merged.broadcast(x).map_err(|_| {
            Error::shape(format!(
                "{class} expects inputs of one shape, or with axes of length 1, received {inputs:?}"
            ))
            .help("bring them to one shape first, with a Dense or Conv2D layer, say")
        })?;
    }
    Ok(())
}

/// The inputs with one rank: axes of length 1 are put after the batch where others have more.
pub(super) fn aligned(g: &mut Graph, inputs: &[Value]) -> Result<Vec<Value>> {
    let rank = inputs.iter().map(|&x| g.shape(x).rank()).max().unwrap_or(0);
    inputs
        .iter()
        .map(|&x| {
            let mut axes = g.shape(x).to_vec();
            let missing = rank - axes.len();
            axes.splice(1..1, std::iter::repeat_n(1, missing));
            g.reshape(x, axes)
        })
        .collect()
}

/// Merges from the left.
pub(super) fn fold(
    g: &mut Graph,
    inputs: &[Value],
    mut f: impl FnMut(&mut Graph, Value, Value) -> Result<Value>,
) -> Result<Value> {
    let inputs = aligned(g, inputs)?;
    let mut y = inputs[0];
    for &x in &inputs[1..] {
        y = f(g, y, x)?;
    }
    Ok(y)
}

/// A layer without settings that merges its inputs.
macro_rules! merging {
    ($name:ident, $what:literal) => {
        layer!($name);

        impl $name {
            #[doc = $what]
            pub fn new() -> Self {
                Self::default()
            }
        }
    };
}

/// The steps that count in a merged output: those that count in any of the inputs; all, where an input has no mask.
pub(super) fn mask(g: &mut Graph, masks: &[Option<Value>]) -> Result<Option<Value>> {
    let Some(all) = masks.iter().copied().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let Some((&first, rest)) = all.split_first() else {
        return Ok(None);
    };
    let mut any = first;
    for &mask in rest {
        any = g.maximum(any, mask)?;
    }
    Ok(Some(any))
}

/// [`Layer::mask`](crate::layers::Layer::mask) of a merged output.
macro_rules! merges_masks {
    () => {
        fn mask(
            &self,
            g: &mut $crate::graph::Graph,
            _: &[$crate::graph::Value],
            masks: &[Option<$crate::graph::Value>],
        ) -> $crate::error::Result<Option<$crate::graph::Value>> {
            $crate::layers::merging::elementwise::mask(g, masks)
        }
    };
}

pub(super) use {merges_masks, merging};
