//! The largest value of each window of a volume.

use super::windows::pooling;

pooling! {
    /// Takes the largest value of each window, channel by channel.
    ///
    /// `y[i, j, k, c] = max x[i·stride + a, j·stride + b, k·stride + d, c]`
    ///
    /// # Shapes
    /// `[batch, depth, height, width, channels] → [batch, new depth, new height, new width, channels]`. With padding "valid" the new depth
    /// is `(depth - pool depth) / stride + 1`, with "same" `⌈depth / stride⌉`.
    ///
    /// # Errors
    /// An input that is no volume; sizes or strides of 0; a window larger than the volume without padding; a window of more than 256 places
    /// along an axis; an unknown padding or data format.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([8, 16, 16, 2]).add(MaxPooling3D::new(2)).build()?;
    /// assert_eq!(model.output_shape().axes(), &[4, 8, 8, 2]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// The same; of several equal values the first gets the gradient, as on PyTorch and JAX (on TensorFlow each of them gets all of it).
    MaxPooling3D<3> keeps Largest
}
