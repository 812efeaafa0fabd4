//! The mean of each window of a sequence.

use super::windows::pooling;

pooling! {
    /// Takes the mean of each window, channel by channel.
    ///
    /// `y[i, c] = mean x[i·stride + a, c]`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, new steps, channels]`. With padding "valid" the new steps is
    /// `(steps - pool size) / stride + 1`, with "same" `⌈steps / stride⌉`.
    ///
    /// # Errors
    /// An input that is no sequence; sizes or strides of 0; a window larger than the sequence without padding; an unknown
    /// padding or data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([100, 8]).add(AveragePooling1D::new(2)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[50, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; with padding "same" the mean is over the places inside alone.
    AveragePooling1D<1> keeps Mean
}
