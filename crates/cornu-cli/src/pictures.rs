//! Finds and loads the pictures a command is to work on.

use std::path::Path;

use cornu_data::{Dataset, Options, Progress, registry};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::failure::Result;
use crate::progress::size as bytes;
use crate::screen::{Screen, Voice, is_terminal};

/// Which data set, from where, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) dir: Option<&'a Path>,
    /// At most so many training images; all where nothing is said.
    pub(crate) train: Option<usize>,
    pub(crate) test: Option<usize>,
}

/// Loads the data set, cut to the wanted sizes. What is not on this machine is fetched, unless it was to be in a certain folder.
pub(crate) fn load(wanted: Wanted<'_>, screen: Screen) -> Result<Dataset> {
    let info = registry::info(wanted.name)?;
    let (train, test) = (
        wanted.train.unwrap_or(usize::MAX),
        wanted.test.unwrap_or(usize::MAX),
    );
    let spinner = spinner(&format!("reading {}", info.name), screen);
    let result = if info.name == "shapes" {
        // Each picture is made from its own number, so that the first few need not wait for the rest.
        Ok(cornu_data::shapes_sized(
            0,
            train.min(info.train),
            test.min(info.test),
        ))
    } else {
        let options = Options {
            data_dir: wanted.dir.map(Path::to_path_buf),
            download: wanted.dir.is_none(),
            ..Options::default()
        };
        registry::load_with(wanted.name, &options, &mut fetching(&spinner, screen)).map(|data| {
            if train < data.train.len() || test < data.test.len() {
                data.take(train, test)
            } else {
                data
            }
        })
    };
    spinner.finish_and_clear();
    let data = result?;
    for warning in &data.warnings {
        screen.warn(warning);
    }
    Ok(data)
}

/// Tells how far a download is.
pub(crate) fn fetching(bar: &ProgressBar, screen: Screen) -> impl FnMut(&Progress) {
    let mut file = String::new();
    move |progress| {
        if file != progress.file {
            file.clone_from(&progress.file);
            screen.event(
                || json!({"event": "download", "file": progress.file, "bytes": progress.total}),
            );
        }
        bar.set_message(format!(
            "{}  {} of {}",
            progress.file,
            bytes(progress.received),
            bytes(progress.total)
        ));
    }
}

/// Something that moves while the user waits, on a terminal only.
pub(crate) fn spinner(text: &str, screen: Screen) -> ProgressBar {
    if screen.voice != Voice::Text || !is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        spinner.set_style(style);
    }
    spinner.set_message(text.to_string());
    spinner.enable_steady_tick(std::time::Duration::from_millis(120));
    spinner
}
