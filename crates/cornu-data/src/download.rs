//! What is not on this machine is fetched from its authors: resumed where it broke off, and kept only if it is theirs.

use std::path::PathBuf;

use crate::error::{DataError, DataErrorKind, Result};
use crate::locate::Release;

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The name of the file.
    pub file: String,
    /// Bytes that are here, those of an earlier attempt included.
    pub received: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

/// Fetches all files of the release that are not in `folder` yet; `base_url` takes the place of the authors' own.
#[cfg(not(feature = "download"))]
pub(crate) fn fetch(
    release: &Release,
    base_url: Option<&str>,
    folder: PathBuf,
    _progress: &mut dyn FnMut(&Progress),
) -> Result<()> {
    Err(
        DataError::new(DataErrorKind::Config, "this build cannot download").help(format!(
            "build it again with `--features download`, or fetch by hand:\n{}",
            by_hand(release, base_url, &folder)
        )),
    )
}

#[cfg(feature = "download")]
pub(crate) use over_http::fetch;

/// Which files to put where.
fn by_hand(release: &Release, base_url: Option<&str>, folder: &std::path::Path) -> String {
    let base = base_url.unwrap_or(release.base_url);
    let lines = release.remote.iter().map(|remote| {
        format!(
            "{base}{} into {} (SHA-256 {})",
            remote.name,
            folder.display(),
            remote.sha256
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(feature = "download")]
mod over_http {
    use std::fs::{self, File};
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::path::Path;
    use std::time::Duration;

    use ureq::http::{Response, StatusCode};

    use super::*;
    use crate::locate::Remote;
    use crate::{sha256, tls};

    /// A connection that breaks off is taken up again this often at most.
    const ATTEMPTS: usize = 100;

    /// So many attempts in a row that bring nothing are the end.
    const BARREN_ATTEMPTS: usize = 4;

    /// Fetches all files of the release that are not in `folder` yet; `base_url` takes the place of the authors' own.
    pub(crate) fn fetch(
        release: &Release,
        base_url: Option<&str>,
        folder: PathBuf,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<()> {
        fs::create_dir_all(&folder).map_err(DataError::cannot("make the folder", &folder))?;
        let base = base_url.unwrap_or(release.base_url);
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .user_agent(concat!("cornu/", env!("CARGO_PKG_VERSION")));
        let config = match tls::config(base)? {
            Some(tls) => config.tls_config(tls),
            None => config.max_redirects(0),
        };
        let agent = ureq::Agent::new_with_config(config.build());
        for remote in release.remote {
            let file = Fetch {
                agent: &agent,
                remote,
                url: format!("{base}{}", remote.name),
                folder: &folder,
            };
            file.run(progress).map_err(|e| {
                let advice = match e.kind() {
                    DataErrorKind::Network => {
                        "try again: it goes on where it stopped; or fetch by hand:\n"
                    }
                    _ => "or fetch by hand:\n",
                };
                let own = e
                    .help_text()
                    .map(|help| format!("{help}\n"))
                    .unwrap_or_default();
                e.help(format!(
                    "{own}{advice}{}",
                    by_hand(release, base_url, &folder)
                ))
            })?;
        }
        Ok(())
    }

    struct Fetch<'a> {
        agent: &'a ureq::Agent,
        remote: &'a Remote,
        url: String,
        folder: &'a Path,
    }

    /// Why an attempt ended.
    enum End {
        Whole,
        BrokeOff(DataError),
    }

    impl Fetch<'_> {
        fn run(&self, progress: &mut dyn FnMut(&Progress)) -> Result<()> {
            let target = self.folder.join(self.remote.name);
            if target.is_file() && self.check(&target).is_ok() {
                return Ok(());
            }
            let path = self.folder.join(format!("{}.part", self.remote.name));
            let cannot = |verb| DataError::cannot(verb, &path);
            let part = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let mut part = part.map_err(cannot("write"))?;
            part.try_lock().map_err(|e| {
                DataError::new(
                    DataErrorKind::Io,
                    format!("the file is being downloaded by another process: {e}"),
                )
                .at(path.display())
                .help("wait for it")
            })?;
            let mut barren = 0;
            for attempt in 1.. {
                let before = part.metadata().map_err(cannot("read"))?.len();
                match self.attempt(&mut part, &path, progress)? {
                    End::Whole => break,
                    End::BrokeOff(error) => {
                        let after = part.metadata().map_err(cannot("read"))?.len();
                        barren = if after > before { 0 } else { barren + 1 };
                        if barren == BARREN_ATTEMPTS || attempt == ATTEMPTS {
                            return Err(error);
                        }
                        std::thread::sleep(Duration::from_millis(250 << barren));
                    }
                }
            }
            part.sync_all().map_err(cannot("write"))?;
            if let Err(error) = self.check(&path) {
                fs::remove_file(&path).map_err(cannot("remove"))?;
                return Err(error);
            }
            fs::rename(&path, &target).map_err(cannot("rename"))
        }

        /// Asks for what is missing and appends it.
        fn attempt(
            &self,
            part: &mut File,
            path: &Path,
            progress: &mut dyn FnMut(&Progress),
        ) -> Result<End> {
            let total = self.remote.size;
            let cannot = DataError::cannot("write", path);
            let mut received = part.seek(SeekFrom::End(0)).map_err(cannot)?;
            if received > total {
                part.set_len(0).map_err(cannot)?;
                received = part.seek(SeekFrom::Start(0)).map_err(cannot)?;
            }
            let mut tell = |received| {
                progress(&Progress {
                    file: self.remote.name.to_owned(),
                    received,
                    total,
                });
            };
            tell(received);
            if received == total {
                return Ok(End::Whole);
            }
            let mut request = self.agent.get(&self.url);
            if received > 0 {
                request = request.header("Range", format!("bytes={received}-"));
            }
            let mut response = match request.call() {
                Ok(response) => response,
                Err(e) => {
                    return Ok(End::BrokeOff(
                        self.network(format!("no answer: {e}")).because(e),
                    ));
                }
            };
            let status = response.status();
            if status == StatusCode::OK || status == StatusCode::RANGE_NOT_SATISFIABLE {
                // A server that knows no ranges starts from the beginning, and so does what is written.
                part.set_len(0).map_err(cannot)?;
                received = part.seek(SeekFrom::Start(0)).map_err(cannot)?;
            } else if status != StatusCode::PARTIAL_CONTENT
                || starts_at(&response) != Some(received)
            {
                let error = self.network(format!(
                    "expected the file from byte {received} on, received the status {status}"
                ));
                return if status.is_server_error() {
                    Ok(End::BrokeOff(error))
                } else {
                    Err(error)
                };
            }
            if status == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(End::BrokeOff(self.network(format!(
                    "expected the file, received the status {status}"
                ))));
            }
            let mut body = response.body_mut().as_reader();
            let mut buffer = vec![0; 1 << 16];
            loop {
                match body.read(&mut buffer) {
                    Ok(0) if received < total => {
                        return Ok(End::BrokeOff(
                            self.network(format!("expected {total} bytes, received {received}")),
                        ));
                    }
                    Ok(0) => return Ok(End::Whole),
                    Ok(n) => {
                        received += n as u64;
                        if received > total {
                            part.set_len(0).map_err(cannot)?;
                            return Err(
                                self.checksum(format!("expected {total} bytes, received more"))
                            );
                        }
                        part.write_all(&buffer[..n]).map_err(cannot)?;
                        tell(received);
                    }
                    Err(e) => {
                        return Ok(End::BrokeOff(
                            self.network(format!("broke off at byte {received}: {e}"))
                                .because(e),
                        ));
                    }
                }
            }
        }

        /// Whether these are the published bytes.
        fn check(&self, path: &Path) -> Result<()> {
            let cannot = DataError::cannot("read", path);
            let file = File::open(path).map_err(cannot)?;
            let size = file.metadata().map_err(cannot)?.len();
            if size != self.remote.size {
                return Err(self.checksum(format!(
                    "expected {} bytes, received {size}",
                    self.remote.size
                )));
            }
            let hash = sha256::of(file).map_err(cannot)?;
            if hash == self.remote.sha256 {
                return Ok(());
            }
            Err(self.checksum(format!(
                "expected the SHA-256 {}, received {hash}",
                self.remote.sha256
            )))
        }

        fn network(&self, message: String) -> DataError {
            DataError::new(DataErrorKind::Network, message).at(&self.url)
        }

        fn checksum(&self, message: String) -> DataError {
            DataError::new(DataErrorKind::Checksum, message)
                .at(&self.url)
                .help("what came is not what the authors published; try again, perhaps from another network")
        }
    }

    /// The byte that a partial answer begins with.
    fn starts_at(response: &Response<ureq::Body>) -> Option<u64> {
        let range = response.headers().get("Content-Range")?.to_str().ok()?;
        range
            .strip_prefix("bytes ")?
            .split('-')
            .next()?
            .parse()
            .ok()
    }
}

#[cfg(test)]
#[cfg(feature = "download")]
mod tests;
