//! The mean of each of a given number of windows of a sequence.

use super::adaptive::adaptive_pooling;

adaptive_pooling! {
    /// Cuts a sequence into as many windows along each axis as are asked for and takes the mean of each, channel by channel.
    ///
    /// `y[i, c] = mean x[.., c]` over the places from `⌊i·length / output⌋` to before `⌈(i + 1)·length / output⌉` of each axis.
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, output size, channels]`.
    ///
    /// # Errors
    /// An input that is no sequence; an output size of 0 or above 4096; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([10, 8]).add(AdaptiveAveragePooling1D::new(4)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[4, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    AdaptiveAveragePooling1D<1> keeps Mean
}
