//! Every optimizer, loss and metric is documented with an example, has a golden case, and comes back from its own config.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use super::cases::cases;
use cornu::optimizers::{self, schedules};
use cornu::{losses, metrics};

/// The file in a folder of the sources that declares a struct.
fn source(folder: &str, class: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(folder);
    let entries = std::fs::read_dir(&folder).expect("the sources are there");
    for entry in entries {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source is text");
        if text.contains(&format!("pub struct {class} {{")) {
            return text;
        }
    }
    panic!("no file in {} declares {class}", folder.display());
}

fn documented(folder: &str, class: &str, sections: &[&str]) {
    let text = source(folder, class);
    assert!(text.starts_with("//! "), "{class}: the file tells its idea");
    let (before, _) = text
        .split_once(&format!("pub struct {class} {{"))
        .expect("found above");
    for section in sections {
        assert!(
            before.contains(&format!("/// # {section}\n")),
            "{class}: no section {section}"
        );
    }
    assert!(before.contains("/// ```\n"), "{class}: the example is code");
}

fn recorded(file: &str, key: &str) -> BTreeSet<String> {
    let name = |c: &Json| c[key].as_str().expect("a case names its class").to_owned();
    cases(file).iter().map(|(_, c)| name(c)).collect()
}

/// Reads a written thing's class and config.
fn parts(written: &Json) -> (&str, serde_json::Map<String, Json>) {
    let class = written["class_name"].as_str().expect("a class name");
    let config = written["config"].as_object().expect("a config");
    (class, config.clone())
}

#[test]
fn optimizers_are_complete() {
    let stored = cases("optimizers.json");
    for class in optimizers::names() {
        documented(
            "optimizers",
            class,
            &["Errors", "Example", "Source", "Keras"],
        );
        let case = stored.iter().find(|(_, c)| c["optimizer"] == class);
        let (_, case) = case.unwrap_or_else(|| panic!("{class}: no golden case"));
        let one = optimizers::deserialize(class, super::object(&case["config"])).expect(class);
        let written = optimizers::serialize(&*one);
        let (name, config) = parts(&written);
        let again = optimizers::deserialize(name, config).expect(class);
        assert_eq!(optimizers::serialize(&*again), written);
    }
}

#[test]
fn schedules_are_complete() {
    let recorded = recorded("schedules.json", "schedule");
    for class in schedules::names() {
        documented(
            "optimizers/schedules",
            class,
            &["Errors", "Example", "Keras"],
        );
        assert!(recorded.contains(class), "{class}: no golden case");
    }
}

#[test]
fn losses_are_complete() {
    let recorded = recorded("losses.json", "loss");
    for class in losses::names() {
        documented("losses", class, &["Shapes", "Errors", "Example", "Keras"]);
        assert!(recorded.contains(class), "{class}: no golden case");
        let one = losses::loss(class).expect(class);
        let written = losses::serialize(&*one);
        let (name, config) = parts(&written);
        let again = losses::deserialize(name, config).expect(class);
        assert_eq!(losses::serialize(&*again), written);
    }
}

#[test]
fn metrics_are_complete() {
    let stored = cases("metrics.json");
    for class in metrics::names() {
        let case = stored.iter().find(|(_, c)| c["metric"] == class);
        // A loss that Keras has as a loss alone is checked as one.
        if losses::names().contains(&class) && case.is_none() {
            continue;
        }
        if !losses::names().contains(&class) {
            documented("metrics", class, &["Shapes", "Example", "Keras"]);
        }
        let (_, case) = case.unwrap_or_else(|| panic!("{class}: no golden case"));
        let one = metrics::deserialize(class, super::object(&case["args"])).expect(class);
        let written = metrics::serialize(&*one);
        let (name, config) = parts(&written);
        let again = metrics::deserialize(name, config).expect(class);
        assert_eq!(metrics::serialize(&*again), written);
    }
}
