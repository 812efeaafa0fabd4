//! What is refused, and in which words.

use std::fs;

use crate::folder::{Folder, code, cornu, refuses, stderr, stdout, text};

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::new("help");
    for args in [&["--help"][..], &["train", "--help"], &["--version"]] {
        let output = cornu(&folder.0, args);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("cornu"), "{}", stdout(&output));
        assert_eq!(stderr(&output), "");
    }
    assert_eq!(code(&cornu(&folder.0, &[])), 2);
}

#[test]
fn mistakes_in_the_command_are_told_with_what_was_meant() {
    let folder = Folder::new("mistakes");
    refuses(
        &folder,
        &["train", "--epoch", "3"],
        2,
        "error: unexpected argument '--epoch' found\n  help a similar argument exists: '--epochs'\n       \
         usage: cornu train --epochs <N> [RECIPE.toml]\n       `--help` tells every option",
    );
    refuses(
        &folder,
        &["train", "nowhere.toml"],
        2,
        "error: cannot read nowhere.toml: there is no such file or folder\n  \
         help check the path; it is relative to the current folder",
    );
    let recipe = folder.write("r.toml", "epochs = 3\noptimiser = \"adam\"\n");
    refuses(
        &folder,
        &["train", &recipe],
        2,
        "error: unknown field `optimiser` in the recipe\n  at   FOLDER/r.toml:2\n  help did you mean `optimizer`? \
         known fields: epochs, batch_size, steps_per_epoch, seed, precision, loss, optimizer, metrics, data, model, callbacks",
    );
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        1,
        "a refused command leaves nothing behind"
    );
}

#[test]
fn mistakes_in_names_are_told_before_any_work() {
    let folder = Folder::new("names");
    for (recipe, parts) in [
        (
            "optimizer = \"addam\"",
            [
                "unknown optimizer \"addam\"",
                "did you mean \"adam\"?",
                "r.toml:1",
            ],
        ),
        (
            "\nloss = \"sparse_categorical_crossentropi\"",
            [
                "unknown loss",
                "did you mean \"sparse_categorical_crossentropy\"?",
                "r.toml:2",
            ],
        ),
        (
            "optimizer = { name = \"adam\", learning_rat = 0.1 }",
            ["learning_rat", "learning_rate", "r.toml:1"],
        ),
        (
            "metrics = [\"acuracy\"]",
            ["acuracy", "accuracy", "r.toml:1"],
        ),
        (
            "[model]\nlayers = [\n{ layer = \"Dens\", units = 3 }]",
            [
                "unknown layer \"Dens\"",
                "did you mean \"Dense\"?",
                "r.toml:3",
            ],
        ),
        (
            "[model]\nlayers = [{ layer = \"Dense\", unit = 3 }]",
            ["unit", "units", "r.toml:2"],
        ),
        (
            "data = \"shape\"",
            ["received \"shape\"", "did you mean `shapes`?", "shapes"],
        ),
    ] {
        let path = folder.write("r.toml", recipe);
        let output = cornu(&folder.0, &["train", &path, "--train-limit", "16"]);
        let said = stderr(&output);
        for part in parts {
            assert!(said.contains(part), "{recipe}\n{said}\nlacks {part}");
        }
        assert_eq!(code(&output), 2, "{recipe}\n{said}");
    }
    assert!(!folder.file("runs").exists());
}

#[test]
fn data_sets_are_listed_and_described() {
    let folder = Folder::new("data");
    let output = cornu(&folder.0, &["data", "list"]);
    assert!(stdout(&output).contains("shapes"));
    let output = cornu(&folder.0, &["data", "info", "shapes", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(value["classes"], 10);
    refuses(&folder, &["data", "info", "shappes"], 2, &{
        let said = stderr(&cornu(&folder.0, &["data", "info", "shappes"]));
        assert!(said.contains("did you mean `shapes`?"), "{said}");
        said.trim_end().to_string()
    });
}

#[test]
fn pictures_that_are_none_are_told() {
    let folder = Folder::new("pictures");
    let run = text(&folder.trained());
    let fake = folder.write("fake.png", "this is no picture");
    let output = cornu(&folder.0, &["predict", &run, &fake]);
    assert_ne!(code(&output), 0);
    assert!(stderr(&output).contains("fake.png"), "{}", stderr(&output));
    let output = cornu(&folder.0, &["predict", &run, "nowhere.png"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("nowhere.png"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_damaged_model_file_is_told_by_name() {
    let folder = Folder::new("damaged");
    let run = folder.trained();
    let whole = fs::read(run.join("model.cornu")).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 0xff;
    for (name, bytes) in [
        ("empty.cornu", Vec::new()),
        ("cut.cornu", whole[..whole.len() / 2].to_vec()),
        ("flipped.cornu", flipped),
        (
            "noise.cornu",
            (0..9999u32).map(|i| ((i * 7919) >> 3) as u8).collect(),
        ),
    ] {
        let path = folder.write(name, bytes);
        let output = cornu(&folder.0, &["summary", &path]);
        let said = stderr(&output);
        assert!(said.starts_with("error: "), "{name}: {said}");
        assert!(said.contains(name), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert!([1, 2].contains(&code(&output)), "{name}");
    }
}
