//! Data made ready for models: sequences of one length, classes as rows, pieces of time series, sets in two parts, pictures
//! as arrays, boxes around things in them.

mod arrays;
pub mod bounding_boxes;
mod parts;
mod pictures;
mod series;

pub use arrays::{PadSequences, Side, normalize, pad_sequences, to_categorical};
pub use parts::{Part, split_dataset};
pub use pictures::{array_to_img, img_to_array};
pub use series::{TimeSeries, Windows, timeseries_dataset_from_array};
