//! A folder of a test's own, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of a test's own, gone when the test is done.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("cornu-program-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.file(name), text).unwrap();
        self.file(name).display().to_string()
    }

    /// A recipe of a network so small that it trains in a moment without optimisation.
    pub(crate) fn small_recipe(&self) -> String {
        self.write(
            "small.toml",
            "batch_size = 16\ndata = { name = \"shapes\", train_limit = 64, test_limit = 32 }\n[model]\nlayers = [\n\
             { layer = \"MaxPooling2D\", pool_size = 4 },\n{ layer = \"Flatten\" },\n\
             { layer = \"Dense\", units = 10, activation = \"softmax\" },\n]\n",
        )
    }

    /// A run folder with a model trained for a moment.
    pub(crate) fn trained(&self) -> PathBuf {
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

pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) fn program(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cornu"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    command
}

pub(crate) fn cornu(folder: &Path, args: &[&str]) -> Output {
    program(folder, args).output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The command must fail with the code and say just this.
pub(crate) fn refuses(folder: &Folder, args: &[&str], exit: i32, message: &str) {
    let output = cornu(&folder.0, args);
    let said = stderr(&output).replace(&text(&folder.0), "FOLDER");
    assert_eq!(said.trim_end(), message, "cornu {}", args.join(" "));
    assert_eq!(code(&output), exit);
    assert_eq!(stdout(&output), "");
}
