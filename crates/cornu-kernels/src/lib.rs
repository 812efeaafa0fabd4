//! CPU kernels of Cornu: slices in, slices out, no tensor and no graph.
//!
//! Every public function checks the lengths of its slices first and then runs an unchecked loop for the best instruction
//! set of the machine ([`Level`]). All functions are sequential; a caller that wants several threads calls them on
//! disjoint slices.
//!
//! # Results do not depend on how work is cut
//!
//! Each output element is one chain of additions whose order follows from shapes alone. How many rows a call received,
//! or which tile an element fell into, never changes a bit of it. Different instruction levels may differ in the last
//! bits, because some fuse the multiplication with the addition and others do not.
//!
//! # Example
//!
//! ```
//! use cornu_kernels::product::{Act, Init, Product, product};
//!
//! // [1 2; 3 4] times [1 0; 0 2], plus a bias for each column.
//! let p = Product { m: 2, n: 2, k: 2, a_row: 2, a_k: 1, ldb: 2, ldc: 2 };
//! let (a, b, mut c) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, 2.0], [0.0; 4]);
//! product(&p, &a, &b, Init::Bias(&[0.5, -9.0]), Act::Relu, &mut c, &mut Vec::new());
//! assert_eq!(c, [1.5, 0.0, 3.5, 0.0]);
//! ```

#![allow(
    clippy::inline_always,
    reason = "vector code must be inlined into the function that carries its target features"
)]

pub mod arena;
pub mod attention;
pub mod bf16;
pub mod channel_sum;
pub mod columns;
pub mod conv2d;
pub mod conv3d;
pub mod copy;
pub mod denormals;
pub mod elementwise;
pub mod gather;
pub mod layer_norm;
pub mod level;
mod matrix;
pub mod moments;
pub mod peak;
pub mod pool2d;
pub mod product;
pub mod random;
pub mod recurrent;
pub mod reduce;
pub mod resample;
pub mod sample;
mod simd;
pub mod softmax;
pub mod sort;
pub mod team;

pub use level::{Level, init, level, with_level};
pub use matrix::packed;
