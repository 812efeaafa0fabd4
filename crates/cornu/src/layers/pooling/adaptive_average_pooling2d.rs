//! The mean of each of a given number of windows of an image.

use super::adaptive::adaptive_pooling;

adaptive_pooling! {
    /// Cuts an image into as many windows along each axis as are asked for and takes the mean of each, channel by channel.
    ///
    /// `y[i, j, c] = mean x[.., c]` over the places from `⌊i·length / output⌋` to before `⌈(i + 1)·length / output⌉` of each axis.
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, output height, output width, channels]`.
    ///
    /// # Errors
    /// An input that is no image; an output size of 0 or above 4096; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([7, 8, 3]).add(AdaptiveAveragePooling2D::new(3)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[3, 3, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    AdaptiveAveragePooling2D<2> keeps Mean
}
