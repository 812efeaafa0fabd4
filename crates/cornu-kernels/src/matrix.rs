//! The one loop behind dense layers and convolutions: sums of products over runs of memory, tile by tile.

mod ahead;
pub(crate) mod grid;
mod pack;
pub mod packed;
pub(crate) mod panels;
pub(crate) mod tile;
