//! What layers that change images promise: one draw an image, shares as they are told, targets that go along.

use cornu::Tensor;
use cornu::layers::{
    AugMix, AutoContrast, CutMix, Layer, MixUp, RandAugment, RandomCrop, RandomElasticTransform,
    RandomErasing, RandomGrayscale, RandomPerspective, RandomPosterization, RandomShear,
    RandomTranslation,
};

use crate::check::Call;

const SIDE: usize = 8;
const IMAGE: usize = SIDE * SIDE * 3;

/// Images whose pixels all differ, from 0 to 1.
fn pictures(batch: usize) -> Tensor {
    let x = (0..batch * IMAGE).map(|i| (i * 7919 % 4001) as f32 / 4001.0);
    Tensor::new([batch, SIDE, SIDE, 3], x.collect::<Vec<f32>>()).expect("sizes fit")
}

fn floats(t: &Tensor) -> Vec<f32> {
    t.f32s().expect("floats").to_vec()
}

fn changed(layer: &dyn Layer, x: &Tensor, step: i32) -> Vec<f32> {
    floats(&Call::new(layer, vec![x.clone()], true, step).run()[0])
}

/// How many images are not what they were.
fn count_changed(layer: &dyn Layer, x: &Tensor) -> usize {
    let y = changed(layer, x, 1);
    let pairs = floats(x);
    let pairs = pairs.chunks(IMAGE).zip(y.chunks(IMAGE));
    pairs.filter(|(x, y)| x != y).count()
}

#[test]
fn a_crop_is_a_window_at_a_place_of_each_images_own() {
    let x = pictures(256);
    let y = changed(&RandomCrop::new(5, 6), &x, 1);
    let mut places = [[0usize; 3]; 4];
    for (x, y) in floats(&x).chunks(IMAGE).zip(y.chunks(5 * 6 * 3)) {
        let window = |down: usize, right: usize| -> Vec<f32> {
            let rows = down..down + 5;
            rows.flat_map(|r| x[(r * SIDE + right) * 3..][..18].to_vec())
                .collect()
        };
        let at = (0..4)
            .flat_map(|d| (0..3).map(move |r| (d, r)))
            .find(|&(d, r)| window(d, r) == y);
        let (d, r) = at.expect("a window of the image");
        places[d][r] += 1;
    }
    // 256 images at 12 places: 21 each, give or take 5.
    assert!(
        places.iter().flatten().all(|n| (5..45).contains(n)),
        "{places:?}"
    );
}

#[test]
fn images_are_moved_as_far_as_told_in_both_directions() {
    // A column of ones at column 4 of 9.
    let mut x = vec![0.0; 200 * 9];
    for row in x.chunks_mut(9) {
        row[4] = 1.0;
    }
    let x = Tensor::new([200, 1, 9, 1], x).expect("sizes fit");
    let layer = RandomTranslation::new(0.0, 0.25)
        .fill_mode("constant")
        .interpolation("nearest");
    let mut seen = [0; 9];
    for row in changed(&layer, &x, 1).chunks(9) {
        seen[row.iter().position(|&v| v == 1.0).expect("the column")] += 1;
    }
    // Up to 2.25 pixels: the outermost of them half as often.
    assert_eq!([seen[0], seen[1], seen[7], seen[8]], [0; 4]);
    assert!(seen[2..7].iter().all(|&n| n > 15), "{seen:?}");

    // Slanted by a pixel a row, to either side.
    let mut x = vec![0.0; 100 * 27];
    for image in x.chunks_mut(27) {
        (image[4], image[13], image[22]) = (1.0, 1.0, 1.0);
    }
    let x = Tensor::new([100, 3, 9, 1], x).expect("sizes fit");
    let layer = RandomShear::new()
        .x_factor((1.0, 1.0))
        .fill_mode("constant");
    let y = changed(&layer, &x, 1);
    let place = |row: &[f32]| row.iter().position(|&v| v > 0.99).expect("a one");
    let mut right = 0;
    for image in y.chunks(27) {
        let rows = [
            place(&image[..9]),
            place(&image[9..18]),
            place(&image[18..]),
        ];
        assert!(rows == [4, 3, 2] || rows == [4, 5, 6], "{rows:?}");
        right += usize::from(rows[2] == 6);
    }
    assert!((30..70).contains(&right), "{right}");
}

#[test]
fn probabilities_are_kept() {
    let x = pictures(400);
    let part = RandomErasing::new()
        .factor((0.3, 0.3))
        .value_range(0.0, 1.0);
    let grey = RandomGrayscale::new().factor(0.3);
    let perspective = RandomPerspective::new().factor((0.3, 0.3)).scale(0.5);
    let elastic = RandomElasticTransform::new()
        .factor((0.3, 0.3))
        .scale((1.0, 1.0))
        .value_range(0.0, 1.0);
    for layer in [&part as &dyn Layer, &grey, &perspective, &elastic] {
        let n = count_changed(layer, &x);
        // 120, with a standard deviation of 9.
        assert!((85..155).contains(&n), "{layer:?}: {n}");
    }
    // A quarter of the image: half of each side.
    let quarter = RandomErasing::new()
        .factor((1.0, 1.0))
        .scale((0.25, 0.25))
        .fill_value(2.0)
        .value_range(0.0, 3.0);
    for image in changed(&quarter, &x, 1).chunks(IMAGE) {
        let painted = image.iter().filter(|&&v| v == 2.0).count();
        assert_eq!(painted, IMAGE / 4);
    }
}

#[test]
fn fewer_bits_are_fewer_shades() {
    let x = pictures(64);
    let layer = RandomPosterization::new((2.0, 2.0)).value_range(0.0, 1.0);
    for v in changed(&layer, &x, 1) {
        let shade = v * 255.0 / 64.0;
        assert!((shade - shade.round()).abs() < 1e-4, "{v}");
    }
}

#[test]
fn a_flat_channel_keeps_its_shade() {
    let x = Tensor::new([1, 2, 2, 1], vec![0.3; 4]).expect("sizes fit");
    let layer = AutoContrast::new().value_range(0.0, 1.0);
    assert_eq!(changed(&layer, &x, 1), [0.3; 4]);
}

/// Targets that number the images.
fn numbered(batch: usize) -> Tensor {
    let rows = (0..batch).flat_map(|i| (0..batch).map(move |j| f32::from(u8::from(i == j))));
    Tensor::new([batch, batch], rows.collect::<Vec<f32>>()).expect("sizes fit")
}

#[test]
fn mixed_images_have_targets_that_are_mixed_alike() {
    let (batch, x) = (16, pictures(16));
    let images = floats(&x);
    for step in 1..6 {
        let layer = MixUp::new().alpha(1.0);
        let (y, targets) = both(&layer, &x, &numbered(batch), step);
        for (i, (y, target)) in y.chunks(IMAGE).zip(targets.chunks(batch)).enumerate() {
            let sum: f32 = target.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5 && target[i] > 0.0, "{target:?}");
            let mixed = |k: usize| -> f32 {
                let parts = target.iter().enumerate();
                parts.map(|(j, t)| t * images[j * IMAGE + k]).sum()
            };
            assert!((0..IMAGE).all(|k| (y[k] - mixed(k)).abs() < 1e-5));
        }
        let layer = CutMix::new().factor((1.0, 1.0));
        let (y, targets) = both(&layer, &x, &numbered(batch), step);
        for (i, (y, target)) in y.chunks(IMAGE).zip(targets.chunks(batch)).enumerate() {
            let own = &images[i * IMAGE..(i + 1) * IMAGE];
            let kept = own.iter().zip(y).filter(|(a, b)| a == b).count();
            let share = kept as f32 / IMAGE as f32;
            // The box's edges lie between pixels: one row and one column more or less.
            assert!((share - target[i]).abs() < 0.25, "{share} {target:?}");
        }
    }
}

/// Images and targets that a layer makes of images and targets.
fn both(layer: &dyn Layer, x: &Tensor, targets: &Tensor, step: i32) -> (Vec<f32>, Vec<f32>) {
    use cornu::prelude::*;
    let batch = x.shape()[0];
    let mixed = Mixed(layer.boxed());
    let data = (x.clone(), targets.clone());
    let samples = Augmented::new(&data, mixed)
        .expect("images and targets")
        .seed(step as u64);
    let all: Vec<usize> = (0..batch).collect();
    let (mut y, mut rows) = (vec![0.0; batch * IMAGE], vec![0.0; batch * batch]);
    samples.fill_inputs(&all, &mut [RowsMut::F32(&mut y)]);
    samples.fill_targets(&all, RowsMut::F32(&mut rows));
    (y, rows)
}

/// A layer behind a reference, as a layer.
#[derive(Clone, Debug)]
struct Mixed(Box<dyn Layer>);

impl Layer for Mixed {
    fn class_name(&self) -> &'static str {
        self.0.class_name()
    }
    fn base(&self) -> &cornu::layers::Base {
        self.0.base()
    }
    fn base_mut(&mut self) -> &mut cornu::layers::Base {
        self.0.base_mut()
    }
    fn config(&self) -> serde_json::Map<String, serde_json::Value> {
        self.0.config()
    }
    fn call(
        &self,
        cx: &mut cornu::layers::Context<'_>,
        inputs: &[cornu::graph::Value],
    ) -> cornu::Result<cornu::graph::Value> {
        self.0.call(cx, inputs)
    }
    fn call_all(
        &self,
        cx: &mut cornu::layers::Context<'_>,
        inputs: &[cornu::graph::Value],
    ) -> cornu::Result<Vec<cornu::graph::Value>> {
        self.0.call_all(cx, inputs)
    }
    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

#[test]
fn chosen_changes_stay_in_the_range_and_differ_from_image_to_image() {
    let x = pictures(24);
    let layers = [
        RandAugment::new().value_range(0.0, 1.0).boxed(),
        AugMix::new()
            .num_chains(2)
            .chain_depth(1)
            .value_range(0.0, 1.0)
            .boxed(),
    ];
    for layer in layers {
        let y = changed(&*layer, &x, 1);
        assert!(
            y.iter().all(|v| (-1e-5..=1.0 + 1e-5).contains(v)),
            "{layer:?}"
        );
        assert!(count_changed(&*layer, &x) > 12, "{layer:?}");
        assert_ne!(changed(&*layer, &x, 2), y);
        assert_eq!(changed(&*layer, &x, 1), y);
    }
}
