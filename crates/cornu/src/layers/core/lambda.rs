//! A layer that computes an expression.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::expression::Expr;
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::layers::{Base, Context, Layer, WeightSpec};
use crate::shape::Shape;

/// Computes an expression of its inputs: what a closure says, kept as data, so that models with it can be saved and loaded.
///
/// `y = expression(x₀, x₁, …)`
///
/// # Shapes
/// Those of the inputs as the expression reads them, with the batch in front; the output must keep the batch axis.
///
/// # Errors
/// Operations whose operands do not fit, inputs that are not there, expressions of more than 10,000 parts.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let (a, b) = (input([3]), input([3]));
/// let distance = Lambda::of(2, |x| (&x[0] - &x[1]).square().sum(-1, true).sqrt());
/// let mut model = Model::new([&a, &b], [&distance.on([&a, &b])])?;
/// let points = [Tensor::zeros([1, 3]), Tensor::new([1, 3], vec![2.0f32, 3.0, 6.0])?];
/// assert_eq!(model.predict_all(&points, 1)?[0].f32s()?, &[7.0]);
/// let again = Model::from_json(&model.to_json())?;
/// assert_eq!(again.to_json(), model.to_json());
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// Keras's `Lambda` keeps Python code in its config, which loading would have to run; such a config is refused. Write the function as an
/// expression, or as a [`Layer`] of your own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lambda {
    #[serde(skip)]
    base: Base,
    #[serde(default, skip_serializing)]
    function: Option<Code>,
    #[serde(default, skip_serializing)]
    arguments: Option<Code>,
    #[serde(default, skip_serializing)]
    output_shape: Option<Code>,
    expression: Expr,
}

/// Python code, of which none is ever run.
#[derive(Clone, Debug, PartialEq)]
struct Code;

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        let refused = Error::config("a Lambda of Keras's holds Python code, which loading a file never runs")
            .help("write it as an expression, Lambda::new(|x| ..), or as a layer of your own, and set the weights");
        Err(D::Error::custom(refused))
    }
}

layer!(Lambda);

impl Lambda {
    /// A layer of one input.
    pub fn new(write: impl FnOnce(Expr) -> Expr) -> Self {
        Self::expression(write(Expr::input(0)))
    }

    /// A layer of several inputs.
    pub fn of(inputs: usize, write: impl FnOnce(&[Expr]) -> Expr) -> Self {
        let inputs: Vec<Expr> = (0..inputs).map(Expr::input).collect();
        Self::expression(write(&inputs))
    }

    /// A layer that computes this expression.
    pub fn expression(expression: Expr) -> Self {
        Self {
            base: Base::default(),
            function: None,
            arguments: None,
            output_shape: None,
            expression,
        }
    }
}

impl Layer for Lambda {
    layer_identity!(Lambda);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        // Written once to be refused here where operands do not fit.
        let mut g = Graph::new();
        let mut values = Vec::with_capacity(inputs.len());
        for shape in inputs {
            values.push(g.feed_of(Meta::f32(shape.with_batch(2)), true)?);
        }
        self.expression.write(&mut g, &values)?;
        Ok(Vec::new())
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        self.expression.write(cx.graph, inputs)
    }
}
