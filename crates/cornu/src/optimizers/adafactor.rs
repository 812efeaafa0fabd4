//! Adafactor: the mean squared gradients of a matrix remembered as a row and a column alone.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Slot, Step, Stepped, Weight, arguments, optimizer_class, optimizer_identity,
};
use crate::error::Result;
use crate::graph::{Graph, Value};

optimizer_class! {
    /// With `β = 1 - t^decay` and `q = g² + ε₁`: of a matrix the means `r ← β·r + (1-β)·mean q` over columns, `c` over rows, and
    /// `v = r·c / mean r`; else `v ← β·v + (1-β)·q`. `u = g / √v`, `w ← w - α·u / max(1, rms(u) / clip)` with
    /// `α = max(ε₂, rms(w)) · min(lr, 1/√t)`.
    ///
    /// # Errors
    /// A learning rate or `ε` below 0, a threshold that is not above 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Adafactor;
    /// let adafactor = Adafactor::new(0.01).clip_threshold(2.0);
    /// # let _ = adafactor;
    /// ```
    ///
    /// # Source
    /// Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018.
    ///
    /// # Keras
    /// The same arithmetic and defaults. `relative_step` changes nothing, there and here: the rate is at most `1/√t` in any case.
    pub struct Adafactor {
        learning_rate = 0.001;
        /// The power of the step's number with which the past is forgotten.
        beta_2_decay: f64 = -0.8,
        /// Keeps the division from zero.
        epsilon_1: f64 = 1e-30,
        /// The least size that a weight is taken to have.
        epsilon_2: f64 = 1e-3,
        /// The largest root mean square of a step, before the rate.
        clip_threshold: f64 = 1.0,
        /// Whether the rate is at most `1/√t`.
        relative_step: bool = true,
    }
}

/// The root of the mean square.
fn rms(g: &mut Graph, x: Value) -> Result<Value> {
    let squares = g.square(x)?;
    let mean = g.mean_all(squares)?;
    g.sqrt(mean)
}

/// `β·old + (1-β)·new` for a `β` that is a value.
fn blend(g: &mut Graph, beta: Value, old: Value, new: Value) -> Result<Value> {
    let rest = g.one_minus(beta)?;
    let kept = g.mul(old, beta)?;
    let added = g.mul(new, rest)?;
    g.add(kept, added)
}

impl Optimizer for Adafactor {
    optimizer_identity!(Adafactor);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        let class = "Adafactor";
        self.base.check(class)?;
        arguments::not_negative(class, "epsilon_1", self.epsilon_1)?;
        arguments::not_negative(class, "epsilon_2", self.epsilon_2)?;
        arguments::positive(class, "clip_threshold", self.clip_threshold)
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let axes = weight.shape.axes();
        let Some((last, rows)) = axes.split_last().filter(|(_, rows)| !rows.is_empty()) else {
            return vec![Slot::zeros("velocity", weight)];
        };
        let mut columns = rows[..rows.len() - 1].to_vec();
        columns.push(*last);
        vec![
            Slot::filled("r", rows, 0.0),
            Slot::filled("c", columns.as_slice(), 0.0),
        ]
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        let one = g.constant(1.0)?;
        let root = g.rsqrt(s.iteration)?;
        let rate = g.minimum(s.learning_rate, root)?;
        let power = g.constant(self.beta_2_decay as f32)?;
        let forgotten = g.pow(s.iteration, power)?;
        let beta = g.one_minus(forgotten)?;
        let size = rms(g, s.weight)?;
        let least = g.constant(self.epsilon_2 as f32)?;
        let size = g.maximum(size, least)?;
        let alpha = g.mul(size, rate)?;
        let squares = g.square(s.grad)?;
        let squares = g.add_scalar(squares, self.epsilon_1 as f32)?;
        let shape = g.shape(s.weight).to_vec();
        let (v, slots) = if let [old_r, old_c] = *s.slots {
            let n = shape.len();
            let rows = g.mean(squares, &[n - 1], false)?;
            let columns = g.mean(squares, &[n - 2], false)?;
            let r = blend(g, beta, old_r, rows)?;
            let c = blend(g, beta, old_c, columns)?;
            let mean = g.mean(r, &[n - 2], true)?;
            let share = g.div(r, mean)?;
            let (mut column, mut row) = (shape.clone(), shape.clone());
            column[n - 1] = 1;
            row[n - 2] = 1;
            let share = g.reshape(share, column)?;
            let row = g.reshape(c, row)?;
            (g.mul(share, row)?, vec![r, c])
        } else {
            let v = blend(g, beta, s.slots[0], squares)?;
            (v, vec![v])
        };
        let root = g.sqrt(v)?;
        let u = g.div(s.grad, root)?;
        let large = rms(g, u)?;
        let large = g.scale(large, (1.0 / self.clip_threshold) as f32)?;
        let large = g.maximum(large, one)?;
        let share = g.div(alpha, large)?;
        let d = g.mul(u, share)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots,
        })
    }
}
