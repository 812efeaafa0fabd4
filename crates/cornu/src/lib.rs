//! Cornu: deep learning the way Keras made it pleasant, as a native library.
#![forbid(unsafe_code)]

pub mod activations;
pub mod applications;
mod arguments;
pub mod autodiff;
pub mod axes;
pub mod choice;
pub mod compile;
pub mod constraints;
pub mod error;
pub mod exec;
pub mod files;
pub mod fingerprint;
pub mod generate;
pub mod graph;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod model;
pub mod numbers;
pub mod optimizers;
pub mod prelude;
pub mod preparation;
pub mod regularizers;
mod shape;
mod tensor;
mod threads;
pub mod train;

pub use cornu_data as datasets;
pub use error::{Error, Result};
pub use shape::{DType, Shape};
pub use tensor::{Data, Tensor};
pub use threads::{instruction_set, set_threads, threads};

/// The README's programs, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
