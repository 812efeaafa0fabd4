//! The one loop behind dense layers and convolutions: sums of products over runs of memory, tile by tile.

pub(crate) mod grid;
pub(crate) mod panels;
pub(crate) mod tile;
