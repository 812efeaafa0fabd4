//! Layers and models of one's own that are made of other layers: one function says all.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::{Base, Context, Layer, WeightSpec};
use crate::error::{Error, Result};
use crate::graph::{Graph, Meta, Value};
use crate::shape::{DType, Shape};

/// A layer or a whole model of your own, made of layers and words of the graph: what Keras makes by subclassing `Model`.
///
/// [`Composed::compose`] is all that must be written: a layer used in it has its weights from then on, under the name it is given;
/// used again under that name, it shares them. Everything that is `Composed` is a [`Layer`], so it can be called on symbols, be part of a
/// `Sequential`, be saved and, once [registered](super::register), loaded.
///
/// # Example
/// ```
/// use cornu::graph::Value;
/// use cornu::layers::{Base, Composed, Scope};
/// use cornu::prelude::*;
/// use serde_json::{Map, Value as Json, json};
///
/// /// `x + dense(relu(dense(x))) · gate`
/// #[derive(Clone, Debug)]
/// struct Residual {
///     base: Base,
///     units: usize,
/// }
///
/// impl Composed for Residual {
///     fn class_name(&self) -> &'static str {
///         "Residual"
///     }
///     fn base(&self) -> &Base {
///         &self.base
///     }
///     fn base_mut(&mut self) -> &mut Base {
///         &mut self.base
///     }
///     fn config(&self) -> Map<String, Json> {
///         Map::from_iter([("units".to_owned(), json!(self.units))])
///     }
///     fn compose(&self, s: &mut Scope<'_, '_>, x: &[Value]) -> cornu::Result<Vec<Value>> {
///         let width = s.graph().shape(x[0])[1];
///         let h = s.apply("up", &Dense::new(self.units).activation("relu"), x[0])?;
///         let h = s.apply("down", &Dense::new(width), h)?;
///         let gate = s.weight("gate", [width], "ones")?;
///         let h = s.graph().mul(h, gate)?;
///         Ok(vec![s.graph().add(x[0], h)?])
///     }
/// }
///
/// let x = input([8]);
/// let block = Residual { base: Base::default(), units: 32 };
/// let y = Dense::new(1).on(&block.on(&x));
/// let mut model = Model::new([&x], [&y])?;
/// assert_eq!(model.weight_paths()[0], "functional/residual/up/kernel");
/// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
/// model.fit(&(Tensor::zeros([4, 8]), Tensor::zeros([4, 1])), Fit::epochs(1))?;
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// A subclass of `Model` or `Layer` that calls layers in its `call`.
pub trait Composed: Clone + fmt::Debug + Send + Sync + 'static {
    /// The class name, under which files know it.
    fn class_name(&self) -> &'static str;

    /// Name and trainability.
    fn base(&self) -> &Base;

    /// Name and trainability, to change.
    fn base_mut(&mut self) -> &mut Base;

    /// The arguments.
    fn config(&self) -> Map<String, Json>;

    /// Writes the outputs from the inputs.
    ///
    /// # Errors
    /// Inputs and settings that cannot work.
    fn compose(&self, scope: &mut Scope<'_, '_>, inputs: &[Value]) -> Result<Vec<Value>>;
}

/// What [`Composed::compose`] writes with: the graph, layers, weights.
#[derive(Debug)]
pub struct Scope<'a, 'b> {
    cx: &'a mut Context<'b>,
    /// The weights there are, or those that were declared so far.
    weights: Vec<Value>,
    declared: Option<Vec<WeightSpec>>,
    /// Numbers of the weights of each name.
    known: HashMap<String, Range<usize>>,
    next: usize,
    masks: HashMap<Value, Value>,
}

impl Scope<'_, '_> {
    /// The graph, for words of one's own.
    pub fn graph(&mut self) -> &mut Graph {
        self.cx.graph
    }

    /// Whether this is training.
    pub fn training(&self) -> bool {
        self.cx.training
    }

    /// A layer's (only) output.
    ///
    /// # Errors
    /// Inputs the layer cannot work with.
    pub fn apply(&mut self, name: &str, layer: &dyn Layer, input: Value) -> Result<Value> {
        super::only(self.apply_all(name, layer, &[input])?)
    }

    /// All outputs of a layer of several inputs.
    ///
    /// # Errors
    /// Inputs the layer cannot work with; another layer under the same name.
    pub fn apply_all(
        &mut self,
        name: &str,
        layer: &dyn Layer,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let shapes: Vec<Shape> = inputs
            .iter()
            .map(|&x| self.cx.graph.shape(x).without_batch())
            .collect();
        let specs = layer.build(&shapes).map_err(|e| e.at(name))?;
        let range = self.numbers(name, specs)?;
        let own = self.weights[range.clone()].to_vec();
        let masks: Vec<Option<Value>> = inputs.iter().map(|x| self.masks.get(x).copied()).collect();
        let mut updates = Vec::new();
        let (training, rng) = (self.cx.training, self.cx.rng);
        let mut cx = Context::new(self.cx.graph, training, &own, rng, &mut updates);
        cx.masks.clone_from(&masks);
        let outputs = layer.call_all(&mut cx, inputs).map_err(|e| e.at(name))?;
        let told = cx.output_masks.take();
        let losses = std::mem::take(&mut cx.losses);
        let told = match told {
            Some(told) => told,
            None => vec![layer.mask(self.cx.graph, inputs, &masks)?],
        };
        for (&y, mask) in outputs.iter().zip(told) {
            if let Some(mask) = mask {
                self.masks.insert(y, mask);
            }
        }
        self.cx.losses.extend(losses);
        for (i, value) in updates {
            self.cx.update(range.start + i, value);
        }
        Ok(outputs)
    }

    /// A weight of its own, trainable; `initializer` is one by name or with arguments.
    ///
    /// # Errors
    /// Another shape than that of the name's first use.
    pub fn weight(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
        initializer: impl Into<crate::initializers::InitializerConfig>,
    ) -> Result<Value> {
        let spec = WeightSpec::new("", shape, initializer);
        let range = self.numbers(name, vec![spec])?;
        Ok(self.weights[range.start])
    }

    /// Adds a number to the loss.
    ///
    /// # Errors
    /// A value that is not a single number.
    pub fn add_loss(&mut self, loss: Value) -> Result<()> {
        self.cx.add_loss(loss)
    }

    /// The numbers of the weights that a name has; the first time, the next ones.
    fn numbers(&mut self, name: &str, specs: Vec<WeightSpec>) -> Result<Range<usize>> {
        let shapes = |s: &Self, range: &Range<usize>| -> Vec<Shape> {
            let own = s.weights[range.clone()].iter();
            own.map(|&w| s.cx.graph.shape(w).clone()).collect()
        };
        let wanted: Vec<Shape> = specs.iter().map(|s| s.shape.clone()).collect();
        if let Some(range) = self.known.get(name) {
            if shapes(self, range) != wanted {
                return Err(Error::shape(format!(
                    "\"{name}\" was built for other inputs, its weights are {:?}",
                    shapes(self, range)
                ))
                .at(name));
            }
            return Ok(range.clone());
        }
        let range = self.next..self.next + specs.len();
        self.next = range.end;
        if let Some(declared) = &mut self.declared {
            for mut spec in specs {
                self.weights
                    .push(self.cx.graph.feed("", spec.shape.clone(), false)?);
                spec.name = if spec.name.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}/{}", spec.name)
                };
                declared.push(spec);
            }
        }
        if self.weights.len() < range.end || shapes(self, &range) != wanted {
            return Err(Error::config(format!(
                "\"{name}\" was not there when the layer was built"
            ))
            .help("compose must use the same layers in training and in use"));
        }
        self.known.insert(name.to_owned(), range.clone());
        Ok(range)
    }
}

/// Runs `compose`: with the weights there are, or declaring them.
fn run<C: Composed>(
    layer: &C,
    cx: &mut Context<'_>,
    inputs: &[Value],
    declare: bool,
) -> Result<(Vec<Value>, Vec<WeightSpec>)> {
    let given = cx.masks.clone();
    let masks = inputs.iter().zip(given);
    let mut scope = Scope {
        weights: cx.weights.to_vec(),
        declared: declare.then(Vec::new),
        known: HashMap::new(),
        next: 0,
        masks: masks.filter_map(|(&x, m)| Some((x, m?))).collect(),
        cx,
    };
    let outputs = layer.compose(&mut scope, inputs)?;
    let masks = outputs.iter().map(|y| scope.masks.get(y).copied());
    let masks = masks.collect();
    let declared = scope.declared.take().unwrap_or_default();
    cx.set_masks(masks);
    Ok((outputs, declared))
}

impl<C: Composed> Layer for C {
    fn class_name(&self) -> &'static str {
        Composed::class_name(self)
    }

    fn base(&self) -> &Base {
        Composed::base(self)
    }

    fn base_mut(&mut self) -> &mut Base {
        Composed::base_mut(self)
    }

    fn config(&self) -> Map<String, Json> {
        Composed::config(self)
    }

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let mut graph = Graph::new();
        let rng = Meta {
            shape: [4].into(),
            dtype: DType::I32,
        };
        let rng = graph.feed_of(rng, false)?;
        let mut values = Vec::with_capacity(inputs.len());
        for shape in inputs {
            values.push(graph.feed_of(Meta::f32(shape.with_batch(2)), true)?);
        }
        let mut updates = Vec::new();
        let mut cx = Context::new(&mut graph, true, &[], rng, &mut updates);
        Ok(run(self, &mut cx, &values, true)?.1)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        super::only(self.call_all(cx, inputs)?)
    }

    fn call_all(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Vec<Value>> {
        Ok(run(self, cx, inputs, false)?.0)
    }

    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}
