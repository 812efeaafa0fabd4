//! A run folder holds all a run leaves, is never written over, and is made before the first step so that a bad place is told at once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cornu::files::write_atomically;

use crate::failure::{Failure, Result};

/// The model's file in a run folder.
pub(crate) const MODEL: &str = "model.cornu";

/// The folder of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The folder at `out`, which must not exist; else `runs/DATE-TIME-DATA` with a number where two begin in one second.
    pub(crate) fn create(out: Option<&Path>, data: &str, now: &str) -> Result<Self> {
        if let Some(out) = out {
            if let Some(parent) = out.parent() {
                fs::create_dir_all(parent).map_err(|e| Failure::write(parent, &e))?;
            }
            return match fs::create_dir(out) {
                Ok(()) => Ok(Self {
                    path: out.to_path_buf(),
                }),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(taken(out)),
                Err(e) => Err(Failure::write(out, &e)),
            };
        }
        let runs = Path::new("runs");
        fs::create_dir_all(runs).map_err(|e| Failure::write(runs, &e))?;
        for attempt in 1..1000 {
            let name = if attempt == 1 {
                format!("{now}-{}", plain(data))
            } else {
                format!("{now}-{}-{attempt}", plain(data))
            };
            let path = runs.join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Failure::write(&path, &e)),
            }
        }
        Err(Failure::other("a thousand runs began in this second").help("name one with --out DIR"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        Ok(write_atomically(&self.file(name), bytes.as_ref())?)
    }

    /// Takes the folder away again where the run never began: only the files named, and the folder only if nothing else is in it.
    pub(crate) fn discard(self, files: &[&str]) {
        for name in files {
            // What cannot be removed stays: the failure that led here is the one to tell.
            let _ = fs::remove_file(self.file(name));
        }
        let _ = fs::remove_dir(&self.path);
    }
}

/// Refuses a run folder that exists, before any work is done for it.
pub(crate) fn refuse_existing(out: Option<&Path>) -> Result<()> {
    match out {
        Some(out) if out.symlink_metadata().is_ok() => Err(taken(out)),
        _ => Ok(()),
    }
}

fn taken(out: &Path) -> Failure {
    let next = (2..1000)
        .map(|i| format!("{}-{i}", out.display()))
        .find(|name| !Path::new(name).exists())
        .unwrap_or_default();
    Failure::user("the run folder exists already, and a run never writes over another")
        .at(out.display())
        .help(format!("choose another name, such as --out {next}"))
}

/// A name that is one plain part of a path on every system.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(40)
        .collect();
    if name.is_empty() { "data".into() } else { name }
}

/// The model file that `path` means: itself, or the one in a run folder.
pub(crate) fn model_file(path: &Path) -> Result<PathBuf> {
    let kind = fs::metadata(path).map_err(|e| Failure::read(path, &e))?;
    if !kind.is_dir() {
        return Ok(path.to_path_buf());
    }
    let inside = path.join(MODEL);
    if inside.is_file() {
        return Ok(inside);
    }
    Err(Failure::user(format!(
        "expected a model file or a run folder with {MODEL}, received a folder without"
    ))
    .at(path.display())
    .help("name the model file itself; `cornu train` leaves one in its run folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cornu-run-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn an_existing_folder_is_refused_with_a_free_name() {
        let base = folder("taken");
        let out = base.join("a/b");
        let run = RunFolder::create(Some(&out), "shapes", "now").unwrap();
        run.write("history.csv", "epoch\n").unwrap();
        let failure = RunFolder::create(Some(&out), "shapes", "now").unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(
            failure
                .help
                .unwrap()
                .ends_with(&format!("--out {}-2", out.display()))
        );
        assert!(refuse_existing(Some(&out)).is_err());
        assert_eq!(
            fs::read_to_string(out.join("history.csv")).unwrap(),
            "epoch\n"
        );
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_folder_without_a_model_is_told() {
        let base = folder("empty");
        assert!(model_file(&base).unwrap_err().message.contains("without"));
        fs::write(base.join(MODEL), b"").unwrap();
        assert_eq!(model_file(&base).unwrap(), base.join(MODEL));
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn data_names_cannot_leave_the_folder() {
        assert_eq!(plain("../../etc"), "------etc");
        assert_eq!(plain(""), "data");
    }
}
