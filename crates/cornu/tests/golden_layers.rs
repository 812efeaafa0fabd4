//! Every layer against Keras: outputs, gradients and statistics of recorded cases.
#![allow(clippy::print_stderr)] // what is skipped is told

#[path = "golden/case.rs"]
mod case;
#[path = "golden/run.rs"]
mod run;

use std::collections::{BTreeMap, BTreeSet};

use cornu::compile::Mode;
use cornu::layers;

/// Cases that are held to another absolute tolerance than 1e-5, and why.
const LOOSER: &[(&str, f64, &str)] = &[(
    "STFTSpectrogram__magnitude",
    1e-4,
    "Keras adds the kernels' gradients up in float32 over hundreds of samples; in double precision they differ by 3e-5",
)];

/// The element that differs most, if any differs by more than `absolute + 1e-4·|expected|`.
fn difference(
    expected: &[f32],
    received: impl Iterator<Item = f64>,
    absolute: f64,
) -> Option<String> {
    let apart = |e: f64, r: f64| {
        if e == r || (e.is_nan() && r.is_nan()) {
            return None;
        }
        let excess = (e - r).abs() - (absolute + 1e-4 * e.abs());
        // A NaN on one side alone is as far apart as can be.
        let excess = if excess.is_nan() {
            f64::INFINITY
        } else {
            excess
        };
        (excess > 0.0).then_some(excess)
    };
    expected
        .iter()
        .map(|&e| f64::from(e))
        .zip(received)
        .enumerate()
        .filter_map(|(i, (e, r))| apart(e, r).map(|excess| (excess, i, e, r)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, i, e, r)| format!("element {i}: expected {e}, received {r}"))
}

fn check(case: &case::Case, failures: &mut Vec<String>) {
    let program = match run::program(case) {
        Ok(p) => p,
        Err(e) => return failures.push(e),
    };
    assert!(
        program.compared.iter().any(|c| c.what == "output.0"),
        "{}: nothing to compare",
        case.name()
    );
    let recorded = ["grad_input", "grad_weight", "weight_after"];
    for kind in recorded {
        for i in 0..16 {
            let what = format!("{kind}.{i}");
            if case.get(&what).is_some() && program.compared.iter().all(|c| c.what != what) {
                failures.push(format!("{}: {what} was not computed", case.name()));
            }
        }
    }
    let looser = LOOSER.iter().find(|l| l.0 == case.name());
    let absolute = looser.map_or(1e-5, |l| l.1);
    let mut failures_of_plan = Vec::new();
    let mut compare = |how: &str, i: usize, shape: &[usize], data: Vec<f64>| {
        let c = &program.compared[i];
        let whole: Vec<f32>;
        let expected = if let Ok(whole_numbers) = c.expected.i32s() {
            whole = whole_numbers.iter().map(|&x| x as f32).collect();
            &whole
        } else {
            c.expected.f32s().expect("golden values are numbers")
        };
        if shape != c.expected.shape().axes() {
            failures.push(format!(
                "{} {how} {}: shape {shape:?}, in Keras {}",
                case.name(),
                c.what,
                c.expected.shape()
            ));
        } else if let Some(text) = difference(expected, data.into_iter(), absolute) {
            failures.push(format!("{} {how} {}: {text}", case.name(), c.what));
        }
    };
    for (i, a) in program.interpret().into_iter().enumerate() {
        compare("interpreted", i, &a.shape.clone(), a.data);
    }
    for (how, mode) in [("fast", Mode::Fast), ("unfused", Mode::Traced)] {
        let outputs = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| program.run(mode)));
        let Ok(outputs) = outputs else {
            failures_of_plan.push(format!("{} {how}: the plan panicked", case.name()));
            continue;
        };
        for (i, t) in outputs.iter().enumerate() {
            let x = t.f32s().expect("layers give floats");
            compare(how, i, t.shape(), x.iter().map(|&v| f64::from(v)).collect());
        }
    }
    failures.append(&mut failures_of_plan);
}

/// A config that carries program code (a Python lambda) is refused, as is every file that would have to be run to be read.
fn holds_code(config: &serde_json::Value) -> bool {
    match config {
        serde_json::Value::Object(o) => {
            o.get("class_name").is_some_and(|c| c == "__lambda__")
                || o.get("value").is_some_and(|v| v.is_array())
                || o.values().any(holds_code)
        }
        _ => false,
    }
}

#[test]
fn layers_compute_what_keras_computes() {
    let known: BTreeSet<&str> = layers::names().into_iter().collect();
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    let (mut ran, mut failures) = (0, Vec::new());
    for case in case::layer_cases() {
        if !known.contains(case.class.as_str()) {
            *skipped.entry(case.class).or_default() += 1;
            continue;
        }
        if holds_code(&case.config) {
            let refused = layers::deserialize(&case.class, &case.config);
            assert!(refused.is_err(), "{} holds code", case.name());
            continue;
        }
        ran += 1;
        check(&case, &mut failures);
    }
    eprintln!("{ran} cases ran");
    for (class, n) in &skipped {
        eprintln!("skipped: no {class} yet ({n} cases)");
    }
    assert!(ran > 0, "no golden case was found");
    assert!(
        failures.is_empty(),
        "{} of {ran} cases differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Layers without a golden case in the repository, and why.
const WITHOUT_CASE: &[(&str, &str)] = &[
    (
        "ConvLSTM1DCell",
        "not in Keras; held by the cases of its layer",
    ),
    (
        "ConvLSTM2DCell",
        "not in Keras; held by the cases of its layer",
    ),
    (
        "ConvLSTM3DCell",
        "not in Keras; held by the cases of its layer",
    ),
    ("InputLayer", "declares a shape and computes nothing"),
    (
        "StackedRNNCells",
        "held by the cases of RNN, which nests its states",
    ),
    (
        "PositionEmbedding",
        "not in Keras itself; the op tests hold its one repetition",
    ),
];

#[test]
fn every_layer_has_a_golden_case() {
    let have: BTreeSet<String> = case::layer_cases().into_iter().map(|c| c.class).collect();
    let lacking: Vec<&str> = layers::names()
        .into_iter()
        .filter(|name| !have.contains(*name))
        .filter(|name| WITHOUT_CASE.iter().all(|(n, _)| n != name))
        .collect();
    assert!(lacking.is_empty(), "no golden case for {lacking:?}");
}
