//! From a graph to a plan, by numbered passes, one file each.
//!
//! 1. [`simplify`]: what costs nothing to leave out is left out;
//! 2. [`cse`]: equal nodes become one, unused ones none;
//! 3. [`epilogue`]: bias and ReLU join the product before them;
//! 4. [`fuse`]: chains of elementwise ops become one pass over memory;
//! 5. [`stage`]: which ops can follow each other part by part of the batch, and which must wait for the whole;
//! 6. [`memory`]: where each value lives, and when its place is free again;
//! 7. [`plan`]: steps with their operands, ready to run.

mod computation;
mod cse;
mod epilogue;
mod fuse;
mod memory;
pub(crate) mod plan;
mod simplify;
mod stage;
mod verify;

pub use computation::Computation;
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
pub fn compile(computation: &Computation, mode: Mode) -> Result<Plan> {
    let mut c = simplify::run(computation)?;
    c = cse::run(&c);
    if mode == Mode::Fast {
        c = epilogue::run(&c);
    }
    c = fuse::run(&c, mode == Mode::Fast);
    verify::run(&c);
    let stages = stage::run(&c);
    plan::build(c, &stages, mode == Mode::Traced)
}
