//! Models in use: shown, evaluated, asked.

use std::fs;
use std::path::Path;

use cornu_data::array::{Array, ArrayData, read_npy, read_npz, write_npy};

use crate::folder::{Folder, code, cornu, stderr, stdout, text};

fn write_png(path: &Path, width: u32, height: u32) {
    let file = fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels: Vec<u8> = [200, 20, 20].repeat((width * height) as usize);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
}

#[test]
fn a_saved_model_is_summed_up_evaluated_and_used() {
    let folder = Folder::new("use");
    let run = text(&folder.trained());
    let output = cornu(&folder.0, &["summary", &run]);
    assert!(stdout(&output).contains("dense"), "{}", stdout(&output));
    let output = cornu(
        &folder.0,
        &["evaluate", &run, "--test-limit", "32", "--json"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let value: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert_eq!(value["samples"], 32);
    let history = fs::read_to_string(folder.file("run/history.csv")).unwrap();
    let last: f32 = history
        .trim_end()
        .rsplit(',')
        .nth(2)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(value["values"]["loss"].as_f64().unwrap() as f32, last);

    let picture = folder.file("red.png");
    write_png(&picture, 20, 30);
    let output = cornu(&folder.0, &["predict", &run, &text(&picture), "--top", "2"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("red.png"), "{}", stdout(&output));
    let output = cornu(
        &folder.0,
        &["predict", &run, &text(&picture), "--top", "10", "--json"],
    );
    let value: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    let classes = value["classes"].as_array().unwrap();
    let sum: f64 = classes.iter().map(|c| c["value"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-3, "{value}");
}

#[test]
fn arrays_go_in_and_come_out() {
    let folder = Folder::new("arrays");
    let run = text(&folder.trained());
    let (x, y, z) = (
        folder.file("x.npy"),
        folder.file("y.npy"),
        folder.file("z.npz"),
    );
    let pixels: Vec<f32> = (0..3 * 32 * 32 * 3)
        .map(|i| (i % 97) as f32 / 97.0)
        .collect();
    let array = Array::new(vec![3, 32, 32, 3], ArrayData::F32(pixels)).unwrap();
    write_npy(&x, &array).unwrap();
    for out in [&y, &z] {
        let args = [
            "predict",
            &run,
            "--input",
            &text(&x),
            "--output",
            &text(out),
        ];
        let output = cornu(&folder.0, &args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let again = cornu(&folder.0, &args);
        assert_eq!(code(&again), 2, "an output is never written over");
    }
    let first = read_npy(&y).unwrap();
    assert_eq!(first.shape(), [3, 10]);
    assert_eq!(read_npz(&z).unwrap(), [("y".to_string(), first)]);
    let out = text(&folder.file("w.npy"));
    let mut pixels = vec![0.5; 3 * 32 * 32 * 3];
    pixels[32 * 32 * 3 + 7] = f32::NAN;
    for (rows, pixels, said) in [
        (3, pixels, "NaN in row 1"),
        (0, Vec::new(), "received none"),
    ] {
        let bad = folder.file(&format!("bad{rows}.npy"));
        let array = Array::new(vec![rows, 32, 32, 3], ArrayData::F32(pixels)).unwrap();
        write_npy(&bad, &array).unwrap();
        let args = ["predict", &run, "--input", &text(&bad), "--output", &out];
        let output = cornu(&folder.0, &args);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let output = cornu(
        &folder.0,
        &[
            "predict",
            &run,
            "--input",
            &text(&x),
            "--output",
            &text(&folder.file("y.txt")),
        ],
    );
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains(".npy or .npz"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn layers_of_models_within_are_shown_where_asked_for() {
    use cornu::prelude::*;
    let folder = Folder::new("nested");
    let encoder = Sequential::new()
        .input([8])
        .add(Dense::new(4).name("inner"));
    let encoder = encoder.build().unwrap().named("encoder");
    let model = Sequential::new().input([8]).add(encoder).add(Dense::new(1));
    model
        .build()
        .unwrap()
        .save(folder.file("nested.cornu"))
        .unwrap();
    let text = |options: &[&str]| {
        let output = cornu(&folder.0, options);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let plain = text(&["summary", "nested.cornu"]);
    assert!(
        plain.contains("encoder") && !plain.contains("inner"),
        "{plain}"
    );
    let expanded = text(&["summary", "nested.cornu", "--expand-nested"]);
    assert!(expanded.contains("└ inner (Dense)"), "{expanded}");
    let value = text(&["summary", "nested.cornu", "--expand-nested", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&value).unwrap();
    let depths: Vec<_> = value["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["depth"].as_u64())
        .collect();
    assert_eq!(depths, [Some(0), Some(1), Some(0)]);
    text(&["summary", "nested.cornu", "--plot", "nested.svg"]);
    assert!(
        std::fs::read_to_string(folder.file("nested.svg"))
            .unwrap()
            .contains("inner")
    );
}

#[test]
fn a_plan_is_shown_where_asked_for() {
    let folder = Folder::new("plan");
    let text = |options: &[&str]| {
        let output = cornu(&folder.0, options);
        String::from_utf8(output.stdout).unwrap()
    };
    let training = text(&["summary", "--plan", "--batch-size", "16"]);
    assert!(training.contains("plan for a batch of 16"), "{training}");
    assert!(training.contains("Conv2DWeightGrad"));
    let prediction = text(&["summary", "--plan=prediction"]);
    assert!(prediction.contains("Softmax") && !prediction.contains("Conv2DWeightGrad"));
    assert!(!text(&["summary"]).contains("plan for"));
    let small = text(&[
        "summary",
        "--app=ResNet18",
        "--with=small_images=true",
        "--with=input_shape=[32,32,3]",
        "--with=classes=10",
        "--plan",
        "--batch-size=4",
    ]);
    assert!(small.contains("WinogradConv2D") && small.contains("shared buffers"));
    let value: serde_json::Value =
        serde_json::from_str(&text(&["summary", "--plan", "--json"])).unwrap();
    let stages = value["plan"]["stages"].as_array().unwrap();
    let steps = stages.iter().flat_map(|s| s["steps"].as_array().unwrap());
    let flops: u64 = steps.map(|step| step["flops"].as_u64().unwrap()).sum();
    assert_eq!(value["plan"]["flops"].as_u64(), Some(flops));
}

#[test]
fn published_networks_are_shown_by_name() {
    let folder = Folder::new("apps");
    let text = |options: &[&str]| {
        let output = cornu(&folder.0, options);
        assert!(output.status.success(), "{options:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = text(&["summary", "--app", "list"]);
    assert!(
        all.lines()
            .any(|l| l.starts_with("ResNet50 ") && l.ends_with("25,636,712"))
    );
    for options in [
        &["summary", "--app", "resnet50"][..],
        &["summary", "ResNet50"],
    ] {
        let shown = text(options);
        assert!(
            shown.contains("conv5_block3_out") && shown.contains("25,636,712"),
            "{shown}"
        );
    }
    let small = text(&[
        "summary",
        "--app",
        "mobilenet",
        "--with",
        "alpha=0.25",
        "--json",
    ]);
    let value: serde_json::Value = serde_json::from_str(&small).unwrap();
    assert_eq!(value["name"], "mobilenet_0.25_224");

    let mistake = |options: &[&str]| {
        let output = cornu(&folder.0, options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(mistake(&["summary", "--app", "ResNet51"]).contains("ResNet50"));
    assert!(mistake(&["summary", "--app", "VGG16", "--with", "class=3"]).contains("classes"));
    assert!(mistake(&["summary", "--app", "VGG16", "--with", "classes"]).contains("classes=10"));
    assert!(mistake(&["summary", "--with", "classes=3"]).contains("--app"));
}
