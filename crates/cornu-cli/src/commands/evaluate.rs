//! `cornu evaluate`: the scores of a saved model on a data set's test images.

use serde_json::{Value, json};

use crate::args::Evaluate;
use crate::engine::Network;
use crate::failure::Result;
use crate::pictures::{self, Wanted};
use crate::progress::numbers;
use crate::recipe::Recipe;
use crate::report::curves::value_text;
use crate::run_folder::model_file;
use crate::screen::Screen;
use crate::settings::Settings;

pub(crate) fn run(args: &Evaluate, screen: Screen) -> Result<()> {
    let path = model_file(&args.model)?;
    let mut network = Network::load(&path)?;
    // A run folder knows what its model was trained on and for.
    let beside = path.with_file_name("settings.toml");
    let recipe = if beside.is_file() {
        Recipe::read(&beside)?
    } else {
        Recipe::default()
    };
    let train = crate::args::Train {
        data: args.data.clone(),
        batch_size: args.batch_size,
        ..Default::default()
    };
    let mut settings = Settings::resolve(recipe, &train);
    settings.test_limit = args.data.test_limit;
    if !network.is_compiled() {
        network.compile(&settings)?;
    }
    let data = pictures::load(
        Wanted {
            name: &settings.data,
            dir: settings.data_dir.as_deref(),
            // None is trained on, but one must be there to know the classes by.
            train: Some(1),
            test: settings.test_limit,
        },
        screen,
    )?;
    let scores = network.evaluate(&data.test, settings.batch_size)?;
    let text: Vec<String> = scores
        .iter()
        .map(|(name, value)| format!("{name} {}", value_text(*value)))
        .collect();
    screen.result(
        format_args!(
            "{}  {} test images of {}",
            text.join("  "),
            data.test.len(),
            data.name
        ),
        || -> Value {
            json!({"data": data.name, "samples": data.test.len(), "values": numbers(&scores)})
        },
    );
    Ok(())
}
