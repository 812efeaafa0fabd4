//! `--augment`: layers that change training images at random, in front of a network.

use serde_json::json;

use crate::args::Augmentation;
use crate::recipe::Named;

/// The layers for pictures `[height, width, channels]` scaled to 0..1, each kind once, in the order in which they are listed in the help.
pub(crate) fn layers(asked: &[Augmentation], shape: &[usize]) -> Vec<Named> {
    let mut layers = Vec::new();
    let mut add = |name: &str, mut config: serde_json::Map<String, serde_json::Value>| {
        if name != "RandomFlip" {
            config.insert("value_range".into(), json!([0.0, 1.0]));
        }
        layers.push(Named {
            config,
            ..Named::new(name)
        });
    };
    let with =
        |name: &str, value: serde_json::Value| [(name.to_owned(), value)].into_iter().collect();
    if asked.contains(&Augmentation::Flip) {
        add("RandomFlip", with("mode", json!("horizontal")));
    }
    if asked.contains(&Augmentation::Colour) {
        add("RandomBrightness", with("factor", json!([-0.2, 0.2])));
        add("RandomContrast", with("factor", json!([0.2, 0.2])));
        if shape.last() == Some(&3) {
            // Factors from 2/3 to 3/2.
            add("RandomSaturation", with("factor", json!([0.4, 0.6])));
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_pictures_have_no_saturation() {
        let all = [Augmentation::Colour, Augmentation::Flip];
        let names = |shape: &[usize]| -> Vec<String> {
            layers(&all, shape).into_iter().map(|l| l.name).collect()
        };
        let grey = ["RandomFlip", "RandomBrightness", "RandomContrast"];
        assert_eq!(names(&[28, 28, 1]), grey);
        assert_eq!(names(&[32, 32, 3])[3], "RandomSaturation");
        assert!(layers(&[], &[32, 32, 3]).is_empty());
    }
}
