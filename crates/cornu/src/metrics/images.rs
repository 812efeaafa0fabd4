//! How near pictures are to others: pair by pair, or a whole set by its features.

use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// `[images, height, width, channels]` of two sets of the same shape, and their elements.
fn images<'a>(a: &'a Tensor, b: &'a Tensor) -> Result<([usize; 4], &'a [f32], &'a [f32])> {
    let &[n, h, w, c] = a.shape().axes() else {
        return Err(Error::shape(format!(
            "images are [images, height, width, channels], received {}",
            a.shape()
        )));
    };
    if a.shape() != b.shape() {
        return Err(Error::shape(format!(
            "two sets of images need one shape, received {} and {}",
            a.shape(),
            b.shape()
        )));
    }
    Ok(([n, h, w, c], a.f32s()?, b.f32s()?))
}

/// Peak signal-to-noise ratio of each pair of images, in decibels: `10·log₁₀(max_val² / mean squared error)`.
///
/// # Shapes
/// Two tensors `[images, height, width, channels]`; one number an image.
///
/// # Errors
/// Other shapes.
///
/// # Example
/// ```
/// use cornu::{Tensor, metrics::images::psnr};
/// let (a, b) = (Tensor::zeros([1, 2, 2, 1]), Tensor::new([1, 2, 2, 1], vec![0.1f32; 4])?);
/// assert!((psnr(&a, &b, 1.0)?[0] - 20.0).abs() < 1e-4);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// TensorFlow's `tf.image.psnr`.
pub fn psnr(a: &Tensor, b: &Tensor, max_val: f64) -> Result<Vec<f64>> {
    let ([_, h, w, c], x, y) = images(a, b)?;
    let size = (h * w * c).max(1);
    let each = x.chunks(size).zip(y.chunks(size));
    Ok(each
        .map(|(x, y)| {
            let squares = x
                .iter()
                .zip(y)
                .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
            let mean = squares.sum::<f64>() / size as f64;
            20.0 * max_val.log10() - 10.0 * mean.log10()
        })
        .collect())
}

/// Structural similarity of each pair of images, from -1 to 1: brightness, contrast and structure compared in windows of 11 × 11 pixels
/// under a Gaussian of standard deviation 1.5, the mean over all windows and channels.
///
/// # Shapes
/// Two tensors `[images, height, width, channels]` of at least 11 × 11 pixels; one number an image.
///
/// # Errors
/// Other shapes, smaller images.
///
/// # Example
/// ```
/// use cornu::{Tensor, metrics::images::ssim};
/// let a = Tensor::new([1, 11, 11, 1], (0..121).map(|i| i as f32 / 121.0).collect::<Vec<_>>())?;
/// assert!((ssim(&a, &a, 1.0)?[0] - 1.0).abs() < 1e-9);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004.
///
/// # Keras
/// TensorFlow's `tf.image.ssim` with its defaults.
pub fn ssim(a: &Tensor, b: &Tensor, max_val: f64) -> Result<Vec<f64>> {
    const SIZE: usize = 11;
    let ([n, h, w, c], x, y) = images(a, b)?;
    if h < SIZE || w < SIZE {
        return Err(Error::shape(format!(
            "structural similarity needs images of at least {SIZE} by {SIZE} pixels, received {h} by {w}"
        )));
    }
    let line: Vec<f64> = (0..SIZE)
        .map(|i| (-0.5 * ((i as f64 - 5.0) / 1.5).powi(2)).exp())
        .collect();
    let sum: f64 = line.iter().sum();
    let line: Vec<f64> = line.iter().map(|v| v / sum).collect();
    let (c1, c2) = ((0.01 * max_val).powi(2), (0.03 * max_val).powi(2));
    let (rows, columns) = (h - SIZE + 1, w - SIZE + 1);
    let mut result = Vec::with_capacity(n);
    for image in 0..n {
        let mut total = 0.0;
        for channel in 0..c {
            let at = |t: &[f32], r: usize, q: usize| {
                f64::from(t[((image * h + r) * w + q) * c + channel])
            };
            // The five means of a window, first along its rows, then over them.
            let mut partial = vec![[0.0; 5]; h * columns];
            for r in 0..h {
                for q in 0..columns {
                    let mean = &mut partial[r * columns + q];
                    for (k, weight) in line.iter().enumerate() {
                        let (x, y) = (at(x, r, q + k), at(y, r, q + k));
                        for (m, v) in mean.iter_mut().zip([x, y, x * x, y * y, x * y]) {
                            *m += weight * v;
                        }
                    }
                }
            }
            for r in 0..rows {
                for q in 0..columns {
                    let mut mean = [0.0; 5];
                    for (k, weight) in line.iter().enumerate() {
                        let part = &partial[(r + k) * columns + q];
                        mean.iter_mut()
                            .zip(part)
                            .for_each(|(m, v)| *m += weight * v);
                    }
                    let [x, y, xx, yy, xy] = mean;
                    let brightness = (2.0 * x * y + c1) / (x * x + y * y + c1);
                    let spread = xx - x * x + yy - y * y;
                    total += brightness * (2.0 * (xy - x * y) + c2) / (spread + c2);
                }
            }
        }
        result.push(total / (rows * columns * c) as f64);
    }
    Ok(result)
}

/// Fréchet distance of two sets of feature vectors, taken for normal distributions: `‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2·(Σ₁Σ₂)^½)`. Of the
/// features that a network trained on pictures gives, it is called FID.
///
/// # Shapes
/// Two tensors `[samples, features]`, with samples of their own number.
///
/// # Errors
/// Other ranks or numbers of features, fewer than two samples.
///
/// # Example
/// ```
/// use cornu::{Tensor, metrics::images::frechet_distance};
/// let a = Tensor::new([3, 1], vec![0.0f32, 1.0, 2.0])?;
/// let b = Tensor::new([3, 1], vec![1.0f32, 2.0, 3.0])?;
/// assert!((frechet_distance(&a, &b)? - 1.0).abs() < 1e-9);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", 2017.
pub fn frechet_distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    let (mean_a, sigma_a) = moments(a)?;
    let (mean_b, sigma_b) = moments(b)?;
    let n = mean_a.len();
    if mean_b.len() != n {
        return Err(Error::shape(format!(
            "both sets need as many features, received {n} and {}",
            mean_b.len()
        )));
    }
    let apart: f64 = mean_a
        .iter()
        .zip(&mean_b)
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    // tr (Σ₁Σ₂)^½ is the sum of the roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    let (values, vectors) = eigen(sigma_a.clone(), n);
    let mut root = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            root[i * n + j] = (0..n)
                .map(|k| vectors[i * n + k] * values[k].max(0.0).sqrt() * vectors[j * n + k])
                .sum();
        }
    }
    let inner = product(&product(&root, &sigma_b, n), &root, n);
    let (values, _) = eigen(inner, n);
    let trace = |m: &[f64]| (0..n).map(|i| m[i * n + i]).sum::<f64>();
    let both: f64 = values.iter().map(|v| v.max(0.0).sqrt()).sum();
    Ok(apart + trace(&sigma_a) + trace(&sigma_b) - 2.0 * both)
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for i in 0..n {
        for k in 0..n {
            let x = a[i * n + k];
            for j in 0..n {
                c[i * n + j] += x * b[k * n + j];
            }
        }
    }
    c
}

/// Mean and covariance (divided by one less than the number of samples) of rows.
fn moments(x: &Tensor) -> Result<(Vec<f64>, Vec<f64>)> {
    let &[rows, n] = x.shape().axes() else {
        return Err(Error::shape(format!(
            "features are [samples, features], received {}",
            x.shape()
        )));
    };
    if rows < 2 || n == 0 {
        return Err(Error::data(format!(
            "a covariance needs at least two samples of one feature, received {}",
            x.shape()
        )));
    }
    let x = x.f32s()?;
    let mut mean = vec![0.0; n];
    for row in x.chunks(n) {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, v)| *m += f64::from(*v));
    }
    for m in &mut mean {
        *m /= rows as f64;
    }
    let mut sigma = vec![0.0; n * n];
    for row in x.chunks(n) {
        let d: Vec<f64> = row
            .iter()
            .zip(&mean)
            .map(|(v, m)| f64::from(*v) - m)
            .collect();
        for i in 0..n {
            for j in 0..n {
                sigma[i * n + j] += d[i] * d[j];
            }
        }
    }
    for s in &mut sigma {
        *s /= rows as f64 - 1.0;
    }
    Ok((mean, sigma))
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; n * n];
    for i in 0..n {
        vectors[i * n + i] = 1.0;
    }
    let size: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..100 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| a[i * n + j].powi(2))
            .sum();
        if off <= 1e-30 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let cos = 1.0 / (t * t + 1.0).sqrt();
                let sin = t * cos;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (cos * x - sin * y, sin * x + cos * y);
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    (a[p * n + k], a[q * n + k]) = (cos * x - sin * y, sin * x + cos * y);
                }
                for k in 0..n {
                    let (x, y) = (vectors[k * n + p], vectors[k * n + q]);
                    (vectors[k * n + p], vectors[k * n + q]) =
                        (cos * x - sin * y, sin * x + cos * y);
                }
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), vectors)
}
