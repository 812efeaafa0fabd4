//! The header of a `.npy` file: a Python dictionary of three entries, read without Python.

use crate::error::{DataError, Result};

/// What the dictionary says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The kind of number, such as `<f4`.
    pub(super) descr: String,
    /// Whether the first axis varies fastest.
    pub(super) fortran_order: bool,
    /// The size along each axis.
    pub(super) shape: Vec<usize>,
}

/// NumPy itself stops at 64 axes.
const MOST_AXES: usize = 64;

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }` in any order of the entries.
pub(super) fn parse(text: &[u8]) -> Result<Header> {
    let mut reader = Reader { text, at: 0 };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    reader.expect(b'{')?;
    while !reader.accept(b'}') {
        let key = reader.string()?;
        reader.expect(b':')?;
        match key {
            "descr" if descr.is_none() => descr = Some(reader.string()?.to_owned()),
            "fortran_order" if fortran_order.is_none() => fortran_order = Some(reader.boolean()?),
            "shape" if shape.is_none() => shape = Some(reader.tuple()?),
            _ => return Err(reader.wrong("descr, fortran_order or shape, each once")),
        }
        if !reader.accept(b',') {
            reader.expect(b'}')?;
            break;
        }
    }
    if reader.peek().is_some() {
        return Err(reader.wrong("the end of the header"));
    }
    match (descr, fortran_order, shape) {
        (Some(descr), Some(fortran_order), Some(shape)) => Ok(Header {
            descr,
            fortran_order,
            shape,
        }),
        _ => Err(reader.wrong("the entries descr, fortran_order and shape")),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.accept(byte) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{}`", char::from(byte))))
        }
    }

    /// The bytes from here on that `take` wants.
    fn run(&mut self, take: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let n = rest.iter().take_while(|&&byte| take(byte)).count();
        self.at += n;
        &rest[..n]
    }

    fn string(&mut self) -> Result<&'a str> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else {
            return Err(self.wrong("a string"));
        };
        self.at += 1;
        let text = self.run(|byte| byte != quote && byte != b'\\' && byte.is_ascii_graphic());
        self.expect(quote)?;
        std::str::from_utf8(text).map_err(|_| self.wrong("a string"))
    }

    fn boolean(&mut self) -> Result<bool> {
        self.peek();
        match self.run(|byte| byte.is_ascii_alphabetic()) {
            b"True" => Ok(true),
            b"False" => Ok(false),
            _ => Err(self.wrong("True or False")),
        }
    }

    fn tuple(&mut self) -> Result<Vec<usize>> {
        self.expect(b'(')?;
        let mut sizes = Vec::new();
        while !self.accept(b')') {
            self.peek();
            let digits = self.run(|byte| byte.is_ascii_digit());
            // Python 2 wrote an L after long numbers.
            self.run(|byte| byte == b'L');
            let size = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok());
            sizes.push(size.ok_or_else(|| self.wrong("a size"))?);
            if sizes.len() > MOST_AXES {
                return Err(self.wrong(&format!("at most {MOST_AXES} axes")));
            }
            if !self.accept(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(sizes)
    }

    fn wrong(&self, expected: &str) -> DataError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(16)])
            .escape_debug()
            .to_string();
        DataError::format(format!("expected {expected}, received \"{shown}\""))
            .at(format!("byte {} of the header", self.at))
            .help("write the array again with numpy.save")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_numpy_writes() {
        let header =
            parse(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n").unwrap();
        assert_eq!(
            header,
            Header {
                descr: "<f4".to_owned(),
                fortran_order: false,
                shape: vec![2, 3]
            }
        );
        assert_eq!(
            parse(b"{\"shape\":(),\"descr\":\"|u1\",\"fortran_order\":True}")
                .unwrap()
                .shape,
            [0; 0]
        );
        assert_eq!(
            parse(b"{'descr': '<i8', 'fortran_order': False, 'shape': (5L,)}")
                .unwrap()
                .shape,
            [5]
        );
    }

    #[test]
    fn says_what_it_expected_and_where() {
        let place = |text: &str| {
            parse(text.as_bytes())
                .unwrap_err()
                .place()
                .unwrap()
                .to_owned()
        };
        assert_eq!(place("{'descr': [('a', '<f4')]}"), "byte 10 of the header");
        assert_eq!(place("{'shape': (2 3)}"), "byte 13 of the header");
        assert_eq!(
            place("{'shape': (99999999999999999999999,)}"),
            "byte 34 of the header"
        );
        assert_eq!(
            place("{'shape': (1,), 'shape': (1,)}"),
            "byte 24 of the header"
        );
        for text in [
            "",
            "{",
            "{'",
            "{'descr'",
            "{}x",
            "{'shape': (",
            "[]",
            "{'fortran_order': maybe}",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(format!("{{'shape': ({})}}", "1,".repeat(65)).as_bytes()).is_err());
    }
}
