//! Chains of elementwise operations, run tile by tile in the innermost cache, one vector loop for each instruction.

mod chains;
mod compute;
mod program;
mod reference;
mod run;

pub use program::{Binary, Instr, Program, Unary};
pub use reference::{binary_reference, unary_reference};
pub use run::{Indexing, Sink, Source, run};
