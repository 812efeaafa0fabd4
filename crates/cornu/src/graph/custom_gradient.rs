//! Values whose gradient is not that of what computes them, but what their author says.

use std::fmt;
use std::sync::Arc;

use super::ops::Reshape;
use super::{Graph, Value};
use crate::error::{Error, Result};

type Backward = dyn Fn(&mut Graph, &[Value], Value, Value) -> Result<Vec<Value>> + Send + Sync;

/// A value's own gradient rule, and for which values it gives gradients.
#[derive(Clone)]
pub(crate) struct CustomGradient {
    pub(crate) inputs: Vec<Value>,
    backward: Arc<Backward>,
}

impl fmt::Debug for CustomGradient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomGradient")
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

impl CustomGradient {
    /// The gradient of each input, from that of the output.
    pub(crate) fn grad(&self, g: &mut Graph, output: Value, dy: Value) -> Result<Vec<Value>> {
        let dx = (self.backward)(g, &self.inputs, output, dy)?;
        let fits = dx.len() == self.inputs.len()
            && dx
                .iter()
                .zip(&self.inputs)
                .all(|(&dx, &x)| g.shape(dx) == g.shape(x));
        if fits {
            return Ok(dx);
        }
        let shapes = |g: &Graph, values: &[Value]| -> Vec<String> {
            values.iter().map(|&v| g.shape(v).to_string()).collect()
        };
        Err(Error::shape(format!(
            "a gradient of one's own should have the shapes {} of its inputs, received {}",
            shapes(g, &self.inputs).join(", "),
            shapes(g, &dx).join(", ")
        )))
    }
}

impl Graph {
    /// A value that `forward` computes from the inputs, with a gradient of your own: `backward(g, inputs, output, dy)` gives one for each
    /// input. Its nodes are ordinary ones, so it can be differentiated again.
    ///
    /// # Errors
    /// Of `forward`; of `backward`, once a gradient is asked for, and where it gives other shapes than the inputs'.
    ///
    /// # Example
    /// Rounding that is learned through (a straight-through estimator):
    /// ```
    /// use cornu::prelude::*;
    /// use cornu::{autodiff, exec::compute};
    /// let x = Tensor::new([3], vec![-0.4f32, 0.2, 1.7])?;
    /// let [y, dx] = compute(&[&x], |g, x| {
    ///     let y = g.custom_gradient(x, |g, x| g.greater_scalar(x[0], 0.0), |_, _, _, dy| Ok(vec![dy]))?;
    ///     let thrice = g.scale(y, 3.0)?;
    ///     Ok([y, autodiff::gradients(g, thrice, x)?[0]])
    /// })?;
    /// assert_eq!(y.f32s()?, &[0.0, 1.0, 1.0]);
    /// assert_eq!(dx.f32s()?, &[3.0, 3.0, 3.0]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `ops.custom_gradient`.
    pub fn custom_gradient(
        &mut self,
        inputs: &[Value],
        forward: impl FnOnce(&mut Graph, &[Value]) -> Result<Value>,
        backward: impl Fn(&mut Graph, &[Value], Value, Value) -> Result<Vec<Value>>
        + Send
        + Sync
        + 'static,
    ) -> Result<Value> {
        let inner = forward(self, inputs)?;
        // A node of its own, so that only what is computed from here on sees the rule.
        let shape = self.shape(inner).clone();
        let y = self.push(Reshape { shape }.into(), vec![inner])?;
        let rule = CustomGradient {
            inputs: inputs.to_vec(),
            backward: Arc::new(backward),
        };
        self.custom.insert(y.index(), rule);
        Ok(y)
    }
}
