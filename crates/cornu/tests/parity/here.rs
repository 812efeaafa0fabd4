//! What of Keras is here: found in a registry, told by a note with its place here, or told by a note to be missing and why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cornu::{applications, constraints, layers, losses, metrics, optimizers, regularizers};
use serde_json::json;

use crate::api::{Entry, Section};

/// The state of one name.
pub(crate) enum State {
    /// Under the same name.
    Works,
    /// In another place of the library.
    As(String),
    /// Not there, and why.
    Missing(String),
}

/// What no registry can say: `docs/parity.json`.
///
/// For each module of Keras, names with a text: `as Graph::add` tells a place here, anything else why the name is missing. The name `*`
/// speaks for all of a module that no other note and no registry knows. Under `arguments` stand the arguments that layers leave out.
pub(crate) struct Notes {
    sections: BTreeMap<String, BTreeMap<String, String>>,
    /// Everything public that is declared in the sources.
    declared: Vec<String>,
    /// What `Graph` can be asked for.
    words: Vec<String>,
}

impl Notes {
    pub(crate) fn read() -> Self {
        let file = crate::root().join("docs/parity.json");
        let text = std::fs::read_to_string(&file).expect("the notes are there");
        let mut declared = Vec::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in [sources.join("src"), sources.join("../cornu-data/src")] {
            declarations(&folder, &mut declared);
        }
        declared.sort();
        let mut words = Vec::new();
        declarations(&sources.join("src/graph/build"), &mut words);
        Self {
            words,
            sections: serde_json::from_str(&text).expect("notes are texts"),
            declared,
        }
    }

    pub(crate) fn of(&self, section: &str, name: &str) -> Option<&str> {
        self.sections.get(section)?.get(name).map(String::as_str)
    }

    /// Whether the last part of a path is a layer or declared in the sources.
    fn is_here(&self, path: &str) -> bool {
        let path = path.trim_matches('`');
        let last = path.rsplit("::").next().unwrap_or(path);
        self.declared.binary_search(&last.to_owned()).is_ok() || layers::names().contains(&last)
    }

    fn is_word(&self, name: &str) -> bool {
        self.words.iter().any(|w| w == name)
    }

    /// Notes about names that Keras does not have or a registry knows, and places that are not here.
    pub(crate) fn stale(&self, sections: &[Section]) -> Vec<String> {
        let mut stale = Vec::new();
        for (module, notes) in self.sections.iter().filter(|(m, _)| *m != "arguments") {
            let Some(section) = sections.iter().find(|s| s.name == *module) else {
                stale.push(format!("Keras has no {module}"));
                continue;
            };
            for (name, note) in notes {
                let entry = section.entries.iter().find(|e| e.names.contains(name));
                match entry {
                    None if name != "*" => stale.push(format!("{module} has no {name}")),
                    Some(e) if e.names.iter().any(|n| registered(module, n)) => {
                        stale.push(format!("{module}.{name} is in its registry"));
                    }
                    _ => {}
                }
                if let Some(path) = note.strip_prefix("as ")
                    && !self.is_here(path)
                {
                    stale.push(format!("{module}.{name}: nothing here is called {path}"));
                }
            }
        }
        stale
    }
}

/// The names of everything public that the files of a folder declare, or a file without its ending.
fn declarations(place: &Path, into: &mut Vec<String>) {
    let file = place.with_extension("rs");
    let mut files: Vec<PathBuf> = Vec::new();
    if file.is_file() {
        files.push(file);
    }
    if place.is_dir() {
        let entries = std::fs::read_dir(place).expect("the sources are there");
        for entry in entries.map(|e| e.expect("the sources can be listed").path()) {
            if entry.is_dir() {
                declarations(&entry, into);
            } else {
                files.push(entry);
            }
        }
    }
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a source is text");
        let kinds = [
            "fn ",
            "struct ",
            "enum ",
            "trait ",
            "type ",
            "const fn ",
            "const ",
            "mod ",
        ];
        for line in text.lines() {
            let line = line.trim_start();
            // The methods of a trait are as public as the trait.
            let public = line
                .strip_prefix("pub ")
                .or_else(|| line.starts_with("fn ").then_some(line));
            let Some(rest) = public else {
                continue;
            };
            if let Some(rest) = kinds.iter().find_map(|k| rest.strip_prefix(k)) {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                into.push(rest[..end.unwrap_or(rest.len())].to_owned());
            }
        }
        // Methods that a macro writes from a list with lines such as `abs => Abs,`.
        for (before, _) in text.lines().filter_map(|l| l.split_once("=>")) {
            let name = before.trim();
            if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                into.push(name.to_owned());
            }
        }
    }
}

/// Whether a registry of ours knows a name of a module of Keras.
pub(crate) fn registered(module: &str, name: &str) -> bool {
    let dense = |argument: &str| {
        let config = json!({ "units": 2, argument: name });
        layers::deserialize("Dense", &config)
            .and_then(|l| {
                l.build(&[[3].into()])
                    .and_then(|w| w.iter().try_for_each(|w| w.initializer.get().map(|_| ())))
            })
            .is_ok()
    };
    match module {
        "keras.layers" => layers::names().contains(&name),
        "keras.activations" => dense("activation"),
        "keras.initializers" => dense("kernel_initializer"),
        "keras.regularizers" => regularizers::names().contains(&name),
        "keras.constraints" => constraints::names().contains(&name),
        "keras.applications" => applications::names().any(|n| n == name),
        "keras.losses" => losses::names().contains(&name) || losses::loss(name).is_ok(),
        "keras.metrics" => {
            metrics::names().contains(&name)
                || metrics::deserialize(name, serde_json::Map::new()).is_ok()
        }
        "keras.optimizers" => optimizers::names().contains(&name),
        "keras.optimizers.schedules" => optimizers::schedules::names().contains(&name),
        _ => false,
    }
}

/// The state of an entry; `None` where nobody can tell.
pub(crate) fn state(module: &str, entry: &Entry, notes: &Notes) -> Option<State> {
    if entry.names.iter().any(|n| registered(module, n)) {
        return Some(State::Works);
    }
    let note = entry.names.iter().find_map(|n| notes.of(module, n));
    // Words of the graph have the names of Keras's ops where they do the same.
    if note.is_none() && module == "keras.ops" && notes.is_word(entry.name()) {
        return Some(State::As(format!("Graph::{}", entry.name())));
    }
    let note = note.or_else(|| notes.of(module, "*"))?;
    Some(match note.strip_prefix("as ") {
        Some(path) => State::As(path.to_owned()),
        None => State::Missing(note.to_owned()),
    })
}
