//! Runs: what they leave, how they are repeated, how they end.

use std::fs;

use crate::folder::{Folder, code, cornu, program, refuses, stderr, stdout, text};

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
