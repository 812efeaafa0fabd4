//! What many elements have in common: spread, products, orders, running sums.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

impl Graph {
    /// The mean squared distance from the mean over the axes listed.
    pub fn var(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let mean = self.mean(x, axes, true)?;
        let apart = self.sub(x, mean)?;
        let squared = self.square(apart)?;
        self.mean(squared, axes, keepdims)
    }

    /// The standard deviation over the axes listed.
    pub fn std(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let var = self.var(x, axes, keepdims)?;
        self.sqrt(var)
    }

    /// The distance from the smallest to the largest over the axes listed.
    pub fn ptp(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let (most, least) = (self.max(x, axes, keepdims)?, self.min(x, axes, keepdims)?);
        self.sub(most, least)
    }

    /// `ln Σ eˣ` over the axes listed, without overflow on the way.
    pub fn logsumexp(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let most = self.max(x, axes, true)?;
        let most = self.finite_or_zero(most)?;
        let x = self.sub(x, most)?;
        let e = self.exp(x)?;
        let sum = self.sum(e, axes, keepdims)?;
        let y = self.log(sum)?;
        let shape = self.shape(y).clone();
        let most = self.reshape(most, shape)?;
        self.add(y, most)
    }

    /// The product over the axes listed.
    pub fn prod(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let mut y = x;
        for &axis in axes {
            self.check_axis(y, axis)?;
            // Halves times halves: exact gradients also where a factor is 0.
            loop {
                let n = self.shape(y)[axis];
                match n {
                    0 => return Err(Error::shape("a product needs factors, received none")),
                    1 => break,
                    _ => {
                        let half = n / 2;
                        let a = self.slice(y, axis, 0, half)?;
                        let b = self.slice(y, axis, half, half)?;
                        let both = self.mul(a, b)?;
                        y = if n % 2 == 1 {
                            let rest = self.slice(y, axis, n - 1, 1)?;
                            self.concat(&[both, rest], axis)?
                        } else {
                            both
                        };
                    }
                }
            }
        }
        if keepdims {
            return Ok(y);
        }
        let shape = self.shape(y).to_vec();
        let left = shape.iter().enumerate().filter(|(i, _)| !axes.contains(i));
        let left: Vec<usize> = left.map(|(_, &n)| n).collect();
        self.reshape(y, left)
    }

    /// 1 where all elements over the axes listed are true (not 0), else 0.
    pub fn all(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let not = self.logical_not(x)?;
        let any = self.max(not, axes, keepdims)?;
        self.logical_not(any)
    }

    /// 1 where one element over the axes listed is true (not 0), else 0.
    pub fn any(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let zero = self.constant(0.0)?;
        let is = self.not_equal(x, zero)?;
        self.max(is, axes, keepdims)
    }

    /// How many elements over the axes listed are not 0.
    pub fn count_nonzero(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        let zero = self.constant(0.0)?;
        let is = self.not_equal(x, zero)?;
        self.sum(is, axes, false)
    }

    /// The root of the sum of squares over the axes listed.
    pub fn norm(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let squared = self.square(x)?;
        let sum = self.sum(squared, axes, keepdims)?;
        self.sqrt(sum)
    }

    /// The mean over the axes listed, each element counting as its weight says.
    pub fn average(&mut self, x: Value, weights: Value, axes: &[usize]) -> Result<Value> {
        let weighted = self.mul(x, weights)?;
        let shape = self.shape(weighted).clone();
        let weights = self.broadcast(weights, shape)?;
        let (sum, total) = (
            self.sum(weighted, axes, false)?,
            self.sum(weights, axes, false)?,
        );
        self.div(sum, total)
    }

    /// The index of the smallest element of each row.
    pub fn arg_min(&mut self, x: Value) -> Result<Value> {
        let x = self.neg(x)?;
        self.arg_max(x)
    }

    /// The element of each row, along the last axis, below which a share `q` of it lies, drawn between two neighbours: `[..]` or `[.., 1]`.
    ///
    /// # Errors
    /// A share that is not from 0 to 1, rows without elements.
    pub fn quantile(&mut self, x: Value, q: f64, keepdims: bool) -> Result<Value> {
        let shape = self.shape(x).to_vec();
        let Some((&n, rows)) = shape.split_last().filter(|(n, _)| **n > 0) else {
            return Err(Error::shape(format!(
                "a quantile is one of a row of elements, received {}",
                self.shape(x)
            )));
        };
        if !(0.0..=1.0).contains(&q) {
            return Err(Error::config(format!(
                "q must be a share from 0 to 1, received {q}"
            )));
        }
        let (axis, place) = (rows.len(), q * (n - 1) as f64);
        let below = place.floor();
        let order = self.sort(x, false)?;
        let first = self.slice(order, axis, below as usize, 1)?;
        let y = if place > below {
            let second = self.slice(order, axis, below as usize + 1, 1)?;
            let step = self.sub(second, first)?;
            let step = self.scale(step, (place - below) as f32)?;
            self.add(first, step)?
        } else {
            first
        };
        if keepdims {
            return Ok(y);
        }
        self.reshape(y, rows.to_vec())
    }

    /// The element in the middle of each row, along the last axis, or the mean of the two there: `[..]` or `[.., 1]`.
    ///
    /// # Errors
    /// Rows without elements.
    pub fn median(&mut self, x: Value, keepdims: bool) -> Result<Value> {
        self.quantile(x, 0.5, keepdims)
    }

    /// Each element with all before it along an axis added up.
    pub fn cumsum(&mut self, x: Value, axis: usize) -> Result<Value> {
        self.running(x, axis, |g, y, step| {
            let len = g.shape(y)[axis] - step;
            let earlier = g.slice(y, axis, 0, len)?;
            let earlier = g.pad(earlier, axis, step, 0)?;
            g.add(y, earlier)
        })
    }

    /// Each element with all before it along an axis multiplied.
    pub fn cumprod(&mut self, x: Value, axis: usize) -> Result<Value> {
        self.running(x, axis, |g, y, step| {
            let len = g.shape(y)[axis] - step;
            let first = g.slice(y, axis, 0, step)?;
            let (later, earlier) = (g.slice(y, axis, step, len)?, g.slice(y, axis, 0, len)?);
            let later = g.mul(later, earlier)?;
            g.concat(&[first, later], axis)
        })
    }

    /// Elements joined with those 1, 2, 4, … before them: as many passes as the axis's length has binary digits.
    fn running(
        &mut self,
        x: Value,
        axis: usize,
        join: impl Fn(&mut Self, Value, usize) -> Result<Value>,
    ) -> Result<Value> {
        self.check_axis(x, axis)?;
        let (mut y, mut step) = (x, 1);
        while step < self.shape(x)[axis] {
            y = join(self, y, step)?;
            step *= 2;
        }
        Ok(y)
    }
}
