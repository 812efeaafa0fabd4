//! Whom Cornu is compared with, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::child::Absence;
use crate::failure::{Failure, Result, suggestion};

/// Where the peers' scripts are, seen from the repository's root.
const SCRIPTS: &str = "bench/peers";
/// Where the peers written in Rust are, and their programs once they are built.
const RUST: &str = "bench/rust-peers";
const BUILT: &str = "target/release";
const TCMALLOC: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
    "/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4",
    "/usr/lib64/libtcmalloc_minimal.so.4",
];

/// One configuration of another framework.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: Program,
    flags: &'static [&'static str],
    tcmalloc: bool,
    /// Whether it takes part unless all are asked for: another configuration of its framework may always be faster.
    default: bool,
}

/// What is started.
#[derive(Debug, PartialEq, Eq)]
enum Program {
    /// The file in [`SCRIPTS`].
    Script(&'static str),
    /// The program that [`RUST`] builds.
    Rust(&'static str),
}

const fn script(
    name: &'static str,
    file: &'static str,
    flags: &'static [&'static str],
    default: bool,
) -> Peer {
    Peer {
        name,
        program: Program::Script(file),
        flags,
        tcmalloc: false,
        default,
    }
}

const fn rust(name: &'static str, program: &'static str) -> Peer {
    Peer {
        name,
        program: Program::Rust(program),
        flags: &[],
        tcmalloc: false,
        default: true,
    }
}

/// With another allocator: it saves page faults, which cost some peers up to half of their time.
const fn with_tcmalloc(peer: Peer) -> Peer {
    Peer {
        tcmalloc: true,
        ..peer
    }
}

const KERAS: &str = "keras_tf.py";
const TORCH: &str = "torch_cpu.py";

const PEERS: &[Peer] = &[
    script("keras-fit", KERAS, &["--config", "fit"], false),
    script("keras-fit-16", KERAS, &["--config", "fit-16"], false),
    script("keras-function", KERAS, &["--config", "function"], true),
    script("keras-jit", KERAS, &["--config", "jit"], true),
    with_tcmalloc(script(
        "keras-function-tcmalloc",
        KERAS,
        &["--config", "function"],
        true,
    )),
    script("torch", TORCH, &[], false),
    script("torch-channels-last", TORCH, &["--channels-last"], false),
    script("torch-compile", TORCH, &["--compile"], false),
    with_tcmalloc(script("torch-tcmalloc", TORCH, &[], true)),
    with_tcmalloc(script(
        "torch-channels-last-tcmalloc",
        TORCH,
        &["--channels-last"],
        true,
    )),
    with_tcmalloc(script(
        "torch-compile-tcmalloc",
        TORCH,
        &["--compile"],
        true,
    )),
    with_tcmalloc(script(
        "torch-compile-channels-last-tcmalloc",
        TORCH,
        &["--compile", "--channels-last"],
        true,
    )),
    script("jax", "jax_jit.py", &[], false),
    with_tcmalloc(script("jax-tcmalloc", "jax_jit.py", &[], true)),
    script("onnxruntime", "onnx_runtime.py", &[], true),
    rust("burn", "burn_flex"),
    rust("candle", "candle_cpu"),
];

/// The peers that were asked for: "all", "none", "default", names, or what names begin with.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<&'static Peer>> {
    let mut chosen = Vec::new();
    for name in names {
        let fits = |peer: &&Peer| match name.as_str() {
            "none" => false,
            "all" => true,
            "default" => peer.default,
            exact if PEERS.iter().any(|p| p.name == exact) => peer.name == exact,
            // A framework's name stands for its default configurations.
            framework => peer.default && peer.framework() == framework,
        };
        let found: Vec<&Peer> = PEERS.iter().filter(fits).collect();
        if found.is_empty() && name != "none" {
            let mut known = vec!["all", "none", "default"];
            known.extend(PEERS.iter().map(|p| p.name));
            return Err(Failure::user(format!("there is no peer \"{name}\""))
                .help(suggestion(name, "peers", &known)));
        }
        chosen.extend(found);
    }
    let mut seen = Vec::new();
    chosen.retain(|peer: &&Peer| {
        let new = !seen.contains(&peer.name);
        seen.push(peer.name);
        new
    });
    Ok(chosen)
}

/// The interpreter with the peers' packages: the one named, else that of `.venv`, else the system's.
pub(crate) fn python(named: Option<&Path>) -> PathBuf {
    let venv = Path::new(".venv/bin/python");
    match named {
        Some(path) => path.to_owned(),
        None if venv.exists() => venv.to_owned(),
        None => "python3".into(),
    }
}

/// Refuses to go on where the scripts or Python are not there at all, if a peer needs them.
pub(crate) fn check_place(python: &Path, peers: &[&Peer]) -> Result<()> {
    let needs = |peer: &&Peer| matches!(peer.program, Program::Script(_));
    if !peers.iter().any(needs) {
        return Ok(());
    }
    let alone = "`--peers none` measures Cornu alone and needs nothing";
    if !Path::new(SCRIPTS).join("protocol.py").exists() {
        return Err(Failure::user(format!(
            "the peers' scripts are not here: there is no {SCRIPTS}"
        ))
        .help(format!(
            "run this from the root of Cornu's repository; {alone}"
        )));
    }
    let version = Command::new(python).arg("--version").output();
    if !version.is_ok_and(|o| o.status.success()) {
        return Err(Failure::user(format!("there is no Python at {}", python.display())).help(
            format!(
                "python3 -m venv .venv && .venv/bin/pip install -r bench/requirements.txt\nor name one with --python PATH; {alone}"
            ),
        ));
    }
    Ok(())
}

impl Peer {
    fn framework(&self) -> &'static str {
        self.name.split('-').next().unwrap_or(self.name)
    }

    /// How it is started for a work load.
    pub(crate) fn command(
        &self,
        python: &Path,
        work: &str,
        threads: usize,
    ) -> std::result::Result<Command, Absence> {
        let mut command = match self.program {
            Program::Script(file) => {
                let mut command = Command::new(python);
                command.arg(Path::new(SCRIPTS).join(file));
                command
            }
            Program::Rust(name) => {
                let folder = Path::new(RUST).join(BUILT);
                let program = folder
                    .join(name)
                    .with_extension(std::env::consts::EXE_EXTENSION);
                if !program.exists() {
                    return Err(Absence::Missing(format!(
                        "(cd {RUST} && cargo build --release)"
                    )));
                }
                Command::new(program)
            }
        };
        let threads = threads.to_string();
        command.args(["--work", work, "--threads", &threads]);
        command.args(self.flags);
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, &threads);
        }
        command.env("CUDA_VISIBLE_DEVICES", "");
        if self.tcmalloc {
            let library = TCMALLOC.iter().find(|path| Path::new(path).exists());
            let Some(library) = library else {
                return Err(Absence::Missing(
                    "install the system's package libtcmalloc-minimal4".into(),
                ));
            };
            command.env("LD_PRELOAD", library);
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<&'static str> {
        let list: Vec<String> = list.iter().map(|s| (*s).into()).collect();
        chosen(&list).unwrap().iter().map(|p| p.name).collect()
    }

    #[test]
    fn only_scripts_ask_for_python() {
        let nowhere = Path::new("no/python/here");
        let of = |name: &str| chosen(&[name.into()]).unwrap();
        assert!(check_place(nowhere, &of("burn")).is_ok());
        assert!(check_place(nowhere, &of("torch")).is_err());
        let started = of("candle")[0].command(nowhere, "W1-train", 2);
        assert!(matches!(started, Err(Absence::Missing(how)) if how.contains("cargo build")));
    }

    #[test]
    fn peers_are_chosen_by_name_or_framework() {
        assert!(names(&["none"]).is_empty());
        assert_eq!(names(&["all"]).len(), PEERS.len());
        assert_eq!(names(&["torch"]), ["torch"]);
        assert_eq!(
            names(&["jax", "jax", "onnxruntime"]),
            ["jax", "onnxruntime"]
        );
        assert_eq!(names(&["burn", "candle"]), ["burn", "candle"]);
        assert!(names(&["keras"]).contains(&"keras-function"));
        assert!(!names(&["default"]).contains(&"torch"));
        let failure = chosen(&["tensorflow".into()]).unwrap_err().to_string();
        assert!(failure.contains("no peer \"tensorflow\""), "{failure}");
    }
}
