//! Whole models against Keras: predictions, first gradients, five training steps, and the weights after them.
//!
//! Every file of `golden/models` (and of the folder `models` in each of `CORNU_GOLDEN_DIRS`) is a case; a new one needs no Rust.

use std::path::{Path, PathBuf};

use cornu::model::Model;
use cornu::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value as Json;

fn folders() -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../golden"
    ))];
    if let Some(more) = std::env::var_os("CORNU_GOLDEN_DIRS") {
        all.extend(std::env::split_paths(&more));
    }
    all.into_iter()
        .map(|f| f.join("models"))
        .filter(|f| f.is_dir())
        .collect()
}

struct Case<'a> {
    name: String,
    tensors: SafeTensors<'a>,
    metadata: std::collections::HashMap<String, String>,
}

impl Case<'_> {
    fn tensor(&self, name: &str) -> Option<Tensor> {
        let view = self.tensors.tensor(name).ok()?;
        let words = view
            .data()
            .chunks_exact(4)
            .map(|b| [b[0], b[1], b[2], b[3]]);
        let tensor = match view.dtype() {
            Dtype::F32 => Tensor::new(
                view.shape(),
                words.map(f32::from_le_bytes).collect::<Vec<_>>(),
            ),
            Dtype::I32 => Tensor::new(
                view.shape(),
                words.map(i32::from_le_bytes).collect::<Vec<_>>(),
            ),
            other => panic!("{}: {name} is {other:?}", self.name),
        };
        Some(tensor.expect("a golden tensor has its shape"))
    }

    fn series(&self, prefix: &str) -> Vec<Tensor> {
        (0..)
            .map_while(|i| self.tensor(&format!("{prefix}.{i}")))
            .collect()
    }

    fn json(&self, key: &str) -> Json {
        serde_json::from_str(&self.metadata[key]).expect("golden metadata are JSON")
    }

    fn model(&self) -> Model {
        let mut model = Model::from_json(&self.metadata["config"])
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        model
            .set_weights(&self.series("weight"))
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        model
    }

    fn compile(&self, model: &mut Model, optimizer: Box<dyn Optimizer>) {
        let metrics: &[&str] = match self.tensor("evaluated.0") {
            Some(_) => &["accuracy"],
            None => &[],
        };
        let part = self.json("loss");
        let config = part["config"].as_object().cloned().unwrap_or_default();
        let class = part["class_name"].as_str().expect("a class");
        let loss = cornu::losses::deserialize(class, config)
            .unwrap_or_else(|e| panic!("{}: {e}", self.name));
        model
            .compile(optimizer, loss, metrics.iter().copied())
            .expect("compiles");
    }

    fn near(&self, what: &str, got: &Tensor, want: &Tensor) {
        assert_eq!(got.shape(), want.shape(), "{}: {what}", self.name);
        let pairs = got
            .f32s()
            .expect("floats")
            .iter()
            .zip(want.f32s().expect("floats"));
        for (i, (&a, &b)) in pairs.enumerate() {
            let close = (a - b).abs() <= 1e-5 + 1e-4 * b.abs();
            assert!(close, "{}: {what}[{i}] is {a}, Keras has {b}", self.name);
        }
    }
}

fn check(path: &Path) {
    let bytes = std::fs::read(path).expect("a golden file can be read");
    let (_, header) = SafeTensors::read_metadata(&bytes).expect("a golden file is whole");
    let case = Case {
        name: path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned(),
        tensors: SafeTensors::deserialize(&bytes).expect("a golden file is whole"),
        metadata: header
            .metadata()
            .clone()
            .expect("golden files have metadata"),
    };
    let inputs = case.series("input");
    let data = (inputs.clone(), case.tensor("target.0").expect("a target"));
    let batch = data.1.shape()[0];
    let one_step = || Fit::epochs(1).batch_size(batch).shuffle(false);

    // One step of plain gradient descent with rate 1 moves each weight by its gradient.
    let mut model = case.model();
    let before = model.predict_all(&inputs, batch).expect("predicts");
    case.near(
        "prediction_before",
        &before[0],
        &case.tensor("prediction_before.0").expect("recorded"),
    );
    case.compile(&mut model, Box::new(SGD::new(1.0)));
    model.fit(&data, one_step()).expect("trains");
    for (i, (new, old)) in model
        .weights()
        .iter()
        .zip(case.series("weight"))
        .enumerate()
    {
        if let Some(want) = case.tensor(&format!("grad_weight.{i}")) {
            let moved = old
                .f32s()
                .expect("floats")
                .iter()
                .zip(new.f32s().expect("floats"));
            let grad: Vec<f32> = moved.map(|(o, n)| o - n).collect();
            let grad = Tensor::new(old.shape().clone(), grad).expect("sizes fit");
            case.near(&format!("grad_weight.{i}"), &grad, &want);
        }
    }

    let mut model = case.model();
    let part = case.json("optimizer");
    let config = part["config"].as_object().cloned().unwrap_or_default();
    let optimizer =
        cornu::optimizers::deserialize(part["class_name"].as_str().expect("a class"), config)
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
    case.compile(&mut model, optimizer);
    let losses = case.tensor("loss.0").expect("recorded");
    let mut got = Vec::new();
    for _ in 0..losses.shape()[0] {
        let history = model.fit(&data, one_step()).expect("trains");
        got.push(history.last().and_then(|l| l.get("loss")).expect("a loss") as f32);
    }
    case.near(
        "loss",
        &Tensor::new([got.len()], got).expect("sizes fit"),
        &losses,
    );
    for (i, (w, want)) in model
        .weights()
        .iter()
        .zip(case.series("weight_after"))
        .enumerate()
    {
        case.near(&format!("weight_after.{i}"), w, &want);
    }
    let after = model.predict_all(&inputs, batch).expect("predicts");
    case.near(
        "prediction_after",
        &after[0],
        &case.tensor("prediction_after.0").expect("recorded"),
    );

    if let Some(want) = case.tensor("evaluated.0") {
        let logs = model.evaluate_batched(&data, batch).expect("evaluates");
        let got: Vec<f32> = ["loss", "accuracy"]
            .iter()
            .map(|name| logs.get(name).expect("evaluated") as f32)
            .collect();
        let got = Tensor::new([2], got).expect("sizes fit");
        case.near("evaluated", &got, &want);
    }

    // Saved and read again it is the same model, to the last bit, with the optimizer's memory.
    let file = std::env::temp_dir().join(format!(
        "cornu-golden-{}-{}.cornu",
        std::process::id(),
        case.name
    ));
    model.save(&file).expect("saves");
    let mut again = Model::load(&file).expect("loads");
    assert_eq!(again.to_json(), model.to_json(), "{}", case.name);
    assert_eq!(again.weights(), model.weights(), "{}", case.name);
    model.fit(&data, one_step()).expect("trains");
    again.fit(&data, one_step()).expect("trains");
    assert_eq!(
        again.weights(),
        model.weights(),
        "{}: training goes on as before",
        case.name
    );
    std::fs::remove_file(file).expect("removes");
}

#[test]
fn models_train_as_in_keras() {
    let mut count = 0;
    for folder in folders() {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|f| f.expect("an entry").path())
            .filter(|p| p.extension().is_some_and(|e| e == "safetensors"))
            .collect();
        files.sort();
        for file in files {
            check(&file);
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} golden models were found");
}
