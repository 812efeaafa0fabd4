//! IDX, the format of MNIST: a magic number that gives the rank, sizes in big-endian order, then bytes.

use crate::error::{DataError, Result};

const HELP: &str = "the file is damaged or is not of this data set; fetch it again";

/// The sizes and the values of an IDX file of bytes.
///
/// Nothing is allocated from what the header claims: the values are the rest of `bytes`, or it is an error.
pub(crate) fn parse(bytes: &[u8]) -> Result<(Vec<usize>, &[u8])> {
    let short = |need: usize| {
        DataError::format(format!(
            "expected a header of {need} bytes, received {} bytes",
            bytes.len()
        ))
        .at("byte 0")
        .help(HELP)
    };
    let (magic, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| short(4))?;
    let [0, 0, 8, rank @ 1..=8] = *magic else {
        return Err(DataError::format(format!(
            "expected the magic number 00 00 08 (IDX of bytes) and a rank of 1 to 8, received {magic:02x?}"
        ))
        .at("byte 0")
        .help(HELP));
    };
    let rank = usize::from(rank);
    let sizes = rest.get(..4 * rank).ok_or_else(|| short(4 + 4 * rank))?;
    let (sizes, _) = sizes.as_chunks::<4>();
    let shape: Vec<usize> = sizes
        .iter()
        .map(|size| u32::from_be_bytes(*size) as usize)
        .collect();
    let values = &rest[4 * rank..];
    let expected = shape
        .iter()
        .try_fold(1usize, |all, &size| all.checked_mul(size));
    if expected != Some(values.len()) {
        return Err(DataError::format(format!(
            "expected as many values as the shape {shape:?} says, received {}",
            values.len()
        ))
        .at(format!("byte {}", 4 + 4 * rank))
        .help(HELP));
    }
    Ok((shape, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_values() {
        let bytes = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];
        assert_eq!(parse(&bytes).unwrap(), (vec![2, 3], &bytes[12..]));
    }

    #[test]
    fn an_absurd_header_is_an_error() {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend([0xff; 12]);
        let error = parse(&bytes).unwrap_err();
        assert_eq!(error.place(), Some("byte 16"));
        for n in 0..bytes.len() {
            assert!(parse(&bytes[..n]).is_err());
        }
        assert!(
            parse(&[0, 0, 13, 1, 0, 0, 0, 0]).is_err(),
            "floats are not bytes"
        );
    }

    #[test]
    fn any_bytes_are_an_array_or_an_error() {
        let mut state = 1u64;
        let mut random = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 56) as u8
        };
        for round in 0..20_000usize {
            let mut bytes: Vec<u8> = (0..round % 40).map(|_| random()).collect();
            // Most begin as an array would, and have small sizes.
            if let Some(head) = bytes.first_chunk_mut::<8>() {
                *head = [0, 0, 8, random() % 5, 0, 0, 0, random() % 40];
            }
            if let Ok((shape, values)) = parse(&bytes) {
                assert_eq!(shape.iter().product::<usize>(), values.len());
            }
        }
    }
}
