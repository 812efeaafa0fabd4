//! The values of a weight: zeros, ones, or numbers drawn from a distribution.

use cornu_kernels::random::{self, Stream};

use super::{Fan, Initializer, Spread, orthogonal, stft};
use crate::error::{Error, Kind, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Standard deviation of a normal distribution cut at two standard deviations, relative to the uncut one.
const TRUNCATED_STDDEV: f64 = 0.879_625_661_034_239_8;

impl Initializer {
    /// A tensor drawn from `seed`; `stream` tells the weights of a model apart.
    ///
    /// # Errors
    /// A shape that the initialiser cannot fill; more memory than there is.
    pub fn draw(self, shape: &Shape, seed: u64, stream: u32) -> Result<Tensor> {
        let mut x = reserve(shape)?;
        self.fill(shape, fans(shape), &mut x, seed, stream)?;
        Tensor::new(shape.clone(), x)
    }

    /// Refuses a shape that the initialiser cannot fill.
    pub(super) fn fits(self, shape: &Shape) -> Result<()> {
        match self {
            Self::Identity { .. } => matrix("identity", shape).map(|_| ()),
            Self::Stft { .. } => stft::frequencies(shape).map(|_| ()),
            Self::Orthogonal { .. } if shape.rank() < 2 => Err(not_a_matrix("orthogonal", shape)),
            _ => Ok(()),
        }
    }

    /// Draws the elements of a weight with so many inputs and outputs into zeros.
    pub(super) fn fill(
        self,
        shape: &Shape,
        fans: [usize; 2],
        x: &mut [f32],
        seed: u64,
        stream: u32,
    ) -> Result<()> {
        self.fits(shape)?;
        let mut draw = Draw { x, seed, stream };
        match self {
            Self::Zeros => {}
            Self::Ones => draw.x.fill(1.0),
            Self::Constant { value } => draw.x.fill(value as f32),
            Self::Identity { gain } => {
                let [_, columns] = matrix("identity", shape)?;
                draw.x
                    .iter_mut()
                    .step_by(columns + 1)
                    .take(columns)
                    .for_each(|v| *v = gain as f32);
            }
            Self::Stft {
                side,
                window,
                scaling,
                periodic,
            } => {
                let waves = stft::waves(shape, side, window, scaling, periodic)?;
                draw.x.copy_from_slice(&waves);
            }
            Self::RandomNormal { mean, stddev } => draw.normal(mean, stddev),
            Self::RandomUniform { minval, maxval } => draw.uniform(minval, maxval),
            Self::TruncatedNormal { mean, stddev } => draw.truncated_normal(mean, stddev),
            Self::GlorotUniform => draw.scaled(1.0, Fan::Average, Spread::Uniform, fans),
            Self::GlorotNormal => draw.scaled(1.0, Fan::Average, Spread::Truncated, fans),
            Self::HeUniform => draw.scaled(2.0, Fan::In, Spread::Uniform, fans),
            Self::HeNormal => draw.scaled(2.0, Fan::In, Spread::Truncated, fans),
            Self::LecunUniform => draw.scaled(1.0, Fan::In, Spread::Uniform, fans),
            Self::LecunNormal => draw.scaled(1.0, Fan::In, Spread::Truncated, fans),
            Self::VarianceScaling {
                scale,
                mode,
                distribution,
            } => draw.scaled(scale, mode, distribution, fans),
            Self::Orthogonal { gain } => {
                let columns = shape.last().copied().unwrap_or(1);
                draw.normal(0.0, 1.0);
                orthogonal::orthonormalise(draw.x, columns, gain);
            }
        }
        Ok(())
    }
}

fn not_a_matrix(name: &str, shape: &Shape) -> Error {
    Error::config(format!(
        "the initializer {name} needs a matrix, received the shape {shape}"
    ))
}

fn matrix(name: &str, shape: &Shape) -> Result<[usize; 2]> {
    match *shape.axes() {
        [rows, columns] => Ok([rows, columns]),
        _ => Err(not_a_matrix(name, shape)),
    }
}

/// Zeros, unless there is no memory for them.
pub(super) fn reserve(shape: &Shape) -> Result<Vec<f32>> {
    let n = Shape::new(shape.to_vec())?.elements();
    let mut x: Vec<f32> = Vec::new();
    x.try_reserve_exact(n).map_err(|_| {
        Error::new(
            Kind::Memory,
            format!(
                "a weight of shape {shape} needs {:.1} GiB, which cannot be had",
                n as f64 * 4.0 / f64::from(1 << 30)
            ),
        )
        .help("use fewer units or filters")
    })?;
    x.resize(n, 0.0);
    Ok(x)
}

struct Draw<'a> {
    x: &'a mut [f32],
    seed: u64,
    stream: u32,
}

impl Draw<'_> {
    /// The numbers of one round of drawing.
    fn round(&self, step: u64) -> Stream {
        Stream {
            seed: self.seed,
            step,
            stream: self.stream,
        }
    }

    fn uniform(&mut self, low: f64, high: f64) {
        let stream = self.round(0);
        random::uniform(&stream, 0, self.x);
        let (low, width) = (low as f32, (high - low) as f32);
        self.x.iter_mut().for_each(|v| *v = low + *v * width);
    }

    fn normal(&mut self, mean: f64, stddev: f64) {
        let stream = self.round(0);
        random::normal(&stream, 0, self.x);
        let (mean, stddev) = (mean as f32, stddev as f32);
        self.x.iter_mut().for_each(|v| *v = mean + *v * stddev);
    }

    fn truncated_normal(&mut self, mean: f64, stddev: f64) {
        let (mean, stddev) = (mean as f32, stddev as f32);
        // Each round draws for all places; a place keeps its first draw within two standard deviations (19 of 20 are).
        let mut open: Vec<usize> = Vec::new();
        let stream = self.round(0);
        random::normal(&stream, 0, self.x);
        for (i, v) in self.x.iter_mut().enumerate() {
            if v.abs() > 2.0 {
                open.push(i);
            }
            *v = mean + *v * stddev;
        }
        let mut drawn = vec![0.0; open.len()];
        for step in 1.. {
            if open.is_empty() {
                break;
            }
            let stream = self.round(step);
            random::normal(&stream, 0, &mut drawn[..open.len()]);
            let mut draws = drawn.iter();
            let x = &mut *self.x;
            open.retain(|&i| {
                let z = draws.next().copied().unwrap_or(0.0);
                if z.abs() <= 2.0 {
                    x[i] = mean + z * stddev;
                }
                z.abs() > 2.0
            });
        }
    }

    /// Numbers of mean 0 and variance `scale / fan`.
    fn scaled(&mut self, scale: f64, fan: Fan, spread: Spread, fans: [usize; 2]) {
        let [fan_in, fan_out] = fans.map(|n| n as f64);
        let fan = match fan {
            Fan::In => fan_in,
            Fan::Out => fan_out,
            Fan::Average => f64::midpoint(fan_in, fan_out),
        };
        let variance = scale / fan.max(1.0);
        match spread {
            Spread::Uniform => {
                let limit = (3.0 * variance).sqrt();
                self.uniform(-limit, limit);
            }
            Spread::Truncated => self.truncated_normal(0.0, variance.sqrt() / TRUNCATED_STDDEV),
            Spread::Untruncated => self.normal(0.0, variance.sqrt()),
        }
    }
}

/// How many inputs and outputs a unit of a weight has, as in Keras.
pub(super) fn fans(shape: &Shape) -> [usize; 2] {
    match shape.axes() {
        [] => [1, 1],
        [n] => [*n, *n],
        [window @ .., i, o] => {
            let field = window.iter().product::<usize>();
            [i * field, o * field]
        }
    }
}
