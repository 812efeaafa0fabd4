//! The numbers of every epoch sent to a server.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::{Action, Callback, Event};
use crate::error::{Error, Result};
use crate::model::Model;

/// Sends the epoch's number, loss and metrics to a server when an epoch ends, by HTTP's `POST`: as a form with one field that holds JSON, or as
/// JSON.
///
/// A server that cannot be reached, or that answers with an error, does not end the training; [`RemoteMonitor::failure`] tells of it.
///
/// # Errors
/// An address that does not begin with `http://`: connections are not encrypted. [`LambdaCallback`](super::LambdaCallback) takes any client.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let data = (Tensor::zeros([8, 4]), Tensor::zeros([8, 1]));
/// let mut model = Sequential::new().input([4]).add(Dense::new(1)).build()?;
/// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
/// let mut monitor = RemoteMonitor::new("http://localhost:9").send_as_json(true);
/// model.fit(&data, Fit::epochs(1).full_batch().callback(&mut monitor))?;
/// assert!(monitor.failure().is_some_and(|told| told.contains("localhost:9")));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// The same arguments and defaults.
#[derive(Debug)]
pub struct RemoteMonitor {
    root: String,
    path: String,
    field: String,
    headers: Vec<(String, String)>,
    send_as_json: bool,
    failure: Option<String>,
}

impl Default for RemoteMonitor {
    fn default() -> Self {
        Self::new("http://localhost:9000")
    }
}

impl RemoteMonitor {
    /// Sends to a server: "http://localhost:9000".
    pub fn new(root: &str) -> Self {
        Self {
            root: root.trim_end_matches('/').to_owned(),
            path: "/publish/epoch/end/".to_owned(),
            field: "data".to_owned(),
            headers: Vec::new(),
            send_as_json: false,
            failure: None,
        }
    }

    /// The place on the server; "/publish/epoch/end/" without this.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The name of the form's field; "data" without this.
    pub fn field(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }

    /// A header more for each request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the request is JSON rather than a form.
    pub fn send_as_json(mut self, json: bool) -> Self {
        self.send_as_json = json;
        self
    }

    /// What went wrong the last time, if something did.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The server's name and port.
    fn server(&self) -> Result<&str> {
        let clean = |text: &str| !text.contains(['\r', '\n']);
        let heads = self.headers.iter().flat_map(|(n, v)| [n, v]);
        if !heads
            .chain([&self.root, &self.path])
            .all(|text| clean(text))
        {
            return Err(Error::config(
                "RemoteMonitor: addresses and headers are single lines",
            ));
        }
        self.root
            .strip_prefix("http://")
            .filter(|server| !server.is_empty() && !server.contains('/'))
            .ok_or_else(|| {
                Error::config(format!(
                    "RemoteMonitor sends to \"http://NAME:PORT\", received \"{}\"",
                    self.root
                ))
                .help("LambdaCallback can send with any other client")
            })
    }

    fn send(&self, server: &str, numbers: &Json) -> std::io::Result<()> {
        /// So long a training waits for a server.
        const PATIENCE: Duration = Duration::from_secs(5);
        let (kind, body) = if self.send_as_json {
            ("application/json", numbers.to_string())
        } else {
            let form = format!("{}={}", encoded(&self.field), encoded(&numbers.to_string()));
            ("application/x-www-form-urlencoded", form)
        };
        let mut own = String::new();
        for (name, value) in &self.headers {
            own.extend([name, ": ", value, "\r\n"]);
        }
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: {server}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{own}Connection: close\r\n\r\n{body}",
            self.path,
            body.len()
        );
        let address = if server.contains(':') {
            server.to_owned()
        } else {
            format!("{server}:80")
        };
        let mut last = std::io::Error::other("the server has no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(mut stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    stream.write_all(request.as_bytes())?;
                    let mut answer = Vec::new();
                    stream.take(512).read_to_end(&mut answer)?;
                    return accepted(&answer);
                }
                Err(e) => last = e,
            }
        }
        Err(last)
    }
}

/// Whether an answer begins as that of a server that took what it was sent.
fn accepted(answer: &[u8]) -> std::io::Result<()> {
    let text = String::from_utf8_lossy(answer);
    let first = text.lines().next().unwrap_or_default();
    match first.split(' ').nth(1) {
        Some(code) if code.starts_with('2') => Ok(()),
        _ => Err(std::io::Error::other(format!("it answered \"{first}\""))),
    }
}

/// As a form holds a text.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                out.push(byte.into());
            }
            b' ' => out.push('+'),
            byte => {
                let digits = [byte >> 4, byte & 15].map(|d| b"0123456789ABCDEF"[usize::from(d)]);
                out.push('%');
                out.extend(digits.map(char::from));
            }
        }
    }
    out
}

impl Callback for RemoteMonitor {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> Result<Action> {
        match event {
            Event::TrainBegin { .. } => {
                self.server()?;
            }
            Event::EpochEnd { epoch, logs } => {
                let server = self.server()?;
                let mut numbers = Map::new();
                numbers.insert("epoch".to_owned(), json!(epoch));
                numbers.extend(
                    logs.iter()
                        .map(|(name, value)| (name.to_owned(), json!(value))),
                );
                let sent = self.send(server, &Json::Object(numbers));
                let told = sent.err().map(|e| format!("{server}: {e}"));
                self.failure = told;
            }
            _ => {}
        }
        Ok(Action::Continue)
    }
}
