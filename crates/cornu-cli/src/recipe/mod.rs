//! A recipe names what to train: data, network, loss, optimizer, metrics, epochs; every field may be left out.

mod fields;

use std::path::{Path, PathBuf};

use cornu::train::Precision;
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::{Failure, Result};
pub(crate) use fields::Source;
use fields::{Fields, object};

/// A thing of the framework, by name, with its settings: a layer, an optimizer, a loss, a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) config: Map<String, Value>,
    /// Where the recipe names it, such as `recipe.toml:12`.
    pub(crate) place: Option<String>,
}

impl Named {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_string(),
            ..Self::default()
        }
    }

    /// The failure with the place in the recipe, which tells a reader more than the framework's.
    pub(crate) fn locate(&self, failure: impl Into<Failure>) -> Failure {
        let mut failure = failure.into();
        if let Some(place) = &self.place {
            failure.at = Some(match failure.at.take() {
                Some(inner) => format!("{place}, {inner}"),
                None => place.clone(),
            });
        }
        failure
    }
}

/// Stops when a value no longer gets better.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EarlyStopping {
    pub(crate) monitor: String,
    pub(crate) patience: usize,
    pub(crate) min_delta: f64,
    pub(crate) restore_best_weights: bool,
}

/// Saves the model after each epoch, or after each that is the best so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checkpoint {
    pub(crate) monitor: String,
    pub(crate) save_best_only: bool,
}

/// What a recipe says; nothing where it is silent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Recipe {
    pub(crate) epochs: Option<usize>,
    pub(crate) batch_size: Option<usize>,
    pub(crate) steps_per_epoch: Option<usize>,
    pub(crate) seed: Option<u32>,
    pub(crate) precision: Option<Precision>,
    pub(crate) loss: Option<Named>,
    pub(crate) optimizer: Option<Named>,
    pub(crate) metrics: Option<Vec<Named>>,
    pub(crate) data: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) train_limit: Option<usize>,
    pub(crate) test_limit: Option<usize>,
    pub(crate) layers: Option<Vec<Named>>,
    pub(crate) early_stopping: Option<EarlyStopping>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// A recipe is written by hand; anything larger is something else.
const LARGEST: u64 = 4 << 20;

impl Recipe {
    /// Reads a recipe from a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let size = std::fs::metadata(path)
            .map_err(|e| Failure::read(path, &e))?
            .len();
        if size > LARGEST {
            return Err(Failure::user(format!(
                "expected a recipe of at most {LARGEST} bytes, received {size}"
            ))
            .at(path.display())
            .help("a recipe is a TOML text; to look at a model, use `cornu summary`"));
        }
        let bytes = std::fs::read(path).map_err(|e| Failure::read(path, &e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            Failure::user("the recipe is not UTF-8 text")
                .at(format!(
                    "{}, byte {}",
                    path.display(),
                    e.utf8_error().valid_up_to()
                ))
                .help("a recipe is a TOML file; see `cornu train --help`")
        })?;
        Self::parse(&Source {
            name: path.display().to_string(),
            text,
        })
    }

    /// Reads a recipe from its text.
    pub(crate) fn parse(source: &Source) -> Result<Self> {
        let parsed = DeTable::parse(&source.text).map_err(|e| {
            let byte = e.span().map_or(0, |span| span.start);
            source
                .failure(byte, format!("the recipe is not TOML: {}", e.message()))
                .help("see `cornu train --help` for an example")
        })?;
        let top = Fields::new(
            source,
            "the recipe",
            parsed.get_ref(),
            0,
            &[
                "epochs",
                "batch_size",
                "steps_per_epoch",
                "seed",
                "precision",
                "loss",
                "optimizer",
                "metrics",
                "data",
                "model",
                "callbacks",
            ],
        )?;
        let mut recipe = Self {
            epochs: top.count("epochs")?,
            batch_size: top.count("batch_size")?,
            steps_per_epoch: top.count("steps_per_epoch")?,
            seed: top.whole("seed")?,
            precision: top.read("precision", "\"f32\" or \"bf16\"", |v| {
                Precision::from_name(v.as_str()?).ok()
            })?,
            loss: one(source, &top, "loss")?,
            optimizer: one(source, &top, "optimizer")?,
            metrics: top
                .list("metrics", "a list of names")?
                .map(|list| {
                    list.into_iter()
                        .map(|item| named(source, item, "metric", "name"))
                        .collect()
                })
                .transpose()?,
            ..Self::default()
        };
        recipe.read_data(&top)?;
        recipe.read_model(source, &top)?;
        recipe.read_callbacks(&top)?;
        Ok(recipe)
    }

    fn read_data(&mut self, top: &Fields<'_>) -> Result<()> {
        if top.get("data").is_some_and(|v| v.get_ref().is_str()) {
            self.data = top.text("data")?;
            return Ok(());
        }
        let known = ["name", "dir", "train_limit", "test_limit"];
        let Some(data) = top.table("data", "[data]", &known)? else {
            return Ok(());
        };
        self.data = data.text("name")?;
        self.data_dir = data.text("dir")?.map(PathBuf::from);
        self.train_limit = data.count("train_limit")?;
        self.test_limit = data.count("test_limit")?;
        Ok(())
    }

    fn read_model(&mut self, source: &Source, top: &Fields<'_>) -> Result<()> {
        let Some(model) = top.table("model", "[model]", &["layers"])? else {
            return Ok(());
        };
        let layers = model
            .list("layers", "a list of layers")?
            .ok_or_else(|| model.missing("layers"))?
            .into_iter()
            .map(|item| named(source, item, "layer", "layer"))
            .collect::<Result<Vec<_>>>()?;
        if layers.is_empty() {
            return Err(model
                .missing("layers")
                .help("name at least one layer, such as { layer = \"Dense\", units = 10 }"));
        }
        self.layers = Some(layers);
        Ok(())
    }

    fn read_callbacks(&mut self, top: &Fields<'_>) -> Result<()> {
        let known = ["early_stopping", "checkpoint"];
        let Some(callbacks) = top.table("callbacks", "[callbacks]", &known)? else {
            return Ok(());
        };
        let known = ["monitor", "patience", "min_delta", "restore_best_weights"];
        if let Some(f) = callbacks.table("early_stopping", "[callbacks.early_stopping]", &known)? {
            self.early_stopping = Some(EarlyStopping {
                monitor: f.text("monitor")?.unwrap_or_else(|| "val_loss".into()),
                patience: f.whole("patience")?.unwrap_or(0) as usize,
                min_delta: f.number("min_delta")?.unwrap_or(0.0).abs(),
                restore_best_weights: f.yes_no("restore_best_weights")?.unwrap_or(false),
            });
        }
        let known = ["monitor", "save_best_only"];
        if let Some(f) = callbacks.table("checkpoint", "[callbacks.checkpoint]", &known)? {
            self.checkpoint = Some(Checkpoint {
                monitor: f.text("monitor")?.unwrap_or_else(|| "val_loss".into()),
                save_best_only: f.yes_no("save_best_only")?.unwrap_or(false),
            });
        }
        Ok(())
    }
}

fn one(source: &Source, top: &Fields<'_>, field: &str) -> Result<Option<Named>> {
    top.get(field)
        .map(|item| named(source, item, field, "name"))
        .transpose()
}

/// `"adam"` or `{ name = "adam", learning_rate = 0.01 }`.
fn named(source: &Source, item: &Spanned<DeValue<'_>>, what: &str, key: &str) -> Result<Named> {
    let start = item.span().start;
    let place = Some(source.place(start));
    match item.get_ref() {
        DeValue::String(name) => Ok(Named {
            name: name.to_string(),
            config: Map::new(),
            place,
        }),
        DeValue::Table(table) => {
            let mut config = object(source, table)?;
            match config.shift_remove(key) {
                Some(Value::String(name)) => Ok(Named {
                    name,
                    config,
                    place,
                }),
                Some(other) => Err(source.failure(
                    start,
                    format!("`{key}` of a {what} must be a text, received {other}"),
                )),
                None => Err(source
                    .failure(start, format!("a {what} has no field `{key}`"))
                    .help(format!(
                        "name it: {{ {key} = \"{}\" }}",
                        if what == "layer" { "Dense" } else { "..." }
                    ))),
            }
        }
        _ => Err(source.failure(
            start,
            format!("a {what} must be a name or a table with `{key}`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recipe> {
        Recipe::parse(&Source {
            name: "recipe.toml".into(),
            text: text.into(),
        })
    }

    fn failure(text: &str) -> String {
        let failure = parse(text).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        failure.to_string()
    }

    #[test]
    fn reads_everything_a_recipe_can_say() {
        let recipe = parse(
            r#"
epochs = 3
batch_size = 0x40
steps_per_epoch = 7
seed = 1
loss = "sparse_categorical_crossentropy"
optimizer = { name = "adam", learning_rate = 1e-2 }
metrics = ["accuracy", { name = "top_k", k = 5 }]
data = { name = "cifar10", dir = "here", train_limit = 100, test_limit = 10 }

[callbacks]
early_stopping = { patience = 2, restore_best_weights = true }
checkpoint = { monitor = "val_accuracy", save_best_only = true }

[[model.layers]]
layer = "Conv2D"
filters = 32
kernel_size = [3, 3]

[[model.layers]]
layer = "Flatten"
"#,
        )
        .unwrap();
        assert_eq!((recipe.epochs, recipe.batch_size), (Some(3), Some(64)));
        let optimizer = recipe.optimizer.unwrap();
        assert_eq!(optimizer.name, "adam");
        assert_eq!(optimizer.config["learning_rate"], 0.01);
        assert_eq!(optimizer.place.as_deref(), Some("recipe.toml:7"));
        assert_eq!(recipe.metrics.unwrap()[1].config["k"], 5);
        let layers = recipe.layers.unwrap();
        assert_eq!(layers[0].name, "Conv2D");
        assert_eq!(
            Value::Object(layers[0].config.clone()).to_string(),
            r#"{"filters":32,"kernel_size":[3,3]}"#
        );
        assert_eq!(layers[1].place.as_deref(), Some("recipe.toml:20"));
        assert_eq!(recipe.early_stopping.unwrap().patience, 2);
        assert!(recipe.checkpoint.unwrap().save_best_only);
        assert_eq!(recipe.data_dir, Some(PathBuf::from("here")));
    }

    #[test]
    fn silence_is_allowed() {
        assert_eq!(parse("").unwrap(), Recipe::default());
        assert_eq!(parse("data = \"mnist\"").unwrap().data.unwrap(), "mnist");
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line_and_the_nearest_name() {
        assert_eq!(
            failure("epochs = 1\n[data]\ntrain_limits = 5"),
            "error: unknown field `train_limits` in [data]\n  at   recipe.toml:3\n  \
             help did you mean `train_limit`? known fields: name, dir, train_limit, test_limit"
        );
        assert!(failure("epoch = 1").contains("did you mean `epochs`?"));
        assert!(failure("[callbacks]\nearly_stop = {}").contains("did you mean `early_stopping`?"));
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_line() {
        assert_eq!(
            failure("seed = 1\nepochs = 0"),
            "error: `epochs` in the recipe must be a whole number of at least 1, received 0\n  at   recipe.toml:2"
        );
        assert!(failure("epochs = \"ten\"").contains("received \"ten\""));
        assert!(failure("seed = -1").contains("received -1"));
        assert!(failure("model = 3").contains("must be a table"));
        assert!(failure("[model]\nlayers = []").contains("at least one layer"));
        assert!(failure("[model]").contains("has no field `layers`"));
        assert!(failure("[model]\nlayers = [{units = 3}]").contains("has no field `layer`"));
        assert!(
            failure("optimizer = {name = \"sgd\", learning_rate = nan}").contains("not finite")
        );
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_line() {
        let text = failure("epochs = 3\nseed = = 4");
        assert!(
            text.contains("is not TOML") && text.contains("recipe.toml:2"),
            "{text}"
        );
    }

    #[test]
    fn no_text_makes_the_reader_panic() {
        let whole =
            "epochs = 3\nloss = \"mse\"\n[model]\nlayers = [{ layer = \"Dense\", units = 3 }]\n";
        for cut in 0..whole.len() {
            let _ = parse(&whole[..cut]);
            for other in ["\0", "é", "[", "=", "\"", "9999999999999999999999"] {
                let _ = parse(&format!("{}{other}{}", &whole[..cut], &whole[cut..]));
            }
        }
    }
}
