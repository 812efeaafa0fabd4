//! Mistakes in a config, from the parser's words into a person's.

use crate::error::Error;

/// The error for the parser's message about the argument at `place` ("." where none is named).
pub(crate) fn tell(place: &str, message: &str) -> Error {
    let (message, help) = match message.split_once("\n  help ") {
        Some((message, help)) => (message, Some(help)),
        None => (message, None),
    };
    let error = missing(message)
        .or_else(|| unknown(message))
        .or_else(|| unknown_name(place, message))
        .or_else(|| wrong(place, message))
        .unwrap_or_else(|| match place {
            "." => Error::config(message),
            _ => Error::config(format!("{place}: {message}")),
        });
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

/// "missing field `units`".
fn missing(message: &str) -> Option<Error> {
    let name = message.strip_prefix("missing field `")?.strip_suffix('`')?;
    Some(Error::config(format!("the argument {name} is required")))
}

/// "unknown field `unit`, expected one of `units`, `activation`".
fn unknown(message: &str) -> Option<Error> {
    let mut quoted = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    let given = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    if known.is_empty() {
        return Some(Error::config(format!("unknown argument \"{given}\"")).help("there are none"));
    }
    if let Some(unsupported) = ["constraint", "quantization", "activity_regularizer"]
        .iter()
        .find(|u| given.contains(**u))
    {
        return Some(
            Error::config(format!("{given} must be null, received something else")).help(format!(
                "{} is not supported",
                unsupported.replace('_', " ")
            )),
        );
    }
    Some(Error::unknown("argument", given, known))
}

/// "unknown variant `channels_middle`, expected `channels_last` or `channels_first`".
fn unknown_name(place: &str, message: &str) -> Option<Error> {
    let mut quoted = message
        .strip_prefix("unknown variant ")?
        .split('`')
        .skip(1)
        .step_by(2);
    let given = quoted.next()?;
    Some(Error::unknown(place, given, quoted))
}

/// "invalid type: string \"three\", expected usize", "invalid length 3, expected ..".
fn wrong(place: &str, message: &str) -> Option<Error> {
    let (received, expected) = message.split_once(", expected ")?;
    let expected = match expected {
        "usize" | "u64" => "a whole number of at least 0",
        "i64" | "isize" => "a whole number",
        "f64" | "f32" => "a number",
        "a string" => "a name",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other => other,
    };
    let received = if let Some(n) = received.strip_prefix("invalid length ") {
        format!("a list of {n}")
    } else {
        let text = ["invalid type: ", "invalid value: "]
            .iter()
            .find_map(|prefix| received.strip_prefix(prefix))?;
        match text {
            "map" => "an object".to_owned(),
            "sequence" => "a list".to_owned(),
            _ => ["integer ", "string ", "boolean ", "floating point "]
                .iter()
                .find_map(|kind| text.strip_prefix(kind))
                .unwrap_or(text)
                .replace('`', ""),
        }
    };
    let what = if place == "." { "the config" } else { place };
    Some(Error::config(format!(
        "{what} must be {expected}, received {received}"
    )))
}
