//! Pictures made larger or smaller, every new pixel a weighted mean of all the old ones under it.

use crate::error::{DataError, Result};
use crate::image_file::{LONGEST_SIDE, Picture};

/// The weights of one new position: the first old position and a weight for it and each that follows.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// The picture at another size: bilinear where it grows, and with a triangle as wide as a new pixel where it shrinks,
/// so that fine patterns do not turn into coarse ones.
///
/// # Errors
/// Where a side is zero or longer than [`LONGEST_SIDE`].
///
/// # Example
/// ```
/// use cornu_data::image_file::Picture;
/// let edge = Picture::new(1, 2, 1, vec![0, 100])?;
/// assert_eq!(cornu_data::resize(&edge, 1, 4)?.pixels, [0, 25, 75, 100]);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
pub fn resize(picture: &Picture, height: usize, width: usize) -> Result<Picture> {
    if height.min(width) == 0 || height.max(width) > LONGEST_SIDE {
        return Err(DataError::config(format!(
            "expected sides of 1 to {LONGEST_SIDE}, received {height} by {width}"
        )));
    }
    let channels = picture.channels;
    let across = taps(picture.width, width);
    let down = taps(picture.height, height);
    // Rows first, in floats; then columns.
    let row = picture.width * channels;
    let mut narrow = vec![0.0; picture.height * width * channels];
    for (from, to) in picture
        .pixels
        .chunks_exact(row)
        .zip(narrow.chunks_exact_mut(width * channels))
    {
        for (to, taps) in to.chunks_exact_mut(channels).zip(&across) {
            let from = from[taps.first * channels..].chunks_exact(channels);
            for (weight, from) in taps.weights.iter().zip(from) {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, &from)| *to += weight * f32::from(from));
            }
        }
    }
    let row = width * channels;
    let mut sum = vec![0.0f32; row];
    let mut pixels = Vec::with_capacity(height * row);
    for taps in &down {
        sum.fill(0.0);
        for (weight, from) in taps
            .weights
            .iter()
            .zip(narrow[taps.first * row..].chunks_exact(row))
        {
            sum.iter_mut()
                .zip(from)
                .for_each(|(sum, from)| *sum += weight * from);
        }
        pixels.extend(sum.iter().map(|x| x.round().clamp(0.0, 255.0) as u8));
    }
    Picture::new(height, width, channels, pixels)
}

/// Where each of `new` positions along an axis of `old` takes its value from.
fn taps(old: usize, new: usize) -> Vec<Taps> {
    let step = old as f32 / new as f32;
    let reach = step.max(1.0);
    let one = |i: usize| {
        let centre = (i as f32 + 0.5) * step - 0.5;
        let first = (centre - reach).ceil().max(0.0) as usize;
        let last = ((centre + reach).floor().max(0.0) as usize).min(old - 1);
        let first = first.min(last);
        let weight = |at: usize| (1.0 - (at as f32 - centre).abs() / reach).max(0.0);
        let mut weights: Vec<f32> = (first..=last).map(weight).collect();
        let sum: f32 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= sum;
        }
        Taps { first, weights }
    };
    (0..new).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = Picture::new(3, 4, 3, (0..36).map(|i| i * 7).collect()).unwrap();
        assert_eq!(resize(&picture, 3, 4).unwrap(), picture);
    }

    #[test]
    fn one_colour_stays_one_colour() {
        let picture = Picture::new(13, 7, 2, [9, 200].repeat(91)).unwrap();
        for (height, width) in [(1, 1), (5, 3), (13, 70), (200, 2)] {
            let small = resize(&picture, height, width).unwrap();
            assert_eq!(small.pixels, [9, 200].repeat(height * width));
        }
    }

    #[test]
    fn fine_stripes_become_their_mean() {
        let picture = Picture::new(1, 64, 1, [0, 255].repeat(32)).unwrap();
        let small = resize(&picture, 1, 8).unwrap();
        assert!(
            small.pixels.iter().all(|x| x.abs_diff(127) < 20),
            "{:?}",
            small.pixels
        );
    }

    #[test]
    fn refuses_sides_of_nothing() {
        let picture = Picture::new(1, 1, 1, vec![0]).unwrap();
        assert!(resize(&picture, 0, 1).is_err());
        assert!(resize(&picture, 1, usize::MAX).is_err());
    }
}
