//! The numbers of every epoch in a table file.

use std::path::{Path, PathBuf};

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::files::write_atomically;
use crate::model::Model;

/// Writes one line an epoch, with a header, readable by any table program. The file is whole at every moment.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let log = CsvLogger::new("history.csv");
/// # let _ = log;
/// ```
#[derive(Debug)]
pub struct CsvLogger {
    path: PathBuf,
    text: String,
}

impl CsvLogger {
    /// Writes to this path.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            text: String::new(),
        }
    }
}

impl Callback for CsvLogger {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> Result<Action> {
        if let Event::EpochEnd { epoch, logs } = event {
            if self.text.is_empty() {
                self.text = format!("epoch,{}\n", logs.names().join(","));
            }
            let values: Vec<String> = logs.iter().map(|(_, v)| v.to_string()).collect();
            self.text
                .extend([&epoch.to_string(), ",", &values.join(","), "\n"]);
            write_atomically(&self.path, self.text.as_bytes())?;
        }
        Ok(Action::Continue)
    }
}
