//! Networks that were published, ready to be trained: one file a family, under Keras's names and with its arguments.
//!
//! Each network is a struct of arguments that [`Application::build`] makes a model of; [`deserialize`] makes one from its class
//! name and a config, whatever the case of its letters.

#[macro_use]
mod settings;
mod extent;
mod inception;
#[macro_use]
pub mod imagenet_utils;

pub use settings::{Application, Pooling};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::layers::mistakes;

/// Makes a network from its config.
type FromConfig = fn(Map<String, Json>) -> Result<Box<dyn Application>>;

macro_rules! families {
    ($( $(#[$doc:meta])* $family:ident: $($name:ident),+;)*) => {
        $(
            $(#[$doc])*
            pub mod $family;
            pub use $family::{$($name),+};
        )*

        /// The networks, how many weights each has and how it is made from its config.
        const TABLE: &[(&str, usize, FromConfig)] = &[
            $($((stringify!($name), $name::PUBLISHED, |config| {
                from_struct::<$name>(config).map(|a| Box::new(a) as Box<dyn Application>)
            }),)+)*
        ];
    };
}

families! {
    vgg: VGG16, VGG19;
    resnet: ResNet18, ResNet34, ResNet50, ResNet101, ResNet152;
    resnet_v2: ResNet50V2, ResNet101V2, ResNet152V2;
    densenet: DenseNet121, DenseNet169, DenseNet201;
    inception_v3: InceptionV3;
    inception_resnet_v2: InceptionResNetV2;
    xception: Xception;
    mobilenet: MobileNet;
    mobilenet_v2: MobileNetV2;
    mobilenet_v3: MobileNetV3Small, MobileNetV3Large;
    efficientnet: EfficientNetB0, EfficientNetB1, EfficientNetB2, EfficientNetB3, EfficientNetB4, EfficientNetB5, EfficientNetB6, EfficientNetB7;
    efficientnet_v2: EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2B2, EfficientNetV2B3, EfficientNetV2S, EfficientNetV2M, EfficientNetV2L;
    convnext: ConvNeXtTiny, ConvNeXtSmall, ConvNeXtBase, ConvNeXtLarge, ConvNeXtXLarge;
    nasnet: NASNetMobile, NASNetLarge;
    lenet: LeNet5;
    alex_net: AlexNet;
    unet: UNet;
    vit: ViTB16, ViTB32, ViTL16, ViTL32;
    text: LSTMClassifier, TransformerClassifier, GPT;
}

/// Keras's second names of these modules.
pub use {resnet as resnet50, vgg as vgg16, vgg as vgg19};

fn from_struct<T: DeserializeOwned>(config: Map<String, Json>) -> Result<T> {
    serde_path_to_error::deserialize(Json::Object(config))
        .map_err(|e| mistakes::tell(&e.path().to_string(), &e.inner().to_string()))
}

/// The class names of all networks.
pub fn names() -> impl Iterator<Item = &'static str> {
    published().map(|(name, _)| name)
}

/// All networks with the elements of their weights, with the arguments that they were published with.
///
/// # Example
/// ```
/// use cornu::applications::published;
/// assert!(published().any(|network| network == ("ResNet50", 25_636_712)));
/// ```
pub fn published() -> impl Iterator<Item = (&'static str, usize)> {
    TABLE.iter().map(|(name, params, _)| (*name, *params))
}

/// A network from its class name, in letters of any case, and its arguments.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for an unknown name, with the nearest one, an unknown argument or a value of the
/// wrong type.
///
/// # Example
/// ```
/// use cornu::applications;
/// let arguments = serde_json::json!({ "include_top": false, "input_shape": [32, 32, 3], "pooling": "avg" });
/// let vgg = applications::deserialize("vgg16", arguments.as_object().cloned().unwrap_or_default())?;
/// assert_eq!(vgg.class_name(), "VGG16");
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn deserialize(class_name: &str, arguments: Map<String, Json>) -> Result<Box<dyn Application>> {
    let found = TABLE
        .iter()
        .find(|(n, ..)| n.eq_ignore_ascii_case(class_name));
    let (name, _, from_config) =
        found.ok_or_else(|| Error::unknown("application", class_name, names()))?;
    from_config(arguments).map_err(|e| e.at(*name))
}
