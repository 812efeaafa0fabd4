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
    // A packed archive has its checksum at the end, so the end is read too.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(bad)?;
    if rest.limit() == 0 {
        return Err(DataError::format(format!(
            "expected an archive of at most {} bytes, received more",
            whole + ARCHIVE_SLACK
        ))
        .at(path.display())
        .help(AGAIN));
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut options = lzma_rust2::XzOptions::with_preset(0);
        options.prepend_pre_filter(lzma_rust2::FilterType::Delta, 32);
        let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    #[test]
    fn reads_plain_and_packed_files_of_the_right_size() {
        let (folder, bytes) = (folder(), [1, 2, 3, 4].repeat(100));
        for (name, packed) in [
            ("a.bin", bytes.clone()),
            ("a.bin.gz", gz(&bytes)),
            ("a.bin.xz", xz(&bytes)),
        ] {
            let path = folder.file(name, &packed);
            assert_eq!(read(&path, 400).unwrap(), bytes);
            let (more, fewer) = (read(&path, 399).unwrap_err(), read(&path, 401).unwrap_err());
            assert_eq!(more.message(), "expected 399 bytes, received more");
            assert_eq!(fewer.message(), "expected 401 bytes, received 400 bytes");
            assert_eq!(
                fewer.place(),
                Some(&*format!("{}, byte 400", path.display()))
            );
        }
    }

    #[test]
    fn a_bomb_is_left_where_the_expected_size_ends() {
        let (folder, zeros) = (folder(), vec![0; 20 << 20]);
        for (name, packed) in [("a.gz", gz(&zeros)), ("a.xz", xz(&zeros))] {
            assert!(packed.len() < 200_000);
            assert_eq!(
                read(&folder.file(name, &packed), 10).unwrap_err().message(),
                "expected 10 bytes, received more"
            );
        }
        let path = folder.file(
            "a.tar.gz",
            &gz(&tar(&[("junk", &zeros), ("a.bin", b"12345")])),
        );
        assert!(
            read_archive(&path, &[("a.bin", 5)]).is_err(),
            "the wanted file lies behind too much else"
        );
    }

    #[test]
    fn finds_files_in_the_folders_of_an_archive() {
        let folder = folder();
        let bytes = tar(&[
            ("in/readme.html", b"hello"),
            ("in/b.bin", b"bb"),
            ("in/a.bin", b"a"),
        ]);
        for (name, packed) in [
            ("a.tar", bytes.clone()),
            ("a.tar.gz", gz(&bytes)),
            ("a.tar.xz", xz(&bytes)),
        ] {
            let path = folder.file(name, &packed);
            assert_eq!(
                read_archive(&path, &[("a.bin", 1), ("b.bin", 2)]).unwrap(),
                [b"a".to_vec(), b"bb".to_vec()]
            );
            let wrong = read_archive(&path, &[("b.bin", 1)]).unwrap_err();
            assert!(
                wrong.place().unwrap().ends_with("in/b.bin, byte 1"),
                "{wrong}"
            );
            let missing = read_archive(&path, &[("c.bin", 1)]).unwrap_err();
            assert!(missing.message().contains("c.bin"), "{missing}");
        }
    }

    #[test]
    fn damaged_files_are_errors_or_right() {
        let (folder, bytes) = (
            folder(),
            (0..2000u32).map(|i| (i * i % 97) as u8).collect::<Vec<_>>(),
        );
        let archive = tar(&[("in/a.bin", &bytes)]);
        for (name, packed) in [
            ("a.gz", gz(&bytes)),
            ("a.xz", xz(&bytes)),
            ("t.tar", archive.clone()),
            ("t.tar.gz", gz(&archive)),
        ] {
            for i in (0..packed.len().min(700)).step_by(2) {
                for flip in [1 << (i / 2 % 8), 0xff] {
                    let mut damaged = packed.clone();
                    damaged[i] ^= flip;
                    let path = folder.file(name, &damaged);
                    let result = match name {
                        "a.gz" | "a.xz" => read(&path, 2000),
                        _ => {
                            read_archive(&path, &[("a.bin", 2000)]).map(|mut files| files.remove(0))
                        }
                    };
                    // A tar archive has no checksum of its contents; the packed forms have.
                    assert!(
                        result.is_err()
                            || name == "t.tar"
                            || result.is_ok_and(|read| read == bytes),
                        "{name} {i}"
                    );
                }
                let path = folder.file(name, &packed[..i]);
                assert!(read(&path, 2000).is_err());
            }
        }
    }
}
