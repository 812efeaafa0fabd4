//! Values that follow from states alone: computed when a state has changed, and kept with their plan.

use std::sync::{Arc, Mutex, PoisonError};

use super::executable::{Outcome, run};
use super::states::States;
use super::workspace::Workspace;
use crate::compile::Plan;
use crate::error::Result;

/// A plan's prepared values, with the version of the states that they follow from.
#[derive(Debug, Default)]
pub(crate) struct Prepared(Mutex<Option<(u64, Arc<States>)>>);

/// A copy of a plan prepares its own.
impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Prepared {
    /// The values for the states as they are.
    pub(super) fn of(&self, parts: &[Plan], states: &mut States) -> Result<Arc<States>> {
        if parts.is_empty() {
            return Ok(Arc::default());
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, values)) = &*held
            && *version == states.version()
        {
            return Ok(values.clone());
        }
        // The old ones are freed before there are new ones.
        *held = None;
        let mut values = States::new();
        let mut workspace = Workspace::new();
        for part in parts {
            if let Outcome::Done(outputs) = run(part, &mut workspace, &[], states)? {
                values.push(&outputs[0])?;
            }
        }
        let values = Arc::new(values);
        *held = Some((states.version(), values.clone()));
        Ok(values)
    }
}
