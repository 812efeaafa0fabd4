//! Pass: which ops follow each other part by part of the batch, and which wait for the whole.
//!
//! Most of a network treats every sample alike: its rows can go through all of those ops, forward and backward, while they
//! are still in a core's own cache. Such ops form *segments*. Between segments stand the ops that need the whole batch or no
//! batch at all: the mean of a batch normalisation, a large weight's gradient, the optimizer. Even stages are whole, odd ones
//! segments:
//!
//! ```text
//! stage 0      transposed weights
//! stage 1      conv → pool → … → loss → … → conv's weight gradient    for rows 0..8, 8..16, … on every core
//! stage 2      sums of the parts; the dense layer's weight gradient
//! stage 3 …    the updates, after loss and gradients were found finite
//! ```

use super::computation::Computation;
use crate::graph::Op;
use crate::graph::ops::input::Source;
use crate::graph::ops::{Operand, Split};
use crate::shape::Shape;

/// Stage and kind of every node.
#[derive(Debug)]
pub(super) struct Stages {
    /// The stage in which each node runs.
    pub(super) of: Vec<usize>,
    /// How each node is cut (meaningful in segments).
    pub(super) split: Vec<Split>,
    /// Whether each node's outputs have the batch in front.
    pub(super) batched: Vec<bool>,
    /// The stage of the updates.
    pub(super) commit: usize,
}

/// Whether a stage is a segment.
pub(super) fn is_segment(stage: usize) -> bool {
    stage % 2 == 1
}

/// Batched flags and splits of all nodes.
///
/// A single sample is not worth cutting: there every op runs for the whole batch, and may use several threads within it.
pub(super) fn splits(c: &Computation) -> (Vec<Split>, Vec<bool>) {
    let nodes = c.graph.nodes();
    let mut batched = vec![false; nodes.len()];
    let mut split = vec![Split::Whole; nodes.len()];
    if c.batch == 1 {
        return (split, batched);
    }
    for (i, node) in nodes.iter().enumerate() {
        let rows = match &node.op {
            Op::Input(input) => {
                batched[i] = input.batched;
                continue;
            }
            // Steps of sequences may have been merged with the batch.
            Op::Random(random) => random.batched && random.shape.first() == Some(&c.batch),
            Op::Map(map) => map.batched,
            Op::Broadcast(b) => repeats_rows(c.graph.shape(node.inputs[0]), &b.shape, c.batch),
            _ => false,
        };
        let operands: Vec<Operand<'_>> = node
            .inputs
            .iter()
            .map(|&v| Operand {
                meta: c.graph.meta(v),
                batched: batched[v.index()],
            })
            .collect();
        split[i] = if operands.iter().any(|o| o.batched) {
            node.op.split(&operands, &node.outputs)
        } else if rows {
            Split::Rows
        } else {
            Split::Whole
        };
        batched[i] = matches!(split[i], Split::Rows | Split::RowsAtOnce);
    }
    (split, batched)
}

/// Whether a value without batch is repeated to be the same in each row of a batch: such rows are made where they are read,
/// so that gradients that start from a mean are cut like everything else.
fn repeats_rows(from: &Shape, to: &Shape, batch: usize) -> bool {
    let same = from.rank() < to.rank() || from.first() == Some(&1);
    batch > 1 && same && to.first() == Some(&batch)
}

/// The stages of a computation.
pub(super) fn run(c: &Computation) -> Stages {
    let nodes = c.graph.nodes();
    let (split, batched) = splits(c);
    let mut of = vec![0; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        let segment = matches!(split[i], Split::Rows | Split::Sum);
        of[i] = node.inputs.iter().fold(usize::from(segment), |at, v| {
            let j = v.index();
            let ready = match (is_segment(of[j]), segment) {
                // Rows can be read by the next op on the same rows; a sum is there once all its parts are.
                (true, true) if split[j] == Split::Sum => of[j] + 2,
                (true, true) | (false, false) => of[j],
                (true, false) | (false, true) => of[j] + 1,
            };
            at.max(ready)
        });
    }
    let last = of.iter().copied().max().unwrap_or(0);
    let commit = last.next_multiple_of(2) + 2;
    delay_updates(c, &mut of, commit);
    delay_random(c, &mut of);
    delay_weights(c, &mut of, commit);
    Stages {
        of,
        split,
        batched,
        commit,
    }
}

/// What only updates need, and nothing that runs earlier, runs after the guards were looked at, where it may overwrite states.
fn delay_updates(c: &Computation, of: &mut [usize], commit: usize) {
    let nodes = c.graph.nodes();
    let mut pinned = c.ancestors(c.outputs.iter().chain(&c.guards).copied());
    for i in (0..nodes.len()).rev() {
        let given = matches!(nodes[i].op, Op::Input(_) | Op::Constant(_));
        if pinned[i] || given || is_segment(of[i]) {
            for v in &nodes[i].inputs {
                pinned[v.index()] = true;
            }
        } else {
            of[i] = commit;
        }
    }
}

/// Random numbers need no operand, so they are drawn where they are first read rather than kept from the start.
fn delay_random(c: &Computation, of: &mut [usize]) {
    let nodes = c.graph.nodes();
    let mut first = vec![usize::MAX; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        for v in &node.inputs {
            first[v.index()] = first[v.index()].min(of[i]);
        }
    }
    for (i, node) in nodes.iter().enumerate() {
        if matches!(&node.op, Op::Random(_)) && is_segment(of[i]) && first[i] < usize::MAX {
            of[i] = if is_segment(first[i]) {
                first[i]
            } else {
                first[i] - 1
            };
        }
    }
}

/// What follows from weights alone, as transformed and flipped kernels, is computed right before it is first read, rather than kept
/// from the start: in ResNet-18 they are 300 MiB together, and 36 MiB at most at a time.
fn delay_weights(c: &Computation, of: &mut [usize], commit: usize) {
    let nodes = c.graph.nodes();
    let mut follows = vec![false; nodes.len()];
    for (i, node) in nodes.iter().enumerate() {
        follows[i] = match &node.op {
            Op::Input(input) => matches!(input.source, Source::State(_)),
            Op::Constant(_) => true,
            _ => of[i] == 0 && node.inputs.iter().all(|v| follows[v.index()]),
        };
    }
    let mut first = vec![usize::MAX; nodes.len()];
    for (i, node) in nodes.iter().enumerate().rev() {
        let given = matches!(node.op, Op::Input(_) | Op::Constant(_));
        // From the commit on, weights are no longer what they were.
        if follows[i] && !given && first[i] < commit {
            of[i] = first[i] - usize::from(is_segment(first[i]));
        }
        for v in &node.inputs {
            first[v.index()] = first[v.index()].min(of[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::applications::ResNet18;
    use crate::error::Result;
    use crate::losses::Targets;
    use crate::prelude::*;

    #[test]
    fn transformed_kernels_are_not_kept_from_the_start() -> Result<()> {
        let scores = ResNet18::new().classes(10).classifier_activation(None);
        let small = scores.small_images(true).input_shape([32, 32, 3]);
        let mut model = small.build()?;
        let loss = SparseCategoricalCrossentropy::default().from_logits(true);
        model.compile(SGD::new(0.01).momentum(0.9), loss, [] as [&str; 0])?;
        let targets = Targets {
            shape: crate::Shape::scalar(),
            dtype: DType::I32,
            range: None,
        };
        let plan = model.training_plan(64, &targets)?.listing();
        let early = plan.stages[0].steps.iter();
        let early: Vec<&str> = early.map(|s| s.op.as_str()).collect();
        assert!(
            early.iter().filter(|op| op.contains("Kernel")).count() <= 2,
            "{early:?}"
        );
        let mib = plan.shared_bytes >> 20;
        assert!(mib < 420, "{mib} MiB");
        Ok(())
    }
}
