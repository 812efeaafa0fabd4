//! The program as a user meets it: what it prints, what it leaves, how it ends.

// Tests stop where anything is not as it should be.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cornu_data::array::{Array, ArrayData, read_npy, read_npz, write_npy};

/// A folder of a test's own, gone when the test is done.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("cornu-program-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), text).unwrap();
        self.file(name).display().to_string()
    }

    /// A recipe of a network so small that it trains in a moment without optimisation.
    fn small_recipe(&self) -> String {
        self.write(
            "small.toml",
            "batch_size = 16\ndata = { name = \"shapes\", train_limit = 64, test_limit = 32 }\n[model]\nlayers = [\n\
             { layer = \"MaxPooling2D\", pool_size = 4 },\n{ layer = \"Flatten\" },\n\
             { layer = \"Dense\", units = 10, activation = \"softmax\" },\n]\n",
        )
    }

    /// A run folder with a model trained for a moment.
    fn trained(&self) -> PathBuf {
        let recipe = self.small_recipe();
        let out = self.file("run");
        let done = cornu(
            &self.0,
            &["train", &recipe, "--epochs", "2", "--out", &text(&out)],
        );
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        out
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cornu"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

fn cornu(folder: &Path, args: &[&str]) -> Output {
    program(folder, args).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The command must fail with the code and say just this.
fn refuses(folder: &Folder, args: &[&str], exit: i32, message: &str) {
    let output = cornu(&folder.0, args);
    let said = stderr(&output).replace(&text(&folder.0), "FOLDER");
    assert_eq!(said.trim_end(), message, "cornu {}", args.join(" "));
    assert_eq!(code(&output), exit);
    assert_eq!(stdout(&output), "");
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::new("help");
    for args in [&["--help"][..], &["train", "--help"], &["--version"]] {
        let output = cornu(&folder.0, args);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("cornu"), "{}", stdout(&output));
        assert_eq!(stderr(&output), "");
    }
    assert_eq!(code(&cornu(&folder.0, &[])), 2);
}

#[test]
fn mistakes_in_the_command_are_told_with_what_was_meant() {
    let folder = Folder::new("mistakes");
    refuses(
        &folder,
        &["train", "--epoch", "3"],
        2,
        "error: unexpected argument '--epoch' found\n  help a similar argument exists: '--epochs'\n       \
         usage: cornu train --epochs <N> [RECIPE.toml]\n       `--help` tells every option",
    );
    refuses(
        &folder,
        &["train", "nowhere.toml"],
        2,
        "error: cannot read nowhere.toml: there is no such file or folder\n  \
         help check the path; it is relative to the current folder",
    );
    let recipe = folder.write("r.toml", "epochs = 3\noptimiser = \"adam\"\n");
    refuses(
        &folder,
        &["train", &recipe],
        2,
        "error: unknown field `optimiser` in the recipe\n  at   FOLDER/r.toml:2\n  help did you mean `optimizer`? \
         known fields: epochs, batch_size, steps_per_epoch, seed, precision, loss, optimizer, metrics, data, model, callbacks",
    );
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        1,
        "a refused command leaves nothing behind"
    );
}

#[test]
fn mistakes_in_names_are_told_before_any_work() {
    let folder = Folder::new("names");
    for (recipe, parts) in [
        (
            "optimizer = \"addam\"",
            [
                "unknown optimizer \"addam\"",
                "did you mean \"adam\"?",
                "r.toml:1",
            ],
        ),
        (
            "\nloss = \"sparse_categorical_crossentropi\"",
            [
                "unknown loss",
                "did you mean \"sparse_categorical_crossentropy\"?",
                "r.toml:2",
            ],
        ),
        (
            "optimizer = { name = \"adam\", learning_rat = 0.1 }",
            ["learning_rat", "learning_rate", "r.toml:1"],
        ),
        (
            "metrics = [\"acuracy\"]",
            ["acuracy", "accuracy", "r.toml:1"],
        ),
        (
            "[model]\nlayers = [\n{ layer = \"Dens\", units = 3 }]",
            [
                "unknown layer \"Dens\"",
                "did you mean \"Dense\"?",
                "r.toml:3",
            ],
        ),
        (
            "[model]\nlayers = [{ layer = \"Dense\", unit = 3 }]",
            ["unit", "units", "r.toml:2"],
        ),
        (
            "data = \"shape\"",
            ["received \"shape\"", "did you mean `shapes`?", "shapes"],
        ),
    ] {
        let path = folder.write("r.toml", recipe);
        let output = cornu(&folder.0, &["train", &path, "--train-limit", "16"]);
        let said = stderr(&output);
        for part in parts {
            assert!(said.contains(part), "{recipe}\n{said}\nlacks {part}");
        }
        assert_eq!(code(&output), 2, "{recipe}\n{said}");
    }
    assert!(!folder.file("runs").exists());
}

#[test]
fn data_sets_are_listed_and_described() {
    let folder = Folder::new("data");
    let output = cornu(&folder.0, &["data", "list"]);
    assert!(stdout(&output).contains("shapes"));
    let output = cornu(&folder.0, &["data", "info", "shapes", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(value["classes"], 10);
    refuses(&folder, &["data", "info", "shappes"], 2, &{
        let said = stderr(&cornu(&folder.0, &["data", "info", "shappes"]));
        assert!(said.contains("did you mean `shapes`?"), "{said}");
        said.trim_end().to_string()
    });
}

#[test]
fn a_run_leaves_everything_in_its_folder_and_can_be_repeated_to_the_last_digit() {
    let folder = Folder::new("run");
    let run = folder.trained();
    let mut names: Vec<String> = fs::read_dir(&run)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "confusion.svg",
            "curves.svg",
            "history.csv",
            "model.cornu",
            "predictions.png",
            "report.html",
            "settings.toml"
        ]
    );
    let history = fs::read_to_string(run.join("history.csv")).unwrap();
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 3, "{history}");
    assert_eq!(
        lines[0],
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate"
    );
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("Only the first 64 training and 32 test images were used."));
    let png = fs::read(run.join("predictions.png")).unwrap();
    assert_eq!(&png[1..4], b"PNG");

    let again = folder.file("again");
    let output = cornu(
        &folder.0,
        &[
            "train",
            &text(&run.join("settings.toml")),
            "--out",
            &text(&again),
            "--threads",
            "1",
            "--quiet",
        ],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        fs::read_to_string(again.join("history.csv")).unwrap(),
        history
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_precision_the_processor_lacks_is_told_and_f32_taken() {
    let folder = Folder::new("precision");
    let recipe = folder.small_recipe();
    let run = |precision: &str, out: &str| {
        let args = [
            "train",
            &recipe,
            "--epochs",
            "1",
            "--precision",
            precision,
            "--out",
            out,
        ];
        let mut command = program(&folder.0, &args);
        command.env("CORNU_SIMD", "portable").output().unwrap()
    };
    let rounded = run("bf16", "rounded");
    assert_eq!(code(&rounded), 0, "{}", stderr(&rounded));
    let told = "This processor has no instructions for bf16: training in f32.";
    assert_eq!(stderr(&rounded).trim_end(), format!("note: {told}"));
    assert!(stdout(&rounded).contains(told), "{}", stdout(&rounded));
    let settings = fs::read_to_string(folder.file("rounded/settings.toml")).unwrap();
    assert!(settings.contains("precision = \"bf16\""), "{settings}");
    let plain = run("f32", "plain");
    assert_eq!(stderr(&plain), "");
    let history = |run: &str| fs::read_to_string(folder.file(run).join("history.csv")).unwrap();
    let losses = |run: &str| -> Vec<String> {
        let history = history(run);
        let (head, row) = history.split_once('\n').unwrap();
        let both = head.split(',').zip(row.split(','));
        both.filter(|(name, _)| name.contains("loss"))
            .map(|(_, v)| v.to_owned())
            .collect()
    };
    assert_eq!(losses("rounded"), losses("plain"));
    let wrong = cornu(&folder.0, &["train", "--precision", "bf61"]);
    assert_eq!(code(&wrong), 2);
    assert!(
        stderr(&wrong).contains("expected f32 or bf16"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn an_augmented_run_is_repeated_by_its_settings_alone() {
    let folder = Folder::new("augmented");
    let recipe = folder.small_recipe();
    let train = |recipe: &str, out: &str, more: &[&str]| -> String {
        let mut args = vec!["train", recipe, "--epochs", "2", "--out", out];
        args.extend(more);
        let done = cornu(&folder.0, &args);
        assert_eq!(code(&done), 0, "{}", stderr(&done));
        let history = fs::read_to_string(folder.file(out).join("history.csv")).unwrap();
        // Without the times.
        let losses = history.lines().map(|l| l.split(',').take(3).collect());
        losses.collect::<Vec<String>>().join("\n")
    };
    let plain = train(&recipe, "plain", &[]);
    let first = train(
        &recipe,
        "first",
        &["--augment", "flip,crop,rotate,colour", "--threads", "1"],
    );
    assert_ne!(first, plain);
    let settings = text(&folder.file("first").join("settings.toml"));
    assert_eq!(train(&settings, "again", &["--threads", "2"]), first);
}

#[test]
fn an_existing_run_folder_is_refused_before_any_work_and_left_alone() {
    let folder = Folder::new("existing");
    fs::create_dir(folder.file("mine")).unwrap();
    folder.write("mine/model.cornu", "precious");
    refuses(
        &folder,
        &["train", "--out", &text(&folder.file("mine"))],
        2,
        "error: the run folder exists already, and a run never writes over another\n  at   FOLDER/mine\n  \
         help choose another name, such as --out FOLDER/mine-2",
    );
    assert_eq!(
        fs::read(folder.file("mine/model.cornu")).unwrap(),
        b"precious"
    );
}

#[test]
fn json_speaks_one_object_a_line() {
    let folder = Folder::new("json");
    let recipe = folder.small_recipe();
    let output = cornu(&folder.0, &["train", &recipe, "--epochs", "2", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let events: Vec<serde_json::Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .filter(|e| *e != "step")
        .collect();
    assert_eq!(kinds, ["plan", "begin", "epoch", "epoch", "done"]);
    let last = events.last().unwrap();
    assert!(last["test"]["accuracy"].as_f64().unwrap() >= 0.0);
    assert!(folder.0.join(last["report"].as_str().unwrap()).is_file());
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
fn pictures_that_are_none_are_told() {
    let folder = Folder::new("pictures");
    let run = text(&folder.trained());
    let fake = folder.write("fake.png", "this is no picture");
    let output = cornu(&folder.0, &["predict", &run, &fake]);
    assert_ne!(code(&output), 0);
    assert!(stderr(&output).contains("fake.png"), "{}", stderr(&output));
    let output = cornu(&folder.0, &["predict", &run, "nowhere.png"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("nowhere.png"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_damaged_model_file_is_told_by_name() {
    let folder = Folder::new("damaged");
    let run = folder.trained();
    let whole = fs::read(run.join("model.cornu")).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 0xff;
    for (name, bytes) in [
        ("empty.cornu", Vec::new()),
        ("cut.cornu", whole[..whole.len() / 2].to_vec()),
        ("flipped.cornu", flipped),
        (
            "noise.cornu",
            (0..9999u32).map(|i| ((i * 7919) >> 3) as u8).collect(),
        ),
    ] {
        let path = folder.write(name, bytes);
        let output = cornu(&folder.0, &["summary", &path]);
        let said = stderr(&output);
        assert!(said.starts_with("error: "), "{name}: {said}");
        assert!(said.contains(name), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert!([1, 2].contains(&code(&output)), "{name}");
    }
}

#[test]
fn a_loss_that_is_not_a_number_ends_the_run_and_keeps_what_was_learned() {
    let folder = Folder::new("nan");
    let recipe = folder.small_recipe();
    let out = folder.file("run");
    let output = cornu(
        &folder.0,
        &[
            "train",
            &recipe,
            "--optimizer",
            "adam",
            "--learning-rate",
            "1e38",
            "--epochs",
            "3",
            "--loss",
            "sparse_categorical_crossentropy",
            "--out",
            &text(&out),
        ],
    );
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{said}");
    assert!(
        said.contains("learning rate") || said.contains("learning_rate"),
        "{said}"
    );
    assert!(out.join("model.cornu").is_file(), "{said}");
    assert!(out.join("history.csv").is_file(), "{said}");
}

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
fn callbacks_of_a_recipe_stop_early_and_keep_the_best() {
    let folder = Folder::new("callbacks");
    let recipe = folder.write(
        "r.toml",
        "epochs = 50\nbatch_size = 16\ndata = { name = \"shapes\", train_limit = 32, test_limit = 16 }\n\
         [callbacks]\nearly_stopping = { monitor = \"val_loss\", patience = 1, min_delta = 100.0, restore_best_weights = true }\n\
         checkpoint = { monitor = \"val_accuracy\", save_best_only = true }\n[model]\nlayers = [\n\
         { layer = \"Flatten\" },\n{ layer = \"Dense\", units = 10, activation = \"softmax\" },\n]\n",
    );
    let out = folder.file("run");
    let output = cornu(&folder.0, &["train", &recipe, "--out", &text(&out)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output)
            .contains("Stopped early after epoch 2 of 50, because val_loss did not get better."),
        "{}",
        stdout(&output)
    );
    assert!(out.join("best.cornu").is_file());

    let wrong = fs::read_to_string(folder.file("r.toml"))
        .unwrap()
        .replace("\"val_accuracy\"", "\"val_acuracy\"");
    let wrong = folder.write("wrong.toml", wrong);
    let output = cornu(&folder.0, &["train", &wrong]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("val_accuracy"),
        "{}",
        stderr(&output)
    );
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
