//! Everything the program says goes through the screen, which knows whether to be quiet, plain or JSON, and ends without a word when nobody
//! listens.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::Value;

/// How the program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Text for a person.
    Text,
    /// Nothing but results and failures.
    Quiet,
    /// One JSON object per line on standard output.
    Json,
}

/// The program's standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) voice: Voice,
}

impl Screen {
    /// A line for a person: absent in the quiet and the JSON voice.
    pub(crate) fn say(self, text: impl fmt::Display) {
        if self.voice == Voice::Text {
            line(&text);
        }
    }

    /// A result: the text in the text and the quiet voice, the value in the JSON voice.
    pub(crate) fn result(self, text: impl fmt::Display, value: impl FnOnce() -> Value) {
        match self.voice {
            Voice::Json => line(&value()),
            _ => line(&text),
        }
    }

    /// An event: seen only in the JSON voice.
    pub(crate) fn event(self, value: impl FnOnce() -> Value) {
        if self.voice == Voice::Json {
            line(&value());
        }
    }

    /// Something the user should know although nothing has failed: standard error, in every voice but the quiet one.
    pub(crate) fn warn(self, text: impl fmt::Display) {
        match self.voice {
            Voice::Text => anstream::eprintln!("note: {text}"),
            Voice::Json => {
                line(&serde_json::json!({"event": "warning", "message": text.to_string()}));
            }
            Voice::Quiet => {}
        }
    }
}

/// Whether both outputs are a person's terminal, so that a line may be drawn again and again.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// Writes one line; a reader that has gone (`cornu summary | head -1`) ends the program quietly, as with other tools.
fn line(text: &dyn fmt::Display) {
    let mut out = anstream::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        anstream::eprintln!("error: cannot write to standard output: {error}");
        std::process::exit(1);
    }
}
