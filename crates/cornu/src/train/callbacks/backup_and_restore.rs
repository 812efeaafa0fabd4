//! Going on with a training that was broken off.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Action, Callback, Event};
use crate::error::{Error, Kind, Result};
use crate::files::io_error;
use crate::model::Model;

/// Saves the model after each epoch into a folder; if the program ends early and is started again, `fit` goes on with the next epoch, to the
/// same weights as if nothing had happened.
///
/// When training ends by itself, the folder's files are deleted. The epochs before are not in the history of the second run;
/// [`CsvLogger::append`](super::CsvLogger::append) keeps them in a file.
///
/// # Errors
/// A folder that cannot be written; a saved model of other layers or of another optimizer.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let folder = std::env::temp_dir().join("cornu-doc-backup");
/// let data = (Tensor::zeros([8, 4]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().input([4]).add(Dense::new(1)).build()?;
/// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
/// model.fit(&data, Fit::epochs(3).full_batch().callback(BackupAndRestore::new(&folder)))?;
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same for whole epochs; a batch within an epoch is no place to go on from.
#[derive(Debug)]
pub struct BackupAndRestore {
    folder: PathBuf,
    delete_checkpoint: bool,
}

impl BackupAndRestore {
    /// Saves into this folder, which is made if it is not there.
    pub fn new(backup_dir: impl AsRef<Path>) -> Self {
        Self {
            folder: backup_dir.as_ref().to_owned(),
            delete_checkpoint: true,
        }
    }

    /// Whether the files are deleted when training ends by itself; they are, without this.
    pub fn delete_checkpoint(mut self, delete: bool) -> Self {
        self.delete_checkpoint = delete;
        self
    }

    /// The files there are, each with the number of epochs that are behind it, the last one last.
    fn saved(&self) -> Result<Vec<(usize, PathBuf)>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(io_error(&self.folder, "list the folder", &e)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry
                .map_err(|e| io_error(&self.folder, "list the folder", &e))?
                .path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let epochs = name
                .strip_prefix("after-epoch-")
                .and_then(|n| n.strip_suffix(".cornu")?.parse().ok());
            found.extend(epochs.map(|n| (n, path.clone())));
        }
        found.sort();
        Ok(found)
    }
}

/// Deletes files.
fn delete(saved: &[(usize, PathBuf)]) -> Result<()> {
    for (_, path) in saved {
        fs::remove_file(path).map_err(|e| io_error(path, "delete the file", &e))?;
    }
    Ok(())
}

impl Callback for BackupAndRestore {
    fn first_epoch(&mut self, model: &mut Model) -> Result<Option<usize>> {
        let Some((epochs, path)) = self.saved()?.pop() else {
            return Ok(None);
        };
        if model.load_weights(&path)? {
            return Ok(Some(epochs));
        }
        Err(Error::new(
            Kind::Config,
            "the training that was broken off had another optimizer",
        )
        .at(path.display().to_string())
        .help("compile the model as it was, or delete the folder to begin anew"))
    }

    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::EpochEnd { epoch, .. } => {
                fs::create_dir_all(&self.folder)
                    .map_err(|e| io_error(&self.folder, "make the folder", &e))?;
                let earlier = self.saved()?;
                let name = format!("after-epoch-{}.cornu", epoch + 1);
                let path = self.folder.join(name);
                model.save(&path)?;
                // The file before it goes only when this one is whole.
                let earlier: Vec<_> = earlier.into_iter().filter(|(_, p)| *p != path).collect();
                delete(&earlier)?;
            }
            Event::TrainEnd if self.delete_checkpoint => {
                delete(&self.saved()?)?;
                // A folder that holds something else stays.
                let _ = fs::remove_dir(&self.folder);
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}
