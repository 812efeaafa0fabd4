//! How weights begin: Keras's initialisers, from counter-based random numbers.

mod config;
mod draw;
mod orthogonal;
mod stft;

pub use stft::{Scaling, Side, Window};

use crate::axes::AxisList;
use crate::choice::{Choice, Named};
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// An initialiser.
///
/// `fan_in` and `fan_out` are the numbers of inputs and outputs of a unit: of a matrix `[in, out]` its axes, of a convolution's
/// kernel the channels times the window.
///
/// # Example
/// ```
/// use cornu::initializers::Initializer;
/// let w = Initializer::GlorotUniform.draw(&[300, 200].into(), 7, 0)?;
/// let limit = (6.0f32 / 500.0).sqrt();
/// assert!(w.f32s()?.iter().all(|x| x.abs() <= limit));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Glorot and Bengio 2010; He et al. 2015; Saxe et al. 2013 for the orthogonal one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Initializer {
    Zeros,
    Ones,
    Constant {
        value: f64,
    },
    /// A matrix with `gain` on its diagonal, else zeros.
    Identity {
        gain: f64,
    },
    RandomNormal {
        mean: f64,
        stddev: f64,
    },
    RandomUniform {
        minval: f64,
        maxval: f64,
    },
    /// A normal distribution without what is further than two standard deviations from its mean.
    TruncatedNormal {
        mean: f64,
        stddev: f64,
    },
    /// Uniform within `±√(6 / (fan_in + fan_out))`.
    GlorotUniform,
    /// Truncated normal of variance `2 / (fan_in + fan_out)`.
    GlorotNormal,
    /// Uniform within `±√(6 / fan_in)`.
    HeUniform,
    /// Truncated normal of variance `2 / fan_in`.
    HeNormal,
    /// Uniform within `±√(3 / fan_in)`.
    LecunUniform,
    /// Truncated normal of variance `1 / fan_in`.
    LecunNormal,
    /// Of variance `scale / fan`.
    VarianceScaling {
        scale: f64,
        mode: Fan,
        distribution: Spread,
    },
    /// `gain` times a matrix whose columns (or rows, if they are fewer) are orthogonal and of length 1.
    Orthogonal {
        gain: f64,
    },
    /// Waves under a window: the kernels of a short-time Fourier transform.
    Stft {
        side: Side,
        window: Option<Window>,
        scaling: Option<Scaling>,
        periodic: bool,
    },
}

/// By what a variance is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// The number of inputs of a unit.
    In,
    /// The number of outputs of a unit.
    Out,
    /// The mean of both.
    Average,
}

/// The shape of a distribution of given variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Equal chances within limits.
    Uniform,
    /// Normal, cut at two standard deviations.
    Truncated,
    /// Normal.
    Untruncated,
}

/// The classes with their short names and the arguments they take, at their defaults.
const TABLE: &[(&str, &str, Initializer)] = &[
    ("Zeros", "zeros", Initializer::Zeros),
    ("Ones", "ones", Initializer::Ones),
    ("Constant", "constant", Initializer::Constant { value: 0.0 }),
    ("Identity", "identity", Initializer::Identity { gain: 1.0 }),
    (
        "RandomNormal",
        "random_normal",
        Initializer::RandomNormal {
            mean: 0.0,
            stddev: 0.05,
        },
    ),
    (
        "RandomUniform",
        "random_uniform",
        Initializer::RandomUniform {
            minval: -0.05,
            maxval: 0.05,
        },
    ),
    (
        "TruncatedNormal",
        "truncated_normal",
        Initializer::TruncatedNormal {
            mean: 0.0,
            stddev: 0.05,
        },
    ),
    (
        "GlorotUniform",
        "glorot_uniform",
        Initializer::GlorotUniform,
    ),
    ("GlorotNormal", "glorot_normal", Initializer::GlorotNormal),
    ("HeUniform", "he_uniform", Initializer::HeUniform),
    ("HeNormal", "he_normal", Initializer::HeNormal),
    ("LecunUniform", "lecun_uniform", Initializer::LecunUniform),
    ("LecunNormal", "lecun_normal", Initializer::LecunNormal),
    (
        "VarianceScaling",
        "variance_scaling",
        Initializer::VarianceScaling {
            scale: 1.0,
            mode: Fan::In,
            distribution: Spread::Truncated,
        },
    ),
    (
        "Orthogonal",
        "orthogonal",
        Initializer::Orthogonal { gain: 1.0 },
    ),
    (
        "STFT",
        "stft",
        Initializer::Stft {
            side: Side::Real,
            window: Some(Window::HANN),
            scaling: Some(Scaling::Density),
            periodic: false,
        },
    ),
];

impl Initializer {
    fn entry(self) -> &'static (&'static str, &'static str, Self) {
        let same =
            |e: &&(&str, &str, Self)| std::mem::discriminant(&e.2) == std::mem::discriminant(&self);
        TABLE.iter().find(same).expect("every kind is in the table")
    }

    /// Whether what is drawn is scaled by how many inputs or outputs a unit has.
    fn is_scaled(self) -> bool {
        matches!(
            self,
            Self::GlorotUniform
                | Self::GlorotNormal
                | Self::HeUniform
                | Self::HeNormal
                | Self::LecunUniform
                | Self::LecunNormal
                | Self::VarianceScaling { .. }
        )
    }

    /// The class name, as in Keras.
    pub fn class_name(self) -> &'static str {
        self.entry().0
    }
}

impl Named for Initializer {
    const WHAT: &'static str = "initializer";
    fn from_name(name: &str) -> Option<Self> {
        // Keras's own second names.
        let name = match name {
            "IdentityInitializer" => "identity",
            "OrthogonalInitializer" => "orthogonal",
            "STFTInitializer" => "stft",
            "normal" => "random_normal",
            "one" => "ones",
            "uniform" => "random_uniform",
            "zero" => "zeros",
            name => name,
        };
        TABLE
            .iter()
            .find(|(class, short, _)| *class == name || *short == name)
            .map(|e| e.2)
    }
    fn name(&self) -> &str {
        self.entry().1
    }
    fn names() -> Vec<&'static str> {
        TABLE.iter().map(|e| e.1).collect()
    }
}

/// An initialiser in a layer's config: Keras's object `{"class_name": …, "config": …}`, or a name.
#[derive(Clone, Debug, PartialEq)]
pub struct InitializerConfig {
    choice: Choice<Initializer>,
    /// A seed of its own, which makes the values independent of the model's.
    seed: Option<i64>,
    /// Elements that begin at 1 whatever is drawn: a layer's own wish, which is not in its config.
    ones: Option<(usize, usize)>,
    /// How many inputs and outputs a weight has whose axes do not tell: a layer's own wish too.
    fans: Option<[usize; 2]>,
    /// Which axes are inputs and which are outputs.
    axes: Option<[AxisList; 2]>,
}

impl InitializerConfig {
    /// The initialiser of a name.
    pub fn named(name: &str) -> Self {
        Self::from(name)
    }

    /// An initialiser with its arguments.
    pub(crate) fn of(initializer: Initializer) -> Self {
        Self {
            choice: Choice::Known(initializer),
            seed: None,
            ones: None,
            fans: None,
            axes: None,
        }
    }

    /// The initialiser, if its name is known.
    pub fn get(&self) -> Result<Initializer> {
        self.choice.get().copied()
    }

    /// With a seed of its own: the same values in every model.
    pub fn seed(mut self, seed: i64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Which axes of a weight are inputs and which are outputs, by which what is drawn is scaled.
    ///
    /// # Example
    /// ```
    /// use cornu::initializers::InitializerConfig;
    /// // [inputs, heads, width of a head]
    /// let kernel = InitializerConfig::named("glorot_uniform").axes(0, [1, 2]);
    /// let w = kernel.draw(&[100, 4, 50].into(), 7, 0)?;
    /// let limit = (6.0f32 / (100.0 + 4.0 * 50.0)).sqrt();
    /// assert!(w.f32s()?.iter().all(|x| x.abs() <= limit));
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn axes(mut self, inputs: impl Into<AxisList>, outputs: impl Into<AxisList>) -> Self {
        self.axes = Some([inputs.into(), outputs.into()]);
        self
    }

    /// How many inputs and outputs a unit has.
    fn fans(&self, shape: &Shape) -> Result<[usize; 2]> {
        let Some([inputs, outputs]) = &self.axes else {
            return Ok(self.fans.unwrap_or_else(|| draw::fans(shape)));
        };
        let class = self.get()?.class_name();
        let along = |axes: &AxisList| -> Result<usize> {
            let axes = axes.resolve(class, shape)?;
            Ok(axes.iter().map(|&a| shape[a]).product())
        };
        Ok([along(inputs)?, along(outputs)?])
    }

    /// With ones for some elements, whatever is drawn.
    pub(crate) fn with_ones(mut self, elements: std::ops::Range<usize>) -> Self {
        self.ones = Some((elements.start, elements.end));
        self
    }

    /// For a weight with so many inputs and outputs, where its axes say something else: a kernel of several heads, say.
    pub(crate) fn with_fans(mut self, inputs: usize, outputs: usize) -> Self {
        self.fans = Some([inputs, outputs]);
        self
    }

    /// A weight of the shape given, drawn from its own seed if it has one, else from the model's `seed` and the weight's `stream`.
    ///
    /// # Errors
    /// An unknown name; a shape that the initialiser cannot fill; more memory than there is.
    pub fn draw(&self, shape: &Shape, seed: u64, stream: u32) -> Result<Tensor> {
        let mut x = draw::reserve(shape)?;
        self.fill(shape, &mut x, seed, stream)?;
        Tensor::new(shape.clone(), x)
    }

    /// Refuses an unknown name, and a shape that the initialiser cannot fill.
    pub(crate) fn fits(&self, shape: &Shape) -> Result<()> {
        self.fans(shape)?;
        self.get()?.fits(shape)
    }

    /// As [`InitializerConfig::draw`], into zeros.
    pub(crate) fn fill(&self, shape: &Shape, x: &mut [f32], seed: u64, stream: u32) -> Result<()> {
        let initializer = self.get()?;
        let fans = self.fans(shape)?;
        match self.seed {
            Some(own) => initializer.fill(shape, fans, x, own as u64, 0),
            None => initializer.fill(shape, fans, x, seed, stream),
        }?;
        if let Some((from, to)) = self.ones {
            x[from..to].fill(1.0);
        }
        Ok(())
    }
}

impl<T: Into<Choice<Initializer>>> From<T> for InitializerConfig {
    fn from(x: T) -> Self {
        Self {
            choice: x.into(),
            seed: None,
            ones: None,
            fans: None,
            axes: None,
        }
    }
}
