//! Boxes around things in pictures: how they are written, how much two overlap, how they follow their picture, how they differ from
//! anchors.

mod affine;
mod deltas;
mod format;
mod overlap;
mod region;

pub use affine::{AffineTransform, affine_transform};
pub use deltas::Deltas;
pub use format::{BoxFormat, convert_format};
pub use overlap::{compute_ciou, compute_iou, compute_iou_masked};
pub use region::{clip_labels, clip_to_image_size, crop, pad};
