//! One error for everything that can go wrong with data: what, where, and what to do about it.

use std::error::Error;
use std::fmt;
use std::path::Path;

/// The result of reading, finding or checking data.
pub type Result<T> = std::result::Result<T, DataError>;

/// The cause of a [`DataError`], for programs that act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// The operating system refused to read or write.
    Io,
    /// The bytes are not what their format promises.
    Format,
    /// The bytes are well formed but are not the published ones.
    Checksum,
    /// The data set, or a file of it, is nowhere to be found.
    NotFound,
    /// A server could not be reached or answered with something else.
    Network,
    /// The request makes no sense: an unknown name, a shape that does not fit.
    Config,
}

/// What went wrong with data, where, and what to do about it.
///
/// Printed on up to three lines: the message with the expected and the received values, `at` with the file and the
/// byte or record, and `help`.
///
/// # Example
/// ```
/// use cornu_data::{DataErrorKind, Options, load};
/// let error = load("cifer10", &Options::default()).unwrap_err();
/// assert_eq!(error.kind(), DataErrorKind::Config);
/// assert!(error.to_string().contains("did you mean `cifar10`?"));
/// ```
pub struct DataError(Box<Inner>);

struct Inner {
    kind: DataErrorKind,
    message: String,
    place: Option<String>,
    help: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl DataError {
    /// An error of this kind; the message names the expected and the received values.
    pub fn new(kind: DataErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            place: None,
            help: None,
            source: None,
        }))
    }

    /// The same error with its place: a file, with a byte offset or a record where there is one.
    ///
    /// A place that is already known stays, because the innermost caller knows it best.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.place.get_or_insert_with(|| place.to_string());
        self
    }

    /// The same error with `file` put before the place inside it that is already known.
    pub fn in_file(mut self, file: &Path) -> Self {
        let file = file.display();
        self.0.place = Some(match self.0.place.take() {
            Some(inner) => format!("{file}, {inner}"),
            None => file.to_string(),
        });
        self
    }

    /// The same error with advice; the last advice given stands.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The same error with the error that caused it.
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The cause.
    pub fn kind(&self) -> DataErrorKind {
        self.0.kind
    }

    /// The message alone, without place and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The place, where it is known.
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// The advice, where there is any.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// A file that the operating system would not `verb` ("read", "write", ...).
    pub(crate) fn io(verb: &str, path: &Path, error: std::io::Error) -> Self {
        Self::new(
            DataErrorKind::Io,
            format!("cannot {verb} the file: {error}"),
        )
        .at(path.display())
        .because(error)
    }

    /// What [`io`](Self::io) makes of an error, for `map_err`.
    pub(crate) fn cannot<'a>(
        verb: &'a str,
        path: &'a Path,
    ) -> impl Fn(std::io::Error) -> Self + Copy + 'a {
        move |error| Self::io(verb, path, error)
    }

    pub(crate) fn format(message: impl Into<String>) -> Self {
        Self::new(DataErrorKind::Format, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(DataErrorKind::Config, message)
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(place) = &self.0.place {
            write!(f, "\n  at   {place}")?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n  help {}", help.replace('\n', "\n       "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|e| e as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_message_place_and_help_on_three_lines() {
        let error = DataError::format("expected 1, received 2")
            .at("byte 3")
            .in_file(Path::new("a.bin"))
            .help("read it again\nor not");
        assert_eq!(
            error.to_string(),
            "expected 1, received 2\n  at   a.bin, byte 3\n  help read it again\n       or not"
        );
    }

    #[test]
    fn the_innermost_place_stays() {
        let error = DataError::config("x").at("inner").at("outer");
        assert_eq!(error.place(), Some("inner"));
    }
}
