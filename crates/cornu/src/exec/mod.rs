//! Running graphs: the naive interpreter, which is the oracle of every test, and the planned executor.

pub mod executable;
pub mod interpreter;
pub(crate) mod parallel;
pub(crate) mod scratch;
