//! Labelled images in memory, as bytes: a quarter of the size of floats, and scaled while batches are filled.

use std::fmt;
use std::sync::LazyLock;

use crate::error::{DataError, Result};

/// Labelled images of one size, as bytes in row-major order `[n, height, width, channels]`.
///
/// # Example
/// ```
/// let set = cornu_data::ImageSet::new([2, 1, 1, 3], vec![0, 51, 255, 255, 0, 0], vec![1, 0], ["cat", "dog"])?;
/// let mut out = [0.0; 3];
/// set.fill_f32(&[0], &mut out)?;
/// assert_eq!(out, [0.0, 0.2, 1.0]);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ImageSet {
    pixels: Vec<u8>,
    height: usize,
    width: usize,
    channels: usize,
    labels: Vec<i32>,
    class_names: Vec<String>,
}

/// `x / 255` for every byte, so that scaling is one look-up and rounds exactly as the division does.
static UNIT: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|i| i as f32 / 255.0));

impl ImageSet {
    /// Images of `shape` `[n, height, width, channels]` with one label each.
    ///
    /// # Errors
    /// Where the bytes or the labels are not as many as the shape says, an image is empty, or a label is not a
    /// position in `class_names`.
    pub fn new(
        shape: [usize; 4],
        pixels: Vec<u8>,
        labels: Vec<i32>,
        class_names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self> {
        let [n, height, width, channels] = shape;
        let class_names: Vec<String> = class_names.into_iter().map(Into::into).collect();
        let bytes = [height, width, channels]
            .iter()
            .try_fold(n, |a, &b| a.checked_mul(b))
            .ok_or_else(|| {
                DataError::config(format!(
                    "the shape {shape:?} has more elements than memory can hold"
                ))
            })?;
        if height == 0 || width == 0 || channels == 0 {
            return Err(DataError::config(format!(
                "images cannot be empty, received the shape {shape:?}"
            )));
        }
        if pixels.len() != bytes {
            return Err(DataError::config(format!(
                "expected {bytes} bytes for images of shape {shape:?}, received {}",
                pixels.len()
            )));
        }
        if labels.len() != n {
            return Err(DataError::config(format!(
                "expected one label for each of {n} images, received {}",
                labels.len()
            )));
        }
        let classes = class_names.len();
        let wrong = |&(_, &label): &(usize, &i32)| {
            usize::try_from(label).map_or(true, |label| label >= classes)
        };
        if let Some((i, label)) = labels.iter().enumerate().find(wrong) {
            return Err(DataError::format(format!(
                "expected a label below {classes}, received {label}"
            ))
            .at(format!("image {i}")));
        }
        Ok(Self {
            pixels,
            height,
            width,
            channels,
            labels,
            class_names,
        })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// `[n, height, width, channels]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.len(), self.height, self.width, self.channels]
    }

    /// `[height, width, channels]`.
    pub fn image_shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }

    /// The number of bytes in one image.
    pub fn image_len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The bytes of all images, one after the other.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of each image.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }

    /// The name of each class.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The bytes of image `i`.
    ///
    /// # Panics
    /// Where there is no such image, as indexing a slice does.
    pub fn image(&self, i: usize) -> &[u8] {
        let size = self.image_len();
        assert!(i < self.len(), "image {i} of {}", self.len());
        &self.pixels[i * size..(i + 1) * size]
    }

    /// The images at `indices`, in that order; an index may come more than once.
    ///
    /// # Errors
    /// Where an index is not below [`len`](Self::len).
    pub fn subset(&self, indices: &[usize]) -> Result<Self> {
        self.check(indices)?;
        let mut pixels = Vec::with_capacity(indices.len() * self.image_len());
        for &i in indices {
            pixels.extend_from_slice(self.image(i));
        }
        Ok(Self {
            pixels,
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
            class_names: self.class_names.clone(),
            ..*self
        })
    }

    /// The first `n` images, or all where there are fewer.
    pub fn take(&self, n: usize) -> Self {
        let n = n.min(self.len());
        Self {
            pixels: self.pixels[..n * self.image_len()].to_vec(),
            labels: self.labels[..n].to_vec(),
            class_names: self.class_names.clone(),
            ..*self
        }
    }

    /// Writes the images at `indices` to `out`, scaled to 0..=1: each byte divided by 255.
    ///
    /// # Shapes
    /// `out` is `[indices.len(), height, width, channels]` in row-major order.
    ///
    /// # Errors
    /// Where `out` has another length or an index is not below [`len`](Self::len).
    pub fn fill_f32(&self, indices: &[usize], out: &mut [f32]) -> Result<()> {
        let size = self.image_len();
        self.check(indices)?;
        if indices.len().checked_mul(size) != Some(out.len()) {
            return Err(DataError::config(format!(
                "expected room for {} images of {size} values, received {} values",
                indices.len(),
                out.len()
            )));
        }
        let unit = &*UNIT;
        for (&i, image) in indices.iter().zip(out.chunks_exact_mut(size)) {
            for (to, &from) in image.iter_mut().zip(self.image(i)) {
                *to = unit[from as usize];
            }
        }
        Ok(())
    }

    fn check(&self, indices: &[usize]) -> Result<()> {
        match indices.iter().find(|&&i| i >= self.len()) {
            Some(i) => Err(DataError::config(format!(
                "expected an index below {}, received {i}",
                self.len()
            ))),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ImageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ImageSet({:?}, {} classes)",
            self.shape(),
            self.class_names.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> ImageSet {
        ImageSet::new(
            [3, 1, 2, 1],
            vec![0, 1, 2, 3, 4, 255],
            vec![0, 1, 0],
            ["a", "b"],
        )
        .unwrap()
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let names = ["a", "b"];
        assert!(ImageSet::new([2, 1, 1, 1], vec![0], vec![0, 0], names).is_err());
        assert!(ImageSet::new([2, 1, 1, 1], vec![0, 0], vec![0], names).is_err());
        assert!(ImageSet::new([1, 1, 1, 0], vec![], vec![0], names).is_err());
        assert!(ImageSet::new([usize::MAX, 2, 1, 1], vec![], vec![], names).is_err());
        for label in [-1, 2, i32::MIN, i32::MAX] {
            let error = ImageSet::new([1, 1, 1, 1], vec![0], vec![label], names).unwrap_err();
            assert_eq!(error.place(), Some("image 0"));
        }
    }

    #[test]
    fn scales_exactly_as_division_does() {
        let set = ImageSet::new([1, 16, 16, 1], (0..=255).collect(), vec![0], ["a"]).unwrap();
        let mut out = vec![0.0; 256];
        set.fill_f32(&[0], &mut out).unwrap();
        for (i, x) in out.iter().enumerate() {
            assert_eq!(x.to_bits(), (i as f32 / 255.0).to_bits());
        }
    }

    #[test]
    fn subsets_keep_order_and_repeat() {
        let set = three().subset(&[2, 0, 2]).unwrap();
        assert_eq!(set.pixels(), [4, 255, 0, 1, 4, 255]);
        assert_eq!(set.labels(), [0, 0, 0]);
        assert_eq!(three().take(9), three());
        assert_eq!(three().take(2).pixels(), [0, 1, 2, 3]);
    }

    #[test]
    fn refuses_indices_and_rooms_that_do_not_fit() {
        assert!(three().subset(&[3]).is_err());
        assert!(three().fill_f32(&[3], &mut [0.0; 2]).is_err());
        assert!(three().fill_f32(&[0], &mut [0.0; 3]).is_err());
    }
}
