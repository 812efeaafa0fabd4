//! Where a model's time goes.

use super::Model;
use crate::exec::Profile;

impl Model {
    /// Times each step of the model's plans from here on, or no more. To look at the clock costs some 50 ns a step and part of the batch.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([4]).add(Dense::new(3).activation("relu")).build()?;
    /// model.set_profiling(true);
    /// model.predict(&Tensor::zeros([64, 4]))?;
    /// let profile = model.profile().expect("it ran");
    /// let dense = profile.steps.iter().find(|step| step.layer.ends_with("dense")).expect("its only layer");
    /// assert!(dense.flops >= 32 * 2 * 4 * 3 && profile.runs >= 1);
    /// let sum: f64 = profile.steps.iter().map(|step| step.seconds).sum();
    /// assert!(sum >= 0.99 * profile.seconds);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn set_profiling(&mut self, on: bool) {
        self.workspace.set_profiling(on);
    }

    /// What the steps of the plan that ran last took in the mean of its runs since [`Model::set_profiling`]; nothing where none ran.
    ///
    /// A plan is one of prediction or of training, for one size of a batch: after a shorter last batch the profile is that one's.
    pub fn profile(&self) -> Option<Profile> {
        self.workspace.profile()
    }
}
