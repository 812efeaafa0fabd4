//! How loud each range of pitch is, over time.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::frames::{mirrored, project};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::Window;
use crate::layers::{Base, Context, Layer, Pair, WeightSpec, inputs};
use crate::shape::{DType, Shape};

/// Gives the mel spectrogram of a signal: the magnitudes of its short-time Fourier transform, summed over ranges that are as wide as the
/// ear hears them, in decibels.
///
/// `y = 10·log₁₀(max(|STFT(x)|^mag_exp · M, min_power) / ref_power)`, at least the largest value less `top_db`; `M` are triangles over
/// the mel scale, `2595·log₁₀(1 + f/700)`. The signal is mirrored at its ends.
///
/// # Shapes
/// `[batch, samples] → [batch, num_mel_bins, 1 + samples / sequence_stride]`. Also a single signal a sample of shape `[samples]`.
///
/// # Errors
/// Signals shorter than half the transform, a window longer than the transform, frequencies that do not ascend.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mel = MelSpectrogram::new().fft_length(256).sequence_stride(64).sampling_rate(8000).num_mel_bins(20);
/// let model = Sequential::new().input([1024]).add(mel).build()?;
/// assert_eq!(model.output_shape().axes(), &[20, 17]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Stevens, Volkmann and Newman, "A Scale for the Measurement of the Psychological Magnitude Pitch", 1937; HTK's mel scale.
///
/// # Keras
/// As in Keras, `top_db` is counted from the largest value of the whole batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MelSpectrogram {
    #[serde(skip)]
    base: Base,
    #[serde(default = "fft_length")]
    fft_length: usize,
    #[serde(default = "sequence_stride")]
    sequence_stride: usize,
    #[serde(default)]
    sequence_length: Option<usize>,
    #[serde(default = "hann")]
    window: Option<Choice<Window>>,
    #[serde(default = "sampling_rate")]
    sampling_rate: f64,
    #[serde(default = "num_mel_bins")]
    num_mel_bins: usize,
    #[serde(default = "min_freq")]
    min_freq: f64,
    #[serde(default)]
    max_freq: Option<f64>,
    #[serde(default = "crate::layers::defaults::yes")]
    power_to_db: bool,
    #[serde(default = "top_db")]
    top_db: f64,
    #[serde(default = "mag_exp")]
    mag_exp: f64,
    #[serde(default = "min_power")]
    min_power: f64,
    #[serde(default = "ref_power")]
    ref_power: f64,
}

fn fft_length() -> usize {
    2048
}

fn sequence_stride() -> usize {
    512
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn hann() -> Option<Choice<Window>> {
    Some(Choice::Known(Window::HANN))
}

fn sampling_rate() -> f64 {
    16000.0
}

fn num_mel_bins() -> usize {
    128
}

fn min_freq() -> f64 {
    20.0
}

fn top_db() -> f64 {
    80.0
}

fn mag_exp() -> f64 {
    2.0
}

fn min_power() -> f64 {
    1e-10
}

fn ref_power() -> f64 {
    1.0
}

layer!(MelSpectrogram);

impl Default for MelSpectrogram {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name.into();
            self
        })*
    };
}

impl MelSpectrogram {
    /// Of a signal of 16,000 samples a second, in 128 ranges, by windows of 2,048 samples every 512.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            fft_length: fft_length(),
            sequence_stride: sequence_stride(),
            sequence_length: None,
            window: hann(),
            sampling_rate: sampling_rate(),
            num_mel_bins: num_mel_bins(),
            min_freq: min_freq(),
            max_freq: None,
            power_to_db: true,
            top_db: top_db(),
            mag_exp: mag_exp(),
            min_power: min_power(),
            ref_power: ref_power(),
        }
    }

    setters! {
        /// The length of the Fourier transform.
        fft_length: usize;
        /// Samples from one window to the next.
        sequence_stride: usize;
        /// The length of a window, which is that of the transform where it is not given.
        sequence_length: usize;
        /// Samples a second.
        sampling_rate: impl Into<f64>;
        /// How many ranges of pitch there are.
        num_mel_bins: usize;
        /// The lowest frequency, in hertz.
        min_freq: f64;
        /// The highest frequency, in hertz: half the sampling rate where it is not given.
        max_freq: f64;
        /// Whether powers become decibels.
        power_to_db: bool;
        /// The range of decibels below the largest.
        top_db: f64;
        /// The power to which magnitudes are raised: 1 for energy, 2 for power.
        mag_exp: f64;
        /// The least power, so that a logarithm exists.
        min_power: f64;
        /// The power of 0 decibels.
        ref_power: f64;
    }

    /// The window's name: "hann", "hamming" and others of SciPy's.
    pub fn window(mut self, window: impl Into<Choice<Window>>) -> Self {
        self.window = Some(window.into());
        self
    }

    /// Pieces as they are: Keras's `window=None`.
    pub fn without_window(mut self) -> Self {
        self.window = None;
        self
    }

    fn sequence(&self) -> usize {
        self.sequence_length
            .filter(|&n| n > 0)
            .unwrap_or(self.fft_length)
    }

    fn highest(&self) -> f64 {
        let half = (self.sampling_rate / 2.0).floor();
        self.max_freq.filter(|&f| f != 0.0).unwrap_or(half)
    }

    fn check(&self, samples: usize) -> Result<()> {
        inputs::sizes([
            ("fft_length", Pair::from(self.fft_length)),
            ("sequence_stride", Pair::from(self.sequence_stride)),
            ("sequence_length", Pair::from(self.sequence())),
            ("num_mel_bins", Pair::from(self.num_mel_bins)),
        ])?;
        if self.fft_length > 1 << 16 {
            return Err(Error::config(format!(
                "fft_length must be at most 65536, received {}",
                self.fft_length
            )));
        }
        if self.sequence() > self.fft_length {
            return Err(Error::config(format!(
                "fft_length must be at least sequence_length, received {} and {}",
                self.fft_length,
                self.sequence()
            )));
        }
        self.window.as_ref().map(Choice::get).transpose()?;
        for (name, x) in [
            ("sampling_rate", self.sampling_rate),
            ("min_freq", self.min_freq),
            ("top_db", self.top_db),
            ("mag_exp", self.mag_exp),
            ("min_power", self.min_power),
        ] {
            inputs::number(name, x, 0.0, f64::MAX)?;
        }
        inputs::number("ref_power", self.ref_power, f64::MIN, f64::MAX)?;
        if self.highest() <= self.min_freq {
            return Err(Error::config(format!(
                "max_freq must be above min_freq, received {} and {}",
                self.highest(),
                self.min_freq
            ))
            .help("max_freq is half the sampling_rate where it is not given"));
        }
        if samples <= self.fft_length / 2 {
            return Err(Error::shape(format!(
                "signals must have more than fft_length / 2 = {} samples, received {samples}",
                self.fft_length / 2
            )));
        }
        Ok(())
    }

    /// Cosines, then sines, within the window: `[fft_length, 2 · frequencies]`.
    fn bases(&self, g: &mut Graph) -> Result<Value> {
        let (n, inner) = (self.fft_length, self.sequence());
        let shape = match &self.window {
            Some(window) => window.get()?.at(inner, true),
            None => vec![1.0; inner],
        };
        let before = (n - inner) / 2;
        let frequencies = n / 2 + 1;
        let mut bases = vec![0.0f32; n * 2 * frequencies];
        for (i, &w) in shape.iter().enumerate() {
            let t = before + i;
            let row = &mut bases[t * 2 * frequencies..][..2 * frequencies];
            for k in 0..frequencies {
                // The angle of the remainder, which loses no digits.
                let angle = TAU * (t * k % n) as f64 / n as f64;
                row[k] = (w * angle.cos()) as f32;
                row[frequencies + k] = (-w * angle.sin()) as f32;
            }
        }
        g.literal([n, 2 * frequencies], &bases)
    }

    /// Triangles over the mel scale, `[frequencies, num_mel_bins]`; the constant part of the signal is left out.
    fn triangles(&self, g: &mut Graph) -> Result<Value> {
        let mel = |hertz: f64| 1127.0 * (1.0 + hertz / 700.0).ln();
        let (bins, frequencies) = (self.num_mel_bins, self.fft_length / 2 + 1);
        let (low, high) = (mel(self.min_freq), mel(self.highest()));
        let edge = |i: usize| low + (high - low) * i as f64 / (bins + 1) as f64;
        let mut matrix = vec![0.0f32; frequencies * bins];
        for k in 1..frequencies {
            let hertz = self.sampling_rate / 2.0 * k as f64 / (frequencies - 1).max(1) as f64;
            let at = mel(hertz);
            for m in 0..bins {
                let (left, centre, right) = (edge(m), edge(m + 1), edge(m + 2));
                let rising = (at - left) / (centre - left);
                let falling = (right - at) / (right - centre);
                matrix[k * bins + m] = rising.min(falling).max(0.0) as f32;
            }
        }
        g.literal([frequencies, bins], &matrix)
    }
}

impl Layer for MelSpectrogram {
    layer_identity!(MelSpectrogram);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("MelSpectrogram", inputs)?;
        let [samples] = *x.axes() else {
            return Err(Error::shape(format!(
                "MelSpectrogram expects signals [samples], received {x}"
            )));
        };
        self.check(samples)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let g = &mut *cx.graph;
        let x = g.cast(inputs[0], DType::F32)?;
        let x = mirrored(g, x, self.fft_length / 2)?;
        let bases = self.bases(g)?;
        let parts = project(g, x, bases, self.sequence_stride, (0, 0))?;
        let squares = g.square(parts)?;
        let frequencies = self.fft_length / 2 + 1;
        let real = g.slice(squares, 2, 0, frequencies)?;
        let imaginary = g.slice(squares, 2, frequencies, frequencies)?;
        let power = g.add(real, imaginary)?;
        let raised = if self.mag_exp == 2.0 {
            power
        } else {
            let magnitude = g.sqrt(power)?;
            if self.mag_exp == 1.0 {
                magnitude
            } else {
                let exponent = g.constant(self.mag_exp as f32)?;
                g.pow(magnitude, exponent)?
            }
        };
        let triangles = self.triangles(g)?;
        let mut y = g.matmul(raised, triangles)?;
        if self.power_to_db {
            let least = g.constant(self.min_power as f32)?;
            y = g.maximum(y, least)?;
            y = g.log(y)?;
            let decibels = 10.0 / std::f64::consts::LN_10;
            y = g.scale(y, decibels as f32)?;
            let reference = self.ref_power.abs().max(self.min_power);
            y = g.add_scalar(y, (-10.0 * reference.log10()) as f32)?;
            let largest = g.max(y, &[0, 1, 2], false)?;
            let floor = g.add_scalar(largest, -self.top_db as f32)?;
            y = g.maximum(y, floor)?;
        }
        g.transpose(y, &[0, 2, 1])
    }
}
