//! One error type: what kind of mistake, where, what was expected and received, and what would help.

use std::fmt;

/// The cause of an [`Error`]; few kinds, so that a caller can decide what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Sizes that do not fit together.
    Shape,
    /// An element type where another is needed.
    Dtype,
    /// A setting that is unknown, out of range, or contradicts another.
    Config,
    /// Weights that are missing, of another shape, or belong to another model.
    Weights,
    /// Samples or labels that cannot be used as they are.
    Data,
    /// A loss or gradient that became NaN or infinite.
    Numeric,
    /// A file or folder that cannot be read or written.
    Io,
    /// A file whose content is damaged or not what its name says.
    Format,
    /// The operating system refused the memory that was planned.
    Memory,
}

/// A mistake, told so that a person can mend it.
///
/// # Example
/// ```
/// use cornu::{Error, error::Kind};
/// let e = Error::new(Kind::Config, "rate must be at least 0 and below 1, received 1.5")
///     .at("sequential/dropout")
///     .help("rate is the share of inputs that is dropped");
/// assert_eq!(
///     e.to_string(),
///     "rate must be at least 0 and below 1, received 1.5\n  at   sequential/dropout\n  help rate is the share of inputs that is dropped"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: Kind,
    message: String,
    path: Option<String>,
    help: Option<String>,
}

/// Of more known names than this, a misspelling is told the nearest alone.
const MANY: usize = 40;

/// A result whose error is Cornu's own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of one kind with its message: what was expected, and what was received.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                path: None,
                help: None,
            }),
        }
    }

    pub(crate) fn shape(message: impl Into<String>) -> Self {
        Self::new(Kind::Shape, message)
    }

    pub(crate) fn dtype(message: impl Into<String>) -> Self {
        Self::new(Kind::Dtype, message)
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// A name that is not in a table, with the nearest one that is.
    pub(crate) fn unknown<'a>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let e = Self::config(format!("unknown {what} \"{name}\""));
        let all = || format!("known: {}", known.join(", "));
        e.help(match nearest(name, known.iter().copied()) {
            Some(best) if known.len() > MANY => format!("did you mean \"{best}\"?"),
            Some(best) => format!("did you mean \"{best}\"? {}", all()),
            None => all(),
        })
    }

    /// Says where: the path of a layer, or of a file. The first place told stays.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        if self.inner.path.is_none() {
            self.inner.path = Some(path.into());
        }
        self
    }

    /// Says in which model the place is: its name comes before the path.
    #[must_use]
    pub(crate) fn within(mut self, model: &str) -> Self {
        if let Some(path) = &mut self.inner.path {
            path.insert_str(0, &format!("{model}/"));
        }
        self
    }

    /// Says what would help. The first help told stays.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        if self.inner.help.is_none() {
            self.inner.help = Some(help.into());
        }
        self
    }

    /// The cause.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// What was expected and received, without place and help.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The layer's path or the file, where known.
    pub fn path(&self) -> Option<&str> {
        self.inner.path.as_deref()
    }

    /// What would help, where known.
    pub fn help_text(&self) -> Option<&str> {
        self.inner.help.as_deref()
    }

    /// Whether the one who called can mend it (a setting, a shape, the data), as opposed to the machine or the arithmetic.
    pub fn is_user_mistake(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Shape | Kind::Dtype | Kind::Config | Kind::Weights | Kind::Data | Kind::Format
        )
    }
}

/// The known name nearest to `name` by edit distance, if one is near enough to be a misspelling.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |s: &str| -> String {
        s.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = folded(name);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&wanted, &folded(k)), k))
        .filter(|(d, k)| *d <= 1 + k.len() / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)?;
        if let Some(path) = &self.inner.path {
            write!(f, "\n  at   {path}")?;
        }
        if let Some(help) = &self.inner.help {
            write!(f, "\n  help {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// What a data set's reader says, in Cornu's own words: place and help stay.
impl From<cornu_data::DataError> for Error {
    fn from(e: cornu_data::DataError) -> Self {
        use cornu_data::DataErrorKind as D;
        let kind = match e.kind() {
            D::Format | D::Checksum => Kind::Format,
            D::Config => Kind::Config,
            _ => Kind::Io,
        };
        let mut error = Self::new(kind, e.message());
        if let Some(place) = e.place() {
            error = error.at(place);
        }
        match e.help_text() {
            Some(help) => error.help(help),
            None => error,
        }
    }
}
