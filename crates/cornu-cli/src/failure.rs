//! A failure says what went wrong, where, and what to do about it, and knows the exit code the program ends with.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

use anstyle::{AnsiColor, Style};

/// Who can put it right decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The command, the recipe or a file it names must be changed: exit code 2.
    User,
    /// Everything else (a full disk, a damaged file, a training run that diverged): exit code 1.
    Other,
}

/// The one error type of the program: printed as `error:`, `  at`, `  help` lines.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) message: String,
    pub(crate) at: Option<String>,
    pub(crate) help: Option<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::User,
            message: message.into(),
            at: None,
            help: None,
        }
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Other,
            ..Self::user(message)
        }
    }

    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.at = Some(place.to_string());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A file could not be written: what that means depends on what the system said.
    pub(crate) fn write(path: &Path, error: &io::Error) -> Self {
        let failure = Self::other(format!("cannot write {}: {}", path.display(), words(error)));
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                failure.help("free some space, or choose another place with --out DIR")
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => failure
                .help("choose a folder you may write to with --out DIR")
                .by_user(),
            _ => failure,
        }
    }

    /// A file the user named could not be read.
    pub(crate) fn read(path: &Path, error: &io::Error) -> Self {
        let failure = Self::other(format!("cannot read {}: {}", path.display(), words(error)));
        match error.kind() {
            ErrorKind::NotFound => failure
                .help("check the path; it is relative to the current folder")
                .by_user(),
            ErrorKind::PermissionDenied | ErrorKind::IsADirectory => failure.by_user(),
            _ => failure,
        }
    }

    fn by_user(mut self) -> Self {
        self.cause = Cause::User;
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self.cause {
            Cause::User => 2,
            Cause::Other => 1,
        }
    }

    /// Prints the failure to standard error, coloured where that is a terminal.
    pub(crate) fn print(&self) {
        let error = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        let help = Style::new().fg_color(Some(AnsiColor::Green.into()));
        anstream::eprintln!("{error}error:{error:#} {}", self.message);
        if let Some(at) = &self.at {
            anstream::eprintln!("  at   {at}");
        }
        if let Some(text) = &self.help {
            anstream::eprintln!("  {help}help{help:#} {}", indent(text));
        }
    }
}

impl From<cornu_data::DataError> for Failure {
    fn from(error: cornu_data::DataError) -> Self {
        use cornu_data::DataErrorKind as Kind;
        // A name that is not known and a file that is not there or not what it should be can be put right by the one who asked.
        let cause = match error.kind() {
            Kind::Config | Kind::NotFound | Kind::Format | Kind::Checksum => Cause::User,
            _ => Cause::Other,
        };
        Self {
            cause,
            message: error.message().to_string(),
            at: error.place().map(str::to_string),
            help: error.help_text().map(str::to_string),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(at) = &self.at {
            write!(f, "\n  at   {at}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help {}", indent(help))?;
        }
        Ok(())
    }
}

/// Further lines of a help text stand under the first.
fn indent(text: &str) -> String {
    text.replace('\n', "\n       ")
}

/// What the system said, without its number.
fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        ErrorKind::QuotaExceeded => "your disk quota is used up".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        _ => {
            let text = error.to_string();
            match text.rfind(" (os error") {
                Some(end) => text[..end].to_lowercase(),
                None => text,
            }
        }
    }
}

/// The candidate most like `name`, if one is near enough to be what was meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |s: &str| s.to_lowercase().replace(['_', '-', ' '], "");
    let name = plain(name);
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(&name, &plain(c)), c))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// "did you mean `x`?" followed by everything that would do.
pub(crate) fn suggestion(name: &str, what: &str, candidates: &[&str]) -> String {
    let all = format!("{what}: {}", candidates.join(", "));
    match nearest(name, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_message_place_and_help() {
        let failure = Failure::user("Dense expects 3 axes, received 2")
            .at("sequential/dense_1")
            .help("first line\nsecond line");
        assert_eq!(
            failure.to_string(),
            "error: Dense expects 3 axes, received 2\n  at   sequential/dense_1\n  help first line\n       second line"
        );
        assert_eq!(failure.exit_code(), 2);
        assert_eq!(Failure::other("x").exit_code(), 1);
    }

    #[test]
    fn a_full_disk_is_not_the_users_mistake_but_a_missing_file_is() {
        let full = Failure::write(Path::new("a/model.keras"), &ErrorKind::StorageFull.into());
        assert_eq!(
            full.to_string(),
            "error: cannot write a/model.keras: the disk is full\n  help free some space, or choose another place with --out DIR"
        );
        assert_eq!(full.exit_code(), 1);
        let missing = Failure::read(Path::new("cat.png"), &ErrorKind::NotFound.into());
        assert_eq!(missing.exit_code(), 2);
    }

    #[test]
    fn the_systems_own_number_is_left_out() {
        assert_eq!(
            words(&io::Error::from_raw_os_error(5)),
            "input/output error"
        );
    }

    #[test]
    fn suggests_what_was_meant_and_nothing_far_off() {
        let fields = ["epochs", "batch_size", "optimizer"];
        assert_eq!(nearest("epoch", fields), Some("epochs"));
        assert_eq!(nearest("batchsize", fields), Some("batch_size"));
        assert_eq!(nearest("optimiser", fields), Some("optimizer"));
        assert_eq!(nearest("zzz", fields), None);
    }
}
