//! A small graph run three ways: with all passes, without fusing, and by the interpreter in double precision.

use cornu::Tensor;
use cornu::compile::{Computation, Mode, compile};
use cornu::exec::executable::{self, Outcome, States, Workspace};
use cornu::exec::interpreter;
use cornu::graph::{Array, Graph, Meta, Value};

/// A graph with its feeds.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) graph: Graph,
    feeds: Vec<Tensor>,
}

impl Program {
    /// A tensor with the batch in front, given at each run.
    pub(crate) fn feed(&mut self, tensor: Tensor) -> Value {
        let meta = Meta {
            shape: tensor.shape().clone(),
            dtype: tensor.dtype(),
        };
        self.feeds.push(tensor);
        self.graph.feed_of(meta, true).expect("a feed fits")
    }

    /// The values wanted, by each way of running, with the way's name.
    pub(crate) fn run(&self, outputs: &[Value]) -> Vec<(&'static str, Vec<Vec<f64>>)> {
        vec![
            ("fast plan", self.plan(outputs, Mode::Fast)),
            ("traced plan", self.plan(outputs, Mode::Traced)),
            ("interpreter", self.interpret(outputs)),
        ]
    }

    fn plan(&self, outputs: &[Value], mode: Mode) -> Vec<Vec<f64>> {
        let computation = Computation {
            graph: self.graph.clone(),
            batch: self.feeds[0].shape()[0],
            outputs: outputs.to_vec(),
            ..Computation::default()
        };
        let plan = compile(&computation, mode).expect("a valid graph has a plan");
        let feeds: Vec<&Tensor> = self.feeds.iter().collect();
        match executable::run(&plan, &mut Workspace::new(), &feeds, &mut States::new()) {
            Ok(Outcome::Done(out)) => out.iter().map(|t| Array::from(t).data).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn interpret(&self, outputs: &[Value]) -> Vec<Vec<f64>> {
        let feeds: Vec<Array> = self.feeds.iter().map(Array::from).collect();
        let values = interpreter::run(&self.graph, &feeds, &[]);
        let node = |v: &Value| -> usize {
            // A value's debug form is `%12`.
            let text = format!("{v:?}");
            text[1..].parse().expect("the first output of its node")
        };
        outputs
            .iter()
            .map(|v| values[node(v)][0].data.clone())
            .collect()
    }
}
