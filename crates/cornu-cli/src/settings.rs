//! The settings of a run: what the command line says, else the recipe, else the defaults; written out they are a recipe again.

use std::fmt::Write;
use std::path::PathBuf;

use cornu::train::Precision;
use serde_json::{Map, Value, json};

use crate::args::Train;
use crate::failure::{Failure, Result};
use crate::recipe::{Checkpoint, EarlyStopping, Named, Recipe};

/// Everything that decides what a run does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) data: String,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) train_limit: Option<usize>,
    pub(crate) test_limit: Option<usize>,
    /// The layers of the network, or nothing for the network that suits the pictures.
    pub(crate) layers: Option<Vec<Named>>,
    pub(crate) loss: Named,
    pub(crate) optimizer: Named,
    pub(crate) metrics: Vec<Named>,
    pub(crate) epochs: usize,
    pub(crate) batch_size: usize,
    pub(crate) steps_per_epoch: Option<usize>,
    pub(crate) seed: u32,
    pub(crate) precision: Precision,
    pub(crate) early_stopping: Option<EarlyStopping>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl Settings {
    /// The command line wins over the recipe, the recipe over the defaults.
    pub(crate) fn resolve(recipe: Recipe, args: &Train) -> Self {
        let mut optimizer = match (&args.optimizer, recipe.optimizer) {
            (Some(name), Some(written)) if *name == written.name => written,
            (Some(name), _) => Named::new(name),
            (None, Some(written)) => written,
            (None, None) => Named::new("adam"),
        };
        if let Some(rate) = args.learning_rate {
            optimizer.config.insert("learning_rate".into(), json!(rate));
        }
        let loss = match (&args.loss, recipe.loss) {
            (Some(name), _) => Named::new(name),
            (None, written) => {
                written.unwrap_or_else(|| Named::new("sparse_categorical_crossentropy"))
            }
        };
        Self {
            data: args
                .data
                .data
                .clone()
                .or(recipe.data)
                .unwrap_or_else(|| "shapes".into()),
            data_dir: args.data.data_dir.clone().or(recipe.data_dir),
            train_limit: args.train_limit.or(recipe.train_limit),
            test_limit: args.data.test_limit.or(recipe.test_limit),
            layers: recipe.layers,
            loss,
            optimizer,
            metrics: recipe
                .metrics
                .unwrap_or_else(|| vec![Named::new("accuracy")]),
            epochs: args.epochs.or(recipe.epochs).unwrap_or(10),
            batch_size: args.batch_size.or(recipe.batch_size).unwrap_or(128),
            steps_per_epoch: args.steps_per_epoch.or(recipe.steps_per_epoch),
            seed: args.seed.or(recipe.seed).unwrap_or(0),
            precision: args.precision.or(recipe.precision).unwrap_or_default(),
            early_stopping: recipe.early_stopping,
            checkpoint: recipe.checkpoint,
        }
    }

    /// The network for pictures where no other is named: the one of Keras's first CIFAR-10 tutorials, with dropout.
    pub(crate) fn default_layers(classes: usize) -> Vec<Named> {
        let layer = |name: &str, config: Value| Named {
            name: name.into(),
            config: match config {
                Value::Object(map) => map,
                _ => Map::new(),
            },
            place: None,
        };
        vec![
            layer(
                "Conv2D",
                json!({"filters": 32, "kernel_size": 3, "activation": "relu"}),
            ),
            layer("MaxPooling2D", json!({"pool_size": 2})),
            layer("Dropout", json!({"rate": 0.25})),
            layer(
                "Conv2D",
                json!({"filters": 64, "kernel_size": 3, "activation": "relu"}),
            ),
            layer("MaxPooling2D", json!({"pool_size": 2})),
            layer("Dropout", json!({"rate": 0.25})),
            layer("Flatten", json!({})),
            layer("Dense", json!({"units": 64, "activation": "relu"})),
            layer("Dropout", json!({"rate": 0.5})),
            layer("Dense", json!({"units": classes, "activation": "softmax"})),
        ]
    }

    /// A recipe that repeats the run.
    pub(crate) fn to_toml(&self) -> Result<String> {
        let mut out = String::new();
        let mut field = |name: &str, value: String| {
            let _ = writeln!(out, "{name} = {value}");
        };
        field("epochs", self.epochs.to_string());
        field("batch_size", self.batch_size.to_string());
        if let Some(steps) = self.steps_per_epoch {
            field("steps_per_epoch", steps.to_string());
        }
        field("seed", self.seed.to_string());
        if self.precision != Precision::F32 {
            field("precision", text(self.precision.name()));
        }
        field("loss", inline(&self.loss, "name")?);
        field("optimizer", inline(&self.optimizer, "name")?);
        let metrics = self
            .metrics
            .iter()
            .map(|m| inline(m, "name"))
            .collect::<Result<Vec<_>>>()?;
        field("metrics", format!("[{}]", metrics.join(", ")));
        out.push_str("\n[data]\n");
        let _ = writeln!(out, "name = {}", text(&self.data));
        if let Some(dir) = &self.data_dir {
            // The recipe may be read from elsewhere, where a relative path would mean another folder.
            let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
            let _ = writeln!(out, "dir = {}", text(&dir.to_string_lossy()));
        }
        for (name, limit) in [
            ("train_limit", self.train_limit),
            ("test_limit", self.test_limit),
        ] {
            if let Some(limit) = limit {
                let _ = writeln!(out, "{name} = {limit}");
            }
        }
        if let Some(layers) = &self.layers {
            out.push_str("\n[model]\nlayers = [\n");
            for layer in layers {
                let _ = writeln!(out, "  {},", table(layer, "layer")?);
            }
            out.push_str("]\n");
        }
        if let Some(stop) = &self.early_stopping {
            let _ = write!(
                out,
                "\n[callbacks.early_stopping]\nmonitor = {}\npatience = {}\nmin_delta = {}\nrestore_best_weights = {}\n",
                text(&stop.monitor),
                stop.patience,
                toml_value(&json!(stop.min_delta))?,
                stop.restore_best_weights
            );
        }
        if let Some(checkpoint) = &self.checkpoint {
            let _ = write!(
                out,
                "\n[callbacks.checkpoint]\nmonitor = {}\nsave_best_only = {}\n",
                text(&checkpoint.monitor),
                checkpoint.save_best_only
            );
        }
        Ok(out)
    }
}

/// A name alone where there are no settings, a table otherwise.
fn inline(named: &Named, key: &str) -> Result<String> {
    if named.config.is_empty() {
        Ok(text(&named.name))
    } else {
        table(named, key)
    }
}

/// A table on one line, the name first.
fn table(named: &Named, key: &str) -> Result<String> {
    let mut out = format!("{{ {key} = {}", text(&named.name));
    for (name, value) in &named.config {
        let _ = write!(out, ", {} = {}", bare(name), toml_value(value)?);
    }
    out.push_str(" }");
    Ok(out)
}

fn toml_value(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Null => {
            return Err(Failure::other(
                "a setting without a value cannot be written to a recipe",
            ));
        }
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => text(string),
        Value::Array(list) => {
            let items = list.iter().map(toml_value).collect::<Result<Vec<_>>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let items = map
                .iter()
                .map(|(k, v)| Ok(format!("{} = {}", bare(k), toml_value(v)?)))
                .collect::<Result<Vec<_>>>()?;
            format!("{{ {} }}", items.join(", "))
        }
    })
}

/// A key without quotes where TOML allows it.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) {
        key.to_string()
    } else {
        text(key)
    }
}

/// A TOML string with everything escaped that must be.
fn text(string: &str) -> String {
    toml::Value::String(string.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Command, Cornu};
    use crate::recipe::Source;
    use clap::Parser;

    fn resolve(recipe: &str, options: &[&str]) -> Settings {
        let source = Source {
            name: "r.toml".into(),
            text: recipe.into(),
        };
        let line = ["cornu", "train"].iter().chain(options);
        let Command::Train(args) = Cornu::try_parse_from(line).unwrap().command else {
            panic!("not train")
        };
        Settings::resolve(Recipe::parse(&source).unwrap(), &args)
    }

    #[test]
    fn the_defaults_are_the_tutorials() {
        let settings = resolve("", &[]);
        assert_eq!(
            (settings.epochs, settings.batch_size, settings.seed),
            (10, 128, 0)
        );
        assert_eq!(settings.data, "shapes");
        assert_eq!(settings.optimizer, Named::new("adam"));
        assert_eq!(Settings::default_layers(10).len(), 10);
    }

    #[test]
    fn the_command_line_wins() {
        let recipe = "epochs = 5\noptimizer = { name = \"sgd\", momentum = 0.9 }\ndata = \"mnist\"";
        let settings = resolve(recipe, &["--epochs", "2", "--learning-rate", "0.1"]);
        assert_eq!(settings.epochs, 2);
        assert_eq!(settings.data, "mnist");
        assert_eq!(
            settings.optimizer.config["momentum"], 0.9,
            "the recipe's settings of the same optimizer stay"
        );
        assert_eq!(settings.optimizer.config["learning_rate"], 0.1);
        let settings = resolve(recipe, &["--optimizer", "adam"]);
        assert_eq!(settings.optimizer, Named::new("adam"));
    }

    #[test]
    fn written_out_they_are_the_same_recipe() {
        let recipe = r#"
            epochs = 3
            seed = 9
            precision = "bf16"
            steps_per_epoch = 4
            optimizer = { name = "sgd", learning_rate = 0.01, nested = { "odd key" = [1, 2.5, true] } }
            metrics = ["accuracy"]
            data = { name = "we\"ird\\\n", train_limit = 10 }
            callbacks = { early_stopping = { patience = 2 }, checkpoint = {} }
            [model]
            layers = [{ layer = "Flatten" }, { layer = "Dense", units = 3, activation = "softmax" }]
        "#;
        let first = resolve(recipe, &[]);
        let text = first.to_toml().unwrap();
        let mut second = resolve(&text, &[]);
        let strip = |s: &mut Settings| {
            let named = s.layers.iter_mut().flatten().chain(&mut s.metrics);
            for n in named.chain([&mut s.loss, &mut s.optimizer]) {
                n.place = None;
            }
        };
        let mut first = first;
        strip(&mut first);
        strip(&mut second);
        assert_eq!(first, second, "{text}");
    }
}
