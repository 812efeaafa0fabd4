//! Tables in text files: comma or tab separated values, plain or packed by gzip.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::ReaderBuilder;
use flate2::read::GzDecoder;

use crate::error::{DataError, DataErrorKind, Result};

/// More unpacked bytes than this are no table for this reader.
const LIMIT: u64 = 4 << 30;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    header: bool,
    delimiter: u8,
    quotes: bool,
}

impl Layout {
    /// Comma separated values, where texts may stand in quotation marks, without a header.
    pub fn csv() -> Self {
        Self {
            header: false,
            delimiter: b',',
            quotes: true,
        }
    }

    /// Tab separated values, where a quotation mark is a letter like any other, without a header.
    pub fn tsv() -> Self {
        Self {
            header: false,
            delimiter: b'\t',
            quotes: false,
        }
    }

    /// One text a line, whatever stands in it: a table of one column. Empty lines are left out.
    pub fn lines() -> Self {
        Self {
            header: false,
            delimiter: 0,
            quotes: false,
        }
    }

    /// Whether the first line names the columns.
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }
}

/// The cells of a table, as texts.
///
/// # Errors
/// [`Table::read`] refuses files that cannot be read, are no UTF-8 or have lines of different lengths;
/// [`Table::numbers`] a cell that is no number, with its line.
///
/// # Example
/// ```
/// use cornu_data::{Layout, Table};
/// let table = Table::parse("name,height\nada,1.63\nbob,1.80\n".as_bytes(), Layout::csv().header(true))?;
/// assert_eq!(table.texts(table.column("name")?)?, ["ada", "bob"]);
/// assert_eq!(table.numbers(1)?, [1.63, 1.8]);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    names: Vec<String>,
    width: usize,
    cells: Vec<String>,
    /// Lines before the first row.
    first_line: usize,
}

impl Table {
    /// Reads a file; one whose name ends in `.gz` is unpacked.
    pub fn read(path: impl AsRef<Path>, layout: Layout) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(DataError::cannot("read", path))?;
        let packed = path.extension().is_some_and(|e| e == "gz");
        let source: Box<dyn Read> = if packed {
            Box::new(GzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Self::parse(source.take(LIMIT), layout).map_err(|e| e.at(path.display()))
    }

    /// Reads any source of bytes.
    pub fn parse(source: impl Read, layout: Layout) -> Result<Self> {
        let mut reader = ReaderBuilder::new()
            .has_headers(layout.header)
            .delimiter(layout.delimiter)
            .quoting(layout.quotes)
            .from_reader(source);
        let broken = |e: csv::Error| {
            let kind = match e.kind() {
                csv::ErrorKind::Io(_) => DataErrorKind::Io,
                _ => DataErrorKind::Format,
            };
            DataError::new(kind, format!("the table cannot be read: {e}"))
        };
        let names: Vec<String> = if layout.header {
            let names = reader.headers().map_err(broken)?;
            names.iter().map(|n| n.trim().to_owned()).collect()
        } else {
            Vec::new()
        };
        let (mut width, mut cells) = (names.len(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(broken)?;
            width = record.len();
            cells.extend(record.iter().map(str::to_owned));
        }
        Ok(Self {
            names,
            width,
            cells,
            first_line: usize::from(layout.header),
        })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The names of the columns; none where the file has no header.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of the column with a name.
    pub fn column(&self, name: &str) -> Result<usize> {
        self.names.iter().position(|n| n == name).ok_or_else(|| {
            DataError::new(
                DataErrorKind::Config,
                format!(
                    "expected one of the columns {:?}, received \"{name}\"",
                    self.names
                ),
            )
        })
    }

    /// The cells of a column.
    pub fn texts(&self, column: usize) -> Result<Vec<&str>> {
        if column >= self.width {
            return Err(DataError::config(format!(
                "expected a column below {}, received {column}",
                self.width
            )));
        }
        let cells = self.cells.iter().skip(column).step_by(self.width);
        Ok(cells.map(String::as_str).collect())
    }

    /// The cells of a column as finite numbers.
    pub fn numbers(&self, column: usize) -> Result<Vec<f32>> {
        let cells = self.texts(column)?.into_iter().enumerate();
        let number =
            |(i, text): (usize, &str)| match text.trim().parse() {
                Ok(x) if f32::is_finite(x) => Ok(x),
                _ => Err(
                    DataError::format(format!("expected a number, received \"{text}\"")).at(
                        format!("line {}, column {}", i + 1 + self.first_line, column + 1),
                    ),
                ),
            };
        cells.map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_are_letters_between_tabs() {
        let table = Table::parse("a \"film\t1\nb\t0".as_bytes(), Layout::tsv()).expect("a table");
        assert_eq!((table.len(), table.width()), (2, 2));
        assert_eq!(table.texts(0).expect("a column"), ["a \"film", "b"]);
        assert_eq!(table.numbers(1).expect("numbers"), [1.0, 0.0]);
    }

    #[test]
    fn commas_and_line_breaks_may_stand_in_quotation_marks() {
        let table = Table::parse("\"a, b\",1\n\"c\nd\",2\n".as_bytes(), Layout::csv());
        assert_eq!(
            table.expect("a table").texts(0).expect("a column"),
            ["a, b", "c\nd"]
        );
    }

    #[test]
    fn a_line_is_a_text_whatever_stands_in_it() {
        let table = Table::parse("a, \"b\tc\n\nd".as_bytes(), Layout::lines());
        assert_eq!(
            table.expect("lines").texts(0).expect("a column"),
            ["a, \"b\tc", "d"]
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        let read = |bytes: &[u8]| Table::parse(bytes, Layout::csv());
        let uneven = read(b"1,2\n3\n").unwrap_err();
        assert_eq!(uneven.kind(), DataErrorKind::Format);
        assert_eq!(
            read(b"\xff\xfe,1\n").unwrap_err().kind(),
            DataErrorKind::Format
        );
        let table = read(b"1,x\n2,nan\n").expect("a table");
        let told = table.numbers(1).unwrap_err().to_string();
        assert!(
            told.contains("\"x\"") && told.contains("line 1, column 2"),
            "{told}"
        );
        assert!(table.texts(2).is_err() && table.column("height").is_err());
        assert_eq!(read(b"").expect("an empty table").len(), 0);
    }
}
