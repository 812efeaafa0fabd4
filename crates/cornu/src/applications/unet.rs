//! U-Net: down to few large maps and up again, each level handing what it saw across.
//!
//! # Example
//! ```
//! use cornu::applications::UNet;
//! let model = UNet::new().same(true).filters(4).depth(2).input_shape([16, 20, 1]).build()?;
//! assert_eq!(model.output_shape().axes(), &[16, 20, 2]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, figure 1.

use super::settings::Common;
use crate::error::{Error, Result};
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// A class for each pixel, by four levels of convolutions down and four up; not among Keras's networks.
    ///
    /// As published, convolutions stay inside the image: of 572×572 pixels, the middle 388×388 get classes.
    UNet: 31_030_658 weights, 572 pixels, at least 4, 2 classes of 1 channels, named "unet",
    {
        /// Whether all pixels get classes, with zeros round the maps of each convolution; false without it.
        same: bool = false,
        /// How often maps are halved; 4 without it.
        depth: usize = 4,
        /// Maps of the first level, twice as many at each level down; 64 without it.
        filters: usize = 64,
        /// The share that dropout drops where maps are smallest; 0.5 without it.
        dropout: f64 = 0.5,
    }
    |own, common, image| own.levels(common, image)?
}

impl UNet {
    fn convolutions(&self, level: &str, filters: usize, x: &Symbol) -> Symbol {
        let padding = if self.same { "same" } else { "valid" };
        let mut x = x.clone();
        for i in 1..=2 {
            let conv = Conv2D::new(filters, 3).padding(padding).activation("relu");
            let conv = conv.kernel_initializer("he_normal");
            x = conv.name(format!("{level}_conv{i}")).on(&x);
        }
        x
    }

    /// Height and width after two convolutions.
    fn convolved(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        let lost = if self.same { 0 } else { 4 };
        if size.iter().any(|&n| n <= lost) {
            return Err(self.unfit());
        }
        Ok(size.map(|n| n - lost))
    }

    fn unfit(&self) -> Error {
        let help = match self.same {
            true => format!("height and width must be multiples of 2^{}", self.depth),
            false => "572, 556, 540, … pixels fit four levels; same(true) takes any multiple of 16"
                .to_owned(),
        };
        Error::config("input_shape cannot be halved at each level without a remainder").help(help)
    }

    fn levels(&self, common: &Common, image: &Symbol) -> Result<Symbol> {
        if self.depth == 0 || self.depth > 16 {
            return Err(Error::config(format!(
                "depth must be from 1 to 16, received {}",
                self.depth
            )));
        }
        let filters = |level: usize| {
            let n = self.filters.checked_shl(level as u32);
            n.filter(|n| n >> level == self.filters).ok_or_else(|| {
                Error::config(format!("filters must be fewer, received {}", self.filters))
            })
        };
        let [height, width, _] = common.input_shape;
        let (mut x, mut size) = (image.clone(), [height, width]);
        let mut across = Vec::new();
        for level in 0..self.depth {
            x = self.convolutions(&format!("down{level}"), filters(level)?, &x);
            size = self.convolved(size)?;
            across.push((x.clone(), size));
            if size.iter().any(|n| n % 2 != 0) {
                return Err(self.unfit());
            }
            size = size.map(|n| n / 2);
            x = MaxPooling2D::new(2)
                .name(format!("down{level}_pool"))
                .on(&x);
        }
        x = self.convolutions("bottom", filters(self.depth)?, &x);
        size = self.convolved(size)?;
        x = Dropout::new(self.dropout).name("bottom_dropout").on(&x);
        for (level, (seen, seen_size)) in across.into_iter().enumerate().rev() {
            let up = Conv2DTranspose::new(filters(level)?, 2).strides(2);
            x = up.name(format!("up{level}_deconv")).on(&x);
            size = size.map(|n| 2 * n);
            let rest = |i: usize| (seen_size[i] - size[i]) / 2;
            let seen = if self.same {
                seen
            } else {
                let crop = |i: usize| (rest(i), seen_size[i] - size[i] - rest(i));
                let crop = Cropping2D::new([crop(0), crop(1)]);
                crop.name(format!("up{level}_crop")).on(&seen)
            };
            x = Concatenate::new()
                .name(format!("up{level}_concat"))
                .on([&seen, &x]);
            x = self.convolutions(&format!("up{level}"), filters(level)?, &x);
            size = self.convolved(size)?;
        }
        let activation = common.classifier_activation.clone();
        Ok(common.end(&x, false, |x| {
            let classes = Conv2D::new(common.classes, 1).activation(activation);
            classes.name("predictions").on(x)
        }))
    }
}
