//! The binary version of CIFAR: a fixed record for each image, its label bytes before its planes of red, green, blue.

use rayon::prelude::*;

use crate::error::{DataError, Result};
use crate::image_set::ImageSet;
use crate::locate::{Release, Remote, Wanted};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const PIXELS: usize = 3 * PLANE;

/// How the label bytes of a record are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels {
    /// Label bytes before the pixels.
    pub(crate) bytes: usize,
    /// Which of them is wanted.
    pub(crate) at: usize,
    /// The names of the classes it counts.
    pub(crate) names: &'static [&'static str],
}

/// Labels of CIFAR-10.
pub(crate) const TEN: Labels = Labels {
    bytes: 1,
    at: 0,
    names: &CLASSES_10,
};
/// The hundred classes of CIFAR-100.
pub(crate) const FINE: Labels = Labels {
    bytes: 2,
    at: 1,
    names: &CLASSES_100,
};
/// The twenty groups of five classes of CIFAR-100.
pub(crate) const COARSE: Labels = Labels {
    bytes: 2,
    at: 0,
    names: &GROUPS_100,
};

const BATCH: usize = 10_000 * (1 + PIXELS);

/// The six files of CIFAR-10.
pub(crate) static CIFAR10: Release = Release {
    name: "cifar10",
    folders: &[
        "cifar10",
        "cifar-10-batches-bin",
        "cifar10/cifar-10-batches-bin",
    ],
    archives: &[
        "cifar-10-binary.tar.gz",
        "cifar-10-binary.tar.xz",
        "cifar-10-binary.tar",
    ],
    files: &[
        Wanted {
            names: &["data_batch_1.bin"],
            size: BATCH,
        },
        Wanted {
            names: &["data_batch_2.bin"],
            size: BATCH,
        },
        Wanted {
            names: &["data_batch_3.bin"],
            size: BATCH,
        },
        Wanted {
            names: &["data_batch_4.bin"],
            size: BATCH,
        },
        Wanted {
            names: &["data_batch_5.bin"],
            size: BATCH,
        },
        Wanted {
            names: &["test_batch.bin"],
            size: BATCH,
        },
    ],
    base_url: "https://www.cs.toronto.edu/~kriz/",
    remote: &[Remote {
        name: "cifar-10-binary.tar.gz",
        size: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    }],
};

/// The two files of CIFAR-100.
pub(crate) static CIFAR100: Release = Release {
    name: "cifar100",
    folders: &["cifar100", "cifar-100-binary", "cifar100/cifar-100-binary"],
    archives: &[
        "cifar-100-binary.tar.gz",
        "cifar-100-binary.tar.xz",
        "cifar-100-binary.tar",
    ],
    files: &[
        Wanted {
            names: &["train.bin"],
            size: 50_000 * (2 + PIXELS),
        },
        Wanted {
            names: &["test.bin"],
            size: 10_000 * (2 + PIXELS),
        },
    ],
    base_url: "https://www.cs.toronto.edu/~kriz/",
    remote: &[Remote {
        name: "cifar-100-binary.tar.gz",
        size: 168_513_733,
        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    }],
};

/// The images of the release: all files but the last are for training, the last is for the test.
pub(crate) fn load(
    release: &Release,
    files: &[Vec<u8>],
    labels: Labels,
) -> Result<(ImageSet, ImageSet)> {
    let named: Vec<_> = files
        .iter()
        .zip(release.files)
        .map(|(bytes, file)| (file.names[0], &bytes[..]))
        .collect();
    let (test, train) = named.split_last().expect("a release has files");
    Ok((decode(train, labels)?, decode(&[*test], labels)?))
}

/// Decodes files of whole records into one set; `files` are names, for errors, and bytes.
pub(crate) fn decode(files: &[(&str, &[u8])], labels: Labels) -> Result<ImageSet> {
    let record = labels.bytes + PIXELS;
    for (name, bytes) in files {
        if bytes.len() % record != 0 {
            return Err(DataError::format(format!(
                "expected whole records of {record} bytes, received {} bytes at the end",
                bytes.len() % record
            ))
            .at(format!(
                "{name}, record {}, byte {}",
                bytes.len() / record,
                bytes.len() / record * record
            )));
        }
    }
    let total: usize = files.iter().map(|(_, bytes)| bytes.len() / record).sum();
    let mut pixels = vec![0; total * PIXELS];
    let mut classes = Vec::with_capacity(total);
    let mut rest = &mut pixels[..];
    for (name, bytes) in files {
        let n = bytes.len() / record;
        for (i, from) in bytes.chunks_exact(record).enumerate() {
            let label = from[labels.at];
            if usize::from(label) >= labels.names.len() {
                return Err(DataError::format(format!(
                    "expected a label below {}, received {label}",
                    labels.names.len()
                ))
                .at(format!(
                    "{name}, record {i}, byte {}",
                    i * record + labels.at
                )));
            }
            classes.push(i32::from(label));
        }
        let (part, after) = std::mem::take(&mut rest).split_at_mut(n * PIXELS);
        rest = after;
        part.par_chunks_exact_mut(PIXELS)
            .zip(bytes.par_chunks_exact(record))
            .for_each(|(to, from)| {
                let (red, others) = from[labels.bytes..].split_at(PLANE);
                let (green, blue) = others.split_at(PLANE);
                for (to, ((&r, &g), &b)) in
                    to.chunks_exact_mut(3).zip(red.iter().zip(green).zip(blue))
                {
                    to.copy_from_slice(&[r, g, b]);
                }
            });
    }
    ImageSet::new(
        [total, SIDE, SIDE, 3],
        pixels,
        classes,
        labels.names.iter().copied(),
    )
}

const CLASSES_10: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

#[rustfmt::skip]
const GROUPS_100: [&str; 20] = [
    "aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
    "household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes", "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates",
    "people", "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
];

#[rustfmt::skip]
const CLASSES_100: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
    "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
    "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
    "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
    "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
    "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Two records whose planes count up, so that a wrong order of axes shows.
    fn records(labels: Labels) -> Vec<u8> {
        let record = |i: u8| {
            let head = (0..labels.bytes).map(move |b| i + b as u8);
            head.chain((0..PIXELS).map(move |p| (p / PLANE * 80 + p % PLANE % 79) as u8 ^ i))
        };
        [1, 3].into_iter().flat_map(record).collect()
    }

    #[test]
    fn planes_become_channels() {
        for labels in [TEN, FINE, COARSE] {
            let set = decode(
                &[("a.bin", &records(labels)), ("b.bin", &records(labels))],
                labels,
            )
            .unwrap();
            assert_eq!(set.shape(), [4, 32, 32, 3]);
            let first = labels.at as i32 + 1;
            assert_eq!(set.labels(), [first, first + 2, first, first + 2]);
            for (i, key) in [1, 3, 1, 3].into_iter().enumerate() {
                for (p, rgb) in set.image(i).chunks(3).enumerate() {
                    let expected = [0, 1, 2].map(|c| (c * 80 + p % 79) as u8 ^ key);
                    assert_eq!(rgb, expected);
                }
            }
        }
    }

    #[test]
    fn names_the_record_that_is_wrong() {
        let mut bytes = records(TEN);
        bytes[3073] = 10;
        let error = decode(&[("a.bin", &bytes)], TEN).unwrap_err();
        assert_eq!(error.message(), "expected a label below 10, received 10");
        assert_eq!(error.place(), Some("a.bin, record 1, byte 3073"));
        bytes.pop();
        let error = decode(&[("a.bin", &bytes)], TEN).unwrap_err();
        assert_eq!(error.place(), Some("a.bin, record 1, byte 3073"));
    }
}
