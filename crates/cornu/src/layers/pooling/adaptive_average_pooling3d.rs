//! The mean of each of a given number of windows of a volume.

use super::adaptive::adaptive_pooling;

adaptive_pooling! {
    /// Cuts a volume into as many windows along each axis as are asked for and takes the mean of each, channel by channel.
    ///
    /// `y[i, j, k, c] = mean x[.., c]` over the places from `⌊i·length / output⌋` to before `⌈(i + 1)·length / output⌉` of each axis.
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, output depth, output height, output width, channels]`.
    ///
    /// # Errors
    /// An input that is no volume; an output size of 0 or above 4096; an unknown data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([5, 6, 5, 2]).add(AdaptiveAveragePooling3D::new((1, 3, 3))).build()?;
    /// assert_eq!(model.output_shape().axes(), &[1, 3, 3, 2]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    AdaptiveAveragePooling3D<3> keeps Mean
}
