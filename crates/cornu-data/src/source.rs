//! A source file is read whole, plain or packed, and never one byte beyond the size its format prescribes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::error::{DataError, DataErrorKind, Result};

/// Dictionaries of `xz -9` take 64 MiB; a header that asks for more than this is an attack or an accident.
const XZ_MEMORY_KIB: u32 = 100 << 10;

/// What an archive may hold beside the wanted files: headers, padding, a page of text.
const ARCHIVE_SLACK: u64 = 1 << 20;

/// Opens a file, unpacking it on the way where its name ends in `.gz`, `.tgz` or `.xz`.
fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).map_err(DataError::cannot("open", path))?;
    let file = BufReader::with_capacity(1 << 16, file);
    Ok(match path.extension().and_then(OsStr::to_str) {
        Some("gz" | "tgz") => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Some("xz") => Box::new(lzma_rust2::XzReader::new_mem_limit(
            file,
            true,
            XZ_MEMORY_KIB,
        )),
        _ => Box::new(file),
    })
}

/// All bytes of the file, unpacked, which must be exactly `size`.
pub(crate) fn read(path: &Path, size: usize) -> Result<Vec<u8>> {
    read_sized(open(path)?, size).map_err(|e| e.in_file(path))
}

/// The files called `names` (each with its size) in a tar archive, wherever in its folders they lie.
pub(crate) fn read_archive(path: &Path, names: &[(&str, usize)]) -> Result<Vec<Vec<u8>>> {
    let bad = |e: std::io::Error| {
        DataError::format(format!("the archive cannot be read: {e}"))
            .in_file(path)
            .help(AGAIN)
            .because(e)
    };
    let whole: u64 = names.iter().map(|&(_, size)| size as u64).sum();
    let mut archive = tar::Archive::new(open(path)?.take(whole + ARCHIVE_SLACK));
    let mut found: Vec<Option<Vec<u8>>> = vec![None; names.len()];
    for entry in archive.entries().map_err(bad)? {
        let entry = entry.map_err(bad)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let member = entry.path().map_err(bad)?.into_owned();
        let Some(at) = names
            .iter()
            .position(|(name, _)| member.file_name() == Some(OsStr::new(name)))
        else {
            continue;
        };
        if found[at].is_none() {
            let bytes = read_sized(entry, names[at].1);
            found[at] = Some(bytes.map_err(|e| e.in_file(&member).in_file(path))?);
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    let missing = |i: usize| {
        DataError::format(format!(
            "expected the file {} in the archive, found none",
            names[i].0
        ))
        .at(path.display())
        .help(AGAIN)
    };
    found
        .into_iter()
        .enumerate()
        .map(|(i, bytes)| bytes.ok_or_else(|| missing(i)))
        .collect()
}

const AGAIN: &str = "the file is damaged or is another release; fetch it again";

fn read_sized(reader: impl Read, size: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size + 1).map_err(|e| {
        DataError::new(DataErrorKind::Io, format!("no memory for {size} bytes")).because(e)
    })?;
    if let Err(e) = reader.take(size as u64 + 1).read_to_end(&mut bytes) {
        return Err(
            DataError::format(format!("the file cannot be read or unpacked: {e}"))
                .at(format!("byte {}", bytes.len()))
                .help(AGAIN)
                .because(e),
        );
    }
    if bytes.len() != size {
        let received = if bytes.len() > size {
            "more".to_owned()
        } else {
            format!("{} bytes", bytes.len())
        };
        return Err(
            DataError::format(format!("expected {size} bytes, received {received}"))
                .at(format!("byte {}", bytes.len().min(size)))
                .help(AGAIN),
        );
    }
    Ok(bytes)
}
