//! What is slow to unpack is kept unpacked in the cache, under a name that changes when its source does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;

use crate::atomic;
use crate::error::{DataError, Result};
use crate::{sha256, source};

/// All bytes of the file, unpacked, which must be exactly `size`, and a warning where a copy could not be kept.
///
/// Of single files only `.xz` is worth a copy: it unpacks at a tenth of the speed of `.gz`.
pub(crate) fn read(
    path: &Path,
    size: usize,
    cache_dir: Option<&Path>,
) -> Result<(Vec<u8>, Option<String>)> {
    let slow = path.extension().is_some_and(|ending| ending == "xz");
    let Some(cache_dir) = cache_dir.filter(|_| slow) else {
        return Ok((source::read(path, size)?, None));
    };
    let copy = Kept::of(path, "", cache_dir).map_err(DataError::cannot("read", path))?;
    if let Some(bytes) = copy.read(size) {
        return Ok((bytes, None));
    }
    let bytes = source::read(path, size)?;
    let warning = copy.keep(&bytes).err();
    Ok((bytes, warning.map(|e| not_kept(path, &e))))
}

/// The files called `names` (each with its size) in an archive, and a warning where copies could not be kept.
///
/// An archive is one stream for one core, and a copy of each file can be read by all.
pub(crate) fn read_archive(
    path: &Path,
    names: &[(&str, usize)],
    cache_dir: Option<&Path>,
) -> Result<(Vec<Vec<u8>>, Option<String>)> {
    let Some(cache_dir) = cache_dir else {
        return Ok((source::read_archive(path, names)?, None));
    };
    let copies = names
        .iter()
        .map(|(name, _)| Kept::of(path, name, cache_dir))
        .collect::<io::Result<Vec<_>>>();
    let copies = copies.map_err(DataError::cannot("read", path))?;
    let kept: Option<Vec<_>> = copies
        .par_iter()
        .zip(names)
        .map(|(copy, (_, size))| copy.read(*size))
        .collect();
    if let Some(files) = kept {
        return Ok((files, None));
    }
    let files = source::read_archive(path, names)?;
    let warning = copies
        .iter()
        .zip(&files)
        .try_for_each(|(copy, bytes)| copy.keep(bytes))
        .err();
    Ok((files, warning.map(|e| not_kept(path, &e))))
}

fn not_kept(path: &Path, error: &DataError) -> String {
    format!(
        "an unpacked copy of {} could not be kept: {error}",
        path.display()
    )
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
    /// The copy of the file, or of the `member` of an archive.
    fn of(path: &Path, member: &str, cache_dir: &Path) -> io::Result<Self> {
        let whole = path.canonicalize()?;
        let meta = fs::metadata(&whole)?;
        let time = meta
            .modified()?
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let origin = [
            whole.as_os_str().as_encoded_bytes(),
            &[0],
            member.as_bytes(),
        ]
        .concat();
        Ok(Self {
            folder: cache_dir.join("unpacked"),
            origin: short_hash(&origin),
            version: short_hash(format!("{} {time}", meta.len()).as_bytes()),
        })
    }

    /// The copy; one that cannot be read or has another size is as good as none, and is made again.
    fn read(&self, size: usize) -> Option<Vec<u8>> {
        let path = self.path();
        let fits = fs::metadata(&path).is_ok_and(|copy| copy.len() == size as u64);
        if fits {
            source::read(&path, size).ok()
        } else {
            None
        }
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

    #[test]
    fn keeps_copies_of_what_an_archive_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (path, cache) = (folder.path().join("a.tar"), folder.path().join("cache"));
        let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
        for (name, bytes) in [("in/a", b"first"), ("in/b", b"other")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(5);
            builder.append_data(&mut header, name, &bytes[..]).unwrap();
        }
        builder.finish().unwrap();
        let names = [("a", 5), ("b", 5)];
        let expected = vec![b"first".to_vec(), b"other".to_vec()];
        assert_eq!(
            read_archive(&path, &names, Some(&cache)).unwrap(),
            (expected.clone(), None)
        );
        let copies: Vec<_> = fs::read_dir(cache.join("unpacked"))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        assert_eq!(copies.len(), 2);
        for copy in &copies {
            let turned: Vec<u8> = fs::read(copy).unwrap().into_iter().rev().collect();
            fs::write(copy, turned).unwrap();
        }
        let turned = vec![b"tsrif".to_vec(), b"rehto".to_vec()];
        assert_eq!(
            read_archive(&path, &names, Some(&cache)).unwrap().0,
            turned,
            "read from the copies"
        );
        fs::remove_file(&copies[0]).unwrap();
        assert_eq!(
            read_archive(&path, &names, Some(&cache)).unwrap().0,
            expected,
            "made again where one is gone"
        );
        let (files, warning) = read_archive(&path, &names, Some(&path)).unwrap();
        assert!(files == expected && warning.is_some());
    }
}
