//! The cornu program.

fn main() {}
