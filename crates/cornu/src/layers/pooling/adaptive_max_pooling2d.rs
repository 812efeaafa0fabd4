//! The largest value of each of a given number of windows of an image.

use super::adaptive::adaptive_pooling;

adaptive_pooling! {
    /// Cuts an image into as many windows along each axis as are asked for and takes the largest value of each, channel by channel.
    ///
    /// `y[i, j, c] = max x[.., c]` over the places from `⌊i·length / output⌋` to before `⌈(i + 1)·length / output⌉` of each axis.
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, output height, output width, channels]`.
    ///
    /// # Errors
    /// An input that is no image; an output size of 0 or above 4096; windows of 256 places or more; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([7, 8, 3]).add(AdaptiveMaxPooling2D::new(3)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[3, 3, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    AdaptiveMaxPooling2D<2> keeps Largest
}
