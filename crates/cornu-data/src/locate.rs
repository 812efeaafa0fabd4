//! Where the files of a release are looked for: the given folder, `CORNU_DATA`, the user's cache.

use std::env;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{DataError, DataErrorKind, Result};
use crate::unpacked;

/// What a published data set consists of.
#[derive(Debug)]
pub(crate) struct Release {
    /// The name of the data set.
    pub(crate) name: &'static str,
    /// Folders the files usually lie in, the first being where downloads go.
    pub(crate) folders: &'static [&'static str],
    /// The archives that hold all files.
    pub(crate) archives: &'static [&'static str],
    /// The files, unpacked.
    pub(crate) files: &'static [Wanted],
    /// Where the authors publish it, with a slash at the end.
    pub(crate) base_url: &'static str,
    /// What lies there.
    pub(crate) remote: &'static [Remote],
}

/// A file of a release.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The names it goes by, the official one first.
    pub(crate) names: &'static [&'static str],
    /// Its exact size, unpacked.
    pub(crate) size: usize,
}

/// A file at the publisher's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remote {
    pub(crate) name: &'static str,
    pub(crate) size: u64,
    pub(crate) sha256: &'static str,
}

/// The files of a release on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// One path for each wanted file, in order.
    Files(Vec<PathBuf>),
    /// One archive that holds them all.
    Archive(PathBuf),
}

impl Found {
    /// The path to show to a person.
    pub(crate) fn shown(&self) -> PathBuf {
        match self {
            Self::Archive(path) => path.clone(),
            Self::Files(paths) => paths[0].parent().unwrap_or(Path::new("")).to_path_buf(),
        }
    }

    /// The bytes of each file, in order; what went wrong without harm is added to `warnings`.
    pub(crate) fn read(
        &self,
        release: &Release,
        cache_dir: Option<&Path>,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Vec<u8>>> {
        match self {
            Self::Files(paths) => {
                let all = paths.par_iter().zip(release.files);
                let read = all.map(|(path, wanted)| unpacked::read(path, wanted.size, cache_dir));
                let (files, news): (Vec<_>, Vec<_>) =
                    read.collect::<Result<Vec<_>>>()?.into_iter().unzip();
                warnings.extend(news.into_iter().flatten());
                Ok(files)
            }
            Self::Archive(path) => {
                let names: Vec<_> = release
                    .files
                    .iter()
                    .map(|file| (file.names[0], file.size))
                    .collect();
                let (files, news) = unpacked::read_archive(path, &names, cache_dir)?;
                warnings.extend(news);
                Ok(files)
            }
        }
    }
}

/// The folder for what can be made or fetched again: `XDG_CACHE_HOME/cornu`, `~/.cache/cornu` or the system's like.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let folder = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = folder("XDG_CACHE_HOME").or_else(|| {
        if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library/Caches"))
        } else {
            folder("HOME").map(|home| home.join(".cache"))
        }
    });
    base.map(|base| base.join("cornu"))
}

/// The folders to search, in order.
pub(crate) fn roots(data_dir: Option<&Path>, cache_dir: Option<&Path>) -> Vec<PathBuf> {
    let given = data_dir.map(Path::to_path_buf);
    let variable = env::var_os("CORNU_DATA")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    [given, variable, cache_dir.map(Path::to_path_buf)]
        .into_iter()
        .flatten()
        .collect()
}

/// Finds all files of the release in one of the folders under `roots`.
///
/// # Errors
/// Where no folder has them all; the help says which files to put where.
pub(crate) fn find(release: &Release, roots: &[PathBuf]) -> Result<Found> {
    let mut partial = None;
    for root in roots {
        for folder in release
            .folders
            .iter()
            .map(|folder| root.join(folder))
            .chain([root.clone()])
        {
            match in_folder(release, &folder) {
                Ok(found) => return Ok(found),
                Err(missing) if missing.len() < release.files.len() => {
                    partial.get_or_insert((folder, missing));
                }
                Err(_) => {}
            }
        }
    }
    Err(not_found(release, roots, partial))
}

/// The files in this folder, or the names of those that are missing.
fn in_folder(release: &Release, folder: &Path) -> std::result::Result<Found, Vec<&'static str>> {
    let one = |wanted: &Wanted| {
        let variants = wanted
            .names
            .iter()
            .flat_map(|name| ["", ".gz", ".xz"].map(|packing| format!("{name}{packing}")));
        variants
            .map(|name| folder.join(name))
            .find(|path| path.is_file())
            .ok_or(wanted.names[0])
    };
    let (files, missing): (Vec<_>, Vec<_>) = release
        .files
        .iter()
        .map(one)
        .partition(std::result::Result::is_ok);
    if missing.is_empty() {
        return Ok(Found::Files(files.into_iter().flatten().collect()));
    }
    let archive = release
        .archives
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file());
    archive.map(Found::Archive).ok_or_else(|| {
        missing
            .into_iter()
            .filter_map(std::result::Result::err)
            .collect()
    })
}

fn not_found(
    release: &Release,
    roots: &[PathBuf],
    partial: Option<(PathBuf, Vec<&str>)>,
) -> DataError {
    let shown = |names: &[&str]| names.join(", ");
    let names: Vec<_> = release.files.iter().map(|file| file.names[0]).collect();
    let message = match &partial {
        Some((folder, missing)) => format!(
            "the data set {} is not complete: expected {} files in {}, missing {}",
            release.name,
            names.len(),
            folder.display(),
            shown(missing)
        ),
        None => format!("the data set {} is not on this machine", release.name),
    };
    let looked: Vec<_> = roots
        .iter()
        .map(|root| root.display().to_string())
        .collect();
    let target = roots
        .first()
        .map_or_else(|| PathBuf::from("DIR"), Clone::clone)
        .join(release.folders[0]);
    let either = match release.archives {
        [] => String::new(),
        archives => format!("{}, or ", archives[0]),
    };
    let megabytes = release
        .remote
        .iter()
        .map(|remote| remote.size)
        .sum::<u64>()
        .div_ceil(1_000_000);
    let urls: Vec<_> = release
        .remote
        .iter()
        .map(|remote| format!("{}{}", release.base_url, remote.name))
        .collect();
    DataError::new(DataErrorKind::NotFound, message)
        .at(if looked.is_empty() { "no folder to look in".to_owned() } else { format!("looked in {}", looked.join(", ")) })
        .help(format!(
            "put into {}: {either}{} (each plain, .gz or .xz)\nthey are published ({megabytes} MB) at {}\nor name another folder with the data_dir option or CORNU_DATA; `cornu data download {}` fetches them",
            target.display(),
            shown(&names),
            urls.join(" "),
            release.name
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    static RELEASE: Release = Release {
        name: "test",
        folders: &["one", "one/deep"],
        archives: &["all.tar.gz"],
        files: &[
            Wanted {
                names: &["a", "a2"],
                size: 1,
            },
            Wanted {
                names: &["b"],
                size: 1,
            },
        ],
        base_url: "http://example.org/",
        remote: &[Remote {
            name: "all.tar.gz",
            size: 1_500_000,
            sha256: "",
        }],
    };

    /// A folder with these files, all empty.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        folder
    }

    fn search(folder: &tempfile::TempDir) -> Result<Found> {
        find(
            &RELEASE,
            &[folder.path().join("nowhere"), folder.path().to_path_buf()],
        )
    }

    #[test]
    fn finds_files_under_any_name_and_packing() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["one/a", "one/b"], &["one/a", "one/b"]),
            (&["a2.gz", "b.xz", "all.tar.gz"], &["a2.gz", "b.xz"]),
            (
                &["one/deep/a", "one/deep/a2", "one/deep/b", "one/deep/b.gz"],
                &["one/deep/a", "one/deep/b"],
            ),
            (&["one/a", "a", "b"], &["a", "b"]),
        ];
        for (files, expected) in cases {
            let folder = folder(files);
            let expected = expected
                .iter()
                .map(|file| folder.path().join(file))
                .collect();
            assert_eq!(search(&folder).unwrap(), Found::Files(expected));
        }
        let folder = folder(&["one/a", "one/all.tar.gz"]);
        assert_eq!(
            search(&folder).unwrap(),
            Found::Archive(folder.path().join("one/all.tar.gz"))
        );
    }

    #[test]
    fn says_what_is_missing_and_where_to_put_it() {
        let empty = search(&folder(&[])).unwrap_err();
        assert_eq!(
            (empty.kind(), empty.message()),
            (
                DataErrorKind::NotFound,
                "the data set test is not on this machine"
            )
        );
        let help = empty.help_text().unwrap();
        for part in [
            "nowhere/one: all.tar.gz, or a, b",
            "(2 MB) at http://example.org/all.tar.gz",
            "CORNU_DATA",
        ] {
            assert!(help.replace('\\', "/").contains(part), "{help}");
        }
        let partial = search(&folder(&["one/b"])).unwrap_err();
        assert!(partial.message().ends_with("missing a"), "{partial}");
        assert_eq!(
            find(&RELEASE, &[]).unwrap_err().place(),
            Some("no folder to look in")
        );
    }
}
