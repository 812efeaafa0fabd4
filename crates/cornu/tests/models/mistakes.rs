//! What a user reads when a model, its description or its file is not right.

use cornu::prelude::*;
use serde_json::json;

/// A model's JSON: an input of four features and one layer within a model.
fn described(class: &str, config: &serde_json::Value) -> String {
    let input =
        json!({ "class_name": "InputLayer", "config": { "batch_shape": [null, 4], "name": "x" } });
    let layers = json!([input, { "class_name": class, "config": config }]);
    let inner =
        json!({ "class_name": "Sequential", "config": { "name": "inner", "layers": layers } });
    json!({ "class_name": "Sequential", "config": { "name": "outer", "layers": [input, inner] } })
        .to_string()
}

#[test]
fn a_mistake_in_json_is_told_with_the_layers_whole_path() {
    for (class, config, message) in [
        (
            "Dense",
            json!({ "name": "last", "unit": 3 }),
            "unknown argument \"unit\"\n  at   outer/inner/last\n  help did you mean \"units\"?",
        ),
        (
            "Dense",
            json!({ "name": "last", "units": -3 }),
            "units must be a whole number of at least 0, received -3\n  at   outer/inner/last",
        ),
        (
            "Dens",
            json!({ "name": "last", "units": 3 }),
            "unknown layer \"Dens\"\n  at   outer/inner/last\n  help did you mean \"Dense\"?",
        ),
        (
            "Dense",
            json!({ "name": 7, "units": 3 }),
            "a layer's name must be a text, received 7\n  at   outer/inner/layers[1]",
        ),
    ] {
        let error = Model::from_json(&described(class, &config)).expect_err("refused");
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn of_many_known_names_a_misspelling_is_told_the_nearest_alone() {
    let config = json!({ "units": 3 });
    let near = Model::from_json(&described("Dens", &config)).expect_err("refused");
    assert_eq!(near.help_text(), Some("did you mean \"Dense\"?"));
    let far = Model::from_json(&described("Brontosaurus", &config)).expect_err("refused");
    let help = far.help_text().expect("a help");
    assert!(help.starts_with("known: InputLayer, "), "{help}");
}

#[test]
fn a_misspelt_metric_is_told_by_compile() -> cornu::Result<()> {
    let mut model = Sequential::new().input([4]).add(Dense::new(3)).build()?;
    let error = model
        .compile(Adam::default(), MeanSquaredError::default(), ["acuracy"])
        .expect_err("refused");
    assert!(
        error.to_string().starts_with(
            "unknown metric \"acuracy\"\n  at   sequential\n  help did you mean \"accuracy\"?"
        ),
        "{error}"
    );
    model.compile(
        Adam::default(),
        MeanSquaredError::default(),
        ["Accuracy", "mae"],
    )
}

#[test]
fn a_file_of_another_kind_and_one_cut_short_are_told_apart() -> cornu::Result<()> {
    let folder = std::env::temp_dir().join(format!("cornu-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("model.cornu");
    let told = |bytes: &[u8]| {
        std::fs::write(&file, bytes).expect("writes");
        Model::load(&file).expect_err("refused").to_string()
    };
    let model = Sequential::new().input([4]).add(Dense::new(3)).build()?;
    model.save(&file)?;
    let whole = std::fs::read(&file).expect("reads");
    let cut = told(&whole[..whole.len() / 2]);
    let size = whole.len() / 2;
    assert!(
        cut.starts_with(&format!(
            "the model file is damaged: it ends after {size} bytes, too early"
        )),
        "{cut}"
    );
    let text = told(b"epochs = 3, and some more of a recipe");
    assert!(
        text.starts_with("the file is no model of Cornu's"),
        "{text}"
    );
    assert!(
        text.contains("help `cornu train` and `Model::save` write"),
        "{text}"
    );
    let ending = model.save(folder.join("model.keras")).expect_err("refused");
    let help = ending.help_text().expect("a help");
    assert!(help.contains("model.cornu"), "{help}");
    std::fs::remove_dir_all(folder).expect("removes");
    Ok(())
}
