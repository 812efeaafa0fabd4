//! A data set that is made, not fetched: ten kinds of figures painted from a seed.

mod figure;
mod random;
mod scene;

use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::image_set::ImageSet;
use random::Random;

/// The built-in data set: 50,000 images of shapes and textures to train on and 10,000 to test on, `[32, 32, 3]`.
///
/// The bytes depend on the seed alone: they are the same on every machine and for any number of threads. Every class is
/// as frequent as the others, and the classes follow each other in no order.
///
/// # Example
/// ```no_run
/// let data = cornu_data::shapes(0);
/// assert_eq!(data.train.shape(), [50_000, 32, 32, 3]);
/// assert_eq!(data.class_names()[4], "star");
/// ```
pub fn shapes(seed: u64) -> Dataset {
    shapes_sized(seed, 50_000, 10_000)
}

/// The first `train` and `test` images of [`shapes`], without making the others.
pub fn shapes_sized(seed: u64, train: usize, test: usize) -> Dataset {
    Dataset {
        name: "shapes".to_owned(),
        description: crate::registry::SHAPES.to_owned(),
        train: part(seed, 0, train),
        test: part(seed, 1, test),
        warnings: Vec::new(),
    }
}

fn part(seed: u64, part: u64, n: usize) -> ImageSet {
    let size = scene::SIDE * scene::SIDE * 3;
    let mut pixels = vec![0; n * size];
    let labels: Vec<i32> = (0..n).map(|i| label(seed, part, i) as i32).collect();
    pixels
        .par_chunks_exact_mut(size)
        .enumerate()
        .with_min_len(64)
        .for_each(|(i, out)| {
            let mut random = Random::new(seed, part, i as u64);
            scene::paint(labels[i] as usize, &mut random, out);
        });
    ImageSet::new(
        [n, scene::SIDE, scene::SIDE, 3],
        pixels,
        labels,
        figure::NAMES,
    )
    .expect("the sizes and labels are made to fit")
}

/// The class of image `i`: each run of ten images has every class once, in an order of its own.
fn label(seed: u64, part: u64, i: usize) -> usize {
    let mut random = Random::new(seed, part + 2, (i / 10) as u64);
    let mut order: [usize; 10] = std::array::from_fn(|k| k);
    for k in (1..10).rev() {
        order.swap(k, random.below(k as u64 + 1) as usize);
    }
    order[i % 10]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_images_are_the_same_on_every_machine() {
        let set = shapes_sized(0, 100, 20);
        let hash = |bytes: &[u8]| crate::sha256::of(bytes).unwrap();
        assert_eq!(
            hash(set.train.pixels()),
            "7198a925767846b0444e6e89718050a4cdd8ac948126e8e3bc6fe60ef12c0fd1"
        );
        assert_eq!(
            hash(set.test.pixels()),
            "0292d621cf00a0c241a58ebdcb1693d24ebd3444d945fcdca19e708f83699985"
        );
        assert_eq!(set.train.labels()[..10], [8, 7, 6, 1, 4, 5, 0, 9, 2, 3]);
    }

    #[test]
    fn classes_are_equally_frequent() {
        let set = shapes_sized(3, 100, 50);
        for class in 0..10 {
            assert_eq!(
                set.train.labels().iter().filter(|&&l| l == class).count(),
                10
            );
            assert_eq!(set.test.labels().iter().filter(|&&l| l == class).count(), 5);
        }
    }

    #[test]
    fn bytes_depend_on_the_seed_alone() {
        let set = shapes_sized(7, 300, 10);
        let one = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        assert_eq!(one.install(|| shapes_sized(7, 300, 10)), set);
        assert_eq!(shapes_sized(7, 20, 10).train, set.train.take(20));
        assert_ne!(
            shapes_sized(8, 20, 10).train.pixels(),
            set.train.take(20).pixels()
        );
        assert_ne!(set.train.take(10).pixels(), set.test.pixels());
    }
}
