//! Data made ready for models: sequences of one length, classes as rows, pieces of time series, sets in two parts.

mod arrays;
mod parts;
mod series;

pub use arrays::{PadSequences, Side, normalize, pad_sequences, to_categorical};
pub use parts::{Part, split_dataset};
pub use series::{TimeSeries, Windows, timeseries_dataset_from_array};
