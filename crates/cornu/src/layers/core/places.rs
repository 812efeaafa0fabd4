//! The numbers of a sequence's places, all at once or those of one call after another.

use crate::error::Result;
use crate::graph::{Graph, Value};
use crate::layers::{Context, WeightSpec};

/// Whether the places of a sequence come one call after another, and how many there will be at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::layers) struct Place(Option<usize>);

impl Place {
    /// Places that come one call after another, so many in all.
    pub(in crate::layers) fn of(places: usize) -> Self {
        Self(Some(places))
    }

    /// How many places there are in all, if they come one call after another.
    pub(in crate::layers) fn places(self) -> Option<usize> {
        self.0
    }

    /// The number of the next place, which is kept from call to call.
    pub(in crate::layers) fn weights(self) -> Vec<WeightSpec> {
        let next = |_| WeightSpec::new("place", [1], "zeros").state();
        self.0.map(next).into_iter().collect()
    }

    /// The numbers of the places of this call, `[places]`; the next one is weight `number`.
    pub(in crate::layers) fn numbers(
        self,
        cx: &mut Context<'_>,
        number: usize,
        places: usize,
    ) -> Result<Value> {
        let here = cx.graph.iota([places], 0)?;
        if self.0.is_none() {
            return Ok(here);
        }
        let next = cx.weight(number);
        let after = cx.graph.add_scalar(next, places as f32)?;
        cx.update(number, after);
        cx.graph.add(here, next)
    }
}

/// 0, 0, 1, 1, 2, …: `[n]`.
pub(super) fn floor_half(g: &mut Graph, n: usize) -> Result<Value> {
    let i = g.iota([n], 0)?;
    let i = g.scale(i, 0.5)?;
    g.unary(crate::graph::ops::UnaryKind::Floor, i)
}

/// 0, 1, 0, 1, …: `[n]`.
pub(super) fn is_odd(g: &mut Graph, n: usize) -> Result<Value> {
    let i = g.iota([n], 0)?;
    let half = floor_half(g, n)?;
    let even = g.scale(half, 2.0)?;
    g.sub(i, even)
}
