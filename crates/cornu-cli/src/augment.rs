//! `--augment`: layers that change training images at random, in front of a network.

use serde_json::json;

use crate::args::Augmentation;
use crate::recipe::Named;

/// The layers for pictures `[height, width, channels]` scaled to 0..1, each kind once, in the order in which they are listed in the help.
pub(crate) fn layers(asked: &[Augmentation], shape: &[usize]) -> Vec<Named> {
    let mut layers = Vec::new();
    let mut add = |name: &str, config: serde_json::Value| {
        let serde_json::Value::Object(config) = config else {
            unreachable!("arguments are an object");
        };
        layers.push(Named {
            config,
            ..Named::new(name)
        });
    };
    if asked.contains(&Augmentation::Flip) {
        add("RandomFlip", json!({ "mode": "horizontal" }));
    }
    if asked.contains(&Augmentation::Crop) {
        // To whole pixels: what a crop of a padded image is.
        add(
            "RandomTranslation",
            json!({ "height_factor": 0.125, "width_factor": 0.125, "interpolation": "nearest" }),
        );
    }
    if asked.contains(&Augmentation::Rotate) {
        add("RandomRotation", json!({ "factor": 15.0 / 360.0 }));
    }
    if asked.contains(&Augmentation::Colour) {
        let mut colour = |name: &str, factor: [f64; 2]| {
            add(name, json!({ "factor": factor, "value_range": [0.0, 1.0] }));
        };
        colour("RandomBrightness", [-0.2, 0.2]);
        colour("RandomContrast", [0.2, 0.2]);
        if shape.last() == Some(&3) {
            // Factors from 2/3 to 3/2.
            colour("RandomSaturation", [0.4, 0.6]);
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_pictures_have_no_saturation() {
        let all = [
            Augmentation::Colour,
            Augmentation::Rotate,
            Augmentation::Crop,
            Augmentation::Flip,
        ];
        let names = |shape: &[usize]| -> Vec<String> {
            layers(&all, shape).into_iter().map(|l| l.name).collect()
        };
        let grey = [
            "RandomFlip",
            "RandomTranslation",
            "RandomRotation",
            "RandomBrightness",
            "RandomContrast",
        ];
        assert_eq!(names(&[28, 28, 1]), grey);
        assert_eq!(names(&[32, 32, 3])[5], "RandomSaturation");
        assert!(layers(&[], &[32, 32, 3]).is_empty());
    }
}
