//! What goes into networks for ImageNet's photographs, and what comes out: pixels scaled, classes named.

use std::collections::BTreeMap;

use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::shape::DType;
use crate::tensor::{Data, Tensor};

/// How pixels in 0 … 255 become a network's inputs: Keras's `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Blue, green, red, each without its mean over ImageNet.
    Caffe,
    /// From -1 to 1.
    Tf,
    /// From 0 to 1, then without the mean over ImageNet and divided by the standard deviation.
    Torch,
}

impl Named for Mode {
    const WHAT: &'static str = "mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "caffe" => Some(Self::Caffe),
            "tf" => Some(Self::Tf),
            "torch" => Some(Self::Torch),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Caffe => "caffe",
            Self::Tf => "tf",
            Self::Torch => "torch",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["caffe", "tf", "torch"]
    }
}

/// Images with pixels in 0 … 255 as inputs of a network.
///
/// # Shapes
/// `[height, width, 3]`, or with the batch in front; float32 or uint8 → float32.
///
/// # Errors
/// Other shapes or types, an unknown mode.
///
/// # Example
/// ```
/// use cornu::applications::imagenet_utils::preprocess_input;
/// use cornu::Tensor;
/// let x = Tensor::new([1, 1, 3], vec![255u8, 0, 51])?;
/// assert_eq!(preprocess_input(&x, "tf")?.f32s()?, &[1.0, -1.0, -0.6]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.applications.imagenet_utils.preprocess_input`; channels come last.
pub fn preprocess_input(x: &Tensor, mode: impl Into<Choice<Mode>>) -> Result<Tensor> {
    let mode = *mode.into().get()?;
    let axes = x.shape().axes();
    if !matches!(axes, [_, _, 3] | [_, _, _, 3]) {
        return Err(Error::shape(format!(
            "expected images [height, width, 3] or [batch, height, width, 3], received {}",
            x.shape()
        )));
    }
    let mut y: Vec<f32> = match x.data() {
        Data::F32(v) => v.clone(),
        Data::U8(v) => v.iter().map(|&b| f32::from(b)).collect(),
        Data::I32(_) => {
            return Err(Error::dtype(format!(
                "expected pixels of type float32 or uint8, received {}",
                x.dtype()
            )));
        }
    };
    for pixel in y.chunks_exact_mut(3) {
        match mode {
            Mode::Tf => pixel.iter_mut().for_each(|v| *v = *v / 127.5 - 1.0),
            Mode::Caffe => {
                pixel.swap(0, 2);
                for (v, mean) in pixel.iter_mut().zip([103.939, 116.779, 123.68]) {
                    *v -= mean;
                }
            }
            Mode::Torch => {
                let statistics = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)];
                for (v, (mean, deviation)) in pixel.iter_mut().zip(statistics) {
                    *v = (*v / 255.0 - mean) / deviation;
                }
            }
        }
    }
    Tensor::new(x.shape().clone(), y)
}

/// The names of the classes a network tells apart; for ImageNet's, the text of Keras's `imagenet_class_index.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassIndex(Vec<(String, String)>);

impl ClassIndex {
    /// From JSON as of Keras's file: `{"0": ["n01440764", "tench"], …}`.
    ///
    /// # Errors
    /// A text that is no such JSON, numbers that leave gaps.
    ///
    /// # Example
    /// ```
    /// use cornu::applications::imagenet_utils::ClassIndex;
    /// let index = ClassIndex::from_json(r#"{"1": ["n01443537", "goldfish"], "0": ["n01440764", "tench"]}"#)?;
    /// assert_eq!(index.len(), 2);
    /// assert!(ClassIndex::from_json(r#"{"1": ["n01443537", "goldfish"]}"#).is_err());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self> {
        let all: BTreeMap<String, (String, String)> = serde_json::from_str(text)
            .map_err(|e| Error::data(format!("the index of classes is damaged: {e}")))?;
        let names = (0..all.len()).map(|i| {
            all.get(&i.to_string()).cloned().ok_or_else(|| {
                Error::data(format!("the index of classes has no class {i}"))
                    .help("classes are numbered from 0 without gaps")
            })
        });
        names.collect::<Result<_>>().map(Self)
    }

    /// From a name on each line.
    pub fn from_lines(text: &str) -> Self {
        let names = text.lines().map(|line| line.trim().to_owned());
        Self(names.map(|name| (name.clone(), name)).collect())
    }

    /// Number of classes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A class that a network holds for likely.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Its name in the data set: "n01440764".
    pub class_name: String,
    /// What a person calls it: "tench".
    pub description: String,
    /// The network's number for it.
    pub score: f32,
}

/// For each sample, the `top` classes with the highest scores, the best one first; of equal ones the later first, as in Keras.
///
/// # Shapes
/// `[batch, classes]`.
///
/// # Errors
/// Other shapes; another number of classes than the index names.
///
/// # Example
/// ```
/// use cornu::applications::imagenet_utils::{ClassIndex, decode_predictions};
/// use cornu::Tensor;
/// let index = ClassIndex::from_lines("tench\ngoldfish\nshark");
/// let y = Tensor::new([1, 3], vec![0.2f32, 0.7, 0.1])?;
/// let best = decode_predictions(&y, 2, &index)?;
/// assert_eq!((best[0][0].description.as_str(), best[0][0].score), ("goldfish", 0.7));
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.applications.imagenet_utils.decode_predictions`, for any number of classes; the index is not fetched.
pub fn decode_predictions(
    predictions: &Tensor,
    top: usize,
    index: &ClassIndex,
) -> Result<Vec<Vec<Prediction>>> {
    let classes = match *predictions.shape().axes() {
        [_, classes] if classes == index.len() && predictions.dtype() == DType::F32 => classes,
        _ => {
            return Err(Error::shape(format!(
                "expected float32 predictions [batch, {}], received {} {}",
                index.len(),
                predictions.dtype(),
                predictions.shape()
            ))
            .help("the index needs a name for each class"));
        }
    };
    let rows = predictions.f32s()?.chunks_exact(classes.max(1));
    let best = rows.map(|scores| {
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(b.cmp(&a)));
        let named = order.into_iter().take(top).map(|class| {
            let (class_name, description) = index.0[class].clone();
            Prediction {
                class_name,
                description,
                score: scores[class],
            }
        });
        named.collect()
    });
    Ok(best.collect())
}

/// A family's `preprocess_input` and `decode_predictions`.
macro_rules! preprocessing {
    ($mode:ident) => {
        /// Images with pixels in 0 … 255 as this family's inputs.
        ///
        /// # Errors
        #[doc = concat!("As of [`imagenet_utils::preprocess_input`](super::imagenet_utils::preprocess_input) with [`Mode::", stringify!($mode), "`](super::imagenet_utils::Mode::", stringify!($mode), ").")]
        pub fn preprocess_input(x: &$crate::tensor::Tensor) -> $crate::error::Result<$crate::tensor::Tensor> {
            super::imagenet_utils::preprocess_input(x, super::imagenet_utils::Mode::$mode)
        }

        pub use super::imagenet_utils::decode_predictions;
    };
    () => {
        /// The images themselves: the family's networks scale pixels in 0 … 255 on their own.
        pub fn preprocess_input(x: &$crate::tensor::Tensor) -> $crate::error::Result<$crate::tensor::Tensor> {
            Ok(x.clone())
        }

        pub use super::imagenet_utils::decode_predictions;
    };
}
