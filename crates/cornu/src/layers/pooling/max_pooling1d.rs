//! The largest value of each window of a sequence.

use super::windows::pooling;

pooling! {
    /// Takes the largest value of each window, channel by channel.
    ///
    /// `y[i, c] = max x[i·stride + a, c]`
    ///
    /// # Shapes
    /// `[batch, steps, channels] → [batch, new steps, channels]`. With padding "valid" the new steps is
    /// `(steps - pool size) / stride + 1`, with "same" `⌈steps / stride⌉`.
    ///
    /// # Errors
    /// An input that is no sequence; sizes or strides of 0; a window larger than the sequence without padding; a window of more than 256
    /// steps along an axis; an unknown padding or data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([100, 8]).add(MaxPooling1D::new(2)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[50, 8]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; of several equal values the first gets the gradient.
    MaxPooling1D<1> keeps Largest
}
