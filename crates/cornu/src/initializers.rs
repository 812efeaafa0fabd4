//! How weights begin: Keras's initialisers, from counter-based random numbers.

use cornu_kernels::random::{self, Stream};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// An initialiser.
///
/// `fan_in` and `fan_out` are the numbers of inputs and outputs of a unit: of a matrix `[in, out]` its axes, of a convolution's
/// kernel the channels times the window.
///
/// # Source
/// Glorot and Bengio 2010; He et al. 2015.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Initializer {
    Zeros,
    Ones,
    Constant {
        value: f32,
    },
    RandomNormal {
        mean: f32,
        stddev: f32,
    },
    RandomUniform {
        minval: f32,
        maxval: f32,
    },
    /// A normal distribution without what is further than two standard deviations from its mean.
    TruncatedNormal {
        mean: f32,
        stddev: f32,
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
}

/// The classes with their short names and the arguments they take, at their defaults.
const TABLE: &[(&str, &str, Initializer)] = &[
    ("Zeros", "zeros", Initializer::Zeros),
    ("Ones", "ones", Initializer::Ones),
    ("Constant", "constant", Initializer::Constant { value: 0.0 }),
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
];

/// Standard deviation of a normal distribution cut at two standard deviations, relative to the uncut one.
const TRUNCATED_STDDEV: f32 = 0.879_625_66;

impl Initializer {
    fn entry(self) -> &'static (&'static str, &'static str, Self) {
        let same =
            |e: &&(&str, &str, Self)| std::mem::discriminant(&e.2) == std::mem::discriminant(&self);
        TABLE.iter().find(same).expect("every kind is in the table")
    }

    /// The class name, as in Keras.
    pub fn class_name(self) -> &'static str {
        self.entry().0
    }

    /// A tensor drawn from `seed`; `stream` tells the weights of a model apart.
    pub fn draw(self, shape: &Shape, seed: u64, stream: u32) -> Result<Tensor> {
        let n = shape.elements();
        let (fan_in, fan_out) = fans(shape);
        let uniform = |low: f32, high: f32| {
            let mut x = vec![0.0; n];
            let s = Stream {
                seed,
                step: 0,
                stream,
            };
            random::uniform(&s, 0, &mut x);
            x.iter_mut().for_each(|v| *v = low + *v * (high - low));
            x
        };
        let limit = |scale: f32, fan: f32| (3.0 * scale / fan.max(1.0)).sqrt();
        let truncated = |mean: f32, stddev: f32| truncated_normal(n, seed, stream, mean, stddev);
        let scaled =
            |scale: f32, fan: f32| truncated(0.0, (scale / fan.max(1.0)).sqrt() / TRUNCATED_STDDEV);
        let average = f32::midpoint(fan_in, fan_out);
        let data = match self {
            Self::Zeros => vec![0.0; n],
            Self::Ones => vec![1.0; n],
            Self::Constant { value } => vec![value; n],
            Self::RandomNormal { mean, stddev } => {
                let mut x = vec![0.0; n];
                let s = Stream {
                    seed,
                    step: 0,
                    stream,
                };
                random::normal(&s, 0, &mut x);
                x.iter_mut().for_each(|v| *v = mean + *v * stddev);
                x
            }
            Self::RandomUniform { minval, maxval } => uniform(minval, maxval),
            Self::TruncatedNormal { mean, stddev } => truncated(mean, stddev),
            Self::GlorotUniform => uniform(-limit(1.0, average), limit(1.0, average)),
            Self::GlorotNormal => scaled(1.0, average),
            Self::HeUniform => uniform(-limit(2.0, fan_in), limit(2.0, fan_in)),
            Self::HeNormal => scaled(2.0, fan_in),
            Self::LecunUniform => uniform(-limit(1.0, fan_in), limit(1.0, fan_in)),
            Self::LecunNormal => scaled(1.0, fan_in),
        };
        Tensor::new(shape.clone(), data)
    }
}

fn truncated_normal(n: usize, seed: u64, stream: u32, mean: f32, stddev: f32) -> Vec<f32> {
    // Each round draws for all places; a place keeps its first draw within two standard deviations (19 of 20 are).
    let mut x = vec![f32::NAN; n];
    let mut drawn = vec![0.0; n];
    for round in 0.. {
        let s = Stream {
            seed,
            step: round,
            stream,
        };
        random::normal(&s, 0, &mut drawn);
        for (x, &z) in x.iter_mut().zip(&drawn) {
            if x.is_nan() && z.abs() <= 2.0 {
                *x = mean + stddev * z;
            }
        }
        if !x.iter().any(|v| v.is_nan()) || round == 100 {
            break;
        }
    }
    x
}

/// `(fan_in, fan_out)` of a weight, as in Keras.
fn fans(shape: &Shape) -> (f32, f32) {
    match shape.axes() {
        [] => (1.0, 1.0),
        [n] => (*n as f32, *n as f32),
        [window @ .., i, o] => {
            let field = window.iter().product::<usize>() as f32;
            (*i as f32 * field, *o as f32 * field)
        }
    }
}

impl Named for Initializer {
    const WHAT: &'static str = "initializer";
    fn from_name(name: &str) -> Option<Self> {
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
pub struct InitializerConfig(pub Choice<Initializer>);

impl InitializerConfig {
    /// The initialiser of a name.
    pub fn named(name: &str) -> Self {
        Self(name.into())
    }
    /// The initialiser, if its name is known.
    pub fn get(&self) -> Result<Initializer> {
        self.0.get().copied()
    }
}

impl<T: Into<Choice<Initializer>>> From<T> for InitializerConfig {
    fn from(x: T) -> Self {
        Self(x.into())
    }
}

fn to_config(i: Initializer) -> Json {
    match i {
        Initializer::Constant { value } => json!({ "value": value }),
        Initializer::RandomNormal { mean, stddev }
        | Initializer::TruncatedNormal { mean, stddev } => {
            json!({ "mean": mean, "stddev": stddev, "seed": null })
        }
        Initializer::RandomUniform { minval, maxval } => {
            json!({ "minval": minval, "maxval": maxval, "seed": null })
        }
        Initializer::Zeros | Initializer::Ones => json!({}),
        _ => json!({ "seed": null }),
    }
}

fn from_config(class: &str, config: &Json) -> Result<Choice<Initializer>> {
    let Choice::Known(default) = Choice::<Initializer>::from(class) else {
        return Ok(Choice::Unknown(class.to_owned()));
    };
    let number = |key: &str, default: f32| match config.get(key) {
        None | Some(Json::Null) => Ok(default),
        Some(v) => v
            .as_f64()
            .map(|x| x as f32)
            .ok_or_else(|| Error::config(format!("{class}: {key} must be a number, received {v}"))),
    };
    Ok(Choice::Known(match default {
        Initializer::Constant { value } => Initializer::Constant {
            value: number("value", value)?,
        },
        Initializer::RandomNormal { mean, stddev } => Initializer::RandomNormal {
            mean: number("mean", mean)?,
            stddev: number("stddev", stddev)?,
        },
        Initializer::TruncatedNormal { mean, stddev } => Initializer::TruncatedNormal {
            mean: number("mean", mean)?,
            stddev: number("stddev", stddev)?,
        },
        Initializer::RandomUniform { minval, maxval } => Initializer::RandomUniform {
            minval: number("minval", minval)?,
            maxval: number("maxval", maxval)?,
        },
        other => other,
    }))
}

impl Serialize for InitializerConfig {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Choice::Unknown(name) => s.serialize_str(name),
            Choice::Known(i) => json!({
                "module": "keras.initializers",
                "class_name": i.class_name(),
                "config": to_config(*i),
                "registered_name": null,
            })
            .serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for InitializerConfig {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match Json::deserialize(d)? {
            Json::String(name) => Ok(Self(name.into())),
            Json::Object(o) => {
                let class = o
                    .get("class_name")
                    .and_then(Json::as_str)
                    .ok_or_else(|| D::Error::custom("an initializer needs a class_name"))?;
                let config = o.get("config").unwrap_or(&Json::Null);
                from_config(class, config)
                    .map(Self)
                    .map_err(D::Error::custom)
            }
            other => Err(D::Error::custom(format!(
                "an initializer is a name or an object, received {other}"
            ))),
        }
    }
}
