//! NumPy's `.npy`: a magic number, a short header, and the values as they lie in memory.

use std::fs;
use std::path::Path;

use super::header::{self, Header};
use super::{Array, ArrayData, product};
use crate::atomic;
use crate::error::{DataError, Result};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Reads an array from a `.npy` file: `float32`, `float64`, `int32`, `int64`, `uint8` or `bool`, in either order.
///
/// # Errors
/// Where the file cannot be read, is not of this format, or has another kind of number.
///
/// # Source
/// NumPy Enhancement Proposal 1, versions 1.0 to 3.0 of the format.
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array> {
    let path = path.as_ref();
    parse_npy(&fs::read(path).map_err(DataError::cannot("read", path))?)
        .map_err(|e| e.in_file(path))
}

/// Reads an array from the bytes of a `.npy` file.
///
/// # Errors
/// As [`read_npy`].
pub fn parse_npy(bytes: &[u8]) -> Result<Array> {
    let short = |expected: usize| {
        DataError::format(format!(
            "expected {expected} bytes or more, received {}",
            bytes.len()
        ))
        .at(format!("byte {}", bytes.len()))
        .help("the file is cut off; write it again with numpy.save")
    };
    let start = bytes.first_chunk::<8>().ok_or_else(|| short(8))?;
    if !start.starts_with(MAGIC) {
        return Err(DataError::format(
            "expected a .npy file, which begins with \\x93NUMPY, received another format",
        )
        .at("byte 0")
        .help("write the array with numpy.save"));
    }
    let (begin, length) = match start[6] {
        1 => {
            let length = bytes[8..].first_chunk::<2>().ok_or_else(|| short(10))?;
            (10, usize::from(u16::from_le_bytes(*length)))
        }
        2 | 3 => {
            let length = bytes[8..].first_chunk::<4>().ok_or_else(|| short(12))?;
            (12, u32::from_le_bytes(*length) as usize)
        }
        other => {
            return Err(DataError::format(format!(
                "expected version 1, 2 or 3 of the format, received {other}"
            ))
            .at("byte 6")
            .help("write the array again with a present NumPy"));
        }
    };
    let header = bytes[begin..]
        .get(..length)
        .ok_or_else(|| short(begin.saturating_add(length)))?;
    let values = &bytes[begin + length..];
    decode(header::parse(header)?, values).map_err(|e| e.at(format!("byte {}", begin + length)))
}

fn decode(header: Header, values: &[u8]) -> Result<Array> {
    let Header {
        descr,
        fortran_order,
        shape,
    } = header;
    let width = match descr.as_str() {
        "|u1" | "<u1" | "|b1" => 1,
        "<f4" | "<i4" => 4,
        "<f8" | "<i8" => 8,
        other => {
            return Err(DataError::format(format!(
                "expected numbers of kind <f4, <f8, <i4, <i8, |u1 or |b1, received {other}"
            ))
            .at("the header's descr")
            .help("convert it before writing, for example with x.astype('float32')"));
        }
    };
    if product(&shape).and_then(|n| n.checked_mul(width)) != Some(values.len()) {
        return Err(DataError::format(format!(
            "expected as many values of {width} bytes as the shape {shape:?} says, received {} bytes",
            values.len()
        ))
        .help("the file is cut off or has something after it; write it again with numpy.save"));
    }
    // Column-major is row-major with the axes turned round, so it is read so and turned back.
    let turn = fortran_order && shape.len() > 1;
    let data = match (descr.as_str(), width) {
        ("<f4", _) => ArrayData::F32(values_of(values, f32::from_le_bytes, &shape, turn)),
        ("<f8", _) => ArrayData::F64(values_of(values, f64::from_le_bytes, &shape, turn)),
        ("<i4", _) => ArrayData::I32(values_of(values, i32::from_le_bytes, &shape, turn)),
        ("<i8", _) => ArrayData::I64(values_of(values, i64::from_le_bytes, &shape, turn)),
        ("|b1", _) => ArrayData::U8(values_of(
            values,
            |[x]: [u8; 1]| u8::from(x != 0),
            &shape,
            turn,
        )),
        _ => ArrayData::U8(values_of(values, |[x]: [u8; 1]| x, &shape, turn)),
    };
    Array::new(shape, data)
}

fn values_of<T: Copy, const N: usize>(
    bytes: &[u8],
    one: impl Fn([u8; N]) -> T,
    shape: &[usize],
    turn: bool,
) -> Vec<T> {
    let values: Vec<T> = bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|&bytes| one(bytes))
        .collect();
    if turn {
        row_major(&values, shape)
    } else {
        values
    }
}

/// Column-major values in row-major order.
fn row_major<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        out.push(
            values[index
                .iter()
                .zip(shape)
                .rev()
                .fold(0, |at, (i, size)| at * size + i)],
        );
        for (i, &size) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < size {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// Writes an array to a `.npy` file, in row-major order.
///
/// # Errors
/// Where the file cannot be written; it is then as it was before.
pub fn write_npy(path: impl AsRef<Path>, array: &Array) -> Result<()> {
    let path = path.as_ref();
    atomic::write(path, &npy_bytes(array))
}

/// The bytes of a `.npy` file of the array.
pub fn npy_bytes(array: &Array) -> Vec<u8> {
    let descr = match array.data() {
        ArrayData::F32(_) => "<f4",
        ArrayData::F64(_) => "<f8",
        ArrayData::I32(_) => "<i4",
        ArrayData::I64(_) => "<i8",
        ArrayData::U8(_) => "|u1",
    };
    let sizes: Vec<_> = array.shape().iter().map(ToString::to_string).collect();
    let comma = if sizes.len() == 1 { "," } else { "" };
    let mut header = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}",
        sizes.join(", ")
    );
    // Version 1 counts the header in sixteen bits; only absurdly many axes need more.
    let large = header.len() > 65_000;
    let begin = if large { 12 } else { 10 };
    // The values begin at a multiple of 64, so that the file can be mapped.
    let padding = (begin + header.len() + 1).next_multiple_of(64) - (begin + header.len() + 1);
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut out = MAGIC.to_vec();
    if large {
        out.extend([2, 0]);
        out.extend((header.len() as u32).to_le_bytes());
    } else {
        out.extend([1, 0]);
        out.extend((header.len() as u16).to_le_bytes());
    }
    out.extend(header.bytes());
    match array.data() {
        ArrayData::F32(values) => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        ArrayData::F64(values) => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        ArrayData::I32(values) => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        ArrayData::I64(values) => out.extend(values.iter().flat_map(|x| x.to_le_bytes())),
        ArrayData::U8(values) => out.extend(values),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u8, header: &str, values: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((header.len() as u16).to_le_bytes()),
            _ => bytes.extend((header.len() as u32).to_le_bytes()),
        }
        bytes.extend(header.bytes());
        bytes.extend(values);
        bytes
    }

    #[test]
    fn arrays_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        for (shape, data) in [
            (
                vec![2, 3],
                ArrayData::F32(vec![
                    0.0,
                    -1.5,
                    f32::INFINITY,
                    f32::MIN_POSITIVE,
                    3e38,
                    -0.0,
                ]),
            ),
            (vec![2], ArrayData::F64(vec![1e300, -2.5])),
            (vec![1, 1, 1], ArrayData::I32(vec![i32::MIN])),
            (vec![], ArrayData::I64(vec![i64::MAX])),
            (vec![3, 0], ArrayData::U8(vec![])),
            (vec![1; 64], ArrayData::U8(vec![7])),
        ] {
            let array = Array::new(shape, data).unwrap();
            write_npy(&path, &array).unwrap();
            assert_eq!(read_npy(&path).unwrap(), array);
            assert_eq!(
                npy_bytes(&array).len() % 64,
                array.data().len() * npy_width(&array) % 64
            );
        }
    }

    fn npy_width(array: &Array) -> usize {
        match array.data() {
            ArrayData::U8(_) => 1,
            ArrayData::F32(_) | ArrayData::I32(_) => 4,
            _ => 8,
        }
    }

    #[test]
    fn bytes_are_those_numpy_writes() {
        let array = Array::new(vec![3], ArrayData::U8(vec![1, 2, 3])).unwrap();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }";
        let expected = file(1, &format!("{header:117}\n"), &[1, 2, 3]);
        assert_eq!(npy_bytes(&array), expected);
    }

    #[test]
    fn column_major_is_turned() {
        for version in [1, 2, 3] {
            let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }";
            // Value = 100 i + 10 j + k, the first axis fastest.
            let values: Vec<u8> = (0..12)
                .map(|n| 100 * (n % 2) + 10 * (n / 2 % 3) + n / 6)
                .collect();
            let array = parse_npy(&file(version, header, &values)).unwrap();
            let expected = vec![0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121];
            assert_eq!(
                array,
                Array::new(vec![2, 3, 2], ArrayData::U8(expected)).unwrap()
            );
        }
    }

    #[test]
    fn truth_is_one() {
        let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }";
        assert_eq!(
            *parse_npy(&file(1, header, &[0, 1, 9])).unwrap().data(),
            ArrayData::U8(vec![0, 1, 1])
        );
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        let bad = |descr: &str, shape: &str, values: &[u8]| {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}");
            parse_npy(&file(1, &header, values)).unwrap_err()
        };
        assert_eq!(
            bad(">f4", "(1,)", &[0; 4]).place(),
            Some("the header's descr")
        );
        assert_eq!(
            bad("|O", "(1,)", &[0; 8]).place(),
            Some("the header's descr")
        );
        assert_eq!(bad("<f4", "(2,)", &[0; 4]).place(), Some("byte 65"));
        bad("<f8", "(4611686018427387904, 4)", &[]);
        bad("<f4", "(1,)", &[0; 5]);
        assert!(parse_npy(b"PK\x03\x04 not it").is_err());
        assert!(parse_npy(&file(4, "{}", &[])).is_err());
    }
}
