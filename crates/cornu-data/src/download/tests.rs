//! Downloads from a small server in this process that breaks off, lies and refuses.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::*;
use crate::locate::Remote;

const SIZE: usize = 200_000;

fn content() -> Vec<u8> {
    (0..SIZE).map(|i| (i * i % 251) as u8).collect()
}

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Manner {
    /// Answers fully, from the byte asked for.
    Ranges,
    /// Answers from the beginning, whatever was asked for.
    Whole,
    /// Breaks off after so many bytes of what was asked for.
    BreaksAfter(usize),
    /// Sends other bytes.
    Lies,
    /// Sends more bytes than it should.
    Babbles,
    /// Has an answer other than the file.
    Status(&'static str),
    /// Claims to begin elsewhere than asked.
    Elsewhere,
}

/// A server that meets its requests in these manners, one after the other; the last stays. Notes the ranges asked for.
fn serve(manners: Vec<Manner>) -> (String, Arc<Mutex<Vec<Option<usize>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    std::thread::spawn(move || {
        for (i, stream) in listener.incoming().enumerate() {
            let manner = manners[i.min(manners.len() - 1)];
            // A client that hangs up early is part of some cases.
            let _ = answer(stream.unwrap(), manner, &notes);
        }
    });
    (url, asked)
}

fn answer(
    mut stream: TcpStream,
    manner: Manner,
    notes: &Mutex<Vec<Option<usize>>>,
) -> std::io::Result<()> {
    let mut range = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_lowercase();
        if let Some(from) = line.strip_prefix("range: bytes=") {
            range = from.trim_end_matches('-').parse().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    notes.lock().unwrap().push(range);
    let bytes = content();
    let from = range.unwrap_or(0);
    let head = |status: &str, length: usize, begin: usize| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Range: bytes {begin}-{}/{SIZE}\r\nConnection: close\r\n\r\n",
            SIZE - 1
        )
    };
    let status = if range.is_some() {
        "206 Partial Content"
    } else {
        "200 OK"
    };
    let (head, body) = match manner {
        Manner::Ranges => (head(status, SIZE - from, from), bytes[from..].to_vec()),
        Manner::Whole => (head("200 OK", SIZE, 0), bytes),
        Manner::BreaksAfter(n) => (
            head(status, SIZE - from, from),
            bytes[from..from + n].to_vec(),
        ),
        Manner::Lies => (head("200 OK", SIZE, 0), vec![7; SIZE]),
        Manner::Babbles => (head("200 OK", SIZE + 9, 0), vec![7; SIZE + 9]),
        Manner::Status(status) => (head(status, 2, 0), b"no".to_vec()),
        Manner::Elsewhere => (
            head("206 Partial Content", SIZE - 1, 1),
            bytes[1..].to_vec(),
        ),
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

fn release() -> &'static Release {
    let hash = crate::sha256::of(&content()[..]).unwrap();
    let remote = Remote {
        name: "a.bin",
        size: SIZE as u64,
        sha256: hash.leak(),
    };
    Box::leak(Box::new(Release {
        name: "test",
        folders: &["test"],
        archives: &[],
        files: &[],
        base_url: "http://127.0.0.1:1/",
        remote: Box::leak(Box::new([remote])),
    }))
}

struct Case {
    result: Result<()>,
    asked: Vec<Option<usize>>,
    folder: tempfile::TempDir,
    told: Vec<u64>,
}

impl Case {
    fn run(part: Option<&[u8]>, manners: Vec<Manner>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some(part) = part {
            fs::write(folder.path().join("a.bin.part"), part).unwrap();
        }
        let (url, asked) = serve(manners);
        let mut told = Vec::new();
        let result = fetch(
            release(),
            Some(&url),
            folder.path().to_path_buf(),
            &mut |p| told.push(p.received),
        );
        let asked = asked.lock().unwrap().clone();
        Self {
            result,
            asked,
            folder,
            told,
        }
    }

    fn arrived(&self) -> bool {
        fs::read(self.folder.path().join("a.bin")).is_ok_and(|bytes| bytes == content())
            && !self.folder.path().join("a.bin.part").exists()
    }

    fn kind(&self) -> DataErrorKind {
        assert!(!self.folder.path().join("a.bin").exists());
        self.result.as_ref().unwrap_err().kind()
    }
}

#[test]
fn fetches_and_tells_how_far_it_is() {
    let case = Case::run(None, vec![Manner::Ranges]);
    assert!(case.result.is_ok() && case.arrived(), "{:?}", case.result);
    assert_eq!(case.asked, [None]);
    assert_eq!((case.told[0], *case.told.last().unwrap()), (0, SIZE as u64));
    assert!(case.told.is_sorted());
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), content()).unwrap();
    fetch(
        release(),
        Some("http://127.0.0.1:1/"),
        folder.path().to_path_buf(),
        &mut |_| {},
    )
    .unwrap();
}

#[test]
fn goes_on_where_an_earlier_download_stopped() {
    let case = Case::run(Some(&content()[..5000]), vec![Manner::Ranges]);
    assert!(case.arrived(), "{:?}", case.result);
    assert_eq!(case.asked, [Some(5000)]);
    assert_eq!(case.told[0], 5000);
}

#[test]
fn a_connection_that_breaks_off_is_taken_up_again() {
    let case = Case::run(
        None,
        vec![
            Manner::BreaksAfter(70_000),
            Manner::BreaksAfter(1000),
            Manner::Ranges,
        ],
    );
    assert!(case.arrived(), "{:?}", case.result);
    assert_eq!(case.asked, [None, Some(70_000), Some(71_000)]);
}

#[test]
fn a_server_without_ranges_starts_again() {
    let case = Case::run(Some(&[9; 5000]), vec![Manner::Whole]);
    assert!(case.arrived(), "{:?}", case.result);
}

#[test]
fn a_part_that_is_too_long_is_thrown_away() {
    let case = Case::run(Some(&vec![9; SIZE + 1]), vec![Manner::Ranges]);
    assert!(case.arrived(), "{:?}", case.result);
    assert_eq!(case.asked, [None]);
}

#[test]
fn other_bytes_are_not_kept() {
    let case = Case::run(None, vec![Manner::Lies]);
    assert_eq!(case.kind(), DataErrorKind::Checksum);
    assert!(
        case.result
            .as_ref()
            .unwrap_err()
            .message()
            .starts_with("expected the SHA-256")
    );
    assert_eq!(fs::read_dir(case.folder.path()).unwrap().count(), 0);
    assert_eq!(
        Case::run(None, vec![Manner::Babbles]).kind(),
        DataErrorKind::Checksum
    );
    // A damaged part is found out at the end, and the next attempt begins anew.
    assert_eq!(
        Case::run(Some(&[9; 5000]), vec![Manner::Ranges]).kind(),
        DataErrorKind::Checksum
    );
}

#[test]
fn a_refusal_says_what_to_do_by_hand() {
    let case = Case::run(None, vec![Manner::Status("404 Not Found")]);
    assert_eq!(case.kind(), DataErrorKind::Network);
    let text = case.result.unwrap_err().to_string();
    assert!(text.contains("received the status 404 Not Found"), "{text}");
    assert!(
        text.contains("a.bin into ") && text.contains(&*case.folder.path().to_string_lossy()),
        "{text}"
    );
    assert_eq!(
        Case::run(Some(b"xy"), vec![Manner::Elsewhere]).kind(),
        DataErrorKind::Network
    );
}

#[test]
fn no_network_is_an_error_after_a_few_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(release(), None, folder.path().to_path_buf(), &mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), DataErrorKind::Network);
    let broken = Case::run(None, vec![Manner::Status("503 Busy")]);
    assert_eq!(
        (broken.kind(), broken.asked.len()),
        (DataErrorKind::Network, 4)
    );
}
