//! AlexNet: five convolutions, three dense layers, and responses normalised by their neighbours.

use crate::error::Result;
use crate::layers::classes::*;
use crate::model::{Model, Sequential};

/// The network that won ILSVRC 2012, in the form of its article or in that of one machine.
///
/// # Shapes
/// `[height, width, channels] → [classes]`, probabilities; published for 224×224 pixels, which its sizes need 227×227 for.
///
/// # Errors
/// As of its layers: an image too small for the strides, below 67×67 pixels.
///
/// # Example
/// ```
/// use cornu::applications::AlexNet;
/// let model = AlexNet::new([227, 227, 3], 1000).build()?;
/// assert_eq!(model.count_params(), 60_965_224);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012: two towers, which
/// meet at the third convolution and at the dense layers, and [`LocalResponseNormalization`] after the first two. One tower:
/// Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
///
/// # Keras
/// Keras has no AlexNet.
#[derive(Clone, Debug)]
pub struct AlexNet {
    image: [usize; 3],
    classes: usize,
    one_tower: bool,
    dropout: f64,
    seed: u64,
}

impl AlexNet {
    /// Two towers, as published, for images of a size into classes.
    pub fn new(image: [usize; 3], classes: usize) -> Self {
        Self {
            image,
            classes,
            one_tower: false,
            dropout: 0.5,
            seed: 0,
        }
    }

    /// One tower of fewer channels and no normalisation.
    pub fn one_tower(mut self) -> Self {
        self.one_tower = true;
        self
    }

    /// The share that the dense layers' dropout drops; 0.5 without it.
    pub fn dropout(mut self, rate: f64) -> Self {
        self.dropout = rate;
        self
    }

    /// The seed from which the weights are drawn; 0 without it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Builds the model.
    pub fn build(&self) -> Result<Model> {
        let (filters, groups) = if self.one_tower {
            ([64, 192, 384, 256, 256], 1)
        } else {
            ([96, 256, 384, 384, 256], 2)
        };
        let conv = |i: usize, kernel: usize| {
            Conv2D::new(filters[i - 1], kernel)
                .padding("same")
                .activation("relu")
                .name(format!("conv{i}"))
        };
        let pool = |i: usize| MaxPooling2D::new(3).strides(2).name(format!("pool{i}"));
        let norm = |m: Sequential, i: usize| {
            if self.one_tower {
                return m;
            }
            m.add(LocalResponseNormalization::new().name(format!("norm{i}")))
        };
        let mut m = Sequential::new().name("alexnet").input(self.image);
        m = m.seed(self.seed);
        if self.one_tower {
            m = m.add(ZeroPadding2D::new(2).name("conv1_pad"));
        }
        m = m.add(conv(1, 11).padding("valid").strides(4));
        m = norm(m, 1).add(pool(1)).add(conv(2, 5).groups(groups));
        m = norm(m, 2).add(pool(2)).add(conv(3, 3));
        m = m
            .add(conv(4, 3).groups(groups))
            .add(conv(5, 3).groups(groups));
        m = m.add(pool(5)).add(Flatten::new());
        for i in [6, 7] {
            let dense = Dense::new(4096).activation("relu").name(format!("fc{i}"));
            m = m.add(dense);
            m = m.add(Dropout::new(self.dropout).name(format!("drop{i}")));
        }
        let scores = Dense::new(self.classes).activation("softmax");
        m.add(scores.name("fc8")).build()
    }
}
