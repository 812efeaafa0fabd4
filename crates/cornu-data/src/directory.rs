//! Data sets that are folders of files: a folder for each class, named after it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::audio_file::{Sound, read_wav};
use crate::error::{DataError, DataErrorKind, Result};
use crate::image_file::read_rgb;
use crate::image_set::ImageSet;
use crate::resize::resize;

/// What was read from the files, with the number of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled<T> {
    /// What each file holds.
    pub items: Vec<T>,
    /// The class of each: its place among the names.
    pub labels: Vec<i32>,
    /// The names of the classes, in alphabetical order where none were given.
    pub class_names: Vec<String>,
}

/// Which of the files are read, and in which order.
#[derive(Clone, Debug, Default)]
pub struct FromDirectory {
    class_names: Option<Vec<String>>,
    seed: Option<u64>,
    validation: Option<(f64, bool)>,
}

impl FromDirectory {
    /// All files, class by class in alphabetical order.
    pub fn new() -> Self {
        Self::default()
    }

    /// The classes in this order, rather than the alphabetical one; folders of other names are left out.
    pub fn class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.class_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// In a random order, the same for a seed on every machine.
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Without the last share of the files, which is kept for validation: Keras's `subset="training"`.
    pub fn training(mut self, validation_split: f64) -> Self {
        self.validation = Some((validation_split, false));
        self
    }

    /// The last share of the files alone: Keras's `subset="validation"`.
    pub fn validation(mut self, validation_split: f64) -> Self {
        self.validation = Some((validation_split, true));
        self
    }
}

/// Numbers that look random, one for each number: SplitMix64.
fn scattered(x: u64) -> u64 {
    let x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The entries of a folder, in alphabetical order.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = DataError::cannot("list", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        found.push(entry.map_err(cannot)?.path());
    }
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The files of a folder and the folders within, in alphabetical order, whose names have one of the endings.
fn files(folder: &Path, endings: &[&str], depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    /// Folders within folders are followed so far; a link that leads back would never end.
    const DEEPEST: usize = 32;
    if depth > DEEPEST {
        return Err(DataError::new(
            DataErrorKind::Config,
            format!("folders lie within each other more than {DEEPEST} deep"),
        )
        .at(folder.display())
        .help("a link may lead back to a folder above it"));
    }
    for path in entries(folder)? {
        if path.is_dir() {
            files(&path, endings, depth + 1, found)?;
        } else if path
            .extension()
            .is_some_and(|e| endings.iter().any(|known| e.eq_ignore_ascii_case(known)))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// The files of each class's folder that have one of the endings, with their classes.
///
/// # Errors
/// A folder that cannot be listed, without folders of classes or without files; a class that has no folder; a share outside 0 to 1.
pub fn index_directory(
    directory: impl AsRef<Path>,
    endings: &[&str],
    options: &FromDirectory,
) -> Result<Labelled<PathBuf>> {
    let directory = directory.as_ref();
    let folders = entries(directory)?.into_iter().filter(|p| p.is_dir());
    let there: Vec<String> = folders.map(|p| name_of(&p)).collect();
    let class_names = options.class_names.clone().unwrap_or_else(|| there.clone());
    if let Some(missing) = class_names.iter().find(|n| !there.contains(n)) {
        return Err(DataError::new(
            DataErrorKind::NotFound,
            format!(
                "there is no folder of the class `{missing}`; there are {}",
                there.join(", ")
            ),
        )
        .at(directory.display()));
    }
    let mut all: Vec<(PathBuf, i32)> = Vec::new();
    for (label, name) in class_names.iter().enumerate() {
        let mut found = Vec::new();
        files(&directory.join(name), endings, 0, &mut found)?;
        all.extend(found.into_iter().map(|f| (f, label as i32)));
    }
    if all.is_empty() {
        return Err(DataError::new(
            DataErrorKind::NotFound,
            format!("no files of the type {} were found", endings.join(", ")),
        )
        .at(directory.display())
        .help("each class has a folder of its own, whose name is the class's"));
    }
    if let Some(seed) = options.seed {
        let mut order: Vec<(u64, usize)> = (0..all.len())
            .map(|i| (scattered(scattered(seed).wrapping_add(i as u64)), i))
            .collect();
        order.sort_unstable();
        all = order.into_iter().map(|(_, i)| all[i].clone()).collect();
    }
    if let Some((share, validation)) = options.validation {
        if !(share > 0.0 && share < 1.0) {
            return Err(DataError::config(format!(
                "validation_split must be above 0 and below 1, received {share}"
            )));
        }
        let kept = all.len() - (share * all.len() as f64) as usize;
        let rest = all.split_off(kept);
        if validation {
            all = rest;
        }
    }
    let (items, labels) = all.into_iter().unzip();
    Ok(Labelled {
        items,
        labels,
        class_names,
    })
}

impl Labelled<PathBuf> {
    /// What a reader makes of each file.
    fn read<T>(self, read: impl Fn(&Path) -> Result<T>) -> Result<Labelled<T>> {
        let items = self.items.iter().map(|path| read(path));
        Ok(Labelled {
            items: items.collect::<Result<_>>()?,
            labels: self.labels,
            class_names: self.class_names,
        })
    }
}

/// The texts of `.txt` files in a folder for each class.
///
/// # Errors
/// As [`index_directory`]; a text that is not UTF-8, or longer than `max_length` bytes is cut there, as in Keras.
///
/// # Example
/// ```
/// use cornu_data::directory::{FromDirectory, text_dataset_from_directory};
/// let root = std::env::temp_dir().join("cornu-doc-texts");
/// for (class, text) in [("good", "well done"), ("bad", "oh no")] {
///     std::fs::create_dir_all(root.join(class))?;
///     std::fs::write(root.join(class).join("1.txt"), text)?;
/// }
/// let set = text_dataset_from_directory(&root, None, &FromDirectory::new())?;
/// assert_eq!((set.items, set.labels), (vec!["oh no".to_owned(), "well done".to_owned()], vec![0, 1]));
/// # std::fs::remove_dir_all(root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn text_dataset_from_directory(
    directory: impl AsRef<Path>,
    max_length: Option<usize>,
    options: &FromDirectory,
) -> Result<Labelled<String>> {
    index_directory(directory, &["txt"], options)?.read(|path| {
        let bytes = fs::read(path).map_err(DataError::cannot("read", path))?;
        let mut text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            DataError::format("expected a text in UTF-8")
                .at(format!("byte {at}"))
                .in_file(path)
        })?;
        if let Some(max) = max_length.filter(|&max| max < text.len()) {
            // A character is not cut in two.
            let end = (0..=max).rev().find(|&i| text.is_char_boundary(i));
            text.truncate(end.unwrap_or(0));
        }
        Ok(text)
    })
}

/// The pictures of `.png`, `.jpg` and `.jpeg` files in a folder for each class, all brought to one size.
///
/// # Errors
/// As [`index_directory`]; a file that is no picture.
pub fn image_dataset_from_directory(
    directory: impl AsRef<Path>,
    image_size: [usize; 2],
    options: &FromDirectory,
) -> Result<ImageSet> {
    let [height, width] = image_size;
    let set = index_directory(directory, &["png", "jpg", "jpeg"], options)?
        .read(|path| resize(&read_rgb(path)?, height, width).map_err(|e| e.in_file(path)))?;
    let shape = [set.items.len(), height, width, 3];
    let pixels = set.items.into_iter().flat_map(|p| p.pixels).collect();
    ImageSet::new(shape, pixels, set.labels, set.class_names)
}

/// The sounds of `.wav` files in a folder for each class, cut or filled with silence to one length if there is one.
///
/// # Errors
/// As [`index_directory`]; a file that is no sound; sounds of several sampling rates.
pub fn audio_dataset_from_directory(
    directory: impl AsRef<Path>,
    output_sequence_length: Option<usize>,
    options: &FromDirectory,
) -> Result<Labelled<Sound>> {
    let set = index_directory(directory, &["wav"], options)?;
    let paths = set.items.clone();
    let mut set = set.read(|path: &Path| read_wav(path))?;
    let rate = set.items.first().map_or(0, |s| s.sampling_rate);
    for (sound, path) in set.items.iter_mut().zip(paths) {
        if sound.sampling_rate != rate {
            return Err(DataError::format(format!(
                "expected {rate} samples a second, as in the first file, received {}",
                sound.sampling_rate
            ))
            .at(path.display()));
        }
        if let Some(length) = output_sequence_length {
            sound.samples.resize(length, 0.0);
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(classes: &[(&str, usize)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (class, n) in classes {
            let folder = root.path().join(class).join("deeper");
            fs::create_dir_all(&folder).expect("a folder");
            for i in 0..*n {
                fs::write(folder.join(format!("{i}.TXT")), format!("{class} {i} é"))
                    .expect("a file");
            }
            fs::write(folder.join("notes.md"), "no text of the set").expect("a file");
        }
        root
    }

    #[test]
    fn classes_are_folders_in_alphabetical_order() {
        let root = folder(&[("b", 2), ("a", 3)]);
        let set =
            text_dataset_from_directory(root.path(), None, &FromDirectory::new()).expect("texts");
        assert_eq!(set.class_names, ["a", "b"]);
        assert_eq!(set.labels, [0, 0, 0, 1, 1]);
        assert_eq!(set.items[3], "b 0 é");
        let given = FromDirectory::new().class_names(["b"]);
        let set = text_dataset_from_directory(root.path(), Some(6), &given).expect("texts");
        // The sixth byte is within a character.
        assert_eq!((set.items.len(), &set.items[0][..]), (2, "b 0 é"));
        let set = text_dataset_from_directory(root.path(), Some(5), &given).expect("texts");
        assert_eq!(set.items[0], "b 0 ");
    }

    #[test]
    fn parts_have_each_file_once() {
        let root = folder(&[("a", 7), ("b", 4)]);
        let read = |o: FromDirectory| {
            index_directory(root.path(), &["txt"], &o)
                .expect("files")
                .items
        };
        let seeded = || FromDirectory::new().shuffled(3);
        let (left, right) = (read(seeded().training(0.3)), read(seeded().validation(0.3)));
        assert_eq!((left.len(), right.len()), (8, 3));
        let mut all = [left, right].concat();
        assert_ne!(all, read(FromDirectory::new()));
        all.sort();
        assert_eq!(all, read(FromDirectory::new()));
        assert_ne!(read(seeded()), read(FromDirectory::new().shuffled(4)));
    }

    #[test]
    fn mistakes_are_told() {
        let root = folder(&[("a", 1)]);
        let told = |endings: &[&str], o: &FromDirectory| {
            index_directory(root.path(), endings, o)
                .expect_err("refused")
                .message()
                .to_owned()
        };
        assert!(told(&["wav"], &FromDirectory::new()).contains("no files of the type wav"));
        assert!(
            told(&["txt"], &FromDirectory::new().class_names(["c"]))
                .contains("no folder of the class `c`")
        );
        assert!(told(&["txt"], &FromDirectory::new().training(1.0)).contains("validation_split"));
        assert!(
            index_directory(root.path().join("none"), &["txt"], &FromDirectory::new()).is_err()
        );
    }

    #[test]
    fn pictures_and_sounds_are_brought_to_one_size() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("only");
        fs::create_dir_all(&folder).expect("a folder");
        let picture = crate::image_file::Picture::new(2, 3, 3, vec![9; 18]).expect("a picture");
        crate::image_file::write_png(folder.join("a.png"), &picture).expect("written");
        let set = image_dataset_from_directory(root.path(), [4, 5], &FromDirectory::new())
            .expect("pictures");
        assert_eq!(set.shape(), [1, 4, 5, 3]);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(folder.join("a.wav"), spec).expect("a file");
        for x in [0i16, 16384, -16384] {
            wav.write_sample(x).expect("written");
        }
        wav.finalize().expect("written");
        let set = audio_dataset_from_directory(root.path(), Some(5), &FromDirectory::new())
            .expect("sounds");
        assert_eq!(set.items[0].samples, [0.0, 0.5, -0.5, 0.0, 0.0]);
        let set = audio_dataset_from_directory(root.path(), Some(2), &FromDirectory::new())
            .expect("sounds");
        assert_eq!(set.items[0].samples, [0.0, 0.5]);
    }
}
