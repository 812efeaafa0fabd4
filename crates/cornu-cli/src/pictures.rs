//! Finds and loads the pictures a command is to work on.

use std::path::Path;

use cornu_data::{Dataset, Options, registry};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Result;
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

/// Loads the data set, cut to the wanted sizes.
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
            ..Options::default()
        };
        registry::load(wanted.name, &options).map(|data| {
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
