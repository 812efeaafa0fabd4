//! Keras's applications: names, weights and outputs of each, as `golden/application_cases.py` recorded them.

use std::fmt::Write as _;

use cornu::applications::{self, names};
use cornu::model::Model;
use cornu::prelude::*;
use serde_json::Value as Json;

const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../golden/applications.json"
);

fn cases() -> Vec<Json> {
    let text = std::fs::read_to_string(GOLDEN).expect("the golden cases can be read");
    serde_json::from_str(&text).expect("golden cases are JSON")
}

fn build(case: &Json) -> Model {
    let app = case["app"].as_str().expect("a name");
    let arguments = case["arguments"].as_object().cloned().expect("arguments");
    let app = applications::deserialize(app, arguments).unwrap_or_else(|e| panic!("{case}: {e}"));
    app.build().unwrap_or_else(|e| panic!("{case}: {e}"))
}

/// The lines of the listings of layers and of weights, as the script writes them.
fn listings(model: &Model) -> (Vec<String>, Vec<String>) {
    let layers = model.layers().map(|(name, _)| name.to_owned()).collect();
    let trained = model.trainable_variables();
    let weights = model.weight_paths().into_iter().zip(model.variables());
    let weights = weights.map(|(path, v)| {
        let own = &path[model.name().len() + 1..];
        let axes: Vec<String> = v.shape().iter().map(usize::to_string).collect();
        format!("{own} [{}] {}", axes.join(", "), trained.contains(v))
    });
    (layers, weights.collect())
}

/// FNV-1a of 64 bits over the lines, each with a newline behind it.
fn hash(lines: &[String]) -> String {
    let bytes = lines.iter().flat_map(|l| l.bytes().chain([b'\n']));
    let step = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325, step))
}

/// What differs from the case, with the command that shows the lines.
fn deviations(case: &Json, model: &Model) -> String {
    let (layers, weights) = listings(model);
    let elements = |vs: &[Variable]| vs.iter().map(|v| v.shape().elements()).sum::<usize>();
    let found = [
        ("name", Json::from(model.name())),
        ("params", model.count_params().into()),
        ("trainable", elements(&model.trainable_variables()).into()),
        (
            "layers",
            Json::from(vec![Json::from(layers.len()), hash(&layers).into()]),
        ),
        (
            "weights",
            Json::from(vec![Json::from(weights.len()), hash(&weights).into()]),
        ),
    ];
    let mut text = String::new();
    for (key, got) in found {
        if got != case[key] {
            let _ = writeln!(text, "  {key}: {got}, Keras has {}", case[key]);
        }
    }
    if !text.is_empty() {
        let label = format!(
            "{} {}",
            case["app"].as_str().expect("a name"),
            case["arguments"]
        );
        let file = std::env::temp_dir().join(format!("{}.txt", hash(std::slice::from_ref(&label))));
        let lines = [layers, weights].concat().join("\n");
        std::fs::write(&file, lines).expect("the temporary folder can be written");
        let file = file.display();
        let _ = writeln!(
            text,
            "  python golden/application_cases.py --diff '{label}' {file}"
        );
    }
    text
}

#[test]
fn layers_and_weights_are_kerass() {
    let cases = cases();
    let mut failures = String::new();
    for case in &cases {
        let text = deviations(case, &build(case));
        if !text.is_empty() {
            let _ = writeln!(failures, "{} {}\n{text}", case["app"], case["arguments"]);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    let missing: Vec<_> = cases
        .iter()
        .map(|c| c["app"].as_str().expect("a name"))
        .collect();
    let own = names().filter(|n| !missing.contains(n)).collect::<Vec<_>>();
    assert_eq!(own, OWN, "networks that Keras has not");
}

/// Networks that Keras has not.
const OWN: [&str; 12] = [
    "ResNet18",
    "ResNet34",
    "LeNet5",
    "AlexNet",
    "UNet",
    "ViTB16",
    "ViTB32",
    "ViTL16",
    "ViTL32",
    "LSTMClassifier",
    "TransformerClassifier",
    "GPT",
];

#[test]
fn networks_have_as_many_weights_as_published() {
    for (name, weights) in applications::published() {
        let app = applications::deserialize(name, serde_json::Map::new()).expect(name);
        assert_eq!(app.build().expect(name).count_params(), weights, "{name}");
    }
}

/// `count` numbers in [-1, 1): a 32-bit mix of a counter.
fn noise(stream: usize, count: usize) -> impl Iterator<Item = f64> {
    (0..count as u64).map(move |i| {
        let mut x = (i + stream as u64 * 0x9E37_79B9) as u32;
        for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B), (16, 1)] {
            x = (x ^ (x >> shift)).wrapping_mul(factor);
        }
        f64::from(x) / f64::from(1u32 << 31) - 1.0
    })
}

/// Weight `number` of a model by the script's formula.
fn formula(number: usize, path: &str, shape: &Shape) -> Tensor {
    let u = noise(number, shape.elements());
    let name = path.rsplit('/').next().expect("a name");
    let values: Vec<f32> = if shape.rank() >= 2 {
        let inputs = match name {
            "depthwise_kernel" => &shape[..2],
            _ => &shape[..shape.rank() - 1],
        };
        let size = (6.0 / inputs.iter().product::<usize>() as f64).sqrt();
        u.map(|v| (v * size) as f32).collect()
    } else if ["gamma", "moving_variance", "variance", "variable"].contains(&name) {
        u.map(|v| (1.0 + 0.3 * v) as f32).collect()
    } else {
        u.map(|v| (0.1 * v) as f32).collect()
    };
    Tensor::new(shape.clone(), values).expect("sizes fit")
}

#[test]
fn outputs_are_kerass() {
    let mut failures = String::new();
    let mut count = 0;
    for case in cases().iter().filter(|c| c["output"].is_object()) {
        let mut model = build(case);
        let paths: Vec<String> = model
            .weight_paths()
            .iter()
            .map(ToString::to_string)
            .collect();
        for (i, (path, v)) in paths.iter().zip(model.variables()).enumerate() {
            v.set(&formula(i, path, v.shape())).expect("shapes fit");
        }
        let output = &case["output"];
        let input = Shape::from([&[2], model.input_shapes()[0].axes()].concat());
        let pixels = output["pixels"] == true;
        let x = noise(paths.len(), input.elements());
        let x = x.map(|v| if pixels { 127.5 + 127.5 * v } else { v } as f32);
        let x = Tensor::new(input, x.collect::<Vec<f32>>()).expect("sizes fit");
        let y = model.predict(&x).unwrap_or_else(|e| panic!("{case}: {e}"));
        let every = output["every"].as_u64().expect("a number") as usize;
        let wanted = output["values"].as_array().expect("values");
        let wanted: Vec<f64> = wanted
            .iter()
            .map(|v| v.as_f64().expect("a number"))
            .collect();
        let got = y.f32s().expect("floats").iter().step_by(every);
        assert_eq!(got.len(), wanted.len(), "{case}");
        let largest = wanted.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let worst = got
            .zip(&wanted)
            .map(|(&a, b)| (f64::from(a) - b).abs() / (1e-4 * b.abs() + 1e-5 * largest));
        let worst = worst.fold(0.0, f64::max);
        if worst.is_nan() || worst > 1.0 {
            let _ = writeln!(
                failures,
                "{} {}: {worst:.1} tolerances",
                case["app"], case["arguments"]
            );
        }
        count += 1;
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(count >= 16, "only {count} cases");
}

#[test]
fn pixels_are_scaled_as_in_keras() {
    use applications::imagenet_utils::preprocess_input;
    let pixels = [0.0f32, 10.0, 255.0, 128.0, 64.0, 200.0];
    let x = Tensor::new([1, 2, 3], pixels.to_vec()).expect("sizes fit");
    for (mode, wanted) in [
        (
            "tf",
            [
                -1.0,
                -0.921_568_6,
                1.0,
                0.003_921_628,
                -0.498_039_2,
                0.568_627_5,
            ],
        ),
        ("caffe", [151.061, -106.779, -123.68, 96.061, -52.779, 4.32]),
        (
            "torch",
            [
                -2.117_904,
                -1.860_644,
                2.64,
                0.074_064_63,
                -0.915_266,
                1.681_394,
            ],
        ),
    ] {
        let y = preprocess_input(&x, mode).expect("pixels");
        for (got, want) in y.f32s().expect("floats").iter().zip(wanted) {
            assert!((got - want).abs() < 2e-5, "{mode}: {got}, Keras has {want}");
        }
    }
    let own = applications::densenet::preprocess_input(&x).expect("pixels");
    assert_eq!(own, preprocess_input(&x, "torch").expect("pixels"));
    assert!(preprocess_input(&Tensor::zeros([4, 4]), "tf").is_err());
}

#[test]
fn mistakes_are_told_with_the_network() {
    let told = |app: &str, arguments: Json| {
        let arguments = arguments.as_object().cloned().expect("arguments");
        let made = applications::deserialize(app, arguments).and_then(|a| a.build());
        made.map(|_| ()).expect_err("a mistake").to_string()
    };
    let j = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
    for (app, arguments, words) in [
        ("ResNet51", "{}", "did you mean \"ResNet50\"?"),
        ("vgg16", r#"{"class": 3}"#, "classes"),
        (
            "VGG16",
            r#"{"weights": "imagenet"}"#,
            "Keras's own files of weights come later",
        ),
        (
            "Xception",
            r#"{"input_shape": [70, 71, 3]}"#,
            "at least 71×71",
        ),
        (
            "VGG16",
            r#"{"include_top": false, "pooling": "mean"}"#,
            "pooling",
        ),
        (
            "VGG16",
            r#"{"classifier_activation": "sotfmax"}"#,
            "softmax",
        ),
        (
            "MobileNet",
            r#"{"alpha": "wide"}"#,
            "alpha must be a number",
        ),
        (
            "MobileNet",
            r#"{"alpha": 0.0}"#,
            "filters must be at least 1",
        ),
    ] {
        let text = told(app, j(arguments));
        assert!(text.contains(words), "{app} {arguments}: {text}");
    }
}
