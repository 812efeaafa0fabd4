//! `cornu train`: from a recipe to a run folder with the model, its curves and a report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::Local;
use cornu::train::Precision;
use cornu_data::{Dataset, registry};
use serde_json::json;

use crate::args::Train;
use crate::augment;
use crate::commands::outline;
use crate::engine::{Network, Outline};
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::outcome::Outcome;
use crate::pictures::{self, Wanted};
use crate::progress::{numbers, size};
use crate::recipe::Recipe;
use crate::report::html::thousands;
use crate::run_folder::{self, MODEL, RunFolder};
use crate::screen::Screen;
use crate::settings::Settings;
use crate::watch::Watch;

pub(crate) fn run(args: &Train, screen: Screen) -> Result<()> {
    let began = Instant::now();
    let started = Local::now();
    run_folder::refuse_existing(args.out.as_deref())?;
    let recipe = match &args.recipe {
        Some(path) => Recipe::read(path)?,
        None => Recipe::default(),
    };
    let mut settings = Settings::resolve(recipe, args);
    // The table of data sets tells the pictures' shape, so that every mistake in names and shapes is told before any is read.
    let info = registry::info(&settings.data)?;
    let layers = settings
        .layers
        .get_or_insert_with(|| Settings::default_layers(info.classes));
    layers.splice(0..0, augment::layers(&args.augment, &info.shape));
    let mut network = Network::build(&info.shape, layers, settings.seed)?;
    network.compile(&settings)?;
    if network.precision() != settings.precision {
        screen.warn(fallback(settings.precision, network.precision()));
    }
    let outline = network.outline(settings.batch_size)?;
    let data = pictures::load(
        Wanted {
            name: &settings.data,
            dir: settings.data_dir.as_deref(),
            train: settings.train_limit,
            test: settings.test_limit,
        },
        screen,
    )?;
    network.set_classes(data.class_names());
    tell_plan(&outline, &data, &settings, screen);

    let now = started.format("%Y-%m-%d-%H%M%S").to_string();
    let folder = RunFolder::create(args.out.as_deref(), &data.name, &now)?;
    let written = heading(&settings).and_then(|text| folder.write("settings.toml", text));
    if let Err(failure) = written {
        folder.discard(&[]);
        return Err(failure);
    }
    interrupt::install(
        screen,
        "stopping after this step, then saving; press Ctrl-C again to quit without",
    )?;

    let mut watch = Watch::new(screen, &folder, &settings);
    let fitted = network.fit(&data, &settings, folder.path(), &mut watch);
    watch.end();
    if let Err(failure) = fitted {
        if watch.steps == 0 {
            // Nothing was learned, so that nothing is worth keeping.
            folder.discard(&["settings.toml"]);
            return Err(failure);
        }
        return Err(keep_what_there_is(failure, &network, &folder, &watch));
    }
    // The model first: whatever fails after it costs only pictures.
    let saved = save(&network, &folder, &watch, screen)?;
    let notes = notes(&watch, &settings, &data, network.precision());
    for note in &notes {
        screen.say(note);
    }
    let outcome = Outcome::measure(&mut network, &data, &settings, &watch, started, notes)?;
    outcome.write(&folder)?;
    tell_end(&outcome, &saved, &folder, began, screen);
    Ok(())
}

/// What is about to happen, before it does.
fn tell_plan(outline: &Outline, data: &Dataset, settings: &Settings, screen: Screen) {
    screen.say(outline::text(outline));
    let steps = data.train.len().div_ceil(settings.batch_size);
    let steps = settings.steps_per_epoch.map_or(steps, |s| s.min(steps));
    screen.say(format_args!(
        "\n{}: {} training and {} test images of {} classes; {} epochs of {steps} steps of {} images\n",
        data.name,
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64),
        data.class_names().len(),
        settings.epochs,
        settings.batch_size,
    ));
    screen.event(|| {
        json!({
            "event": "plan", "data": data.name, "train": data.train.len(), "test": data.test.len(),
            "epochs": settings.epochs, "steps": steps, "batch_size": settings.batch_size,
            "model": outline::value(outline),
        })
    });
}

fn heading(settings: &Settings) -> Result<String> {
    Ok(format!(
        "# The settings of this run. `cornu train settings.toml` repeats it.\n# Cornu {}\n\n{}",
        env!("CARGO_PKG_VERSION"),
        settings.to_toml()?
    ))
}

/// What is said where the machine lacks what was asked for.
fn fallback(wanted: Precision, here: Precision) -> String {
    format!("This processor has no instructions for {wanted}: training in {here}.")
}

/// What a reader must know before trusting the numbers.
fn notes(
    watch: &Watch<'_>,
    settings: &Settings,
    data: &Dataset,
    precision: Precision,
) -> Vec<String> {
    let mut notes = Vec::new();
    if precision != settings.precision {
        notes.push(fallback(settings.precision, precision));
    } else if precision != Precision::F32 {
        notes.push(format!("Products were computed in {precision}."));
    }
    let epochs = watch.history.rows.len();
    if let Some(epoch) = watch.interrupted {
        notes.push(format!(
            "Stopped on request in epoch {epoch} of {}, after {} steps.",
            settings.epochs, watch.steps
        ));
    } else if epochs < settings.epochs {
        notes.push(format!(
            "Stopped early after epoch {epochs} of {}, because {} did not get better.",
            settings.epochs,
            settings
                .early_stopping
                .as_ref()
                .map_or("it", |s| &s.monitor)
        ));
    }
    if settings
        .early_stopping
        .as_ref()
        .is_some_and(|s| s.restore_best_weights)
        && epochs > 0
    {
        notes.push("The weights are those of the best epoch.".into());
    }
    if settings.train_limit.is_some() || settings.test_limit.is_some() {
        notes.push(format!(
            "Only the first {} training and {} test images were used.",
            thousands(data.train.len() as u64),
            thousands(data.test.len() as u64)
        ));
    }
    if let Some(steps) = settings.steps_per_epoch {
        notes.push(format!("Each epoch was ended after {steps} steps."));
    }
    notes
}

/// Saves the trained model; where the run folder cannot take it, somewhere else, because training it again costs more.
fn save(
    network: &Network,
    folder: &RunFolder,
    watch: &Watch<'_>,
    screen: Screen,
) -> Result<PathBuf> {
    let path = folder.file(MODEL);
    let result = network
        .save(&path)
        .and_then(|()| folder.write("history.csv", watch.history.csv()));
    let Err(failure) = result else {
        return Ok(path);
    };
    let name = folder.path().file_name().unwrap_or_default();
    let rescue = std::env::temp_dir().join(format!(
        "cornu-{}-{}.cornu",
        name.to_string_lossy(),
        std::process::id()
    ));
    if network.save(&rescue).is_ok() {
        screen.warn(format_args!(
            "the model was saved to {} instead",
            rescue.display()
        ));
        return Err(failure.help(format!(
            "the trained model is safe in {}; free some space and move it",
            rescue.display()
        )));
    }
    Err(failure)
}

/// Training failed after some steps: what was learned until then is kept and its place told.
fn keep_what_there_is(
    failure: Failure,
    network: &Network,
    folder: &RunFolder,
    watch: &Watch<'_>,
) -> Failure {
    let model: &Path = &folder.file(MODEL);
    let kept = network
        .save(model)
        .and_then(|()| folder.write("history.csv", watch.history.csv()));
    let epochs = watch.history.rows.len();
    let place = match kept {
        Ok(()) => format!(
            "the weights before the failing step and the history of {epochs} finished epochs are in {}",
            folder.path().display()
        ),
        Err(other) => format!("what was learned could not be saved: {}", other.message),
    };
    let help = match &failure.help {
        Some(help) => format!("{help}\n{place}"),
        None => place,
    };
    failure.help(help)
}

fn tell_end(outcome: &Outcome, saved: &Path, folder: &RunFolder, began: Instant, screen: Screen) {
    let report = folder.file("report.html");
    screen.result(
        format_args!(
            "\ntest  {}\nmodel   {}\nreport  {}",
            outcome.scores_text(),
            saved.display(),
            report.display()
        ),
        || {
            json!({
                "event": "done", "run": folder.path(), "model": saved, "report": report,
                "test": numbers(&outcome.scores), "epochs": outcome.report.history.rows.len(),
                "notes": outcome.report.notes, "seconds": began.elapsed().as_secs_f64(),
                "images_per_second": outcome.rate, "peak_memory_bytes": outcome.peak_bytes,
            })
        },
    );
    if let Some(bytes) = outcome.peak_bytes {
        screen.say(format_args!("memory  {} at most", size(bytes)));
    }
}
