//! MNIST and Fashion-MNIST: the same four files of grey images, told apart by their labels.

use crate::error::{DataError, DataErrorKind, Result};
use crate::idx;
use crate::image_set::ImageSet;
use crate::locate::{Release, Remote, Wanted};

const SIDE: usize = 28;
const TRAIN: usize = 60_000;
const TEST: usize = 10_000;

const FILES: [Wanted; 4] = [
    Wanted {
        names: &["train-images-idx3-ubyte", "train-images.idx3-ubyte"],
        size: 16 + TRAIN * SIDE * SIDE,
    },
    Wanted {
        names: &["train-labels-idx1-ubyte", "train-labels.idx1-ubyte"],
        size: 8 + TRAIN,
    },
    Wanted {
        names: &["t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"],
        size: 16 + TEST * SIDE * SIDE,
    },
    Wanted {
        names: &["t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"],
        size: 8 + TEST,
    },
];

/// The four files of handwritten digits.
pub(crate) static MNIST: Release = Release {
    name: "mnist",
    folders: &["mnist", "MNIST", "MNIST/raw"],
    archives: &[],
    files: &FILES,
    base_url: "https://ossci-datasets.s3.amazonaws.com/mnist/",
    remote: &[
        Remote {
            name: "train-images-idx3-ubyte.gz",
            size: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        },
        Remote {
            name: "train-labels-idx1-ubyte.gz",
            size: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        },
        Remote {
            name: "t10k-images-idx3-ubyte.gz",
            size: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        },
        Remote {
            name: "t10k-labels-idx1-ubyte.gz",
            size: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ],
};

/// The four files of pictures of clothes.
pub(crate) static FASHION: Release = Release {
    name: "fashion_mnist",
    folders: &[
        "fashion_mnist",
        "fashion-mnist",
        "FashionMNIST",
        "FashionMNIST/raw",
    ],
    archives: &[],
    files: &FILES,
    base_url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    remote: &[
        Remote {
            name: "train-images-idx3-ubyte.gz",
            size: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        },
        Remote {
            name: "train-labels-idx1-ubyte.gz",
            size: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        },
        Remote {
            name: "t10k-images-idx3-ubyte.gz",
            size: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        },
        Remote {
            name: "t10k-labels-idx1-ubyte.gz",
            size: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ],
};

/// One of the two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digits {
    Handwritten,
    Clothes,
}

/// How the training labels of each set begin; the files have the same names and sizes, so this alone tells a mix-up.
const BEGINNINGS: [(Digits, &str, [i32; 8]); 2] = [
    (Digits::Handwritten, "mnist", [5, 0, 4, 1, 9, 2, 1, 3]),
    (Digits::Clothes, "fashion_mnist", [9, 0, 0, 3, 0, 2, 7, 2]),
];

/// The images of the release, to train on and to test on.
pub(crate) fn load(
    release: &Release,
    files: &[Vec<u8>],
    which: Digits,
) -> Result<(ImageSet, ImageSet)> {
    let name = |i: usize| release.files[i].names[0];
    let set = |i: usize, n| decode((name(i), &files[i]), (name(i + 1), &files[i + 1]), n, which);
    let train = set(0, TRAIN)?;
    let other = BEGINNINGS
        .iter()
        .find(|(set, _, labels)| *set != which && train.labels().starts_with(labels));
    if let Some((_, other, _)) = other {
        return Err(DataError::new(
            DataErrorKind::Checksum,
            format!(
                "expected the files of {}, received those of {other}",
                release.name
            ),
        )
        .at(name(1))
        .help(format!(
            "the two have the same file names; put those of {} into a folder of its own",
            release.name
        )));
    }
    Ok((train, set(2, TEST)?))
}

/// Decodes images and labels, each a name, for errors, and bytes.
fn decode(
    images: (&str, &[u8]),
    labels: (&str, &[u8]),
    n: usize,
    which: Digits,
) -> Result<ImageSet> {
    let part = |(name, bytes): (&str, &'_ [u8]), expected: &[usize]| {
        let (shape, values) = idx::parse(bytes).map_err(|e| e.in_file(name.as_ref()))?;
        if shape != expected {
            return Err(DataError::format(format!(
                "expected the shape {expected:?}, received {shape:?}"
            ))
            .at(format!("{name}, byte 4"))
            .help("the file is of another data set"));
        }
        Ok(values.to_vec())
    };
    let pixels = part(images, &[n, SIDE, SIDE])?;
    let classes = part(labels, &[n])?;
    if let Some(i) = classes.iter().position(|&label| label > 9) {
        return Err(DataError::format(format!(
            "expected a label below 10, received {}",
            classes[i]
        ))
        .at(format!("{}, record {i}, byte {}", labels.0, 8 + i)));
    }
    let names = match which {
        Digits::Handwritten => ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        Digits::Clothes => [
            "t-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle_boot",
        ],
    };
    ImageSet::new(
        [n, SIDE, SIDE, 1],
        pixels,
        classes.into_iter().map(i32::from).collect(),
        names,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    #[test]
    fn decodes_images_and_labels() {
        let pixels: Vec<u8> = (0..2 * SIDE * SIDE).map(|i| (i % 251) as u8).collect();
        let images = file(&[2, 28, 28], &pixels);
        let labels = file(&[2], &[9, 0]);
        let set = decode(("images", &images), ("labels", &labels), 2, Digits::Clothes).unwrap();
        assert_eq!(
            (set.shape(), set.labels(), set.pixels()),
            ([2, 28, 28, 1], &[9, 0][..], &pixels[..])
        );
        assert_eq!(set.class_names()[9], "ankle_boot");
    }

    #[test]
    fn names_the_file_and_the_byte_that_is_wrong() {
        let images = file(&[1, 28, 28], &[0; SIDE * SIDE]);
        let bad = |labels: &[u8]| {
            decode(("images", &images), ("labels", labels), 1, Digits::Clothes).unwrap_err()
        };
        assert_eq!(
            bad(&file(&[1], &[10])).place(),
            Some("labels, record 0, byte 8")
        );
        assert_eq!(
            bad(&file(&[2], &[1, 1])).message(),
            "expected the shape [1], received [2]"
        );
        assert_eq!(bad(&file(&[2], &[1])).place(), Some("labels, byte 8"));
    }
}
