//! From a graph to a plan, by numbered passes, one file each.
//!
//! 1. `simplify`: what costs nothing to leave out is left out;
//! 2. `cse`: equal nodes become one, unused ones none;
//! 3. `fold`: in a network that is only used, normalisations go into kernels and biases, zeros around images into padding;
//! 4. `epilogue`: bias and ReLU join the product before them;
//! 5. `winograd`: 3 × 3 convolutions over many channels need a quarter of the multiplications;
//! 6. `packing`: in a network that is only used, weights are copied together as products read them;
//! 7. `prepare`: in a network that is only used, what follows from its weights alone is computed once for their values;
//! 8. `fuse`: chains of elementwise ops become one pass over memory;
//! 9. `gradient_step`: a large weight's gradient is computed some rows at a time, right where its optimizer reads them;
//! 10. `stage`: which ops can follow each other part by part of the batch, and which must wait for the whole;
//! 11. `schedule`: when each op runs, and which updates overwrite their state (`in_place`);
//! 12. `layout`: where each value lives, and when its place is free again (`memory`);
//! 13. `lower`: steps with their operands, ready to run (`plan`).
//!
//! In debug builds `verify` checks the graph between passes, and the plan.

mod computation;
mod cse;
mod epilogue;
mod fold;
mod fuse;
mod gradient_step;
mod in_place;
mod layout;
mod listing;
mod lower;
mod memory;
mod packing;
pub(crate) mod plan;
mod prepare;
pub(crate) mod rounding;
mod schedule;
mod show;
mod simplify;
mod stage;
mod transposed;
mod verify;
mod winograd;

#[cfg(test)]
pub(crate) use winograd::CHANNELS as WINOGRAD_CHANNELS;

pub use computation::Computation;
pub use listing::{BufferListing, Cut, PlanListing, ResultListing, StageListing, StepListing};
pub use plan::Plan;

use crate::error::Result;

/// How a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With all passes.
    Fast,
    /// Without fusing, and with every value kept, to look into after a run.
    Traced,
}

/// Makes the plan of a computation for one batch size.
///
/// # Errors
/// [`Kind::Shape`](crate::error::Kind::Shape) if a batched feed has not the batch in front, or an update not its state's
/// shape.
pub fn compile(computation: &Computation, mode: Mode) -> Result<Plan> {
    computation.check()?;
    let mut c = simplify::run(computation)?;
    verify::graph(&c, "simplify");
    c = cse::run(&c);
    verify::graph(&c, "cse");
    // What is computed to be used, not to learn, may lean on its states staying as they are.
    let used = mode == Mode::Fast && c.updates.is_empty();
    if used {
        c = fold::run(&c)?;
        verify::graph(&c, "fold");
    }
    if mode == Mode::Fast {
        c = epilogue::run(&c);
        verify::graph(&c, "epilogue");
        c = transposed::run(&c);
        verify::graph(&c, "transposed");
        c = winograd::run(&c, used);
        verify::graph(&c, "winograd");
    }
    let mut parts = Vec::new();
    if used {
        c = packing::run(&c);
        verify::graph(&c, "packing");
        (c, parts) = prepare::run(&c)?;
        verify::graph(&c, "prepare");
    }
    c = cse::run(&fuse::run(&c, mode == Mode::Fast));
    verify::graph(&c, "fuse");
    if mode == Mode::Fast {
        c = gradient_step::run(&c);
        verify::graph(&c, "gradient_step");
    }
    let stages = stage::run(&c);
    let mut plan = lower::run(c, &stages, mode == Mode::Traced);
    plan.parts = parts.iter().map(prepare::plan).collect();
    plan.numbered = plan::Numbered::of(computation);
    verify::plan(&plan);
    Ok(plan)
}
