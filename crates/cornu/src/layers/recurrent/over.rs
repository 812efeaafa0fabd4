//! Layers that walk along a sequence with a cell: what goes in, what is shown, what is kept.

use super::cell::{RnnCell, Walk, spread, step_shape};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::layers::{Context, WeightSpec};
use crate::shape::Shape;

/// The settings of a layer that walks along a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    pub(super) class: &'static str,
    pub(super) return_sequences: bool,
    pub(super) return_state: bool,
    pub(super) go_backwards: bool,
    pub(super) stateful: bool,
    pub(super) unroll: bool,
    /// Whether the output of a step that does not count is zero rather than the one before.
    pub(super) zero_output_for_mask: bool,
}

impl Over {
    /// The cell's weights, and with `stateful` the states that stay from batch to batch; refuses inputs that are no sequence or no
    /// states.
    pub(super) fn build(
        &self,
        cell: &dyn RnnCell,
        inputs: &[Shape],
        batch: Option<usize>,
    ) -> Result<Vec<WeightSpec>> {
        let none = || {
            Error::shape(format!(
                "{} expects a sequence, received nothing",
                self.class
            ))
        };
        let (x, states) = inputs.split_first().ok_or_else(none)?;
        if x.rank() < 2 {
            return Err(Error::shape(format!(
                "{} expects sequences [steps, features], received {x}",
                self.class
            ))
            .help("an Embedding makes sequences of features from numbers; Reshape gives a single step an axis of its own"));
        }
        let step = x.without_batch();
        let wanted = cell.state_shapes(&step)?;
        if !states.is_empty() && states.len() != wanted.len() {
            return Err(Error::shape(format!(
                "{} expects a sequence, or a sequence and {} initial states, received {} inputs",
                self.class,
                wanted.len(),
                inputs.len()
            )));
        }
        if let Some((state, wanted)) = states.iter().zip(&wanted).find(|(a, b)| a != b) {
            return Err(Error::shape(format!(
                "the initial states of {} must be {wanted}, received {state}",
                self.class
            )));
        }
        let kept = self.kept(&wanted, batch)?;
        let step: Vec<Shape> = [step].into_iter().chain(wanted).collect();
        let mut weights = cell.build(&step)?;
        weights.extend(kept);
        Ok(weights)
    }

    /// The states that stay from batch to batch.
    fn kept(&self, states: &[Shape], batch: Option<usize>) -> Result<Vec<WeightSpec>> {
        if !self.stateful {
            return Ok(Vec::new());
        }
        let batch = batch.ok_or_else(|| {
            Error::config("a stateful layer needs batches of a fixed size, received batches of any")
                .help("say .batch_size(n) of the model's input: each place in the batch has a state of its own")
        })?;
        let kept = states.iter().enumerate().map(|(i, shape)| {
            let name = match i {
                0 => "rnn_state".to_owned(),
                i => format!("rnn_state_{i}"),
            };
            WeightSpec::new(&name, shape.with_batch(batch), "zeros").state()
        });
        Ok(kept.collect())
    }

    /// Writes the layer's nodes: its output, and with `return_state` the states after the last step.
    pub(super) fn call(
        &self,
        cell: &dyn RnnCell,
        cx: &mut Context<'_>,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        let x = inputs[0];
        let states = if self.stateful {
            cell.state_shapes(&step_shape(cx.graph.shape(x)))?.len()
        } else {
            0
        };
        let of_cell = cx.weights.len() - states;
        let kept = cx.weights[of_cell..].to_vec();
        let along = Walk {
            initial: if inputs.len() > 1 {
                &inputs[1..]
            } else {
                &kept
            },
            go_backwards: self.go_backwards,
            unroll: self.unroll,
            mask: cx.mask(),
        };
        let walked = cx.within(0..of_cell, |cx| cell.walk(cx, x, &along))?;
        for (i, &state) in walked.states.iter().enumerate().take(states) {
            cx.update(of_cell + i, state);
        }
        let g = &mut *cx.graph;
        let hidden = along.mask.filter(|_| self.zero_output_for_mask);
        let mut shown = if self.return_sequences {
            walked.outputs
        } else {
            walked.last
        };
        if let Some(mut mask) = hidden {
            let steps = g.shape(mask)[1];
            if !self.return_sequences {
                let last = if self.go_backwards { 0 } else { steps - 1 };
                mask = g.slice(mask, 1, last, 1)?;
            } else if self.go_backwards {
                mask = g.reverse(mask, 1)?;
            }
            let mask = spread(g, mask, shown)?;
            shown = g.mul(shown, mask)?;
        }
        let mut outputs = vec![shown];
        if self.return_state {
            outputs.extend(walked.states);
        }
        Ok(outputs)
    }
}
