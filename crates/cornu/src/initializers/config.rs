//! Initialisers as Keras writes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::{Fan, Initializer, InitializerConfig, Scaling, Side, Spread};
use crate::axes::AxisList;
use crate::choice::{Choice, Named};
use crate::error::{Error, Result};

macro_rules! names {
    ($type:ident, $what:literal, $($name:literal => $variant:ident,)*) => {
        impl Named for $type {
            const WHAT: &'static str = $what;
            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    // Keras's own second name.
                    "normal" if Self::WHAT == "distribution" => Self::from_name("truncated_normal"),
                    _ => None,
                }
            }
            fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
            fn names() -> Vec<&'static str> {
                vec![$($name,)*]
            }
        }
    };
}

names! { Fan, "mode", "fan_in" => In, "fan_out" => Out, "fan_avg" => Average, }
names! {
    Spread, "distribution",
    "uniform" => Uniform, "truncated_normal" => Truncated, "untruncated_normal" => Untruncated,
}

names! { Side, "side", "real" => Real, "imag" => Imag, }
names! { Scaling, "scaling", "density" => Density, "spectrum" => Spectrum, }

/// The arguments of a class, taken one by one so that those left over are known to be unknown.
struct Arguments<'a> {
    class: &'a str,
    given: Map<String, Json>,
    known: Vec<&'static str>,
}

impl Arguments<'_> {
    fn number(&mut self, key: &'static str, default: f64) -> Result<f64> {
        self.known.push(key);
        match self.given.remove(key) {
            None | Some(Json::Null) => Ok(default),
            Some(v) => v.as_f64().filter(|x| x.is_finite()).ok_or_else(|| {
                Error::config(format!(
                    "{}: {key} must be a number, received {v}",
                    self.class
                ))
            }),
        }
    }

    fn at_least_zero(&mut self, key: &'static str, default: f64) -> Result<f64> {
        let x = self.number(key, default)?;
        if x >= 0.0 {
            return Ok(x);
        }
        Err(Error::config(format!(
            "{}: {key} must be at least 0, received {x}",
            self.class
        )))
    }

    fn name<T: Named>(&mut self, default: T) -> Result<T> {
        self.known.push(T::WHAT);
        match self.given.remove(T::WHAT) {
            None | Some(Json::Null) => Ok(default),
            Some(Json::String(name)) => Choice::<T>::from(name).get().cloned(),
            Some(v) => Err(Error::config(format!(
                "{}: {} must be a name, received {v}",
                self.class,
                T::WHAT
            ))),
        }
    }

    /// A name or none.
    fn name_or_none<T: Named>(&mut self, default: Option<T>) -> Result<Option<T>> {
        if self.given.get(T::WHAT) == Some(&Json::Null) {
            self.known.push(T::WHAT);
            return Ok(None);
        }
        match default {
            Some(default) => self.name(default).map(Some),
            None if self.given.contains_key(T::WHAT) => {
                let first = T::names()[0];
                let any = T::from_name(first).expect("a name of the table");
                self.name(any).map(Some)
            }
            None => Ok(None),
        }
    }

    fn yes_or_no(&mut self, key: &'static str, default: bool) -> Result<bool> {
        self.known.push(key);
        match self.given.remove(key) {
            None | Some(Json::Null) => Ok(default),
            Some(Json::Bool(b)) => Ok(b),
            Some(v) => Err(Error::config(format!(
                "{}: {key} must be true or false, received {v}",
                self.class
            ))),
        }
    }

    fn seed(&mut self) -> Result<Option<i64>> {
        self.known.push("seed");
        match self.given.remove("seed") {
            None | Some(Json::Null) => Ok(None),
            Some(v) => v.as_i64().map(Some).ok_or_else(|| {
                Error::config(format!(
                    "{}: seed must be an integer, received {v}",
                    self.class
                ))
            }),
        }
    }

    /// Which axes are inputs and which are outputs, of a kind that is scaled by their lengths; as in Keras, one alone says nothing.
    fn axes(&mut self, initializer: Initializer) -> Result<Option<[AxisList; 2]>> {
        if !initializer.is_scaled() {
            return Ok(None);
        }
        let mut list = |key: &'static str| -> Result<Option<AxisList>> {
            self.known.push(key);
            let given = self.given.remove(key).filter(|v| !v.is_null());
            let read = given.map(serde_json::from_value).transpose();
            read.map_err(|e| Error::config(format!("{}: {key}: {e}", self.class)))
        };
        Ok(match [list("input_axes")?, list("output_axes")?] {
            [Some(inputs), Some(outputs)] => Some([inputs, outputs]),
            _ => None,
        })
    }

    fn end(self) -> Result<()> {
        match self.given.iter().find(|(_, v)| !v.is_null()) {
            None => Ok(()),
            Some((key, _)) => Err(Error::unknown(
                &format!("argument of {}", self.class),
                key,
                self.known,
            )),
        }
    }
}

fn from_config(class: &str, config: Map<String, Json>) -> Result<InitializerConfig> {
    let choice = Choice::<Initializer>::from(class);
    let Choice::Known(default) = choice else {
        return Ok(InitializerConfig {
            choice,
            seed: None,
            ones: None,
            fans: None,
            axes: None,
        });
    };
    let mut a = Arguments {
        class,
        given: config,
        known: Vec::new(),
    };
    let initializer = match default {
        Initializer::Constant { value } => Initializer::Constant {
            value: a.number("value", value)?,
        },
        Initializer::Identity { gain } => Initializer::Identity {
            gain: a.number("gain", gain)?,
        },
        Initializer::RandomNormal { mean, stddev } => Initializer::RandomNormal {
            mean: a.number("mean", mean)?,
            stddev: a.at_least_zero("stddev", stddev)?,
        },
        Initializer::TruncatedNormal { mean, stddev } => Initializer::TruncatedNormal {
            mean: a.number("mean", mean)?,
            stddev: a.at_least_zero("stddev", stddev)?,
        },
        Initializer::RandomUniform { minval, maxval } => Initializer::RandomUniform {
            minval: a.number("minval", minval)?,
            maxval: a.number("maxval", maxval)?,
        },
        Initializer::VarianceScaling {
            scale,
            mode,
            distribution,
        } => Initializer::VarianceScaling {
            scale: a.at_least_zero("scale", scale)?,
            mode: a.name(mode)?,
            distribution: a.name(distribution)?,
        },
        Initializer::Orthogonal { gain } => Initializer::Orthogonal {
            gain: a.number("gain", gain)?,
        },
        Initializer::Stft {
            side,
            window,
            scaling,
            periodic,
        } => Initializer::Stft {
            side: a.name(side)?,
            window: a.name_or_none(window)?,
            scaling: a.name_or_none(scaling)?,
            periodic: a.yes_or_no("periodic", periodic)?,
        },
        other => other,
    };
    let seed = a.seed()?;
    let axes = a.axes(initializer)?;
    a.end()?;
    Ok(InitializerConfig {
        choice: Choice::Known(initializer),
        seed,
        ones: None,
        fans: None,
        axes,
    })
}

fn to_config(initializer: Initializer, seed: Option<i64>) -> Json {
    match initializer {
        Initializer::Zeros | Initializer::Ones => json!({}),
        Initializer::Constant { value } => json!({ "value": value }),
        Initializer::Identity { gain } => json!({ "gain": gain }),
        Initializer::RandomNormal { mean, stddev }
        | Initializer::TruncatedNormal { mean, stddev } => {
            json!({ "mean": mean, "stddev": stddev, "seed": seed })
        }
        Initializer::RandomUniform { minval, maxval } => {
            json!({ "minval": minval, "maxval": maxval, "seed": seed })
        }
        Initializer::VarianceScaling {
            scale,
            mode,
            distribution,
        } => json!({
            "scale": scale,
            "mode": mode.name(),
            "distribution": distribution.name(),
            "seed": seed,
        }),
        Initializer::Orthogonal { gain } => json!({ "gain": gain, "seed": seed }),
        Initializer::Stft {
            side,
            window,
            scaling,
            periodic,
        } => json!({
            "side": side.name(),
            "window": window.as_ref().map(Named::name),
            "periodic": periodic,
            "scaling": scaling.as_ref().map(Named::name),
        }),
        _ => json!({ "seed": seed }),
    }
}

impl Serialize for InitializerConfig {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match &self.choice {
            Choice::Unknown(name) => s.serialize_str(name),
            Choice::Known(i) => {
                let mut config = to_config(*i, self.seed);
                if i.is_scaled() {
                    config["input_axes"] = Json::Null;
                    config["output_axes"] = Json::Null;
                }
                if let Some([inputs, outputs]) = &self.axes {
                    config["input_axes"] = json!(inputs.list());
                    config["output_axes"] = json!(outputs.list());
                }
                json!({
                    "module": "keras.initializers",
                    "class_name": i.class_name(),
                    "config": config,
                    "registered_name": null,
                })
                .serialize(s)
            }
        }
    }
}

impl<'de> Deserialize<'de> for InitializerConfig {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match Json::deserialize(d)? {
            Json::String(name) => Ok(Self::from(name)),
            Json::Object(mut o) => {
                let Some(Json::String(class)) = o.remove("class_name") else {
                    return Err(D::Error::custom("an initializer needs a class_name"));
                };
                match o.remove("config") {
                    None | Some(Json::Null) => from_config(&class, Map::new()),
                    Some(Json::Object(config)) => from_config(&class, config),
                    Some(other) => Err(Error::config(format!(
                        "the config of {class} must be an object, received {other}"
                    ))),
                }
                .map_err(D::Error::custom)
            }
            other => Err(D::Error::custom(format!(
                "an initializer is a name or an object, received {other}"
            ))),
        }
    }
}
