//! Runs a layer on a case: through the fast plan, the plan without fusing, and the interpreter in double precision.

use cornu::autodiff::gradients;
use cornu::compile::{Computation, Mode, compile};
use cornu::exec::executable::{self, Outcome, States, Workspace};
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph, Meta, Value};
use cornu::layers::{Context, Layer, deserialize};
use cornu::{DType, Shape, Tensor};

use crate::case::Case;

/// A value that Keras gave, and the same as we compute it.
pub(crate) struct Compared {
    pub(crate) what: String,
    pub(crate) expected: Tensor,
    value: Value,
}

/// A case written as a graph, with what goes in and what should come out.
pub(crate) struct Program {
    graph: Graph,
    feeds: Vec<Tensor>,
    batch: usize,
    pub(crate) compared: Vec<Compared>,
}

/// Writes a case's graph.
pub(crate) fn program(case: &Case) -> Result<Program, String> {
    let fail = |e: cornu::Error| format!("{}: {e}", case.name());
    let mut config = case.config.clone();
    // An argument of Keras's call that is one of the layer here.
    for argument in ["use_causal_mask", "return_attention_scores"] {
        if case.call[argument] == true {
            config[argument] = true.into();
        }
    }
    let attention_mask = case.get("attention_mask");
    if attention_mask.is_some() {
        config["attention_mask"] = true.into();
    }
    let layer = deserialize(&case.class, &config).map_err(fail)?;
    let mut inputs = case.all("input");
    let own = inputs.len();
    // A mask that the call is given is the last input here.
    inputs.extend(attention_mask);
    let batch = inputs[0].shape()[0];
    let shapes: Vec<Shape> = inputs
        .iter()
        .map(|t| Shape::from(&t.shape()[1..]))
        .collect();
    let specs = layer.build(&shapes).map_err(fail)?;
    let declared: Vec<(String, bool)> = specs
        .iter()
        .map(|w| {
            // Keras names layers within a layer after their own names, we after their classes or not at all.
            let within = w.name.rsplit_once('/').filter(|_| case.plain_names);
            let name = within.map_or(w.name.as_str(), |(_, name)| name);
            (name.to_owned(), w.trainable)
        })
        .collect();
    if declared != case.weights {
        return Err(format!(
            "{}: weights {declared:?}, in Keras {:?}",
            case.name(),
            case.weights
        ));
    }
    let mut p = Program {
        graph: Graph::new(),
        feeds: Vec::new(),
        batch,
        compared: Vec::new(),
    };
    let rng = p.feed(&Tensor::new([4], vec![7, 0, 1, 0]).map_err(fail)?, false);
    let xs: Vec<Value> = inputs.iter().map(|t| p.feed(t, true)).collect();
    let mut weights = Vec::new();
    for (spec, tensor) in specs.iter().zip(case.all("weight")) {
        // Some files hold single numbers as rows of one.
        let number = spec.shape.rank() == 0 && tensor.shape().elements() == 1;
        if spec.shape != *tensor.shape() && !number {
            return Err(format!(
                "{}: {} has shape {}, in Keras {}",
                case.name(),
                spec.name,
                spec.shape,
                tensor.shape()
            ));
        }
        let tensor = Tensor::new(spec.shape.clone(), tensor.data().clone()).map_err(fail)?;
        weights.push(p.feed(&tensor, false));
    }
    let upstream = case.all("upstream");
    let whole = |t: &&Tensor| t.dtype() == DType::I32;
    if upstream.is_empty() && !case.all("output").iter().all(whole) {
        return Err(format!("{}: no upstream gradient", case.name()));
    }
    let upstream: Vec<Value> = upstream.iter().map(|t| p.feed(t, true)).collect();
    let mask = case.get("mask").map(|t| p.feed(t, true));
    // Masks of several inputs.
    let mut masks = vec![mask];
    for i in 0..own {
        let Some(mask) = case.get(&format!("mask.{i}")) else {
            continue;
        };
        masks.resize(own, None);
        masks[i] = Some(p.feed(mask, true));
    }
    p.write(case, &*layer, &xs, &weights, (rng, &upstream, &masks))
        .map_err(fail)?;
    Ok(p)
}

impl Program {
    fn feed(&mut self, tensor: &Tensor, batched: bool) -> Value {
        self.feeds.push(tensor.clone());
        let meta = Meta {
            shape: tensor.shape().clone(),
            dtype: tensor.dtype(),
        };
        self.graph.feed_of(meta, batched).expect("a feed fits")
    }

    fn compare(&mut self, case: &Case, what: String, value: Value) {
        if let Some(expected) = case.get(&what) {
            let mut expected = expected.clone();
            let shape = self.graph.shape(value);
            if shape.rank() == 0 && expected.shape().elements() == 1 {
                expected = Tensor::new(shape.clone(), expected.data().clone()).expect("one number");
            }
            self.compared.push(Compared {
                what,
                expected,
                value,
            });
        }
    }

    fn write(
        &mut self,
        case: &Case,
        layer: &dyn Layer,
        xs: &[Value],
        weights: &[Value],
        (rng, upstream, masks): (Value, &[Value], &[Option<Value>]),
    ) -> cornu::Result<()> {
        let training = case.call["training"] == true;
        let mut updates = Vec::new();
        let mut cx = Context::new(&mut self.graph, training, weights, rng, &mut updates);
        cx = cx.masked_each(masks.to_vec());
        let outputs = layer.call_all(&mut cx, xs)?;
        let added = cx.losses().to_vec();
        if upstream.is_empty() {
            // Whole numbers, which have no gradient.
            assert_eq!(outputs.len(), case.all("output").len(), "{}", case.name());
            for (i, &y) in outputs.iter().enumerate() {
                let y = self.graph.cast(y, DType::F32)?;
                self.compare(case, format!("output.{i}"), y);
            }
            return Ok(());
        }
        assert_eq!(outputs.len(), upstream.len(), "{}: outputs", case.name());
        let mut loss = self.graph.constant(0.0)?;
        for (i, (&y, &upstream)) in outputs.iter().zip(upstream).enumerate() {
            self.compare(case, format!("output.{i}"), y);
            let product = self.graph.mul(y, upstream)?;
            let part = self.graph.sum_all(product)?;
            loss = self.graph.add(loss, part)?;
        }
        if case.get("added_loss").is_some() {
            let mut sum = self.graph.constant(0.0)?;
            for part in added {
                sum = self.graph.add(sum, part)?;
            }
            self.compare(case, "added_loss".to_owned(), sum);
            loss = self.graph.add(loss, sum)?;
        }
        let g = &mut self.graph;
        let floats: Vec<(usize, Value)> = xs
            .iter()
            .copied()
            .enumerate()
            .filter(|&(_, x)| g.dtype(x) == DType::F32)
            .collect();
        let mut wrt: Vec<Value> = floats.iter().map(|&(_, x)| x).collect();
        wrt.extend(weights);
        let grads = gradients(g, loss, &wrt)?;
        for (&(i, _), &dx) in floats.iter().zip(&grads) {
            self.compare(case, format!("grad_input.{i}"), dx);
        }
        for (i, &dw) in grads[floats.len()..].iter().enumerate() {
            self.compare(case, format!("grad_weight.{i}"), dw);
        }
        for (i, after) in updates {
            self.compare(case, format!("weight_after.{i}"), after);
        }
        Ok(())
    }

    /// What a plan computes for the values to be compared.
    pub(crate) fn run(&self, mode: Mode) -> Vec<Tensor> {
        let computation = Computation {
            graph: self.graph.clone(),
            batch: self.batch,
            outputs: self.compared.iter().map(|c| c.value).collect(),
            ..Computation::default()
        };
        let plan = compile(&computation, mode).expect("a valid graph has a plan");
        let feeds: Vec<&Tensor> = self.feeds.iter().collect();
        match executable::run(&plan, &mut Workspace::new(), &feeds, &mut States::new()) {
            Ok(Outcome::Done(outputs)) => outputs,
            other => panic!("{other:?}"),
        }
    }

    /// What the interpreter computes for them.
    pub(crate) fn interpret(&self) -> Vec<Array> {
        let feeds: Vec<Array> = self.feeds.iter().map(Array::from).collect();
        let values = interpreter::run(&self.graph, &feeds, &[]);
        self.compared
            .iter()
            .map(|c| {
                let (node, output) = place(c.value);
                values[node][output].clone()
            })
            .collect()
    }
}

/// The place of a value: its debug form is `%12`, or `%12.1` where it is not its node's first output.
fn place(value: Value) -> (usize, usize) {
    let text = format!("{value:?}");
    let (node, output) = text[1..].split_once('.').unwrap_or((&text[1..], "0"));
    let number = |s: &str| s.parse().expect("a number");
    (number(node), number(output))
}
