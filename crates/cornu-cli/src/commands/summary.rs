//! `cornu summary`: a network layer by layer, from a saved model, a recipe, or a published network by its name; without any the one that is trained.

use std::path::Path;

use cornu_data::registry;
use serde_json::json;

use crate::args::Summary;
use crate::commands::outline;
use crate::engine::Network;
use crate::failure::Result;
use crate::recipe::Recipe;
use crate::run_folder::model_file;
use crate::screen::Screen;
use crate::settings::Settings;

pub(crate) fn run(args: &Summary, screen: Screen) -> Result<()> {
    let is_recipe = |path: &Path| path.extension().is_some_and(|e| e == "toml");
    let network = match args.model.as_deref() {
        Some(path) => match published(path)? {
            Some(network) => network,
            None if is_recipe(path) => from_recipe(Recipe::read(path)?)?,
            None => Network::load(&model_file(path)?)?,
        },
        None => from_recipe(Recipe::default())?,
    };
    let outline = network.outline(args.batch_size)?;
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

/// The network that was published under this name, ready to be trained, unless a file is called so.
fn published(path: &Path) -> Result<Option<Network>> {
    let name = path.to_str().filter(|_| !path.exists());
    let Some(network) = name.and_then(Network::published) else {
        return Ok(None);
    };
    let mut network = network?;
    let settings = Settings::resolve(Recipe::default(), &crate::args::Train::default());
    network.compile(&settings)?;
    Ok(Some(network))
}
