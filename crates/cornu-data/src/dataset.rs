//! A data set: images to learn from, images to be examined on, and where they come from.

use crate::image_set::ImageSet;

/// A named pair of image sets with the same classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The name it was asked for by.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// The images to train on.
    pub train: ImageSet,
    /// The images to test on.
    pub test: ImageSet,
    /// What did not go as it should, though the data are whole: for example, that the cache could not be written.
    pub warnings: Vec<String>,
}

impl Dataset {
    /// The name of each class.
    pub fn class_names(&self) -> &[String] {
        self.train.class_names()
    }

    /// The first images only, for a quick look: at most `train` and `test` of them.
    pub fn take(&self, train: usize, test: usize) -> Self {
        Self {
            name: self.name.clone(),
            description: self.description.clone(),
            train: self.train.take(train),
            test: self.test.take(test),
            warnings: self.warnings.clone(),
        }
    }
}
