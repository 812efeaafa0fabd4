//! Ctrl-C, and readers that leave.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::folder::{Folder, code, program, stderr, text};

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_once_saves_and_reports() {
    let folder = Folder::new("interrupt");
    let recipe = folder.small_recipe();
    let out = folder.file("run");
    let mut child = program(
        &folder.0,
        &[
            "train",
            &recipe,
            "--epochs",
            "1000000",
            "--out",
            &text(&out),
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .find(|l| l.as_ref().unwrap().starts_with("epoch"))
        .unwrap()
        .unwrap();
    interrupt(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(
        rest.iter().any(|l| l.starts_with("Stopped on request")),
        "{rest:?}"
    );
    for name in ["model.cornu", "report.html", "history.csv"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    assert!(
        fs::read_to_string(out.join("report.html"))
            .unwrap()
            .contains("Stopped on request")
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_twice_quits_at_once() {
    let folder = Folder::new("quit");
    // Steps that take longer than the pause between the two signals.
    let recipe = folder.write(
        "slow.toml",
        "batch_size = 512\ndata = { name = \"shapes\", train_limit = 512, test_limit = 32 }\n[model]\nlayers = [\n\
         { layer = \"Conv2D\", filters = 64, kernel_size = 9, padding = \"same\" },\n\
         { layer = \"Conv2D\", filters = 64, kernel_size = 9, padding = \"same\" },\n{ layer = \"Flatten\" },\n\
         { layer = \"Dense\", units = 10, activation = \"softmax\" },\n]\n",
    );
    let mut child = program(
        &folder.0,
        &["train", &recipe, "--epochs", "1000000", "--threads", "1"],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .find(|l| l.as_ref().unwrap().starts_with("shapes:"))
        .unwrap()
        .unwrap();
    // The run folder is made just before the first signal is listened for.
    while !folder.file("runs").exists() {
        std::thread::yield_now();
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    interrupt(&child);
    said.find(|l| l.as_ref().unwrap().starts_with("stopping"))
        .unwrap()
        .unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = Folder::new("pipe");
    let mut child = program(&folder.0, &["summary"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(stderr(&output), "");
    assert_eq!(code(&output), 0);
}
