//! Window functions, by SciPy's names, and the kernels of a short-time Fourier transform under them.

use crate::choice::Named;
use crate::error::{Error, Result};
use crate::shape::Shape;
use std::f64::consts::{PI, TAU};

/// A window function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(&'static str);

/// Which part of a transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The real one.
    Real,
    /// The imaginary one.
    Imag,
}

/// To what a window is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// Length 1.
    Density,
    /// Sum 1.
    Spectrum,
}

/// Sums of cosines: `Σ aₖ·cos(k·x)` for `x` from -π to π.
const COSINE_SUMS: &[(&str, &[f64])] = &[
    ("boxcar", &[1.0]),
    ("hann", &[0.5, 0.5]),
    ("hamming", &[0.54, 0.46]),
    ("blackman", &[0.42, 0.5, 0.08]),
    ("nuttall", &[0.3635819, 0.4891775, 0.1365995, 0.0106411]),
    ("blackmanharris", &[0.35875, 0.48829, 0.14128, 0.01168]),
    (
        "flattop",
        &[
            0.21557895,
            0.41663158,
            0.277263158,
            0.083578947,
            0.006947368,
        ],
    ),
];

/// Windows of other formulas.
const OTHERS: [&str; 3] = ["bartlett", "triang", "cosine"];

/// SciPy's second names.
const ALIASES: &[(&str, &str)] = &[
    ("hanning", "hann"),
    ("ones", "boxcar"),
    ("rect", "boxcar"),
    ("rectangular", "boxcar"),
    ("black", "blackman"),
    ("bart", "bartlett"),
    ("cos", "cosine"),
    ("sine", "cosine"),
    ("tri", "triang"),
    ("triangle", "triang"),
];

impl Named for Window {
    const WHAT: &'static str = "window";
    fn from_name(name: &str) -> Option<Self> {
        let own = ALIASES.iter().find(|a| a.0 == name).map_or(name, |a| a.1);
        Self::names().into_iter().find(|n| *n == own).map(Self)
    }
    fn name(&self) -> &str {
        self.0
    }
    fn names() -> Vec<&'static str> {
        COSINE_SUMS.iter().map(|w| w.0).chain(OTHERS).collect()
    }
}

impl Window {
    /// Hann's window.
    pub const HANN: Self = Self("hann");

    /// The window at `n` places; a periodic one is the beginning of one of `n + 1` places.
    pub fn at(self, n: usize, periodic: bool) -> Vec<f64> {
        if n <= 1 {
            return vec![1.0; n];
        }
        let whole = n + usize::from(periodic);
        let last = (whole - 1) as f64;
        let middle = last / 2.0;
        let at = |i: usize| -> f64 {
            match self.0 {
                "bartlett" => 1.0 - (i as f64 - middle).abs() / middle,
                "triang" => 1.0 - (i as f64 - middle).abs() / whole.div_ceil(2) as f64,
                "cosine" => (PI / whole as f64 * (i as f64 + 0.5)).sin(),
                name => {
                    let x = PI * (2.0 * i as f64 / last - 1.0);
                    let sum = COSINE_SUMS.iter().find(|w| w.0 == name);
                    let terms = sum.map_or(&[][..], |w| w.1).iter().enumerate();
                    terms.map(|(k, a)| a * (k as f64 * x).cos()).sum()
                }
            }
        };
        (0..n).map(at).collect()
    }
}

/// The frame's length and the number of frequencies of a kernel.
pub(super) fn frequencies(shape: &Shape) -> Result<[usize; 2]> {
    match *shape.axes() {
        [n, 1, frequencies] => Ok([n, frequencies]),
        _ => Err(Error::shape(format!(
            "stft fills kernels [frame_length, 1, frequencies], received {shape}"
        ))),
    }
}

/// Waves under a window, `[frame, 1, frequencies]`: `w[t]·cos(-2π·t·k/n) / scale`, or the sine.
pub(super) fn waves(
    shape: &Shape,
    side: Side,
    window: Option<Window>,
    scaling: Option<Scaling>,
    periodic: bool,
) -> Result<Vec<f32>> {
    let [n, frequencies] = frequencies(shape)?;
    // As Keras has it: the length that has so many frequencies.
    let length = (frequencies.saturating_sub(1) * 2).max(1);
    let under = window.map_or_else(|| vec![1.0; n], |w| w.at(n, periodic));
    let scale = match scaling.filter(|_| window.is_some()) {
        Some(Scaling::Density) => under.iter().map(|w| w * w).sum::<f64>().sqrt(),
        Some(Scaling::Spectrum) => under.iter().map(|w| w.abs()).sum::<f64>(),
        None => 1.0,
    };
    let mut waves = Vec::with_capacity(n * frequencies);
    for (t, w) in under.iter().enumerate() {
        for k in 0..frequencies {
            // The angle of the remainder, which loses no digits.
            let angle = -TAU * (t * k % length) as f64 / length as f64;
            let wave = match side {
                Side::Real => angle.cos(),
                Side::Imag => angle.sin(),
            };
            waves.push((wave * w / scale) as f32);
        }
    }
    Ok(waves)
}
