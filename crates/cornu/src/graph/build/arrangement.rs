//! Words that set elements in another order, repeat them or leave some out; and arrays that follow from a rule.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::Shape;

impl Graph {
    pub(super) fn check_axis(&self, x: Value, axis: usize) -> Result<()> {
        let shape = self.shape(x);
        if axis < shape.rank() {
            return Ok(());
        }
        Err(Error::shape(format!(
            "axis {axis} is out of range for {shape}"
        )))
    }

    /// Arrays of one shape set beside each other along a new axis.
    pub fn stack(&mut self, xs: &[Value], axis: usize) -> Result<Value> {
        let mut layers = Vec::with_capacity(xs.len());
        for &x in xs {
            let mut shape = self.shape(x).to_vec();
            if axis > shape.len() {
                return Err(Error::shape(format!(
                    "a new axis of {} is one of 0 to {}, received {axis}",
                    self.shape(x),
                    shape.len()
                )));
            }
            shape.insert(axis, 1);
            layers.push(self.reshape(x, shape)?);
        }
        self.concat(&layers, axis)
    }

    /// The entries of an axis, each without it: undoes [`Graph::stack`].
    pub fn unstack(&mut self, x: Value, axis: usize) -> Result<Vec<Value>> {
        self.check_axis(x, axis)?;
        let parts = self.shape(x)[axis];
        let mut shape = self.shape(x).to_vec();
        shape.remove(axis);
        let parts = self.split(x, parts, axis)?;
        parts
            .into_iter()
            .map(|part| self.reshape(part, shape.clone()))
            .collect()
    }

    /// So many parts of one length along an axis.
    ///
    /// # Errors
    /// A length that the number of parts does not divide.
    pub fn split(&mut self, x: Value, parts: usize, axis: usize) -> Result<Vec<Value>> {
        self.check_axis(x, axis)?;
        let n = self.shape(x)[axis];
        if parts == 0 || !n.is_multiple_of(parts) {
            return Err(Error::shape(format!(
                "an axis of length {n} cannot be split into {parts} parts of one length"
            )));
        }
        let len = n / parts;
        (0..parts)
            .map(|i| self.slice(x, axis, i * len, len))
            .collect()
    }

    /// The whole array so many times along each axis.
    pub fn tile(&mut self, x: Value, repeats: &[usize]) -> Result<Value> {
        self.repeated(x, repeats, 0)
    }

    /// Each entry of an axis so many times.
    pub fn repeat(&mut self, x: Value, repeats: usize, axis: usize) -> Result<Value> {
        self.check_axis(x, axis)?;
        let mut times = vec![1; self.shape(x).rank()];
        times[axis] = repeats;
        self.repeated(x, &times, 1)
    }

    /// Repeats before each axis (0) or behind it (1).
    fn repeated(&mut self, x: Value, repeats: &[usize], behind: usize) -> Result<Value> {
        let shape = self.shape(x).to_vec();
        if repeats.len() != shape.len() || repeats.contains(&0) {
            return Err(Error::shape(format!(
                "expected how often each axis of {} is repeated, received {repeats:?}",
                self.shape(x)
            )));
        }
        let mut y = x;
        for (axis, &times) in repeats.iter().enumerate().filter(|(_, n)| **n > 1) {
            let mut lengths = self.shape(y).to_vec();
            let n = lengths[axis];
            lengths.insert(axis + behind, 1);
            y = self.reshape(y, lengths.clone())?;
            lengths[axis + behind] = times;
            y = self.broadcast(y, lengths.clone())?;
            lengths.remove(axis + 1);
            lengths[axis] = n.saturating_mul(times);
            y = self.reshape(y, lengths)?;
        }
        Ok(y)
    }

    /// The entries of an axis moved by a shift, those pushed over its end put in front.
    pub fn roll(&mut self, x: Value, shift: i64, axis: usize) -> Result<Value> {
        self.check_axis(x, axis)?;
        let n = self.shape(x)[axis];
        let shift = shift.rem_euclid(n.max(1) as i64) as usize;
        if shift == 0 {
            return Ok(x);
        }
        let end = self.slice(x, axis, n - shift, shift)?;
        let start = self.slice(x, axis, 0, n - shift)?;
        self.concat(&[end, start], axis)
    }

    /// What each entry of an axis is more than the one before it: one entry less.
    pub fn diff(&mut self, x: Value, axis: usize) -> Result<Value> {
        self.check_axis(x, axis)?;
        let n = self.shape(x)[axis];
        if n < 2 {
            return Err(Error::shape(format!(
                "differences along an axis need two entries, received {n}"
            )));
        }
        let (later, earlier) = (
            self.slice(x, axis, 1, n - 1)?,
            self.slice(x, axis, 0, n - 1)?,
        );
        self.sub(later, earlier)
    }

    /// Two axes in each other's place.
    pub fn swapaxes(&mut self, x: Value, a: usize, b: usize) -> Result<Value> {
        self.check_axis(x, a)?;
        self.check_axis(x, b)?;
        let mut order: Vec<usize> = (0..self.shape(x).rank()).collect();
        order.swap(a, b);
        self.transpose(x, &order)
    }

    /// One axis in another place, the others in their order.
    pub fn moveaxis(&mut self, x: Value, source: usize, destination: usize) -> Result<Value> {
        self.check_axis(x, source)?;
        self.check_axis(x, destination)?;
        let mut order: Vec<usize> = (0..self.shape(x).rank()).collect();
        order.remove(source);
        order.insert(destination, source);
        self.transpose(x, &order)
    }

    /// The sum of the last two axes' diagonal, that `k` above the main one.
    pub fn trace(&mut self, x: Value, k: i64) -> Result<Value> {
        let rank = self.shape(x).rank();
        let diagonal = self.diagonal(x, k)?;
        self.sum(diagonal, &[rank.saturating_sub(2)], false)
    }

    /// The elements of the last two axes' diagonal, that `k` above the main one (below it where negative).
    ///
    /// # Errors
    /// Fewer than two axes; a diagonal without elements.
    pub fn diagonal(&mut self, x: Value, k: i64) -> Result<Value> {
        let shape = self.shape(x).to_vec();
        let [.., m, n] = shape[..] else {
            return Err(Error::shape(format!(
                "matrices have two axes, received {}",
                self.shape(x)
            )));
        };
        let (row, column) = ((-k).max(0), k.max(0));
        let len = (m as i64 - row).min(n as i64 - column);
        if len <= 0 {
            return Err(Error::shape(format!(
                "matrices of {m} by {n} have no diagonal {k}"
            )));
        }
        let (len, rank) = (len as usize, shape.len());
        let x = self.slice(x, rank - 2, row as usize, len)?;
        let x = self.slice(x, rank - 1, column as usize, len)?;
        let eye = self.eye(len, len, 0)?;
        let (zero, is) = (self.constant(0.0)?, eye);
        let x = self.select(is, x, zero)?;
        self.sum(x, &[rank - 1], false)
    }

    /// A matrix with the row on its diagonal `k` and zeros elsewhere: `[n]` to `[n + |k|, n + |k|]`.
    ///
    /// # Errors
    /// Another number of axes than one.
    pub fn diag(&mut self, x: Value, k: i64) -> Result<Value> {
        let &[n] = self.shape(x).axes() else {
            return Err(Error::shape(format!(
                "a diagonal is one row of numbers, received {}",
                self.shape(x)
            ))
            .help("`diagonal` takes one out of a matrix"));
        };
        let column = self.reshape(x, [n, 1])?;
        let eye = self.eye(n, n, 0)?;
        let y = self.mul(column, eye)?;
        let far = k.unsigned_abs() as usize;
        let (rows, columns) = if k < 0 { (far, 0) } else { (0, far) };
        let y = self.pad(y, 0, rows, far - rows)?;
        self.pad(y, 1, columns, far - columns)
    }

    /// The last two axes with zeros above their diagonal `k`.
    pub fn tril(&mut self, x: Value, k: i64) -> Result<Value> {
        self.half(x, k, false)
    }

    /// The last two axes with zeros below their diagonal `k`.
    pub fn triu(&mut self, x: Value, k: i64) -> Result<Value> {
        self.half(x, k, true)
    }

    fn half(&mut self, x: Value, k: i64, upper: bool) -> Result<Value> {
        let [.., m, n] = *self.shape(x).axes() else {
            return Err(Error::shape(format!(
                "matrices have two axes, received {}",
                self.shape(x)
            )));
        };
        let kept = self.tri(m, n, if upper { k.saturating_sub(1) } else { k })?;
        let kept = if upper { self.logical_not(kept)? } else { kept };
        let zero = self.constant(0.0)?;
        self.select(kept, x, zero)
    }

    /// How far each element of a matrix stands above the main diagonal.
    fn above_diagonal(&mut self, rows: usize, columns: usize) -> Result<Value> {
        let (i, j) = (self.iota([rows, 1], 0)?, self.iota([1, columns], 1)?);
        self.sub(j, i)
    }

    /// A matrix with ones on and below its diagonal `k`, zeros above.
    pub fn tri(&mut self, rows: usize, columns: usize, k: i64) -> Result<Value> {
        let at = self.above_diagonal(rows, columns)?;
        let k = self.constant(k as f32)?;
        self.less_equal(at, k)
    }

    /// A matrix with ones on its diagonal `k`, zeros elsewhere.
    pub fn eye(&mut self, rows: usize, columns: usize, k: i64) -> Result<Value> {
        let at = self.above_diagonal(rows, columns)?;
        let k = self.constant(k as f32)?;
        self.equal(at, k)
    }

    /// `start`, `start + step`, … before `stop`.
    ///
    /// # Errors
    /// A step that does not lead from start to stop, numbers that are not finite.
    pub fn arange(&mut self, start: f32, stop: f32, step: f32) -> Result<Value> {
        let n = ((f64::from(stop) - f64::from(start)) / f64::from(step)).ceil();
        if !(n > 0.0 && n <= f64::from(u32::MAX)) {
            return Err(Error::config(format!(
                "steps must lead from start to stop, received {start} to {stop} by {step}"
            )));
        }
        let i = self.iota([n as usize], 0)?;
        let i = self.scale(i, step)?;
        self.add_scalar(i, start)
    }

    /// So many numbers from `start` to `stop`, both among them, one step apart.
    ///
    /// # Errors
    /// No number at all.
    pub fn linspace(&mut self, start: f32, stop: f32, num: usize) -> Result<Value> {
        if num == 0 {
            return Err(Error::config("num must be at least 1, received 0"));
        }
        let i = self.iota([num], 0)?;
        let share = self.scale(i, 1.0 / (num - 1).max(1) as f32)?;
        let (rest, from) = (self.one_minus(share)?, start);
        let (a, b) = (self.scale(rest, from)?, self.scale(share, stop)?);
        self.add(a, b)
    }

    /// One number in the shape of `x`.
    pub fn full_like(&mut self, x: Value, value: f32) -> Result<Value> {
        let shape: Shape = self.shape(x).clone();
        let value = self.constant(value)?;
        self.broadcast(value, shape)
    }

    /// Ones in the shape of `x`.
    pub fn ones_like(&mut self, x: Value) -> Result<Value> {
        self.full_like(x, 1.0)
    }

    /// Zeros in the shape of `x`.
    pub fn zeros_like(&mut self, x: Value) -> Result<Value> {
        self.full_like(x, 0.0)
    }

    /// Which classes the numbers of each row name: int32 `[.., n]` to ones and zeros `[.., classes]`.
    pub fn multi_hot(&mut self, index: Value, classes: usize) -> Result<Value> {
        let rank = self.shape(index).rank();
        let each = self.one_hot(index, classes)?;
        self.max(each, &[rank.saturating_sub(1)], false)
    }
}
