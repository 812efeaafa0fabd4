//! The largest value of each window of an image.

use super::windows::pooling;

pooling! {
    /// Takes the largest value of each window, channel by channel.
    ///
    /// `y[i, j, c] = max x[i·stride + a, j·stride + b, c]`
    ///
    /// # Shapes
    /// `[batch, height, width, channels] → [batch, new height, new width, channels]`. With padding "valid" the new height is
    /// `(height - pool height) / stride + 1`, with "same" `⌈height / stride⌉`.
    ///
    /// # Errors
    /// An input that is no image; sizes or strides of 0; a window larger than the image without padding; a window of more than 256 pixels
    /// along an axis; an unknown padding or data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([32, 32, 3]).add(MaxPooling2D::new(2)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[16, 16, 3]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; of several equal values the first gets the gradient.
    MaxPooling2D<2> keeps Largest
}
