//! The page itself: a table for each module of Keras.

use std::fmt::Write;

use crate::api::Section;
use crate::here::{Notes, State, state};

const HEAD: &str = "# Keras's names and ours

Written by `CORNU_WRITE_PARITY=1 cargo test -p cornu --test parity` from the registries, the list of Keras's public names
([golden/keras-api.txt](../golden/keras-api.txt)) and the notes in [parity.json](parity.json); a test holds the three against each other.
*works* means: under Keras's own name, with its arguments and defaults, compared with values that Keras computed.
";

/// The page for all modules.
pub(crate) fn write(sections: &[Section], notes: &Notes) -> String {
    let mut page = HEAD.to_owned();
    let mut body = String::new();
    let mut overview = String::from(
        "\n| module | names | work | elsewhere here | not there |\n|---|---:|---:|---:|---:|\n",
    );
    for section in sections {
        let (mut works, mut elsewhere, mut missing) = (0, 0, 0);
        let mut table = String::new();
        for entry in &section.entries {
            let text = match state(&section.name, entry, notes) {
                Some(State::Works) => {
                    works += 1;
                    "works".to_owned()
                }
                Some(State::As(path)) => {
                    elsewhere += 1;
                    format!("as `{path}`")
                }
                Some(State::Missing(why)) => {
                    missing += 1;
                    format!("not there: {why}")
                }
                None => {
                    missing += 1;
                    "**missing**".to_owned()
                }
            };
            let names = entry.names.iter().map(|n| format!("`{n}`"));
            let names = names.collect::<Vec<_>>().join(", ");
            writeln!(table, "| {names} | {text} |").expect("a text can be written to");
        }
        let anchor = section.name.replace('.', "");
        writeln!(
            overview,
            "| [{0}](#{anchor}) | {1} | {works} | {elsewhere} | {missing} |",
            section.name,
            section.entries.len()
        )
        .expect("a text can be written to");
        write!(
            body,
            "\n## {}\n\n| Keras | here |\n|---|---|\n{table}",
            section.name
        )
        .expect("a text can be written to");
    }
    page.push_str(&overview);
    page.push_str(&body);
    page
}
