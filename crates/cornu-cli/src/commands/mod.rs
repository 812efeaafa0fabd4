//! One file per command of the program.

pub(crate) mod bench;
pub(crate) mod data;
pub(crate) mod evaluate;
pub(crate) mod outline;
pub(crate) mod predict;
pub(crate) mod summary;
pub(crate) mod train;
