//! A file is written under a temporary name, synced, and renamed: a reader sees all of it or none of it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{DataError, Result};

/// Makes or replaces the file at `path` with what `fill` writes; folders on the way are made.
///
/// # Errors
/// Where a folder or the file cannot be written, or `fill` fails; what stood at `path` before then still stands.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(DataError::cannot("make the folder of", path))?;
    }
    let temporary = Temporary(beside(path));
    let file = File::create_new(&temporary.0).map_err(DataError::cannot("write", path))?;
    let mut buffered = BufWriter::with_capacity(1 << 16, file);
    fill(&mut buffered)?;
    let finish = |buffered: BufWriter<File>| buffered.into_inner()?.sync_all();
    finish(buffered).map_err(DataError::cannot("write", path))?;
    fs::rename(&temporary.0, path).map_err(DataError::cannot("rename", path))
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
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.bin");
        write(&path, |out| {
            out.write_all(b"old")
                .map_err(DataError::cannot("write", &path))
        })
        .unwrap();
        let failed = write(&path, |out| {
            out.write_all(b"new").unwrap();
            Err(DataError::config("no"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }
}
