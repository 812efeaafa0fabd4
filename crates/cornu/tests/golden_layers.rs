//! Every layer against Keras: outputs, gradients and statistics of recorded cases.
#![allow(clippy::print_stderr)] // what is skipped is told

#[path = "golden/case.rs"]
mod case;
#[path = "golden/run.rs"]
mod run;

use std::collections::{BTreeMap, BTreeSet};

use cornu::activations::Activation;
use cornu::choice::Named;
use cornu::compile::Mode;
use cornu::layers;
use serde_json::{Map, Value as Json};

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
        let aliased = || layers::deserialize(&case.class, &case.config).is_ok();
        if !known.contains(case.class.as_str()) && !aliased() {
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

/// The operations that an expression uses.
fn operations(expression: &serde_json::Value, into: &mut BTreeSet<String>) {
    if let Some(name) = expression["op"].as_str() {
        into.insert(name.to_owned());
    }
    for part in expression["of"].as_array().into_iter().flatten() {
        operations(part, into);
    }
}

#[test]
fn every_operation_of_expressions_has_a_case() {
    let mut seen: BTreeSet<String> = Activation::names().into_iter().map(Into::into).collect();
    for case in case::layer_cases()
        .into_iter()
        .filter(|c| c.class == "Lambda")
    {
        operations(&case.config["expression"], &mut seen);
    }
    let all = cornu::prelude::Expr::operations().into_iter();
    let lacking: Vec<_> = all.filter(|name| !seen.contains(*name)).collect();
    assert!(lacking.is_empty(), "no golden case uses {lacking:?}");
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

#[test]
fn every_activation_has_a_golden_case() {
    let have: BTreeSet<String> = case::layer_cases()
        .into_iter()
        .filter_map(|c| c.config["activation"].as_str().map(str::to_owned))
        .collect();
    // Keras's second names.
    let first = |name| match name {
        "swish" => "silu",
        "hard_swish" => "hard_silu",
        name => name,
    };
    let lacking: Vec<&str> = Activation::names()
        .into_iter()
        .filter(|name| !have.contains(first(name)))
        .collect();
    assert!(lacking.is_empty(), "no golden case for {lacking:?}");
}

/// Arguments that have one value in all golden cases of a layer, and why.
const ONE_VALUE: &[(&str, &str, &str)] = &[
    ("*", "seed", DRAWN),
    ("*", "noise_shape", DRAWN),
    ("*", "rate", DRAWN),
    ("*", "dropout", DRAWN),
    ("*", "recurrent_dropout", DRAWN),
    (
        "*",
        "stateful",
        "shows from batch to batch: layers/states.rs",
    ),
    (
        "*",
        "mask_zero",
        "shows in what follows: golden/models/masked_*",
    ),
    ("*", "quantization_config", "refused"),
    ("*", "sparse", "sparse tensors are refused"),
    ("AugMix", "all_ops", DRAWN),
    ("AugMix", "alpha", DRAWN),
    ("AugMix", "factor", DRAWN),
    ("AugMix", "interpolation", DRAWN),
    ("AugMix", "num_chains", DRAWN),
    (
        "BatchNormalization",
        "synchronized",
        "there is one machine alone",
    ),
    (
        "AutoContrast",
        "data_format",
        "Keras's takes the second and third axis whatever it is",
    ),
    ("ClassToken", "initializer", "of its weight"),
    ("LayerNormalization", "rms_scaling", "refused"),
    ("CutMix", "factor", DRAWN),
    ("Discretization", "epsilon", "of adapt: preprocessing.json"),
    ("Discretization", "num_bins", "of adapt: preprocessing.json"),
    (
        "IntegerLookup",
        "vocabulary_dtype",
        "whole numbers are int32",
    ),
    (
        "MaxNumBoundingBoxes",
        "*",
        "is for boxes: layers/pictures.rs",
    ),
    (
        "MaxPoolingWithArgmax2D",
        "padding",
        "TensorFlow counts places of padded windows otherwise",
    ),
    ("MaxUnpooling2D", "data_format", "PyTorch's has none"),
    ("MaxUnpooling2D", "padding", "PyTorch's has numbers"),
    ("MixUp", "alpha", DRAWN),
    ("RandAugment", "factor", DRAWN),
    ("RandAugment", "interpolation", DRAWN),
    ("RandAugment", "value_range", DRAWN),
    (
        "RandomColorJitter",
        "data_format",
        "Keras's does not hand it to the layers inside",
    ),
    ("RandomElasticTransform", "*", DRAWN),
    ("RandomPerspective", "fill_value", DRAWN),
    ("RandomPerspective", "interpolation", DRAWN),
    ("RandomShear", "fill_mode", DRAWN),
    ("RandomShear", "fill_value", DRAWN),
    ("RandomShear", "interpolation", DRAWN),
    ("Resizing", "fill_mode", "\"constant\" is the only one"),
    (
        "ReversibleEmbedding",
        "reverse_dtype",
        "there is one type of floats",
    ),
    (
        "SimpleRNN",
        "activity_regularizer",
        "Keras's takes it and passes over it",
    ),
];

const DRAWN: &str = "shows where something is drawn, which Keras draws otherwise";

/// The golden cases exercise what a layer can be told: each argument has several values, those of weights (how they begin and are held)
/// apart, which have golden files of their own.
#[test]
fn every_argument_of_a_layer_is_in_golden_cases() {
    let known: BTreeSet<&str> = layers::names().into_iter().collect();
    let mut configs: BTreeMap<String, Vec<Map<String, Json>>> = BTreeMap::new();
    for case in case::layer_cases() {
        if let Ok(layer) = layers::deserialize(&case.class, &case.config)
            && known.contains(case.class.as_str())
        {
            configs.entry(case.class).or_default().push(layer.config());
        }
    }
    let mut seen: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (class, all) in &configs {
        for argument in all.iter().flat_map(Map::keys) {
            let value = |c: &Map<String, Json>| c.get(argument).map(Json::to_string);
            let values = all.iter().map(|c| value(c).unwrap_or_default()).collect();
            seen.insert((class, argument), values);
        }
    }
    let of_layers = ["name", "trainable", "dtype"];
    let of_weights = ["_initializer", "_regularizer", "_constraint"];
    let lacking: Vec<String> = seen
        .iter()
        .filter(|(_, values)| values.len() == 1)
        .map(|(&of, _)| of)
        .filter(|(_, argument)| !of_layers.contains(argument))
        .filter(|(_, a)| *a == "activity_regularizer" || !of_weights.iter().any(|w| a.ends_with(w)))
        .filter(|(class, argument)| {
            let is = |told: &str, own: &str| told == "*" || told == own;
            let mut told = ONE_VALUE.iter().map(|&(c, a, _)| (c, a));
            !told.any(|(c, a)| is(c, class) && is(a, argument))
        })
        .map(|(class, argument)| format!("{class}.{argument}"))
        .collect();
    assert!(lacking.is_empty(), "one value in all cases: {lacking:#?}");
}
