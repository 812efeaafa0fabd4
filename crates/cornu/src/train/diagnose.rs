//! Finding where a number stopped being one.

use cornu_kernels::elementwise::Instr;

use crate::compile::Mode;
use crate::error::{Error, Kind, Result};
use crate::exec::executable::trace;
use crate::graph::Op;
use crate::graph::ops::View;
use crate::losses::Targets;
use crate::metrics::Metric;
use crate::model::Model;

use super::step::{Feeds, Purpose, plan};

/// The op in words: of a map that holds one elementwise op, that op.
fn describe(op: &Op) -> String {
    let Op::Map(map) = op else {
        return op.name().to_owned();
    };
    let kinds = map.program.instrs().iter().filter_map(|i| match i {
        Instr::Unary { op, .. } => Some(format!("{op:?}")),
        Instr::Binary { op, .. } => Some(format!("{op:?}")),
        Instr::Select { .. } => Some("Select".to_owned()),
        _ => None,
    });
    let kinds: Vec<String> = kinds.collect();
    if kinds.is_empty() {
        "Cast".to_owned()
    } else {
        kinds.join(" → ")
    }
}

/// Runs the step again with every value kept, and names the first op whose result is not finite.
pub(crate) fn first_not_finite(
    model: &mut Model,
    batch: usize,
    targets: &Targets,
    metrics: &[Box<dyn Metric>],
    feeds: &Feeds,
    (epoch, step): (usize, usize),
    guard: usize,
) -> Result<Error> {
    let traced = plan(model, batch, Purpose::Train, targets, metrics, Mode::Traced)?;
    let mut found = None;
    let mut workspace = std::mem::take(&mut model.workspace);
    let list = feeds.list(Purpose::Train);
    let look = |node, _, values: View<'_>| {
        let bad = match values {
            View::F32(x) => x.iter().copied().find(|v| !v.is_finite()),
            _ => None,
        };
        if let Some(value) = bad {
            found = Some((node, value));
        }
        found.is_none()
    };
    model
        .variables
        .lend(|states| trace(&traced.plan, &mut workspace, &list, states, look))?;
    model.workspace = workspace;
    let what = if guard == 0 { "the loss" } else { "a gradient" };
    let place = match found {
        Some((node, value)) => {
            let node = &traced.plan.computation.graph.nodes()[node];
            let path = if node.path.is_empty() {
                model.name()
            } else {
                &*node.path
            };
            (
                path.to_owned(),
                format!(
                    "; the first {value} came out of the op {}",
                    describe(&node.op)
                ),
            )
        }
        None => (model.name().to_owned(), String::new()),
    };
    let error = Error::new(
        Kind::Numeric,
        format!(
            "{what} is not a finite number in epoch {}, step {}{}",
            epoch + 1,
            step + 1,
            place.1
        ),
    );
    Ok(error.at(place.0).help(
        "the weights are those before this step; try a smaller learning rate, clipnorm, or scaled inputs",
    ))
}
