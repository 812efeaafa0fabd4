//! The merging layers as functions of symbols, under Keras's names.

use super::symbol::{Apply, Inputs, Symbol};
use crate::layers::{Add, Average, Axes, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract};

macro_rules! merges {
    ($($(#[$doc:meta])* $name:ident => $class:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(inputs: impl Into<Inputs>) -> Symbol {
            $class::new().on(inputs)
        })*
    };
}

merges! {
    /// The sum of the inputs: [`Add`].
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// use cornu::model::{add, concatenate};
    /// let (a, b) = (input([8]), input([8]));
    /// let y = concatenate([&add([&a, &b]), &a], -1);
    /// assert_eq!(Model::new([&a, &b], [&y])?.output_shape().axes(), &[16]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    add => Add,
    /// The first input less the second: [`Subtract`].
    subtract => Subtract,
    /// The product of the inputs: [`Multiply`].
    multiply => Multiply,
    /// The mean of the inputs: [`Average`].
    average => Average,
    /// The largest of the inputs, element by element: [`Maximum`].
    maximum => Maximum,
    /// The smallest of the inputs, element by element: [`Minimum`].
    minimum => Minimum,
}

/// The inputs side by side along an axis: [`Concatenate`].
pub fn concatenate(inputs: impl Into<Inputs>, axis: i64) -> Symbol {
    Concatenate::new().axis(axis).on(inputs)
}

/// The products of two inputs, summed over an axis of each: [`Dot`].
pub fn dot(inputs: impl Into<Inputs>, axes: impl Into<Axes>, normalize: bool) -> Symbol {
    Dot::new(axes).normalize(normalize).on(inputs)
}
