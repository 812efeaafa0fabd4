//! How weights begin and what is added to the loss for them, against Keras's values.

use std::collections::BTreeSet;
use std::path::Path;

use cornu::autodiff::gradients;
use cornu::choice::Named;
use cornu::constraints::{self, Constraint, MaxNorm, MinMaxNorm, UnitNorm};
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph, Value};
use cornu::initializers::{Initializer, InitializerConfig};
use cornu::layers::{Base, Context, WeightSpec};
use cornu::prelude::*;
use cornu::regularizers::{self, Regularizer};
use serde_json::{Map, Value as Json, json};

fn golden(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../golden")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let json: Json = serde_json::from_str(&text).expect("a golden file is JSON");
    json["cases"].as_array().expect("cases").clone()
}

fn floats(t: &Tensor) -> &[f32] {
    t.f32s().expect("floats")
}

#[test]
fn initializers_spread_as_in_keras() {
    let mut checked = BTreeSet::new();
    for case in golden("initializers.json") {
        let name = case["name"].as_str().expect("a name");
        let class = case["class_name"].as_str().expect("a class");
        checked.insert(class.to_owned());
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone()).expect("a shape");
        let written = json!({ "class_name": class, "config": case["config"] });
        let initializer: InitializerConfig = serde_json::from_value(written).expect(name);
        let again = serde_json::to_value(&initializer).expect("JSON");
        for (key, value) in case["config"].as_object().expect("arguments") {
            assert_eq!(&again["config"][key], value, "{name}: {key} comes back");
        }
        let w = initializer.draw(&shape.into(), 42, 3).expect("a weight");
        let x: Vec<f64> = floats(&w).iter().map(|&v| f64::from(v)).collect();
        if !case["values"].is_null() {
            near(name, &x, &flat(&case["values"]));
            continue;
        }
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let std = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let number = |key: &str| case[key].as_f64().expect("a number");
        assert!((std / number("std") - 1.0).abs() < 0.02, "{name}: {std}");
        let apart = (mean - number("mean")).abs();
        assert!(apart < 8.0 * std / n.sqrt(), "{name}: mean {mean}");
        let distribution = case["config"]["distribution"].as_str();
        let bounded = !["RandomNormal", "Orthogonal"].contains(&class)
            && distribution != Some("untruncated_normal");
        if bounded {
            let low = x.iter().fold(f64::INFINITY, |l, &v| l.min(v));
            let high = x.iter().fold(f64::NEG_INFINITY, |h, &v| h.max(v));
            // Both samples come close to the limits of the distribution and never pass them.
            let width = number("max") - number("min");
            for (key, end) in [("min", low), ("max", high)] {
                let apart = (end - number(key)).abs();
                assert!(apart < 0.005 * width, "{name}: {key} {end}");
            }
        }
    }
    for name in Initializer::names() {
        let class = Initializer::from_name(name).expect(name).class_name();
        assert!(checked.contains(class), "{class}: no golden case");
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

/// One golden case: what is written to the graph for its matrix, and the values the interpreter finds.
fn weigh<const N: usize>(
    case: &Json,
    write: impl FnOnce(&mut Graph, Value) -> [Value; N],
) -> [Vec<f64>; N] {
    let rows: Vec<Vec<f32>> = serde_json::from_value(case["input"].clone()).expect("a matrix");
    let shape = [rows.len(), rows[0].len()];
    let mut g = Graph::new();
    let w = g.feed("w", shape, false).expect("a feed");
    let wanted = write(&mut g, w);
    let tensor = Tensor::new(shape, rows.concat()).expect("sizes fit");
    let values = interpreter::run(&g, &[Array::from(&tensor)], &[]);
    wanted.map(|v| {
        let place: usize = format!("{v:?}")
            .trim_start_matches('%')
            .parse()
            .expect("output 0");
        values[place][0].data.clone()
    })
}

/// The numbers of nested lists, in order.
fn flat(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(list) => list.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn near(what: &str, received: &[f64], expected: &[f64]) {
    assert_eq!(received.len(), expected.len(), "{what}");
    for (a, b) in received.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-5 + 1e-4 * b.abs(), "{what}: {a} {b}");
    }
}

#[test]
fn regularizers_and_constraints_are_those_of_keras() {
    let mut checked = BTreeSet::new();
    for case in golden("regularizers_constraints.json") {
        let name = case["name"].as_str().expect("a name");
        let class = name.split('_').next().expect("a class");
        checked.insert(class.to_owned());
        let config = json!({ "class_name": class, "config": case["config"] });
        let same = |written: Json| {
            assert_eq!(written["class_name"], config["class_name"]);
            assert_eq!(
                written["config"], config["config"],
                "{name}: config round trip"
            );
        };
        if case["kind"] == "constraint" {
            let constraint: Constraint = serde_json::from_value(config.clone()).expect("valid");
            same(serde_json::to_value(&constraint).expect("JSON"));
            let [output] = weigh(&case, |g, w| [constraint.apply(g, w).expect("a matrix")]);
            near(name, &output, &flat(&case["output"]));
            continue;
        }
        let regularizer: Regularizer = serde_json::from_value(config.clone()).expect("valid");
        same(serde_json::to_value(&regularizer).expect("JSON"));
        let [y, dw] = weigh(&case, |g, w| {
            let y = regularizer.call(g, w).expect("a number");
            [y, gradients(g, y, &[w]).expect("a gradient")[0]]
        });
        near(name, &y, &[case["value"].as_f64().expect("a number")]);
        near(name, &dw, &flat(&case["grad"]));
    }
    for class in regularizers::names()
        .into_iter()
        .chain(constraints::names())
    {
        assert!(checked.contains(class), "{class}: no golden case");
    }
}

/// A weight with a constraint stays within it whatever the steps; a frozen one and one without go where they like.
#[test]
fn constraints_hold_after_each_step() {
    let x =
        Tensor::new([4, 2], vec![1.0f32, 2.0, -1.0, 0.5, 3.0, 1.0, 0.0, 1.0]).expect("sizes fit");
    let y = Tensor::new([4, 1], vec![-9.0f32, -3.0, -20.0, -5.0]).expect("sizes fit");
    let train = |constraint: Option<Constraint>| {
        let mut model = Sequential::new()
            .input([2])
            .seed(1)
            .add(Own(constraint))
            .build()
            .expect("a valid model");
        model
            .compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])
            .expect("compiles");
        model
            .fit(&(x.clone(), y.clone()), Fit::epochs(3).batch_size(2))
            .expect("trains");
        floats(&model.weights()[0]).to_vec()
    };
    assert!(train(None).iter().any(|&w| w < 0.0));
    assert!(train(Some("non_neg".into())).iter().all(|&w| w >= 0.0));
    let long = train(Some(UnitNorm::default().into()));
    let length = long.iter().map(|w| w * w).sum::<f32>().sqrt();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
    let refused = |constraint: Constraint| {
        let model = Sequential::new().input([2]).add(Own(Some(constraint)));
        model.build().expect_err("refused").to_string()
    };
    assert_eq!(
        refused("non_nec".into()),
        "unknown constraint \"non_nec\"\n  at   sequential/own/kernel\n  help did you mean \"non_neg\"? known: max_norm, \
         min_max_norm, non_neg, unit_norm"
    );
    assert_eq!(
        refused(MaxNorm::new(1.0).axis(2).into()),
        "MaxNorm: axis must be from -2 to 1 for the shape [2, 1], received 2\n  at   sequential/own/kernel"
    );
    assert_eq!(
        refused(MinMaxNorm::new(3.0, 1.0).into()),
        "MinMaxNorm: min_value must be at most max_value, received 3 and 1\n  at   sequential/own/kernel"
    );
}

/// A layer of the test's own, with one weight that is constrained.
#[derive(Clone, Debug)]
struct Own(Option<Constraint>);

impl Layer for Own {
    fn class_name(&self) -> &'static str {
        "Own"
    }

    fn base(&self) -> &Base {
        static BASE: Base = Base {
            name: None,
            trainable: true,
        };
        &BASE
    }

    fn base_mut(&mut self) -> &mut Base {
        unimplemented!("nothing renames it")
    }

    fn config(&self) -> Map<String, Json> {
        Map::new()
    }

    fn build(&self, _: &[Shape]) -> Result<Vec<WeightSpec>> {
        Ok(vec![
            WeightSpec::new("kernel", [2, 1], "ones").constrained(self.0.clone()),
        ])
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        cx.graph.matmul(inputs[0], cx.weight(0))
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

/// Each layer hands the constraints of its config to the weights they are for.
#[test]
fn layers_declare_their_constraints() {
    for (class, mut config, input, weights) in [
        (
            "Dense",
            json!({ "units": 3 }),
            vec![4],
            vec!["kernel", "bias"],
        ),
        (
            "Embedding",
            json!({ "input_dim": 4, "output_dim": 3 }),
            vec![2],
            vec!["embeddings"],
        ),
        (
            "BatchNormalization",
            json!({}),
            vec![4],
            vec!["gamma", "beta"],
        ),
        (
            "LayerNormalization",
            json!({}),
            vec![4],
            vec!["gamma", "beta"],
        ),
    ] {
        for weight in &weights {
            config[format!("{weight}_constraint")] =
                json!({ "class_name": "NonNeg", "config": {} });
        }
        let layer = cornu::layers::deserialize(class, &config).expect(class);
        let input = Shape::from(input.as_slice());
        for spec in layer.build(&[input]).expect(class) {
            let wanted = weights.contains(&spec.name.as_str());
            let expected = wanted.then(|| Constraint::from("non_neg"));
            assert_eq!(spec.constraint, expected, "{class}: {}", spec.name);
        }
    }
}
