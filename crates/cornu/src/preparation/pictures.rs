//! Pictures as arrays, and arrays as pictures.

use cornu_data::image_file::Picture;

use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// A picture as an array of floats from 0 to 255: Keras's `img_to_array`.
///
/// # Shapes
/// `[height, width, channels]`.
///
/// # Example
/// ```
/// use cornu::datasets::image_file::Picture;
/// use cornu::preparation::{array_to_img, img_to_array};
/// let picture = Picture::new(1, 2, 3, vec![0, 1, 2, 3, 4, 255])?;
/// let x = img_to_array(&picture)?;
/// assert_eq!((x.shape().axes(), x.f32s()?[5]), (&[1, 2, 3][..], 255.0));
/// assert_eq!(array_to_img(&x, false)?, picture);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn img_to_array(picture: &Picture) -> Result<Tensor> {
    let pixels: Vec<f32> = picture.pixels.iter().map(|&p| f32::from(p)).collect();
    Tensor::new([picture.height, picture.width, picture.channels], pixels)
}

/// An array of floats as a picture; with `scale`, Keras's default, stretched so that its least number becomes 0 and its largest 255, without it as it
/// is. What follows the point is cut.
///
/// # Shapes
/// `[height, width, 1 or 3]`.
///
/// # Errors
/// Another shape; numbers that are not finite, or without `scale` outside 0 to 255.
///
/// # Example
/// ```
/// use cornu::preparation::array_to_img;
/// use cornu::prelude::*;
/// let x = Tensor::new([1, 3, 1], vec![-1.0f32, 0.0, 1.0])?;
/// assert_eq!(array_to_img(&x, true)?.pixels, [0, 127, 255]);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn array_to_img(x: &Tensor, scale: bool) -> Result<Picture> {
    let &[height, width, channels] = x.shape().axes() else {
        return Err(Error::shape(format!(
            "a picture is [height, width, channels], received {}",
            x.shape()
        )));
    };
    let values = x.f32s()?;
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let range = values.iter().map(|v| v - low).fold(0.0, f32::max);
    let stretched = |v: f32| match range {
        0.0 => 0.0,
        range => (v - low) / range * 255.0,
    };
    let mut pixels = Vec::with_capacity(values.len());
    for &v in values {
        let p = if scale { stretched(v) } else { v };
        if !(0.0..256.0).contains(&p) {
            let wanted = if scale {
                "finite numbers"
            } else {
                "numbers from 0 to 255"
            };
            return Err(Error::data(format!(
                "a picture is made of {wanted}, received {v}"
            )));
        }
        pixels.push(p as u8);
    }
    Picture::new(height, width, channels, pixels).map_err(Into::into)
}
