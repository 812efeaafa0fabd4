//! A file is written under a temporary name, synced, and renamed: a reader sees all of it or none of it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{DataError, Result};

/// Makes or replaces the file at `path` with `bytes`; folders on the way are made.
///
/// # Errors
/// Where a folder or the file cannot be written; what stood at `path` before then still stands.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(DataError::cannot("make the folder", folder))?;
    }
    let temporary = Temporary(beside(path));
    let write = || {
        let mut file = File::create_new(&temporary.0)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary.0, path)
    };
    write().map_err(DataError::cannot("write", path))
}

/// A name in the same folder that no other writer uses.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(
        ".{}-{}.tmp",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    path.with_file_name(name)
}

/// Takes the file away again where it was not renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing here; before it, the failure that ends the write is the one to report.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_all_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.bin");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A folder in the place of the file lets everything succeed but the last step.
        let taken = folder.path().join("a/taken");
        fs::create_dir_all(taken.join("inner")).unwrap();
        assert!(
            write(&taken, b"new")
                .unwrap_err()
                .place()
                .unwrap()
                .ends_with("taken")
        );
        assert_eq!(
            fs::read_dir(folder.path().join("a")).unwrap().count(),
            2,
            "no temporary file stays"
        );
    }
}
