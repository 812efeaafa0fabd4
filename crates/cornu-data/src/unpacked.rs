//! What is slow to unpack is kept unpacked in the cache, under a name that changes when its source does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::atomic;
use crate::error::{DataError, Result};
use crate::{sha256, source};

/// All bytes of the file, unpacked, which must be exactly `size`, and a warning where a copy could not be kept.
///
/// Only `.xz` is worth a copy: it unpacks at a tenth of the speed of `.gz`.
pub(crate) fn read(
    path: &Path,
    size: usize,
    cache_dir: Option<&Path>,
) -> Result<(Vec<u8>, Option<String>)> {
    let slow = path.extension().is_some_and(|ending| ending == "xz");
    let Some(cache_dir) = cache_dir.filter(|_| slow) else {
        return Ok((source::read(path, size)?, None));
    };
    let copy = Kept::of(path, cache_dir).map_err(DataError::cannot("read", path))?;
    // A copy that cannot be read or has another size is as good as none: it is made again.
    if fs::metadata(copy.path()).is_ok_and(|copy| copy.len() == size as u64)
        && let Ok(bytes) = source::read(&copy.path(), size)
    {
        return Ok((bytes, None));
    }
    let bytes = source::read(path, size)?;
    let kept = copy.keep(&bytes);
    Ok((
        bytes,
        kept.err().map(|e| {
            format!(
                "an unpacked copy of {} could not be kept: {e}",
                path.display()
            )
        }),
    ))
}

/// Where the unpacked copy of one file lies.
struct Kept {
    folder: PathBuf,
    /// Tells the source's path.
    origin: String,
    /// Tells the source's size and time.
    version: String,
}

impl Kept {
    fn of(path: &Path, cache_dir: &Path) -> io::Result<Self> {
        let whole = path.canonicalize()?;
        let meta = fs::metadata(&whole)?;
        let time = meta
            .modified()?
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        Ok(Self {
            folder: cache_dir.join("unpacked"),
            origin: short_hash(whole.as_os_str().as_encoded_bytes()),
            version: short_hash(format!("{} {time}", meta.len()).as_bytes()),
        })
    }

    fn path(&self) -> PathBuf {
        self.folder
            .join(format!("{}-{}.bin", self.origin, self.version))
    }

    fn keep(&self, bytes: &[u8]) -> Result<()> {
        let path = self.path();
        atomic::write(&path, bytes)?;
        let read = DataError::cannot("read", &self.folder);
        for entry in fs::read_dir(&self.folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name();
            let mine = name
                .to_str()
                .is_some_and(|name| name.starts_with(&format!("{}-", self.origin)));
            if mine && entry.path() != path {
                fs::remove_file(entry.path())
                    .map_err(DataError::cannot("remove", &entry.path()))?;
            }
        }
        Ok(())
    }
}

fn short_hash(bytes: &[u8]) -> String {
    let mut hash = sha256::of(bytes).expect("reading from memory cannot fail");
    hash.truncate(16);
    hash
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pack(path: &Path, bytes: &[u8]) {
        let mut writer = lzma_rust2::XzWriter::new(
            fs::File::create(path).unwrap(),
            lzma_rust2::XzOptions::with_preset(1),
        )
        .unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap();
    }

    #[test]
    fn keeps_a_copy_until_the_source_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("a.bin.xz"), folder.path().join("cache"));
        let copies = || {
            fs::read_dir(cache.join("unpacked"))
                .unwrap()
                .map(|e| e.unwrap().path())
                .collect::<Vec<_>>()
        };
        pack(&path, b"first");
        assert_eq!(
            read(&path, 5, Some(&cache)).unwrap(),
            (b"first".to_vec(), None)
        );
        fs::write(&copies()[0], b"taken").unwrap();
        assert_eq!(
            read(&path, 5, Some(&cache)).unwrap().0,
            b"taken",
            "read from the copy"
        );
        fs::write(&copies()[0], b"torn").unwrap();
        assert_eq!(
            read(&path, 5, Some(&cache)).unwrap().0,
            b"first",
            "a copy of another size is made again"
        );
        pack(&path, b"other first");
        assert_eq!(read(&path, 11, Some(&cache)).unwrap().0, b"other first");
        assert_eq!(copies().len(), 1, "the copy of the old source is gone");
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin.xz");
        pack(&path, b"first");
        let (bytes, warning) = read(&path, 5, Some(&path)).unwrap();
        assert_eq!(bytes, b"first");
        assert!(warning.unwrap().contains("could not be kept"));
    }
}
