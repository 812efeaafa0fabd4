//! The memory in which plans run, kept between runs so that it is never asked for twice.

use std::sync::Mutex;

use cornu_kernels::arena::Arena;

use super::profile::{Profile, Watch};
use crate::compile::Plan;
use crate::error::{Error, Kind, Result};

/// The memory in which plans run, kept between runs so that it is never asked for twice.
#[derive(Debug, Default)]
pub struct Workspace {
    arena: Option<Arena>,
    /// One arena a thread, for what lives in a segment alone.
    pub(super) locals: Vec<Mutex<Option<Arena>>>,
    /// Runs along where the time of steps is wanted.
    pub(super) watch: Option<Watch>,
}

/// Zeroed memory.
pub(super) fn allocate(bytes: usize) -> Result<Arena> {
    Arena::new(bytes).map_err(|e| {
        Error::new(Kind::Memory, format!("{e}")).help("use a smaller batch, or a smaller model")
    })
}

fn grown(arena: Option<Arena>, bytes: usize) -> Result<Arena> {
    match arena {
        Some(a) if a.len() >= bytes => Ok(a),
        // The old one is freed before the larger is asked for.
        old => {
            drop(old);
            allocate(bytes)
        }
    }
}

impl Workspace {
    /// Memory is asked for at the first run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Times the steps of what runs from here on, or no more.
    pub(crate) fn set_profiling(&mut self, on: bool) {
        self.watch = on.then(Watch::default);
    }

    /// What the steps took since, of the plan that ran last.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.watch.as_ref().and_then(Watch::profile)
    }

    /// Takes the arena out, large enough for a plan, and makes the threads' arenas large enough.
    pub(super) fn prepare(&mut self, plan: &Plan) -> Result<Arena> {
        // Asking for the number of threads starts them, which a plan without work for them does not need.
        let threads = if plan.divides {
            crate::threads::threads()
        } else {
            1
        };
        while self.locals.len() < threads {
            self.locals.push(Mutex::new(None));
        }
        for local in &mut self.locals[..threads] {
            let slot = local
                .get_mut()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            *slot = Some(grown(slot.take(), plan.local_bytes)?);
        }
        grown(self.arena.take(), plan.arena_bytes)
    }

    /// Puts the arena back.
    pub(super) fn keep(&mut self, arena: Arena) {
        self.arena = Some(arena);
    }
}
