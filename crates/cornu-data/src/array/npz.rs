//! NumPy's `.npz`: a zip archive of `.npy` files, one for each named array.

use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Array, npy_bytes, parse_npy};
use crate::atomic;
use crate::error::{DataError, Result};

/// Deflate makes at most 1,032 bytes of one, so a member that claims more is a lie.
const MOST_GROWTH: u64 = 1032;

/// Reads all arrays of a `.npz` file with their names, in the order of the archive.
///
/// # Errors
/// Where the file is no zip archive, a member is larger than its packed bytes can justify, or a member is not as
/// [`read_npy`](super::read_npy) wants it.
pub fn read_npz(path: impl AsRef<Path>) -> Result<Vec<(String, Array)>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(DataError::cannot("open", path))?;
    read_members(BufReader::new(file)).map_err(|e| e.in_file(path))
}

fn read_members(file: impl Read + Seek) -> Result<Vec<(String, Array)>> {
    let bad = |e: zip::result::ZipError| {
        DataError::format(format!("expected a zip archive of .npy files: {e}"))
            .help("write the arrays with numpy.savez or numpy.savez_compressed")
            .because(e)
    };
    let mut archive = ZipArchive::new(file).map_err(bad)?;
    let mut arrays = Vec::new();
    for i in 0..archive.len() {
        let mut member = archive.by_index(i).map_err(bad)?;
        let name = member.name().map_err(bad)?.into_owned();
        let (size, packed) = (member.size(), member.compressed_size());
        if size > packed.saturating_mul(MOST_GROWTH).saturating_add(64) {
            return Err(DataError::format(format!(
                "expected a size that {packed} packed bytes justify, received {size}"
            ))
            .at(name)
            .help("the file is damaged or made to do harm"));
        }
        let mut bytes = Vec::new();
        let read = (&mut member)
            .take(size.saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(|e| {
            DataError::format(format!("the member cannot be unpacked: {e}"))
                .at(&name)
                .because(e)
        })?;
        if bytes.len() as u64 != size {
            return Err(DataError::format(format!(
                "expected {size} bytes, received {} or more",
                bytes.len()
            ))
            .at(name));
        }
        let array = parse_npy(&bytes).map_err(|e| e.in_file(Path::new(&name)))?;
        arrays.push((name.strip_suffix(".npy").unwrap_or(&name).to_owned(), array));
    }
    Ok(arrays)
}

/// Writes named arrays to a `.npz` file that `numpy.load` opens, not packed.
///
/// # Errors
/// Where two arrays have the same name, or the file cannot be written; it is then as it was before.
pub fn write_npz<'a>(
    path: impl AsRef<Path>,
    arrays: impl IntoIterator<Item = (&'a str, &'a Array)>,
) -> Result<()> {
    let path = path.as_ref();
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let cannot = |e: zip::result::ZipError| {
        DataError::config(format!("the archive cannot be made: {e}"))
            .at(path.display())
            .help("give every array a name of its own")
            .because(e)
    };
    for (name, array) in arrays {
        let bytes = npy_bytes(array);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes.len() as u64 > u64::from(u32::MAX));
        zip.start_file(format!("{name}.npy"), options)
            .map_err(cannot)?;
        zip.write_all(&bytes)
            .map_err(DataError::cannot("write", path))?;
    }
    let bytes = zip.finish().map_err(cannot)?.into_inner();
    atomic::write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::super::ArrayData;
    use super::*;

    #[test]
    fn arrays_come_back_with_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let x = Array::new(vec![2, 2], ArrayData::F32(vec![1.0, 2.0, 3.0, 4.0])).unwrap();
        let y = Array::new(vec![2], ArrayData::I64(vec![-1, 1])).unwrap();
        write_npz(&path, [("x", &x), ("y/z", &y)]).unwrap();
        let read = read_npz(&path).unwrap();
        assert_eq!(read, [("x".to_owned(), x.clone()), ("y/z".to_owned(), y)]);
        assert!(write_npz(&path, [("x", &x), ("x", &x)]).is_err());
        assert_eq!(
            read_npz(&path).unwrap().len(),
            2,
            "the old file still stands"
        );
    }

    #[test]
    fn reads_packed_members_and_names_a_bad_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let write = |name: &str, bytes: &[u8]| {
            let mut zip = ZipWriter::new(File::create(&path).unwrap());
            let options =
                SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            zip.start_file(name, options).unwrap();
            zip.write_all(bytes).unwrap();
            zip.finish().unwrap();
        };
        let zeros = Array::new(vec![5000], ArrayData::I32(vec![0; 5000])).unwrap();
        write("zeros.npy", &npy_bytes(&zeros));
        assert_eq!(read_npz(&path).unwrap(), [("zeros".to_owned(), zeros)]);
        write("text.npy", b"hello world");
        assert!(
            read_npz(&path)
                .unwrap_err()
                .place()
                .unwrap()
                .contains("a.npz, text.npy")
        );
        std::fs::write(&path, b"nothing").unwrap();
        assert!(read_npz(&path).is_err());
    }
}
