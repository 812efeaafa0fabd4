//! Data sets: where they are found, how they are decoded, and what they look like once in memory.
//!
//! [`registry::load`] turns a name into a [`Dataset`]; everything below it can be used alone.
//!
//! ```
//! let data = cornu_data::shapes_sized(0, 100, 20);
//! assert_eq!(data.train.shape(), [100, 32, 32, 3]);
//! assert_eq!(data.test.len(), 20);
//! ```
#![forbid(unsafe_code)]

pub mod array;
mod atomic;
pub mod audio_file;
mod cifar;
mod dataset;
pub mod directory;
mod download;
mod error;
mod idx;
pub mod image_file;
mod image_set;
mod locate;
mod mnist;
pub mod registry;
mod resize;
mod sha256;
mod shapes;
mod source;
mod table;
#[cfg(feature = "download")]
mod tls;
mod unpacked;

pub use dataset::Dataset;
pub use directory::{
    FromDirectory, Labelled, audio_dataset_from_directory, image_dataset_from_directory,
    text_dataset_from_directory,
};
pub use download::Progress;
pub use error::{DataError, DataErrorKind, Result};
pub use image_set::ImageSet;
pub use registry::{Info, Options, download, info, list, load, load_with};
pub use resize::resize;
pub use shapes::{shapes, shapes_sized};
pub use table::{Layout, Table};
