//! Weights and other tensors that stay from run to run.

use std::sync::atomic::{AtomicU64, Ordering};

use cornu_kernels::arena::Arena;

use super::views::{floats, floats_mut};
use super::workspace::allocate;
use crate::error::Result;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Weights and other tensors that stay from run to run, aligned for the kernels.
#[derive(Debug, Default)]
pub struct States {
    shapes: Vec<Shape>,
    buffers: Vec<Arena>,
    /// Another number after every change, and no other states' number.
    version: u64,
}

/// Numbers that were not given before.
pub(super) fn next_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl States {
    /// No states.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state and returns its number.
    pub fn push(&mut self, value: &Tensor) -> Result<usize> {
        let x = value.f32s()?;
        let mut buffer = allocate(x.len() * 4)?;
        floats_mut(buffer.as_mut_bytes()).copy_from_slice(x);
        self.touch();
        self.shapes.push(value.shape().clone());
        self.buffers.push(buffer);
        Ok(self.buffers.len() - 1)
    }

    /// The elements of a state.
    pub fn get(&self, state: usize) -> &[f32] {
        floats(self.buffers[state].as_bytes())
    }

    /// The elements of a state, to write.
    pub fn get_mut(&mut self, state: usize) -> &mut [f32] {
        self.touch();
        floats_mut(self.buffers[state].as_mut_bytes())
    }

    /// Shape of a state.
    pub fn shape(&self, state: usize) -> &Shape {
        &self.shapes[state]
    }

    /// The same number only as long as nothing was changed.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Says that something was changed.
    pub(super) fn touch(&mut self) {
        self.version = next_version();
    }

    /// Adds a state whose buffer comes later, by [`States::exchange`].
    pub(super) fn push_empty(&mut self, shape: Shape) {
        self.touch();
        self.shapes.push(shape);
        self.buffers
            .push(Arena::new(0).expect("no memory is asked for"));
    }

    /// Exchanges a state's buffer for another one.
    pub(super) fn exchange(&mut self, state: usize, buffer: &mut Arena) {
        std::mem::swap(&mut self.buffers[state], buffer);
    }

    /// A copy of a state.
    pub fn tensor(&self, state: usize) -> Tensor {
        Tensor::new(self.shapes[state].clone(), self.get(state).to_vec())
            .expect("a state has its shape")
    }

    /// Number of states.
    pub fn len(&self) -> usize {
        self.buffers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }

    /// Drops the states from number `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.touch();
        self.shapes.truncate(len);
        self.buffers.truncate(len);
    }

    /// Bytes of all states.
    pub fn bytes(&self) -> usize {
        self.buffers.iter().map(Arena::len).sum()
    }

    /// Takes a state's buffer out, so that it can be written while others are read.
    pub(super) fn take(&mut self, state: usize) -> Arena {
        self.touch();
        let empty = Arena::new(0).expect("no memory is asked for");
        std::mem::replace(&mut self.buffers[state], empty)
    }

    /// Puts a buffer back that was taken out.
    pub(super) fn put(&mut self, state: usize, buffer: Arena) {
        self.buffers[state] = buffer;
    }
}
