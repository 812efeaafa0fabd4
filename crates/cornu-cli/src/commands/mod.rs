//! One file per command of the program.

pub(crate) mod data;
