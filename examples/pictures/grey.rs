//! Digits as rows of grey pixels, and sheets of such pictures as PNG: what the examples share that make pictures.

use std::path::Path;

use cornu::error::Kind;
use cornu::prelude::*;
use datasets::image_file::{Picture, write_png};

pub(crate) const SIDE: usize = 28;
pub(crate) const PIXELS: usize = SIDE * SIDE;

/// MNIST where it is found, else the built-in shapes.
pub(crate) fn digits() -> cornu::Result<Dataset> {
    let options = datasets::Options::default();
    let data = datasets::load("mnist", &options).or_else(|_| datasets::load("shapes", &options))?;
    println!("{}: {}", data.name, data.description);
    Ok(data)
}

/// The middle 28 × 28 pixels of each picture, the mean of their channels, from 0 to 1: `[pictures, 784]`.
pub(crate) fn pixels(set: &ImageSet) -> cornu::Result<Tensor> {
    let [height, width, channels] = set.image_shape();
    let (top, left) = ((height - SIDE) / 2, (width - SIDE) / 2);
    let mut pixels = Vec::with_capacity(set.len() * PIXELS);
    for i in 0..set.len() {
        let image = set.image(i);
        for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
            let place = ((top + y) * width + left + x) * channels;
            let sum: u32 = image[place..][..channels]
                .iter()
                .map(|&p| u32::from(p))
                .sum();
            pixels.push(sum as f32 / (255.0 * channels as f32));
        }
    }
    Tensor::new([set.len(), PIXELS], pixels)
}

/// The batch with a number in a walk through all rows, which has another stride in each epoch: `[batch, ..shape]`.
pub(crate) fn batch(
    all: &Tensor,
    epoch: usize,
    number: usize,
    shape: &[usize],
) -> cornu::Result<Tensor> {
    let (n, rows) = (all.shape()[0], shape[0]);
    let stride = [7919, 104_729, 1_299_709][epoch % 3];
    let all = all.f32s()?;
    let row = |j: usize| &all[(number * rows + j) * stride % n * PIXELS..][..PIXELS];
    Tensor::new(
        shape,
        (0..rows).flat_map(row).copied().collect::<Vec<f32>>(),
    )
}

/// Writes pictures with pixels from 0 to 1, `across` in a row.
pub(crate) fn sheet(pictures: &[f32], across: usize, file: impl AsRef<Path>) -> cornu::Result<()> {
    let rows = pictures.len() / PIXELS / across;
    let width = across * SIDE;
    let mut pixels = vec![0u8; rows * SIDE * width];
    for (i, picture) in pictures.chunks(PIXELS).take(rows * across).enumerate() {
        for (j, p) in picture.iter().enumerate() {
            let (y, x) = (i / across * SIDE + j / SIDE, i % across * SIDE + j % SIDE);
            pixels[y * width + x] = (p * 255.0).round().clamp(0.0, 255.0) as u8;
        }
    }
    let file = file.as_ref();
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| {
            let what = format!("{} cannot be made: {e}", folder.display());
            Error::new(Kind::Io, what)
        })?;
    }
    Ok(write_png(
        file,
        &Picture::new(rows * SIDE, width, 1, pixels)?,
    )?)
}
