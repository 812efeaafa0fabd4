//! A running implementation: a child process that is asked in lines and answers in JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::interrupt;

/// Why an implementation does not take part (any more).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Absence {
    /// It cannot run here: what is missing.
    Missing(String),
    /// It has no such work load.
    Unsupported(String),
    /// It ended or was silent.
    Failed(String),
    /// The user wants to stop.
    Interrupted,
}

/// How long a child may take to close before it is ended.
const GRACE: Duration = Duration::from_secs(5);

/// One running implementation.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: File,
    /// What it calls itself, with versions.
    pub(crate) implementation: String,
}

impl Child {
    /// Starts a child and waits until it is ready.
    pub(crate) fn start(mut command: Command, timeout: Duration) -> Result<Self, Absence> {
        let failed = |what: &str, e: &std::io::Error| Absence::Failed(format!("{what}: {e}"));
        let errors = nameless().map_err(|e| failed("no file for its errors", &e))?;
        let copy = errors
            .try_clone()
            .map_err(|e| failed("no file for its errors", &e))?;
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(copy);
        // Ctrl-C is for the driver, which ends its children itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn().map_err(|e| {
            let program = command.get_program().to_string_lossy();
            Absence::Missing(format!("cannot start {program}: {e}"))
        })?;
        let output = process.stdout.take();
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = output.into_iter().flat_map(|o| BufReader::new(o).lines());
            for line in lines.map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut child = Self {
            input: process.stdin.take(),
            process,
            lines,
            errors,
            implementation: String::new(),
        };
        let hello = child.answer(timeout)?;
        let text = |key: &str| hello.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(what) = text("missing") {
            return Err(Absence::Missing(what));
        }
        if let Some(why) = text("unsupported") {
            return Err(Absence::Unsupported(why));
        }
        child.implementation = text("implementation").unwrap_or_default();
        Ok(child)
    }

    /// Asks for something and waits for the answer.
    pub(crate) fn ask(&mut self, question: &str, timeout: Duration) -> Result<Value, Absence> {
        if let Some(input) = &mut self.input {
            // A child that has ended is seen by the end of its output, which tells why.
            let _ = writeln!(input, "{question}").and_then(|()| input.flush());
        }
        self.answer(timeout)
    }

    /// The next line that is a JSON object; libraries may chatter between.
    fn answer(&mut self, timeout: Duration) -> Result<Value, Absence> {
        let deadline = Instant::now() + timeout;
        loop {
            if interrupt::requested() {
                return Err(Absence::Interrupted);
            }
            match self.lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => match serde_json::from_str::<Value>(&line) {
                    Ok(value) if value.is_object() => return Ok(value),
                    _ => {}
                },
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = timeout.as_secs();
                    return Err(Absence::Failed(format!("no answer within {seconds} s")));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(Absence::Failed(self.why())),
            }
        }
    }

    /// The last line the child wrote to its standard error.
    fn why(&mut self) -> String {
        let status = self.process.wait();
        let mut text = Vec::new();
        let read = self.errors.rewind();
        if read
            .and_then(|()| self.errors.read_to_end(&mut text))
            .is_ok()
        {
            let text = String::from_utf8_lossy(&text);
            if let Some(line) = text.lines().rev().map(str::trim).find(|l| !l.is_empty()) {
                return line.to_owned();
            }
        }
        match status {
            Ok(status) => format!("it ended without an answer ({status})"),
            Err(e) => format!("it ended without an answer ({e})"),
        }
    }

    /// Processor time it has used, in ticks of the system's clock, where the system tells it.
    pub(crate) fn ticks(&self) -> Option<u64> {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).ok()?;
        // The name in brackets may hold anything; user and system time are the 12th and 13th fields after it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |i: usize| fields.get(i)?.parse::<u64>().ok();
        Some(ticks(11)? + ticks(12)?)
    }
}

impl Drop for Child {
    /// Its input ends, which it takes as a wish to end; it is ended where it does not follow.
    fn drop(&mut self) {
        self.input = None;
        let deadline = Instant::now() + GRACE;
        while !interrupt::requested() && Instant::now() < deadline {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It may end by itself in between; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A file without a name, gone with its last reader.
fn nameless() -> std::io::Result<File> {
    let name = format!("cornu-bench-{}-{:?}", std::process::id(), Instant::now());
    let name: String = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let path = std::env::temp_dir().join(name);
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}
