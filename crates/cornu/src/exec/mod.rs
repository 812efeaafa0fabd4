//! Running graphs: the naive interpreter, which is the oracle of every test, and the planned executor.

#[cfg(test)]
mod agreement;
mod compute;
#[cfg(test)]
mod contract;
pub mod executable;
pub mod interpreter;
mod outputs;
pub(crate) mod parallel;
mod prepared;
pub(crate) mod products;
mod profile;
pub(crate) mod scratch;
mod segment;
mod states;
#[cfg(test)]
mod training;
mod variables;
mod views;
mod whole;
mod workspace;

pub use compute::compute;
pub use outputs::Outputs;
pub(crate) use prepared::Prepared;
pub use profile::{Profile, StepTime};
pub use variables::Variable;
pub(crate) use variables::{Variables, unique};
