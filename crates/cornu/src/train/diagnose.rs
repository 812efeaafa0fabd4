//! Finding where a number stopped being one.

use cornu_kernels::elementwise::Instr;

use crate::compile::{Mode, Plan};
use crate::error::{Error, Kind, Result};
use crate::exec::Variables;
use crate::exec::executable::{Workspace, trace};
use crate::graph::Op;
use crate::graph::ops::View;
use crate::model::Model;
use crate::tensor::Tensor;

use super::goals::{Shown, Wanted};
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

/// The path of the first op whose result is not finite, and what came out of it, for a message; `plan` keeps every value.
pub(crate) fn first(
    plan: &Plan,
    workspace: &mut Workspace,
    feeds: &[&Tensor],
    variables: &mut Variables,
) -> Result<Option<(String, String)>> {
    let mut found = None;
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
    variables.lend(|states| trace(plan, workspace, feeds, states, look))?;
    Ok(found.map(|(node, value): (usize, f32)| {
        let node = &plan.computation.graph.nodes()[node];
        let what = format!(
            "; the first {value} came out of the op {}",
            describe(&node.op)
        );
        (node.path.to_string(), what)
    }))
}

/// Runs the step again with every value kept, and names the first op whose result is not finite.
pub(crate) fn first_not_finite(
    model: &mut Model,
    batch: usize,
    wanted: &Wanted,
    metrics: &[Shown],
    feeds: &Feeds,
    (epoch, step): (usize, usize),
    guard: usize,
) -> Result<Error> {
    let traced = plan(model, batch, Purpose::Train, wanted, metrics, Mode::Traced)?;
    let mut workspace = std::mem::take(&mut model.workspace);
    let list = feeds.list(Purpose::Train);
    let found = first(&traced.plan, &mut workspace, &list, &mut model.variables)?;
    model.workspace = workspace;
    let what = if guard == 0 { "the loss" } else { "a gradient" };
    let (mut path, which) = found.unwrap_or_default();
    if path.is_empty() {
        model.name().clone_into(&mut path);
    }
    let error = Error::new(
        Kind::Numeric,
        format!(
            "{what} is not a finite number in epoch {}, step {}{}",
            epoch + 1,
            step + 1,
            which
        ),
    );
    Ok(error.at(path).help(
        "the weights are those before this step; try a smaller learning rate, clipnorm, or scaled inputs",
    ))
}
