//! The numbers of every epoch in a table file.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::files::{io_error, write_atomically};
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
    separator: char,
    append: bool,
}

impl CsvLogger {
    /// Writes to this path.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            text: String::new(),
            separator: ',',
            append: false,
        }
    }

    /// What stands between two numbers; a comma without this.
    pub fn separator(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// Whether lines are added to those of a file that is there, as for a training that goes on.
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }
}

impl Callback for CsvLogger {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { .. } if self.append && self.path.exists() => {
                let there = fs::read_to_string(&self.path);
                self.text = there.map_err(|e| io_error(&self.path, "read the table", &e))?;
            }
            Event::EpochEnd { epoch, logs } => {
                let separator = self.separator.to_string();
                if self.text.is_empty() {
                    let names = [&["epoch"], &logs.names()[..]].concat();
                    self.text = names.join(&separator) + "\n";
                }
                let values = logs.iter().map(|(_, v)| v.to_string());
                let line: Vec<String> = [epoch.to_string()].into_iter().chain(values).collect();
                self.text += &(line.join(&separator) + "\n");
                write_atomically(&self.path, self.text.as_bytes())?;
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}
