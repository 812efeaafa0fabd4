//! How weights begin and what is added to the loss for them, against Keras's values.

use std::collections::BTreeMap;
use std::path::Path;

use cornu::Tensor;
use cornu::autodiff::gradients;
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph};
use cornu::initializers::InitializerConfig;
use cornu::regularizers::Regularizer;
use serde_json::{Value as Json, json};

fn golden(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../golden")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let json: Json = serde_json::from_str(&text).expect("a golden file is JSON");
    json["cases"].as_array().expect("cases").clone()
}

/// The config behind the name of a case of initializers_stats.json.
fn initializer(name: &str) -> InitializerConfig {
    let config = match name {
        "VarianceScaling_2_fan_avg_trunc" => {
            json!({ "class_name": "VarianceScaling", "config": { "scale": 2.0, "mode": "fan_avg" } })
        }
        "VarianceScaling_1_fan_out_untrunc" => json!({
            "class_name": "VarianceScaling", "config": { "mode": "fan_out", "distribution": "untruncated_normal" },
        }),
        "TruncatedNormal_0_0.05" => json!("TruncatedNormal"),
        plain => json!(plain),
    };
    serde_json::from_value(config).expect("a known initializer")
}

fn floats(t: &Tensor) -> &[f32] {
    t.f32s().expect("floats")
}

#[test]
fn initializers_spread_as_in_keras() {
    let cases = golden("initializers_stats.json");
    assert!(!cases.is_empty());
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone()).expect("a shape");
        let what = format!("{name} {shape:?}");
        let w = initializer(name)
            .draw(&shape.into(), 42, 3)
            .expect("a weight");
        let x: Vec<f64> = floats(&w).iter().map(|&v| f64::from(v)).collect();
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let std = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let number = |key: &str| case[key].as_f64().expect("a number");
        assert!((std / number("std") - 1.0).abs() < 0.02, "{what}: {std}");
        assert!(mean.abs() < 5.0 * std / n.sqrt(), "{what}: mean {mean}");
        let bounded = !name.contains("untrunc") && name != "RandomNormal" && name != "Orthogonal";
        if bounded {
            let (low, high) = x
                .iter()
                .fold((0.0f64, 0.0f64), |(l, h), &v| (l.min(v), h.max(v)));
            // Both samples come close to the limits of the distribution and never pass them.
            assert!(
                (low / number("min") - 1.0).abs() < 0.01,
                "{what}: min {low}"
            );
            assert!(
                (high / number("max") - 1.0).abs() < 0.01,
                "{what}: max {high}"
            );
        }
    }
}

#[test]
fn orthogonal_weights_are_orthogonal() {
    for shape in [[6, 4], [4, 6], [5, 5]] {
        let config = json!({ "class_name": "Orthogonal", "config": { "gain": 2.0 } });
        let config: InitializerConfig = serde_json::from_value(config).expect("valid");
        let w = config.draw(&shape.into(), 1, 0).expect("a weight");
        let [rows, columns] = shape;
        let at = |r: usize, c: usize| f64::from(floats(&w)[r * columns + c]);
        let n = rows.min(columns);
        for i in 0..n {
            for j in 0..n {
                let dot: f64 = if rows < columns {
                    (0..columns).map(|k| at(i, k) * at(j, k)).sum()
                } else {
                    (0..rows).map(|k| at(k, i) * at(k, j)).sum()
                };
                let expected = if i == j { 4.0 } else { 0.0 };
                assert!((dot - expected).abs() < 1e-5, "{shape:?} {i} {j}: {dot}");
            }
        }
    }
    let flat = InitializerConfig::named("orthogonal").draw(&[3].into(), 1, 0);
    assert!(flat.is_err());
}

#[test]
fn an_initializer_with_a_seed_of_its_own_does_not_ask_for_the_models() {
    let own: InitializerConfig =
        serde_json::from_value(json!({ "class_name": "HeNormal", "config": { "seed": 9 } }))
            .expect("valid");
    let shape = [8, 8].into();
    let draw =
        |c: &InitializerConfig, seed, stream| c.draw(&shape, seed, stream).expect("a weight");
    assert_eq!(draw(&own, 1, 0), draw(&own, 2, 5));
    let models = InitializerConfig::named("HeNormal");
    assert_ne!(draw(&models, 1, 0), draw(&models, 2, 0));
    assert_ne!(draw(&models, 1, 0), draw(&models, 1, 1));
    let again: InitializerConfig =
        serde_json::from_value(serde_json::to_value(&own).expect("JSON")).expect("valid");
    assert_eq!(again, own);
}

#[test]
fn a_weight_larger_than_memory_is_refused() {
    let error = InitializerConfig::named("zeros").draw(&[1 << 20, 1 << 21].into(), 0, 0);
    assert!(error.is_err());
}

#[test]
fn regularizers_add_what_keras_adds() {
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    let mut ran = 0;
    for case in golden("regularizers_constraints.json") {
        let name = case["name"].as_str().expect("a name").to_owned();
        let class = name.split('_').next().expect("a class");
        if case["kind"] != "regularizer" || !["L1", "L2", "L1L2"].contains(&class) {
            *skipped.entry(name).or_default() += 1;
            continue;
        }
        ran += 1;
        let rows: Vec<Vec<f32>> = serde_json::from_value(case["input"].clone()).expect("a matrix");
        let shape = [rows.len(), rows[0].len()];
        let config = json!({ "class_name": class, "config": case["config"] });
        let regularizer: Regularizer = serde_json::from_value(config.clone()).expect("valid");
        let written = serde_json::to_value(&regularizer).expect("JSON");
        assert_eq!(written["class_name"], config["class_name"]);
        assert_eq!(
            written["config"], config["config"],
            "{name}: config round trip"
        );
        let mut g = Graph::new();
        let w = g.feed("w", shape, false).expect("a feed");
        let y = regularizer.call(&mut g, w).expect("a number");
        let dw = gradients(&mut g, y, &[w]).expect("a gradient")[0];
        let tensor = Tensor::new(shape, rows.concat()).expect("sizes fit");
        let values = interpreter::run(&g, &[Array::from(&tensor)], &[]);
        let value = |v: cornu::graph::Value| {
            let place: usize = format!("{v:?}")
                .trim_start_matches('%')
                .parse()
                .expect("output 0");
            values[place][0].data.clone()
        };
        let expected: Vec<Vec<f64>> =
            serde_json::from_value(case["grad"].clone()).expect("a matrix");
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 + 1e-4 * b.abs();
        assert!(
            near(value(y)[0], case["value"].as_f64().expect("a number")),
            "{name}"
        );
        for (a, b) in value(dw).iter().zip(expected.concat()) {
            assert!(near(*a, b), "{name}: {a} {b}");
        }
    }
    for name in skipped.keys() {
        eprintln!("skipped: no {name} yet");
    }
    assert!(ran > 0);
}
