//! Every public name of Keras with its state here: the page `docs/parity.md` is what the registries say, and nothing is missing without a
//! reason.
//!
//! `CORNU_WRITE_PARITY=1 cargo test -p cornu --test parity` writes the page anew.

#[path = "parity/api.rs"]
mod api;
#[path = "parity/arguments.rs"]
mod arguments;
#[path = "parity/here.rs"]
mod here;
#[path = "parity/page.rs"]
mod page;
#[path = "layers/samples.rs"]
#[allow(dead_code)] // The configs alone are of interest here.
mod samples;

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_says_what_is_there() {
    let page = page::write(&api::sections(), &here::Notes::read());
    let file = root().join("docs/parity.md");
    if std::env::var_os("CORNU_WRITE_PARITY").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    let stored = std::fs::read_to_string(&file).expect("the page is there");
    let differs = stored.lines().zip(page.lines()).find(|(a, b)| a != b);
    assert!(
        stored == page,
        "docs/parity.md is not what the registries say, first {differs:?}: CORNU_WRITE_PARITY=1 writes it anew"
    );
}

#[test]
fn nothing_is_missing_without_a_reason() {
    let notes = here::Notes::read();
    let mut lacking = Vec::new();
    for section in api::sections() {
        for entry in &section.entries {
            if here::state(&section.name, entry, &notes).is_none() {
                lacking.push(format!("{}.{}", section.name, entry.name()));
            }
        }
    }
    assert!(
        lacking.is_empty(),
        "neither there nor explained in docs/parity.json:\n{}",
        lacking.join("\n")
    );
}

#[test]
fn notes_speak_of_names_that_keras_has_and_of_places_that_are_here() {
    let notes = here::Notes::read();
    let stale = notes.stale(&api::sections());
    assert!(stale.is_empty(), "docs/parity.json: {stale:#?}");
}

#[test]
fn layers_take_the_arguments_that_keras_has() {
    let wrong = arguments::of_layers(&api::sections(), &here::Notes::read());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
