//! The measure of a layer: what every one of them must do.

use std::collections::BTreeSet;

use cornu::autodiff::gradients;
use cornu::compile::{Computation, Mode, compile};
use cornu::exec::executable::{self, Outcome, States, Workspace};
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph, Meta, Value};
use cornu::layers::{Context, Layer, deserialize};
use cornu::{DType, Shape, Tensor};

use crate::samples::Sample;

/// A layer called once, as a graph with its feeds.
pub(crate) struct Call {
    graph: Graph,
    feeds: Vec<Tensor>,
    batch: usize,
    /// Output, gradients of `Σ y²` for inputs and weights, new statistics.
    wanted: Vec<Value>,
    pub(crate) output: Shape,
    pub(crate) updates: usize,
}

/// Numbers that look random and are the same each time.
pub(crate) fn numbers(n: usize, salt: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 7919 + salt * 104_729 + 13) % 2003) as f32 / 1001.5 - 1.0)
        .collect()
}

impl Call {
    /// Calls a layer on the inputs given; `step` decides the random numbers.
    pub(crate) fn new(layer: &dyn Layer, inputs: Vec<Tensor>, training: bool, step: i32) -> Self {
        let batch = inputs[0].shape()[0];
        let shapes: Vec<Shape> = inputs
            .iter()
            .map(|t| Shape::from(&t.shape()[1..]))
            .collect();
        let specs = layer.build(&shapes).expect("a valid layer");
        let mut graph = Graph::new();
        let rng = Meta {
            shape: [4].into(),
            dtype: DType::I32,
        };
        let rng = graph.feed_of(rng, false).expect("a feed");
        let mut feeds = vec![Tensor::new([4], vec![5, 0, step, 0]).expect("four numbers")];
        let mut xs = Vec::new();
        for t in inputs {
            xs.push(graph.feed("x", t.shape().clone(), true).expect("a feed"));
            feeds.push(t);
        }
        let mut weights = Vec::new();
        for (i, spec) in specs.iter().enumerate() {
            weights.push(graph.feed("w", spec.shape.clone(), false).expect("a feed"));
            feeds.push(
                spec.initializer
                    .draw(&spec.shape, 11, i as u32)
                    .expect("a weight"),
            );
        }
        let mut updates = Vec::new();
        let mut cx = Context::new(&mut graph, training, &weights, rng, &mut updates);
        let mut outputs = layer.call_all(&mut cx, &xs).expect("a valid call");
        for y in &mut outputs {
            // Numbers of categories are compared as floats.
            *y = graph.cast(*y, DType::F32).expect("numbers");
        }
        let output = graph.shape(outputs[0]).clone();
        let mut loss = graph.constant(0.0).expect("a number");
        for &y in &outputs {
            let part = graph.square(y).and_then(|q| graph.sum_all(q));
            loss = part.and_then(|p| graph.add(loss, p)).expect("a sum");
        }
        let wrt: Vec<Value> = xs.iter().chain(&weights).copied().collect();
        let mut wanted = outputs;
        wanted.extend(gradients(&mut graph, loss, &wrt).expect("gradients"));
        wanted.extend(updates.iter().map(|&(_, v)| v));
        Self {
            graph,
            feeds,
            batch,
            wanted,
            output,
            updates: updates.len(),
        }
    }

    /// What the fast plan computes: output, gradients, statistics.
    pub(crate) fn run(&self) -> Vec<Tensor> {
        let computation = Computation {
            graph: self.graph.clone(),
            batch: self.batch,
            outputs: self.wanted.clone(),
            ..Computation::default()
        };
        let plan = compile(&computation, Mode::Fast).expect("a plan");
        let feeds: Vec<&Tensor> = self.feeds.iter().collect();
        match executable::run(&plan, &mut Workspace::new(), &feeds, &mut States::new()) {
            Ok(Outcome::Done(outputs)) => outputs,
            other => panic!("{other:?}"),
        }
    }

    fn interpret(&self) -> Vec<Array> {
        let feeds: Vec<Array> = self.feeds.iter().map(Array::from).collect();
        let values = interpreter::run(&self.graph, &feeds, &[]);
        // The debug form of a value is `%12`, or `%12.1` where it is not its node's first output.
        let at = |v: &Value| {
            let text = format!("{v:?}");
            let (node, output) = text[1..].split_once('.').unwrap_or((&text[1..], "0"));
            let number = |s: &str| s.parse::<usize>().expect("a number");
            values[number(node)][number(output)].clone()
        };
        self.wanted.iter().map(at).collect()
    }
}

/// Inputs of a sample for a batch.
pub(crate) fn inputs(sample: &Sample, batch: usize) -> Vec<Tensor> {
    let tensor = |(i, shape): (usize, &Vec<usize>)| {
        let mut axes = vec![batch];
        axes.extend(shape);
        let n = axes.iter().product();
        Tensor::new(axes, numbers(n, i)).expect("sizes fit")
    };
    sample.inputs.iter().enumerate().map(tensor).collect()
}

/// Config round trip, weight count, output shape, finite outputs and gradients, and the fast plan against the interpreter, for
/// batches of 1 and 3, in training and in use.
pub(crate) fn check_layer(sample: &Sample) {
    let what = format!("{} {}", sample.class, sample.config);
    let layer = deserialize(sample.class, &sample.config).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(layer.class_name(), sample.class);
    let config = serde_json::Value::Object(layer.config());
    let again = deserialize(sample.class, &config).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(again.config(), layer.config(), "{what}: config round trip");
    for (key, value) in sample.config.as_object().expect("an object") {
        if value.is_number() || value.is_boolean() {
            let kept = &config[key];
            let same = kept == value || kept.as_f64() == value.as_f64() && kept.is_number();
            let pair = kept
                .as_array()
                .is_some_and(|a| a.iter().all(|x| x == value));
            assert!(same || pair, "{what}: {key} became {kept}");
        }
    }
    let shapes: Vec<Shape> = sample.inputs.iter().map(|s| Shape::from(&s[..])).collect();
    let specs = layer
        .build(&shapes)
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let names: BTreeSet<&str> = specs.iter().map(|w| w.name.as_str()).collect();
    assert_eq!(names.len(), specs.len(), "{what}: weights of one name");
    let parameters: usize = specs.iter().map(|w| w.shape.elements()).sum();
    assert_eq!(parameters, sample.parameters, "{what}: numbers in weights");
    for (batch, training) in [(1, false), (3, false), (1, true), (3, true)] {
        let call = Call::new(&*layer, inputs(sample, batch), training, 0);
        let mut expected = vec![batch];
        expected.extend(&sample.output);
        assert_eq!(call.output.axes(), expected, "{what}: output shape");
        let (fast, slow) = (call.run(), call.interpret());
        for (i, (a, b)) in fast.iter().zip(&slow).enumerate() {
            assert_eq!(a.shape(), &b.shape, "{what}: value {i}");
            for (x, y) in a.f32s().expect("floats").iter().zip(&b.data) {
                assert!(x.is_finite(), "{what}: value {i} holds {x}");
                let near = (f64::from(*x) - y).abs() <= 1e-5 + 1e-4 * y.abs();
                assert!(
                    near,
                    "{what}, batch {batch}, value {i}: plan {x}, reference {y}"
                );
            }
        }
    }
}
