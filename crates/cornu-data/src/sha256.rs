//! SHA-256 in the form people publish it: sixty-four hexadecimal digits.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// The digits for everything `reader` gives.
pub(crate) fn of(mut reader: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).expect("half a byte is a digit");
    Ok(hash
        .finalize()
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn agrees_with_the_standard() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::of(&b"abc"[..]).unwrap(), expected);
    }
}
