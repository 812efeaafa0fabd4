//! Training of several outputs, with weights of samples and of classes, and of nested models, against what Keras computed.

use std::path::Path;

use cornu::losses;
use cornu::prelude::*;
use serde_json::{Map, Value as Json};

fn tensor(json: &Json) -> Tensor {
    let list = |key: &str| json[key].as_array().expect("a list");
    let shape: Vec<usize> = list("shape")
        .iter()
        .map(|n| n.as_u64().expect("a length") as usize)
        .collect();
    let numbers = list("numbers").iter();
    if json["int"] == true {
        let numbers = numbers.map(|n| n.as_i64().expect("a whole number") as i32);
        return Tensor::new(shape, numbers.collect::<Vec<_>>()).expect("sizes fit");
    }
    let numbers = numbers.map(|n| n.as_f64().expect("a number") as f32);
    Tensor::new(shape, numbers.collect::<Vec<_>>()).expect("sizes fit")
}

fn tensors(json: &Json) -> Vec<Tensor> {
    let list = json.as_array().expect("a list");
    list.iter().map(tensor).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 + 1e-4 * b.abs()
}

fn check(what: &str, ours: &[Tensor], theirs: &[Tensor]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(a.shape(), b.shape(), "{what} {i}");
        for (x, y) in a
            .f32s()
            .expect("floats")
            .iter()
            .zip(b.f32s().expect("floats"))
        {
            assert!(
                near(f64::from(*x), f64::from(*y)),
                "{what} {i}: {x}, in Keras {y}"
            );
        }
    }
}

/// Keras's `loss=` and `loss_weights=`.
fn losses_of(arguments: &Json) -> Losses {
    let loss = |name: &Json| losses::loss(name.as_str().expect("a name")).expect("a loss");
    let weights = &arguments["loss_weights"];
    match &arguments["loss"] {
        Json::Object(by_name) => by_name.iter().fold(Losses::new(), |all, (output, name)| {
            let weight = weights[output].as_f64().unwrap_or(1.0) as f32;
            all.weighted(output, loss(name), weight)
        }),
        Json::Array(list) => list.iter().map(loss).collect::<Vec<_>>().into(),
        name => loss(name).into(),
    }
}

/// Keras's `metrics=` and `weighted_metrics=`.
fn metrics_of(arguments: &Json) -> Vec<MetricOf> {
    let mut all = Vec::new();
    for key in ["metrics", "weighted_metrics"] {
        let mut add = |output: Option<&str>, names: &Json| {
            for name in names.as_array().expect("a list") {
                let mut m: MetricOf = name.as_str().expect("a name").into();
                if let Some(output) = output {
                    m = m.of(output);
                }
                all.push(if key == "metrics" { m } else { m.weighted() });
            }
        };
        match &arguments[key] {
            Json::Null => {}
            Json::Object(by_name) => by_name
                .iter()
                .for_each(|(output, names)| add(Some(output), names)),
            names => add(None, names),
        }
    }
    all
}

fn compare_logs(what: &str, ours: &Logs, theirs: &Map<String, Json>, epoch: Option<usize>) {
    for (name, value) in theirs {
        let value = match epoch {
            Some(epoch) => &value[epoch],
            None => value,
        };
        let theirs = value.as_f64().expect("a number");
        let ours = ours
            .get(name)
            .unwrap_or_else(|| panic!("{what}: no {name} among {:?}", ours.names()));
        assert!(
            near(ours, theirs),
            "{what}: {name} is {ours}, in Keras {theirs}"
        );
    }
}

#[test]
fn training_of_several_outputs_is_kerass() -> cornu::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/goals.json");
    let text = std::fs::read_to_string(path).expect("the cases");
    let cases: Vec<Json> = serde_json::from_str(&text).expect("JSON");
    assert!(cases.len() >= 10);
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let mut model = Model::from_json(&case["model"].to_string())?;
        model.set_weights(&tensors(&case["weights"]))?;
        model.compile(
            SGD::new(0.1),
            losses_of(&case["arguments"]),
            metrics_of(&case["arguments"]),
        )?;
        let data = (
            tensors(&case["x"]),
            tensors(&case["y"]),
            tensors(&case["sample_weight"]),
        );
        let batch = case["batch_size"].as_u64().expect("a number") as usize;
        let epochs = case["epochs"].as_u64().expect("a number") as usize;
        let classes = case["class_weight"].as_object().expect("an object");
        let classes = classes.iter().map(|(class, weight)| {
            let class = class.parse::<i32>().expect("a class");
            (class, weight.as_f64().expect("a number") as f32)
        });
        let fit = Fit::epochs(epochs)
            .batch_size(batch)
            .shuffle(false)
            .class_weight(classes);
        let history = model.fit(&data, fit)?;
        let theirs = case["history"].as_object().expect("an object");
        for (epoch, log) in history.epochs.iter().enumerate() {
            compare_logs(
                &format!("{name}, epoch {epoch}"),
                &log.logs,
                theirs,
                Some(epoch),
            );
        }
        let scores = model.evaluate_batched(&data, batch)?;
        let theirs = case["evaluate"].as_object().expect("an object");
        compare_logs(&format!("{name}, evaluated"), &scores, theirs, None);
        check(
            &format!("{name}, weight"),
            &model.weights(),
            &tensors(&case["weights_after"]),
        );
        let predictions = model.predict_all(&data.0, 32)?;
        check(
            &format!("{name}, output"),
            &predictions,
            &tensors(&case["predictions"]),
        );

        // A file keeps the goals: one more epoch is the same.
        let path = std::env::temp_dir().join(format!("cornu-test-goals-{name}.cornu"));
        model.save(&path)?;
        let mut again = Model::load(&path)?;
        std::fs::remove_file(&path).ok();
        assert_eq!(again.evaluate_batched(&data, batch)?, scores, "{name}");
    }
    Ok(())
}
