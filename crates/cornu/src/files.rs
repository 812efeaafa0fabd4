//! Files that are either there whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// An error of the operating system about a file.
pub(crate) fn io_error(path: &Path, what: &str, e: &std::io::Error) -> Error {
    let said = e.to_string();
    // Without the system's number, as in "(os error 2)".
    let said = said.split(" (os error").next().unwrap_or(&said);
    let error =
        Error::new(Kind::Io, format!("cannot {what}: {said}")).at(path.display().to_string());
    match e.kind() {
        std::io::ErrorKind::StorageFull => {
            error.help("the disk is full; nothing that was there before was changed")
        }
        std::io::ErrorKind::NotFound => {
            error.help("check the path; relative paths begin in the present folder")
        }
        std::io::ErrorKind::PermissionDenied => {
            error.help("this user may not use that file or folder")
        }
        _ => error,
    }
}

/// Writes a file under a temporary name beside it, waits until it is on the disk, and renames it.
///
/// # Errors
/// [`Kind::Io`]; the former file, if any, is then still there as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_name(path);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&temporary, path));
    renamed.map_err(|e| {
        // The temporary file is worth nothing; that it could not be written is what is told.
        let _ = fs::remove_file(&temporary);
        io_error(path, "write the file", &e)
    })
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
