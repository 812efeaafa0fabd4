//! Words that make fewer elements of many.

use crate::error::{Error, Result};
use crate::graph::ops::{Moments, Reduce, Reduction, reduce};
use crate::graph::{Graph, Value};

impl Graph {
    pub(crate) fn reduce(
        &mut self,
        kind: Reduction,
        x: Value,
        axes: &[usize],
        keepdims: bool,
    ) -> Result<Value> {
        let shape = self.shape(x).clone();
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes.dedup();
        if let Some(axis) = axes.iter().find(|&&a| a >= shape.rank()) {
            return Err(Error::shape(format!(
                "axis {axis} is out of range for {shape}"
            )));
        }
        let mut y = x;
        for (start, end) in reduce::runs(&axes) {
            y = self.push(Reduce { kind, start, end }.into(), vec![y])?;
        }
        if keepdims {
            y = self.reshape(y, reduce::keep_dims(&shape, &axes))?;
        }
        Ok(y)
    }

    /// The sum over the axes listed.
    pub fn sum(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Sum, x, axes, keepdims)
    }

    /// The mean over the axes listed.
    pub fn mean(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let sum = self.sum(x, axes, keepdims)?;
        let n = self.shape(x).elements() / self.shape(sum).elements().max(1);
        self.scale(sum, 1.0 / n.max(1) as f32)
    }

    /// Vectors along the axes listed scaled to length 1; those shorter than 1e-7 by 1e7.
    pub(crate) fn normalize(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        let squares = self.square(x)?;
        let squared = self.sum(squares, axes, true)?;
        // Held from zero before the root, whose gradient there is infinite.
        let least = self.constant(1e-14)?;
        let squared = self.maximum(squared, least)?;
        let inverse = self.rsqrt(squared)?;
        self.mul(x, inverse)
    }

    /// Mean and variance of each channel (the last axis) over all other axes.
    pub fn moments(&mut self, x: Value) -> Result<(Value, Value)> {
        let mean = self.push(Moments.into(), vec![x])?;
        Ok((mean, Value { output: 1, ..mean }))
    }

    /// The mean of all elements.
    pub fn mean_all(&mut self, x: Value) -> Result<Value> {
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        self.mean(x, &axes, false)
    }

    /// The sum of all elements.
    pub fn sum_all(&mut self, x: Value) -> Result<Value> {
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        self.sum(x, &axes, false)
    }

    /// The largest element over the axes listed.
    pub fn max(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Max, x, axes, keepdims)
    }

    /// The smallest element over the axes listed.
    pub fn min(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Min, x, axes, keepdims)
    }

    /// Sums `x` over the axes along which an operand like `like` was repeated to make it.
    pub(crate) fn sum_to_shape_of(&mut self, x: Value, like: Value) -> Result<Value> {
        let (from, to) = (self.shape(x).clone(), self.shape(like).clone());
        if from == to {
            return Ok(x);
        }
        let skip = from.rank() - to.rank();
        let axes: Vec<usize> = (0..from.rank())
            .filter(|&i| i < skip || (to[i - skip] == 1 && from[i] != 1))
            .collect();
        let y = self.sum(x, &axes, false)?;
        self.reshape(y, to)
    }
}
