//! Samples that a layer changes as they are read, images and targets together.

use std::sync::{Mutex, PoisonError};

use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::{Error, Result};
use crate::exec::executable::{Outcome, States, Workspace, run};
use crate::graph::{Graph, Meta, Value};
use crate::layers::{Context, Layer};
use crate::losses::Targets;
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

use super::samples::{RowsMut, Samples, copy_tensor_rows};
use super::step::rng_tensor;

/// Samples whose images and targets go through a layer batch by batch: [`MixUp`](crate::layers::MixUp), [`CutMix`](crate::layers::CutMix),
/// or one of your own that takes `(images, targets)`.
///
/// Class numbers become one-hot rows first. What a layer draws follows from the seed and from which samples are in the batch, so that it is
/// another thing in each epoch of a shuffled training, and the same when the training is repeated.
///
/// # Shapes
/// Inputs as those of the samples; targets `[classes]`.
///
/// # Errors
/// Samples of several inputs, or without targets that can be mixed; a layer that does not take them.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let x = Tensor::new([6, 4, 4, 1], (0..96).map(|i| i as f32 / 96.0).collect::<Vec<_>>())?;
/// let y = Tensor::new([6], vec![0i32, 1, 2, 0, 1, 2])?;
/// let data = (x, y);
/// let mixed = Augmented::new(&data, CutMix::new())?;
/// assert_eq!(mixed.targets().shape.axes(), &[3]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// A `tf.data.Dataset` mapped with such a layer.
pub struct Augmented<'a> {
    data: &'a dyn Samples,
    layer: Box<dyn Layer>,
    image: Shape,
    /// Targets after class numbers have become rows.
    row: Shape,
    one_hot: bool,
    seed: u64,
    /// For each size of batches met and each output, its plan.
    plans: Mutex<Vec<((usize, Output), Plan)>>,
}

impl std::fmt::Debug for Augmented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Augmented")
            .field("layer", &self.layer)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// Which output of the layer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Images,
    Targets,
}

impl<'a> Augmented<'a> {
    /// Samples that go through a layer; class numbers count from 0 to the largest that there is.
    pub fn new(data: &'a dyn Samples, layer: impl Layer + 'static) -> Result<Self> {
        let shapes = data.input_shapes();
        let [image] = &shapes[..] else {
            return Err(Error::data(format!(
                "samples that a layer changes have one input, received {}",
                shapes.len()
            )));
        };
        let targets = data.targets();
        let one_hot = targets.dtype == DType::I32;
        let row = if one_hot {
            let (low, high) = targets.range.unwrap_or((0.0, -1.0));
            if targets.shape.elements() != 1 || low < 0.0 || high < low || high >= 65_536.0 {
                return Err(Error::data(format!(
                    "targets that are mixed are class numbers from 0 to 65535 or rows of floats, received {targets:?}"
                )));
            }
            Shape::from([high as usize + 1])
        } else {
            targets.shape
        };
        let made = Self {
            data,
            layer: Box::new(layer),
            image: image.clone(),
            row,
            one_hot,
            seed: 0,
            plans: Mutex::new(Vec::new()),
        };
        made.plan(2, Output::Images)?;
        made.plan(2, Output::Targets)?;
        Ok(made)
    }

    /// As many classes as said, where the largest class number is not among the samples.
    ///
    /// # Errors
    /// Fewer than there are; targets that are rows already.
    pub fn classes(mut self, classes: usize) -> Result<Self> {
        if !self.one_hot || classes < self.row.elements() || classes > 65_536 {
            return Err(Error::config(format!(
                "classes must be at least the {} of the samples and at most 65536, received {classes}",
                self.row.elements()
            )));
        }
        self.row = Shape::from([classes]);
        Ok(self)
    }

    /// From which what the layer draws follows.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The layer's graph for batches of a size, of which one output is wanted.
    fn plan(&self, batch: usize, output: Output) -> Result<Plan> {
        let layer = &*self.layer;
        if !layer
            .build(&[self.image.clone(), self.row.clone()])?
            .is_empty()
        {
            return Err(Error::config(format!(
                "a layer that changes samples has no weights, received {}",
                layer.class_name()
            )));
        }
        let mut graph = Graph::new();
        let rng = Meta {
            shape: Shape::from([4]),
            dtype: DType::I32,
        };
        let rng = graph.feed_of(rng, false)?;
        let x = graph.feed("images", self.image.with_batch(batch), true)?;
        let y = graph.feed("targets", self.row.with_batch(batch), true)?;
        let mut updates = Vec::new();
        let mut cx = Context::new(&mut graph, true, &[], rng, &mut updates);
        let outputs: Vec<Value> = layer.call_all(&mut cx, &[x, y])?;
        let wanted = [self.image.with_batch(batch), self.row.with_batch(batch)];
        let fits = outputs.len() == 2
            && outputs
                .iter()
                .zip(&wanted)
                .all(|(&v, w)| graph.shape(v) == w);
        if !fits {
            return Err(Error::shape(format!(
                "a layer that changes samples gives images and targets of the shapes it is given, which {} does not",
                layer.class_name()
            )));
        }
        let computation = Computation {
            graph,
            batch,
            outputs: vec![outputs[usize::from(output == Output::Targets)]],
            ..Computation::default()
        };
        compile(&computation, Mode::Fast)
    }

    /// What the layer makes of a batch.
    fn run(&self, samples: &[usize], output: Output) -> Result<Tensor> {
        let n = samples.len();
        let mut x = Tensor::zeros(self.image.with_batch(n));
        self.data.fill_inputs(samples, &mut [RowsMut::of(&mut x)]);
        let mut y = Tensor::zeros(self.row.with_batch(n));
        if self.one_hot {
            let mut labels = vec![0i32; n];
            self.data.fill_targets(samples, RowsMut::I32(&mut labels));
            if let RowsMut::F32(rows) = RowsMut::of(&mut y) {
                for (row, &label) in rows.chunks_mut(self.row.elements()).zip(&labels) {
                    row[label as usize] = 1.0;
                }
            }
        } else {
            self.data.fill_targets(samples, RowsMut::of(&mut y));
        }
        // The batch's own number: from the numbers of its samples, in order.
        let number = samples.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, &i| {
            (h ^ i as u64).wrapping_mul(0x100_0000_01b3)
        });
        let rng = rng_tensor(self.seed, number);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let known = plans.iter().position(|(key, _)| *key == (n, output));
        let at = if let Some(at) = known {
            at
        } else {
            plans.push(((n, output), self.plan(n, output)?));
            plans.len() - 1
        };
        let feeds = [&rng, &x, &y];
        match run(
            &plans[at].1,
            &mut Workspace::new(),
            &feeds,
            &mut States::new(),
        )? {
            Outcome::Done(mut outputs) => Ok(outputs.remove(0)),
            Outcome::Refused(_) => unreachable!("nothing is guarded"),
        }
    }

    fn fill(&self, samples: &[usize], output: Output, to: &mut RowsMut<'_>) {
        let made = self.run(samples, output);
        let made = made.expect("the layer was planned for these samples before");
        let rows: Vec<usize> = (0..samples.len()).collect();
        copy_tensor_rows(&made, &rows, to);
    }
}

impl Samples for Augmented<'_> {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn input_shapes(&self) -> Vec<Shape> {
        vec![self.image.clone()]
    }

    fn targets(&self) -> Targets {
        Targets {
            shape: self.row.clone(),
            dtype: DType::F32,
            range: Some((0.0, 1.0)),
        }
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        self.fill(samples, Output::Images, &mut inputs[0]);
    }

    fn fill_targets(&self, samples: &[usize], mut out: RowsMut<'_>) {
        self.fill(samples, Output::Targets, &mut out);
    }

    fn check(&self) -> Result<()> {
        self.data.check()
    }
}
