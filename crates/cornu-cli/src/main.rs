//! The `cornu` program: train, evaluate, use and look into neural networks from the command line.

#![forbid(unsafe_code)]
// Printing is what this crate is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod durable;
mod failure;
mod interrupt;
mod recipe;
mod report;
mod run_folder;
mod screen;
mod settings;

fn main() {}
