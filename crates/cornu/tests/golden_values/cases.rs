//! Golden cases kept as JSON: where they are, and their numbers as tensors.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::Tensor;

/// The folders with golden files: the repository's own, and those named by the environment.
pub(crate) fn folders() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")];
    if let Some(list) = std::env::var_os("CORNU_GOLDEN_DIRS") {
        folders.extend(std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()));
    }
    match std::env::var_os("CORNU_DATA") {
        Some(data) => folders.push(Path::new(&data).join("reference")),
        None => eprintln!("skipped: set CORNU_DATA to compare with the larger reference too"),
    }
    folders
}

/// The cases of one file name in all folders, each with the name under which to complain.
pub(crate) fn cases(file: &str) -> Vec<(String, Json)> {
    let mut all = Vec::new();
    for folder in folders() {
        let path = folder.join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let document: Json =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let list = document["cases"]
            .as_array()
            .expect("a golden file has cases");
        for case in list {
            let name = case["name"].as_str().expect("a case has a name");
            let folder = folder.file_name().unwrap_or_default().to_string_lossy();
            all.push((format!("{folder}/{file}: {name}"), case.clone()));
        }
    }
    all
}

fn flatten<'a>(json: &'a Json, depth: usize, shape: &mut Vec<usize>, numbers: &mut Vec<&'a Json>) {
    match json {
        Json::Array(list) => {
            if shape.len() == depth {
                shape.push(list.len());
            }
            assert_eq!(shape[depth], list.len(), "a golden array is rectangular");
            for item in list {
                flatten(item, depth + 1, shape, numbers);
            }
        }
        number => numbers.push(number),
    }
}

/// Nested lists as a tensor: int32 if every number is whole by its spelling (`3`, not `3.0`), float32 otherwise.
pub(crate) fn tensor(json: &Json) -> Tensor {
    let (mut shape, mut numbers) = (Vec::new(), Vec::new());
    flatten(json, 0, &mut shape, &mut numbers);
    if numbers.iter().all(|n| n.is_i64()) {
        let whole = |n: &&Json| n.as_i64().and_then(|i| i32::try_from(i).ok());
        let data: Vec<i32> = numbers
            .iter()
            .map(|n| whole(n).expect("a golden integer fits"))
            .collect();
        return Tensor::new(shape, data).expect("a golden array is full");
    }
    let data: Vec<f32> = numbers
        .iter()
        .map(|n| n.as_f64().expect("a golden value is a number") as f32)
        .collect();
    Tensor::new(shape, data).expect("a golden array is full")
}

/// The numbers of nested lists, in order.
pub(crate) fn numbers(json: &Json) -> Vec<f64> {
    let mut numbers = Vec::new();
    flatten(json, 0, &mut Vec::new(), &mut numbers);
    numbers
        .iter()
        .map(|n| n.as_f64().expect("a golden value is a number"))
        .collect()
}

/// Complains about the first number that differs by more than `1e-5 + relative·|expected|`.
pub(crate) fn assert_close(what: &str, received: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(received.len(), expected.len(), "{what}: how many numbers");
    for (i, (&r, &e)) in received.iter().zip(expected).enumerate() {
        assert!(
            (r - e).abs() <= 1e-5 + relative * e.abs(),
            "{what}[{i}]: expected {e}, received {r}"
        );
    }
}
