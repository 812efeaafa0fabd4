//! `cornu summary`: a network layer by layer, from a saved model, a recipe, or a published network by its name; without any the one that is
//! trained.

use std::path::Path;

use cornu_data::registry;
use serde_json::{Value, json};

use crate::args::Summary;
use crate::commands::outline;
use crate::engine::Network;
use crate::failure::{Failure, Result};
use crate::recipe::Recipe;
use crate::report::html::thousands;
use crate::run_folder::model_file;
use crate::screen::Screen;
use crate::settings::Settings;

pub(crate) fn run(args: &Summary, screen: Screen) -> Result<()> {
    let is_recipe = |path: &Path| path.extension().is_some_and(|e| e == "toml");
    if args.app.as_deref() == Some("list") {
        list(screen);
        return Ok(());
    }
    let name = args.model.as_deref().filter(|path| !path.exists());
    let name = name
        .and_then(Path::to_str)
        .filter(|n| Network::is_published(n));
    let network = match (args.app.as_deref().or(name), args.model.as_deref()) {
        (Some(name), _) => published(name, &args.with)?,
        (None, _) if !args.with.is_empty() => {
            return Err(
                Failure::user("--with is for the arguments of a published network")
                    .help("name one with --app; --app list names them all"),
            );
        }
        (None, Some(path)) if is_recipe(path) => from_recipe(Recipe::read(path)?)?,
        (None, Some(path)) => Network::load(&model_file(path)?)?,
        (None, None) => from_recipe(Recipe::default())?,
    };
    let mut outline = network.outline(args.batch_size)?;
    if args.expand_nested {
        outline.summary = network.expanded()?;
    }
    let plan = match args.plan {
        Some(what) => Some(network.plan(args.batch_size, what)?),
        None => None,
    };
    if let Some(path) = &args.plot {
        network.plot(path)?;
    }
    let text = match &plan {
        Some(plan) => format!("{}\n\n{plan}", outline::text(&outline)),
        None => outline::text(&outline),
    };
    screen.result(text.trim_end(), || {
        let mut value = outline::value(&outline);
        if let Some(plan) = &plan {
            value["plan"] = json!(plan);
        }
        value
    });
    Ok(())
}

/// The network a recipe describes; the table of data sets tells its pictures' shape, so that none need be loaded.
fn from_recipe(recipe: Recipe) -> Result<Network> {
    let settings = Settings::resolve(recipe, &crate::args::Train::default());
    let info = registry::info(&settings.data)?;
    let layers = match settings.layers.clone() {
        Some(layers) => layers,
        None => Settings::default_layers(info.classes),
    };
    let mut network = Network::build(&info.shape, &layers, settings.seed)?;
    network.compile(&settings)?;
    Ok(network)
}

/// The network that was published under this name, ready to be trained.
fn published(name: &str, with: &[(String, Value)]) -> Result<Network> {
    let mut network = Network::published(name, with.iter().cloned().collect())?;
    let settings = Settings::resolve(Recipe::default(), &crate::args::Train::default());
    network.compile(&settings)?;
    Ok(network)
}

/// The names of all published networks with the number of their weights.
fn list(screen: Screen) {
    let all: Vec<(&str, usize)> = cornu::applications::published().collect();
    let lines = all
        .iter()
        .map(|&(name, weights)| format!("{name:<24}{:>12}", thousands(weights as u64)));
    let text = lines.collect::<Vec<_>>().join("\n");
    screen.result(&text, || {
        let rows = all
            .iter()
            .map(|(name, weights)| json!({ "name": name, "weights": weights }));
        rows.collect()
    });
}
