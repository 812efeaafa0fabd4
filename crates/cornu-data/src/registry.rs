//! The table of data sets: what there is, where it comes from, and how it is loaded by name.

use std::path::PathBuf;

use crate::cifar;
use crate::dataset::Dataset;
use crate::download::{self, Progress};
use crate::error::{DataError, DataErrorKind, Result};
use crate::locate::{self, Release};
use crate::mnist::{self, Digits};
use crate::shapes;

/// How a data set is found and loaded.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder to look in first; then come `CORNU_DATA` and the user's cache.
    pub data_dir: Option<PathBuf>,
    /// What a generated data set grows from.
    pub seed: u64,
    /// Whether to fetch from its authors what is not on this machine.
    pub download: bool,
    /// The twenty groups of CIFAR-100 in place of its hundred classes.
    pub coarse_labels: bool,
    /// Where downloads and unpacked copies are kept; by default `XDG_CACHE_HOME/cornu` or the system's like.
    pub cache_dir: Option<PathBuf>,
    /// Another place to download from, with a slash at the end, in place of the authors' own; the checksums are theirs.
    pub base_url: Option<String>,
}

impl Options {
    /// The folder of a data set of your own, or of one that [`load`] does not know: `NAME` in the given folder, in `CORNU_DATA` or in the
    /// user's cache.
    ///
    /// # Errors
    /// Where there is no such folder; the message tells where it was looked for.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let cache = self.cache_dir.clone().or_else(locate::cache_dir);
        let roots = locate::roots(self.data_dir.as_deref(), cache.as_deref());
        let places: Vec<PathBuf> = roots.iter().map(|root| root.join(name)).collect();
        places.iter().find(|p| p.is_dir()).cloned().ok_or_else(|| {
            let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
            DataError::new(
                DataErrorKind::NotFound,
                format!(
                    "no folder {name} was found, looked for {}",
                    looked.join(", ")
                ),
            )
            .help("set CORNU_DATA to the folder in which it lies")
        })
    }
}

/// What is known of a data set before it is loaded.
#[derive(Debug)]
pub struct Info {
    /// The name it is asked for by.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// How many classes it has.
    pub classes: usize,
    /// `[height, width, channels]` of an image.
    pub shape: [usize; 3],
    /// How many images there are to train on.
    pub train: usize,
    /// How many images there are to test on.
    pub test: usize,
    /// The terms it is published under.
    pub licence: &'static str,
    /// Whose work it is.
    pub source: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Shapes,
    Cifar10,
    Cifar100,
    Digits(Digits),
}

pub(crate) const SHAPES: &str =
    "Ten kinds of shapes and textures on cluttered grounds, generated from a seed.";

static TABLE: [Info; 5] = [
    Info {
        name: "shapes",
        description: SHAPES,
        classes: 10,
        shape: [32, 32, 3],
        train: 50_000,
        test: 10_000,
        licence: "as this program",
        source: "built in",
        kind: Kind::Shapes,
    },
    Info {
        name: "cifar10",
        description: "Small colour photographs of ten kinds of animals and vehicles.",
        classes: 10,
        shape: [32, 32, 3],
        train: 50_000,
        test: 10_000,
        licence: "free use, no formal licence",
        source: "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        kind: Kind::Cifar10,
    },
    Info {
        name: "cifar100",
        description: "Small colour photographs of a hundred kinds of things in twenty groups.",
        classes: 100,
        shape: [32, 32, 3],
        train: 50_000,
        test: 10_000,
        licence: "free use, no formal licence",
        source: "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        kind: Kind::Cifar100,
    },
    Info {
        name: "mnist",
        description: "Small grey images of handwritten digits.",
        classes: 10,
        shape: [28, 28, 1],
        train: 60_000,
        test: 10_000,
        licence: "CC BY-SA 3.0",
        source: "Y. LeCun, C. Cortes, C. Burges, The MNIST Database of Handwritten Digits, 1998",
        kind: Kind::Digits(Digits::Handwritten),
    },
    Info {
        name: "fashion_mnist",
        description: "Small grey pictures of ten kinds of clothes, in the form of MNIST.",
        classes: 10,
        shape: [28, 28, 1],
        train: 60_000,
        test: 10_000,
        licence: "MIT",
        source: "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset, 2017",
        kind: Kind::Digits(Digits::Clothes),
    },
];

impl Info {
    fn release(&self) -> Option<&'static Release> {
        match self.kind {
            Kind::Shapes => None,
            Kind::Cifar10 => Some(&cifar::CIFAR10),
            Kind::Cifar100 => Some(&cifar::CIFAR100),
            Kind::Digits(Digits::Handwritten) => Some(&mnist::MNIST),
            Kind::Digits(Digits::Clothes) => Some(&mnist::FASHION),
        }
    }

    /// Whether it is made here and needs no file.
    pub fn is_built_in(&self) -> bool {
        self.release().is_none()
    }

    /// The files it consists of; none where it is built in.
    pub fn files(&self) -> Vec<&'static str> {
        self.release().map_or_else(Vec::new, |release| {
            release.files.iter().map(|file| file.names[0]).collect()
        })
    }

    /// The folder or archive it would be loaded from, where it is on this machine.
    pub fn find(&self, options: &Options) -> Option<PathBuf> {
        let found = locate::find(self.release()?, &roots(options)).ok()?;
        Some(found.shown())
    }
}

/// All data sets that can be loaded by name.
pub fn list() -> &'static [Info] {
    &TABLE
}

/// What is known of the data set called `name`; `-` and `_` and capitals make no difference.
///
/// # Errors
/// Where there is none; the help names the nearest.
pub fn info(name: &str) -> Result<&'static Info> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    TABLE
        .iter()
        .find(|info| plain(info.name) == wanted)
        .ok_or_else(|| {
            let known: Vec<_> = TABLE.iter().map(|info| info.name).collect();
            let nearest = known.iter().max_by(|a, b| {
                let near = |name: &str| strsim::jaro_winkler(&wanted, &plain(name));
                near(a).total_cmp(&near(b))
            });
            let nearest =
                nearest.filter(|name| strsim::damerau_levenshtein(&wanted, &plain(name)) <= 3);
            let known = known.join(", ");
            DataError::config(format!(
                "expected the name of a data set, received {name:?}"
            ))
            .help(match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? There are: {known}"),
                None => format!("there are: {known}"),
            })
        })
}

/// Loads the data set called `name`.
///
/// # Errors
/// Where there is no such data set, its files are not found, or they are not as published.
///
/// # Example
/// ```no_run
/// let data = cornu_data::load("cifar10", &cornu_data::Options::default())?;
/// assert_eq!(data.train.shape(), [50_000, 32, 32, 3]);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
pub fn load(name: &str, options: &Options) -> Result<Dataset> {
    load_with(name, options, &mut |_| {})
}

/// Loads the data set called `name` as [`load`] does, and tells how far a download is.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    name: &str,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Dataset> {
    let info = info(name)?;
    let Some(release) = info.release() else {
        return Ok(shapes::shapes(options.seed));
    };
    let found = match locate::find(release, &roots(options)) {
        Err(e) if options.download && e.kind() == DataErrorKind::NotFound => {
            download(name, options, progress)?;
            locate::find(release, &roots(options))?
        }
        found => found?,
    };
    let mut warnings = Vec::new();
    let files = found.read(release, cache_dir(options).as_deref(), &mut warnings)?;
    let sets = match info.kind {
        Kind::Shapes => unreachable!("built-in sets have no release"),
        Kind::Cifar10 => cifar::load(release, &files, cifar::TEN),
        Kind::Cifar100 if options.coarse_labels => cifar::load(release, &files, cifar::COARSE),
        Kind::Cifar100 => cifar::load(release, &files, cifar::FINE),
        Kind::Digits(which) => mnist::load(release, &files, which),
    };
    let (train, test) = sets.map_err(|e| e.in_file(&found.shown()))?;
    Ok(Dataset {
        name: info.name.to_owned(),
        description: info.description.to_owned(),
        train,
        test,
        warnings,
    })
}

/// Fetches the files of the data set called `name` from its authors, or from [`Options::base_url`]; returns the folder.
///
/// They go into the data folder of the options where one is given, else into the cache. A download that broke off is
/// resumed, files that are there already stay, and nothing is kept whose SHA-256 is not the published one.
///
/// # Errors
/// Where the set is built in, the server cannot be reached or sends something else, or the files cannot be written;
/// the help says which files to put where by hand.
pub fn download(
    name: &str,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<PathBuf> {
    let info = info(name)?;
    let release = info.release().ok_or_else(|| {
        DataError::config(format!(
            "the data set {} is built in and needs no download",
            info.name
        ))
    })?;
    let folder = options
        .data_dir
        .clone()
        .or_else(|| cache_dir(options))
        .ok_or_else(|| {
            DataError::config("there is no folder to download into")
                .help("name one with the data_dir option")
        })?;
    let folder = folder.join(release.folders[0]);
    download::fetch(
        release,
        options.base_url.as_deref(),
        folder.clone(),
        progress,
    )?;
    Ok(folder)
}

fn cache_dir(options: &Options) -> Option<PathBuf> {
    options.cache_dir.clone().or_else(locate::cache_dir)
}

fn roots(options: &Options) -> Vec<PathBuf> {
    locate::roots(options.data_dir.as_deref(), cache_dir(options).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        for info in list() {
            assert_eq!(
                super::info(&info.name.to_uppercase()).unwrap().name,
                info.name
            );
        }
        assert_eq!(info("CIFAR-10").unwrap().name, "cifar10");
        assert_eq!(info("fashion-mnist").unwrap().name, "fashion_mnist");
    }

    #[test]
    fn the_nearest_name_is_suggested_and_no_far_one() {
        let help = |name: &str| info(name).unwrap_err().help_text().unwrap().to_owned();
        assert!(
            help("cifar").starts_with("did you mean `cifar10`?"),
            "{}",
            help("cifar")
        );
        assert!(help("fashon").starts_with("there are:"));
        assert!(help("mnits").starts_with("did you mean `mnist`?"));
        assert!(help("shape").starts_with("did you mean `shapes`?"));
        assert_eq!(
            help("imagenet"),
            "there are: shapes, cifar10, cifar100, mnist, fashion_mnist"
        );
    }

    #[test]
    fn the_table_agrees_with_the_releases() {
        for info in list() {
            let Some(release) = info.release() else {
                assert!(info.is_built_in() && info.files().is_empty());
                continue;
            };
            assert_eq!(release.name, info.name);
            let images = (info.train + info.test) * info.shape.iter().product::<usize>();
            let files: usize = release.files.iter().map(|file| file.size).sum();
            assert!(
                (images..images + images / 100).contains(&files),
                "{}: {files} bytes for {images}",
                info.name
            );
            assert!(
                release
                    .remote
                    .iter()
                    .all(|remote| remote.sha256.len() == 64 && remote.size > 0)
            );
            assert!(release.base_url.ends_with('/'));
        }
    }

    #[test]
    fn the_table_agrees_with_the_shapes() {
        let (info, data) = (info("shapes").unwrap(), shapes::shapes_sized(0, 10, 10));
        assert_eq!(data.train.image_shape(), info.shape);
        assert_eq!(
            (data.name.as_str(), data.description.as_str()),
            (info.name, info.description)
        );
        assert_eq!(data.class_names().len(), info.classes);
    }

    #[test]
    fn a_data_set_that_is_not_here_says_how_to_get_it() {
        let nowhere = tempfile::tempdir().unwrap();
        let options = Options {
            data_dir: Some(nowhere.path().to_path_buf()),
            cache_dir: Some(nowhere.path().to_path_buf()),
            ..Options::default()
        };
        // CIFAR-100 is in no test folder, so that CORNU_DATA may be set while this runs.
        let error = load("cifar100", &options).unwrap_err();
        assert_eq!(error.kind(), DataErrorKind::NotFound);
        assert!(
            error
                .help_text()
                .unwrap()
                .contains("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz")
        );
        assert!(info("cifar100").unwrap().find(&options).is_none());
        assert_eq!(
            download("shapes", &options, &mut |_| {})
                .unwrap_err()
                .kind(),
            DataErrorKind::Config
        );
    }
}
