//! Cornu: deep learning the way Keras made it pleasant, as a native library.
#![forbid(unsafe_code)]

pub mod autodiff;
pub mod compile;
pub mod error;
pub mod exec;
pub mod graph;
mod shape;
mod tensor;

pub use error::{Error, Result};
pub use shape::{DType, Shape};
pub use tensor::{Data, Tensor};
