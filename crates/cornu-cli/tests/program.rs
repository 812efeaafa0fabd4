//! The program as a user meets it: what it prints, what it leaves, how it ends.

// Tests stop where anything is not as it should be.
#![allow(clippy::unwrap_used)]

#[path = "program/bench.rs"]
mod bench;
#[path = "program/folder.rs"]
mod folder;
#[path = "program/interrupts.rs"]
mod interrupts;
#[path = "program/mistakes.rs"]
mod mistakes;
#[path = "program/models.rs"]
mod models;
#[path = "program/training.rs"]
mod training;
