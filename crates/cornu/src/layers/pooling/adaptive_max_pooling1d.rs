//! The largest value of each of a given number of windows of a sequence.

use super::adaptive::adaptive_pooling;

adaptive_pooling! {
    /// Cuts a sequence into as many windows along each axis as are asked for and takes the largest value of each, channel by channel.
    ///
    /// `y[i, c] = max x[.., c]` over the places from `⌊i·length / output⌋` to before `⌈(i + 1)·length / output⌉` of each axis.
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, output size, channels]`.
    ///
    /// # Errors
    /// An input that is no sequence; an output size of 0 or above 4096; windows of 256 places or more; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([10, 8]).add(AdaptiveMaxPooling1D::new(4)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[4, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    AdaptiveMaxPooling1D<1> keeps Largest
}
