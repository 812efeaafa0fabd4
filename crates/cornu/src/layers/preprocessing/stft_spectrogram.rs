//! The frequencies of a signal over time.

use serde::{Deserialize, Serialize};

use super::frames::project;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::initializers::{Initializer, InitializerConfig, Scaling, Side, Window};
use crate::layers::defaults::{channels_last, valid};
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Pair, WeightSpec, inputs};
use crate::shape::Shape;

/// What is shown of the transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StftMode {
    /// The logarithm of the magnitude.
    Log,
    /// The magnitude.
    Magnitude,
    /// The density of power: inner frequencies count twice.
    Psd,
    /// The real part.
    Real,
    /// The imaginary part.
    Imag,
    /// The angle.
    Angle,
    /// The real parts, then the imaginary ones.
    Stft,
}

impl Named for StftMode {
    const WHAT: &'static str = "mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "log" => Some(Self::Log),
            "magnitude" => Some(Self::Magnitude),
            "psd" => Some(Self::Psd),
            "real" => Some(Self::Real),
            "imag" => Some(Self::Imag),
            "angle" => Some(Self::Angle),
            "stft" => Some(Self::Stft),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Log => "log",
            Self::Magnitude => "magnitude",
            Self::Psd => "psd",
            Self::Real => "real",
            Self::Imag => "imag",
            Self::Angle => "angle",
            Self::Stft => "stft",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["log", "magnitude", "psd", "real", "imag", "angle", "stft"]
    }
}

/// Gives the short-time Fourier transform of signals, by kernels that training may change.
///
/// `Y[t, k] = Σ_i x[t·frame_step + i] · w[i] · e^(-2πi·k/fft_length)`, where the window is scaled to length 1 ("density") or sum 1
/// ("spectrum"); the mode tells what of it is shown.
///
/// # Shapes
/// `[batch, samples, channels] → [batch, frames, channels · frequencies]`, with `expand_dims` `[batch, frames, frequencies, channels]`, of
/// `fft_length / 2 + 1` frequencies, twice as many in the mode "stft"; with channels first `[batch, channels, samples] →
/// [batch, channels · frequencies, frames]` or `[batch, channels, frames, frequencies]`. Kernels `real_kernel` and `imag_kernel`,
/// `[frame_length, 1, frequencies]`, where the mode needs them.
///
/// # Errors
/// An unknown mode, scaling, window or padding; a window of zeros that should be scaled; frames longer than the transform, or steps longer than frames.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let spectrum = STFTSpectrogram::new().frame_length(64).frame_step(32).expand_dims(true);
/// let model = Sequential::new().input([300, 1]).add(spectrum.trainable(false)).build()?;
/// assert_eq!(model.output_shape().axes(), &[8, 33, 1]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Allen, "Short Term Spectral Analysis, Synthesis, and Modification by Discrete Fourier Transform", 1977.
///
/// # Keras
/// Windows are given by SciPy's names of those without arguments, or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct STFTSpectrogram {
    #[serde(skip)]
    base: Base,
    #[serde(default = "log")]
    mode: Choice<StftMode>,
    #[serde(default = "frame_length")]
    frame_length: usize,
    #[serde(default)]
    frame_step: Option<usize>,
    #[serde(default)]
    fft_length: Option<usize>,
    #[serde(default = "hann")]
    window: Option<Choice<Window>>,
    #[serde(default)]
    periodic: bool,
    #[serde(default = "density")]
    scaling: Option<Choice<Scaling>>,
    #[serde(default = "valid")]
    padding: Choice<Padding>,
    #[serde(default = "channels_last")]
    data_format: Choice<DataFormat>,
    #[serde(default)]
    expand_dims: bool,
}

fn log() -> Choice<StftMode> {
    Choice::Known(StftMode::Log)
}

fn frame_length() -> usize {
    256
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn hann() -> Option<Choice<Window>> {
    Some(Choice::Known(Window::HANN))
}

#[expect(clippy::unnecessary_wraps, reason = "it is an argument's default")]
fn density() -> Option<Choice<Scaling>> {
    Some(Choice::Known(Scaling::Density))
}

layer!(STFTSpectrogram);

impl Default for STFTSpectrogram {
    fn default() -> Self {
        Self::new()
    }
}

impl STFTSpectrogram {
    /// The logarithm of magnitudes, by Hann's windows of 256 samples every 128.
    pub fn new() -> Self {
        Self {
            base: Base::default(),
            mode: log(),
            frame_length: frame_length(),
            frame_step: None,
            fft_length: None,
            window: hann(),
            periodic: false,
            scaling: density(),
            padding: valid(),
            data_format: channels_last(),
            expand_dims: false,
        }
    }

    /// "log", "magnitude", "psd", "real", "imag", "angle" or "stft".
    pub fn mode(mut self, mode: impl Into<Choice<StftMode>>) -> Self {
        self.mode = mode.into();
        self
    }

    /// The samples of a frame.
    pub fn frame_length(mut self, frame_length: usize) -> Self {
        self.frame_length = frame_length;
        self
    }

    /// Samples from one frame to the next: half a frame where it is not given.
    pub fn frame_step(mut self, frame_step: usize) -> Self {
        self.frame_step = Some(frame_step);
        self
    }

    /// The length of the transform: the next power of 2 where it is not given.
    pub fn fft_length(mut self, fft_length: usize) -> Self {
        self.fft_length = Some(fft_length);
        self
    }

    /// The window's name: "hann", "hamming", "blackman" and others of SciPy's.
    pub fn window(mut self, window: impl Into<Choice<Window>>) -> Self {
        self.window = Some(window.into());
        self
    }

    /// Frames as they are: Keras's `window=None`.
    pub fn without_window(mut self) -> Self {
        self.window = None;
        self
    }

    /// Whether the window is one period of a longer one.
    pub fn periodic(mut self, periodic: bool) -> Self {
        self.periodic = periodic;
        self
    }

    /// "density" or "spectrum".
    pub fn scaling(mut self, scaling: impl Into<Choice<Scaling>>) -> Self {
        self.scaling = Some(scaling.into());
        self
    }

    /// The window as it is: Keras's `scaling=None`.
    pub fn unscaled(mut self) -> Self {
        self.scaling = None;
        self
    }

    /// "valid" or "same".
    pub fn padding(mut self, padding: impl Into<Choice<Padding>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// "channels_last" or "channels_first".
    pub fn data_format(mut self, data_format: impl Into<Choice<DataFormat>>) -> Self {
        self.data_format = data_format.into();
        self
    }

    /// Whether channels have an axis of their own.
    pub fn expand_dims(mut self, expand_dims: bool) -> Self {
        self.expand_dims = expand_dims;
        self
    }

    fn step(&self) -> usize {
        self.frame_step.unwrap_or(self.frame_length / 2)
    }

    fn transform(&self) -> usize {
        self.fft_length
            .unwrap_or_else(|| self.frame_length.next_power_of_two())
    }

    fn check(&self) -> Result<()> {
        self.padding.get()?;
        self.mode.get()?;
        inputs::sizes([
            ("frame_length", Pair::from(self.frame_length)),
            ("frame_step", Pair::from(self.step())),
        ])?;
        if self.frame_length > 1 << 16 || self.transform() > 1 << 16 {
            return Err(Error::config(format!(
                "frame_length and fft_length must be at most 65536, received {} and {}",
                self.frame_length,
                self.transform()
            )));
        }
        if self.step() > self.frame_length {
            return Err(Error::config(format!(
                "frame_step must be at most frame_length, received {} and {}",
                self.step(),
                self.frame_length
            )));
        }
        if self.transform() < self.frame_length {
            return Err(Error::config(format!(
                "fft_length must be at least frame_length, received {} and {}",
                self.transform(),
                self.frame_length
            )));
        }
        /// Less than this is what rounding leaves of 0.
        const NOTHING: f64 = 1e-9;
        let window = self.window.as_ref().map(Choice::get).transpose()?;
        let scaling = self.scaling.as_ref().map(Choice::get).transpose()?;
        if let (Some(window), Some(_)) = (window, scaling) {
            let under = window.at(self.frame_length, self.periodic);
            if under.iter().all(|w| w.abs() < NOTHING) {
                return Err(Error::config(format!(
                    "the window {} of {} samples is 0 throughout and cannot be scaled",
                    window.name(),
                    self.frame_length
                ))
                .help("a longer frame_length or periodic=true gives one that is not"));
            }
        }
        Ok(())
    }

    /// One side of the transform, `[batch, channels, frequencies, frames]`.
    fn side(&self, g: &mut Graph, x: Value, kernel: Value) -> Result<Value> {
        let shape = g.shape(x).clone();
        let (batch, samples, channels) = (shape[0], shape[1], shape[2]);
        let frequencies = g.shape(kernel)[2];
        let kernel = g.reshape(kernel, [self.frame_length, frequencies])?;
        let x = g.transpose(x, &[0, 2, 1])?;
        let x = g.reshape(x, [batch * channels, samples])?;
        let around = self
            .padding
            .get()?
            .amounts(samples, self.frame_length, self.step());
        let y = project(g, x, kernel, self.step(), around)?;
        let frames = g.shape(y)[1];
        g.reshape(y, [batch, channels, frames, frequencies])
    }

    /// From `[batch, channels, frames, frequencies]` to the output's axes.
    fn arranged(&self, g: &mut Graph, y: Value) -> Result<Value> {
        let shape = g.shape(y).clone();
        let first = *self.data_format.get()? == DataFormat::ChannelsFirst;
        match (first, self.expand_dims) {
            (true, true) => return Ok(y),
            (false, true) => return g.transpose(y, &[0, 2, 3, 1]),
            (true, false) => {
                let y = g.transpose(y, &[0, 1, 3, 2])?;
                return g.reshape(y, [shape[0], shape[1] * shape[3], shape[2]]);
            }
            (false, false) => {}
        }
        let y = g.transpose(y, &[0, 2, 1, 3])?;
        g.reshape(y, [shape[0], shape[2], shape[1] * shape[3]])
    }
}

impl Layer for STFTSpectrogram {
    layer_identity!(STFTSpectrogram);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let x = inputs::single("STFTSpectrogram", inputs)?;
        self.check()?;
        let axes = match (self.data_format.get()?, x.axes()) {
            (DataFormat::ChannelsLast, &[samples, _])
            | (DataFormat::ChannelsFirst, &[_, samples]) => Some(samples),
            _ => None,
        };
        let Some(samples) = axes else {
            return Err(Error::shape(format!(
                "STFTSpectrogram expects signals [samples, channels], received {x}"
            ))
            .help("a single channel needs an axis of length 1"));
        };
        if samples < self.frame_length && *self.padding.get()? == Padding::Valid {
            return Err(Error::shape(format!(
                "signals must have at least frame_length = {} samples, received {samples}",
                self.frame_length
            )));
        }
        let mode = *self.mode.get()?;
        let sides = [
            ("real_kernel", Side::Real, mode != StftMode::Imag),
            ("imag_kernel", Side::Imag, mode != StftMode::Real),
        ];
        let shape = [self.frame_length, 1, self.transform() / 2 + 1];
        let mut weights = Vec::new();
        for (name, side, _) in sides.into_iter().filter(|s| s.2) {
            let initializer = InitializerConfig::of(Initializer::Stft {
                side,
                window: self.window.as_ref().map(Choice::get).transpose()?.copied(),
                scaling: self.scaling.as_ref().map(Choice::get).transpose()?.copied(),
                periodic: self.periodic,
            });
            weights.push(WeightSpec::new(name, shape, initializer));
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        /// Keras's `epsilon()`, below which there is no magnitude.
        const EPSILON: f32 = 1e-7;
        let mode = *self.mode.get()?;
        let weights = cx.weights;
        let g = &mut *cx.graph;
        let x = self.data_format.get()?.to_last(g, inputs[0])?;
        if matches!(mode, StftMode::Real | StftMode::Imag) {
            let y = self.side(g, x, weights[0])?;
            return self.arranged(g, y);
        }
        let (real, imaginary) = (self.side(g, x, weights[0])?, self.side(g, x, weights[1])?);
        let y = match mode {
            StftMode::Stft => g.concat(&[real, imaginary], 3)?,
            StftMode::Angle => g.atan2(imaginary, real)?,
            _ => {
                let (a, b) = (g.square(real)?, g.square(imaginary)?);
                let power = g.add(a, b)?;
                let least = g.constant(EPSILON)?;
                if mode == StftMode::Psd {
                    let inner = g.shape(power)[3].saturating_sub(2);
                    let twice = g.slice(power, 3, 1, inner)?;
                    let twice = g.pad(twice, 3, 1, 1)?;
                    g.add(power, twice)?
                } else {
                    let held = g.maximum(power, least)?;
                    let magnitude = g.sqrt(held)?;
                    if mode == StftMode::Log {
                        let held = g.maximum(magnitude, least)?;
                        g.log(held)?
                    } else {
                        magnitude
                    }
                }
            }
        };
        self.arranged(g, y)
    }
}
