//! Probabilities or the scores they were made from, whichever is exact.

use crate::error::Result;
use crate::graph::ops::UnaryKind;
use crate::graph::{Graph, Op, Value};

/// Keras's `epsilon()`: how near a probability may come to 0 and 1.
const EPSILON: f32 = 1e-7;

/// A prediction as a loss sees it.
pub(super) enum Seen {
    /// Before the softmax or sigmoid.
    Scores(Value),
    /// After it.
    Probabilities(Value),
}

/// Where a prediction comes straight out of a softmax, its scores: they are exact where a probability would have been rounded to 0
/// or 1. So does Keras on TensorFlow, also where `from_logits` was set by mistake.
pub(super) fn softmax_scores(g: &Graph, y_pred: Value, from_logits: bool) -> Seen {
    let node = g.node(y_pred);
    match node.op {
        Op::Softmax(_) => Seen::Scores(node.inputs[0]),
        _ if from_logits => Seen::Scores(y_pred),
        _ => Seen::Probabilities(y_pred),
    }
}

/// The same for a sigmoid.
pub(super) fn sigmoid_scores(g: &Graph, y_pred: Value, from_logits: bool) -> Seen {
    let node = g.node(y_pred);
    match &node.op {
        Op::Unary(u) if u.kind == UnaryKind::Sigmoid => Seen::Scores(node.inputs[0]),
        _ if from_logits => Seen::Scores(y_pred),
        _ => Seen::Probabilities(y_pred),
    }
}

/// Probabilities kept within `ε` and `1 - ε`, where their logarithms are finite. Outside, the gradient is 0.
pub(super) fn clip_probabilities(g: &mut Graph, p: Value) -> Result<Value> {
    g.clip(p, EPSILON, 1.0 - EPSILON)
}

/// `y·(1 - s) + s·even`: targets drawn towards the even share.
pub(super) fn smooth(g: &mut Graph, y_true: Value, smoothing: f64, even: f64) -> Result<Value> {
    if smoothing == 0.0 {
        return Ok(y_true);
    }
    let kept = g.scale(y_true, (1.0 - smoothing) as f32)?;
    g.add_scalar(kept, (smoothing * even) as f32)
}
