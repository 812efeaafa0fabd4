//! Benchmarks beside peers, with a Python that answers for them.

use std::fs;

use crate::folder::{Folder, cornu};

/// A program in Python's place that speaks the peers' protocol: `answers` is a shell's case for each question.
#[cfg(unix)]
fn false_python(folder: &Folder, answers: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.0.join("python");
    let script = format!("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n{answers}\n");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(folder.0.join("bench/peers")).unwrap();
    fs::write(folder.0.join("bench/peers/protocol.py"), "").unwrap();
    path.to_str().unwrap().into()
}

#[cfg(unix)]
fn bench(folder: &Folder, options: &[&str]) -> Vec<serde_json::Value> {
    let mut arguments = vec!["bench", "--json", "--repeat", "1", "--seconds", "0.01"];
    arguments.extend(options);
    let output = cornu(&folder.0, &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str(l).unwrap());
    lines.collect()
}

#[test]
#[cfg(unix)]
fn a_measurement_is_a_row_and_a_file() {
    let folder = Folder::new("bench");
    let rows = bench(
        &folder,
        &["--work", "W1-infer-1", "--peers", "none", "--out", "r.json"],
    );
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["work"], "W1-infer-1");
    assert_eq!(rows[0]["implementation"], "cornu");
    assert!(rows[0]["median"].as_f64().unwrap() > 0.0);
    assert!(rows[0]["ratio_to_best_peer"].is_null());
    let file = fs::read_to_string(folder.0.join("r.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(file["works"][0]["rows"][0]["median"], rows[0]["median"]);
}

#[test]
#[cfg(unix)]
fn peers_that_differ_are_told_and_not_timed() {
    let folder = Folder::new("bench-wrong");
    let answers = r#"echo chatter; echo '{"ready": true, "implementation": "x"}'
        while read -r q; do case "$q" in
            check) echo '{"check": {"output": [1.0, 0.5, 0.5]}}' ;;
            *) echo '{"steps": 1, "seconds": 1.0, "loss": 1.0, "peak_memory": 1}' ;;
        esac; done"#;
    let python = false_python(&folder, answers);
    let options = [
        "--work",
        "W1-infer-1",
        "--peers",
        "onnxruntime",
        "--python",
        &python,
    ];
    let lines = bench(&folder, &options);
    let warning = lines[0]["message"].as_str().unwrap();
    assert!(
        warning.starts_with(
            "W1-infer-1: onnxruntime computes something else and is not timed: output is off by"
        ),
        "{warning}"
    );
    let rows: Vec<_> = lines[1..].iter().map(|l| &l["implementation"]).collect();
    assert_eq!(rows, ["cornu"]);
}

#[test]
#[cfg(unix)]
fn peers_that_are_absent_are_told_and_left_out() {
    let folder = Folder::new("bench-absent");
    let python = false_python(&folder, r#"echo '{"missing": "jax: install it"}'"#);
    let options = [
        "--work",
        "W1-infer-1",
        "--peers",
        "jax",
        "--python",
        &python,
    ];
    let lines = bench(&folder, &options);
    assert_eq!(
        lines[0]["message"],
        "W1-infer-1: jax is left out: not here: jax: install it"
    );
    assert_eq!(lines[1]["implementation"], "cornu");
    // One that ends without a word.
    let python = false_python(&folder, "echo 'no such module' >&2");
    let options = [
        "--work",
        "W1-infer-1",
        "--peers",
        "jax",
        "--python",
        &python,
    ];
    let lines = bench(&folder, &options);
    assert_eq!(
        lines[0]["message"],
        "W1-infer-1: jax is left out: no such module"
    );
}

#[test]
fn a_benchmark_away_from_the_scripts_says_where_to_go() {
    let folder = Folder::new("bench-away");
    let output = cornu(&folder.0, &["bench", "--work", "W1-infer-1"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("there is no bench/peers"), "{text}");
    assert!(text.contains("--peers none"), "{text}");
    let output = cornu(&folder.0, &["bench", "--work", "W9"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_profile_names_every_step_and_adds_up() {
    let folder = Folder::new("bench-profile");
    let arguments = ["bench", "--json", "--profile", "--seconds", "0.01"];
    let works = ["--work", "W1-infer-1,W4"];
    let output = cornu(&folder.0, &[&arguments[..], &works].concat());
    let text = String::from_utf8(output.stdout).expect("it is text");
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object"));
    let profiles: Vec<serde_json::Value> = events
        .filter(|event: &serde_json::Value| event["event"] == "profile")
        .collect();
    assert_eq!(profiles.len(), 2, "{text}");
    for event in &profiles {
        let profile = &event["profile"];
        let steps = profile["steps"].as_array().expect("a list");
        let sum: f64 = steps.iter().filter_map(|s| s["seconds"].as_f64()).sum();
        let whole = profile["seconds"].as_f64().expect("a number");
        assert!(
            sum > 0.99 * whole && profile["runs"].as_u64() > Some(1),
            "{event}"
        );
        let dense = steps.iter().find(|s| s["layer"] == "sequential/dense");
        let flops = dense.and_then(|step| step["flops"].as_u64());
        assert!(flops > Some(100_000), "{event}");
    }
    let output = cornu(&folder.0, &["bench", "--profile", "--peers", "all"]);
    assert_eq!(output.status.code(), Some(2));
}
