//! The published data sets, where `CORNU_DATA` names a folder that has them.

use std::io::Write;

use cornu_data::{Options, image_file, load, resize};

/// The folder, or a line that says why nothing was tested.
fn folder(test: &str) -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("CORNU_DATA").map(std::path::PathBuf::from);
    if folder.is_none() {
        // Written past the harness, which hides what a passing test prints: a test that tests nothing must be seen.
        writeln!(std::io::stderr(), "{test} skipped: set CORNU_DATA")
            .expect("standard error is open");
    }
    folder
}

fn mean(pixels: &[u8], channels: usize) -> Vec<f64> {
    let mut sums = vec![0u64; channels];
    for pixel in pixels.chunks(channels) {
        for (sum, &x) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(x);
        }
    }
    let n = (pixels.len() / channels) as f64;
    sums.iter().map(|&sum| sum as f64 / n / 255.0).collect()
}

#[test]
fn cifar10_is_as_published() {
    let Some(folder) = folder("cifar10") else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let options = Options {
        data_dir: Some(folder),
        cache_dir: Some(cache.path().to_path_buf()),
        ..Options::default()
    };
    let data = load("cifar10", &options).unwrap();
    assert_eq!(data.train.shape(), [50_000, 32, 32, 3]);
    assert_eq!(data.test.shape(), [10_000, 32, 32, 3]);
    assert_eq!(data.train.labels()[..10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert_eq!(data.test.labels()[..10], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    assert_eq!(data.train.image(0)[..6], [59, 62, 63, 43, 46, 45]);
    // The means every tutorial normalises with.
    for (mean, published) in mean(data.train.pixels(), 3)
        .iter()
        .zip([0.4914, 0.4822, 0.4465])
    {
        assert!((mean - published).abs() < 5e-5, "{mean}");
    }
    assert!(data.warnings.is_empty(), "{:?}", data.warnings);
    assert_eq!(
        load("CIFAR-10", &options).unwrap(),
        data,
        "the unpacked copies are the same"
    );
}

#[test]
fn mnist_is_as_published() {
    let Some(folder) = folder("mnist") else {
        return;
    };
    let options = Options {
        data_dir: Some(folder.clone()),
        ..Options::default()
    };
    let data = load("mnist", &options).unwrap();
    assert_eq!(data.train.shape(), [60_000, 28, 28, 1]);
    assert_eq!(data.test.shape(), [10_000, 28, 28, 1]);
    assert_eq!(data.train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(data.test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    assert!((mean(data.train.pixels(), 1)[0] - 0.1307).abs() < 5e-5);
    // The same files under the other name are found out.
    let options = Options {
        data_dir: Some(folder.join("mnist")),
        ..Options::default()
    };
    let error = load("fashion_mnist", &options).unwrap_err();
    assert_eq!(error.kind(), cornu_data::DataErrorKind::Checksum, "{error}");
}

#[test]
fn photographs_are_read_and_made_small() {
    let Some(folder) = folder("photos") else {
        return;
    };
    let mut pictures = 0;
    for entry in std::fs::read_dir(folder.join("photos")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|ending| ending == "jpg" || ending == "jpeg" || ending == "png")
        {
            let picture = image_file::read_rgb(&path).unwrap();
            let small = resize(&picture, 64, 64).unwrap();
            for (a, b) in mean(&picture.pixels, 3).iter().zip(mean(&small.pixels, 3)) {
                assert!(
                    (a - b).abs() < 0.01,
                    "{}: the mean colour went from {a} to {b}",
                    path.display()
                );
            }
            pictures += 1;
        }
    }
    assert!(pictures > 0, "no photograph was found");
}
