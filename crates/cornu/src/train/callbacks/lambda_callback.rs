//! A callback made of a closure.

use super::{Action, Callback, Event};
use crate::error::Result;
use crate::model::Model;

/// Calls a closure at each event.
///
/// Keras's `LambdaCallback` takes one function for each kind of event; here the closure matches on the event.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let mut losses = Vec::new();
/// let keep = LambdaCallback::new(|_, event| {
///     if let Event::EpochEnd { logs, .. } = event {
///         losses.push(logs.get("loss"));
///     }
///     Ok(Action::Continue)
/// });
/// # let _ = keep;
/// ```
pub struct LambdaCallback<F>(F);

impl<F: FnMut(&mut Model, &Event) -> Result<Action>> LambdaCallback<F> {
    /// A callback that calls this.
    pub fn new(closure: F) -> Self {
        Self(closure)
    }
}

impl<F> std::fmt::Debug for LambdaCallback<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LambdaCallback")
    }
}

impl<F: FnMut(&mut Model, &Event) -> Result<Action>> Callback for LambdaCallback<F> {
    fn on_event(&mut self, model: &mut Model, event: &Event) -> Result<Action> {
        (self.0)(model, event)
    }
}
