//! A plan in words: what runs after what, and where each value lies.

use std::fmt;

use super::plan::{Operand, Place, Plan, Stage, Step, Use, Whole};
use crate::graph::ops::Op;

/// One line a step: the op, its shapes, and the operands' places.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "plan for a batch of {}: {} bytes shared, {} a thread",
            self.computation.batch, self.arena_bytes, self.local_bytes
        )?;
        for (i, stage) in self.stages.iter().enumerate() {
            if i == self.commit {
                writeln!(f, "commit, if the guards are finite")?;
            }
            match stage {
                Stage::Segment(s) if s.steps.is_empty() => {}
                Stage::Segment(s) => {
                    writeln!(
                        f,
                        "stage {i}: tasks of {} rows, {} at a time",
                        s.task_rows, s.chunk_rows
                    )?;
                    for step in &s.steps {
                        self.step(f, step, |operand| match operand {
                            Operand::Range(k) | Operand::Written(k) => {
                                let ((offset, _), how) = s.ranges[k];
                                match how {
                                    Use::Parts { .. } => format!("parts@{offset}"),
                                    _ => format!("@{offset}"),
                                }
                            }
                            Operand::Local(k) => format!("local@{}", step.locals[k].0),
                            other => given(other),
                        })?;
                    }
                }
                Stage::Whole(steps) if steps.is_empty() => {}
                Stage::Whole(steps) => {
                    writeln!(f, "stage {i}: whole")?;
                    for step in steps {
                        self.whole(f, step)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn given(operand: Operand) -> String {
    match operand {
        Operand::Feed(i) => format!("feed {i}"),
        Operand::State(i) => format!("state {i}"),
        Operand::InPlace(i) => format!("output {i} as it was"),
        _ => "nothing".to_owned(),
    }
}

fn at(place: Place) -> String {
    format!("@{}", place.0)
}

impl Plan {
    fn whole(&self, f: &mut fmt::Formatter<'_>, whole: &Whole) -> fmt::Result {
        match whole {
            Whole::Op { step, ranges } => self.step(f, step, |operand| match operand {
                Operand::Range(k) => at(ranges[k]),
                other => given(other),
            }),
            Whole::SumParts {
                parts, from, to, ..
            } => writeln!(f, "  {} = sum of {parts} parts@{}", at(*to), from.0),
            Whole::Exchange(pairs) => {
                for (from, to) in pairs {
                    writeln!(f, "  state {to} = state {from} as it was")?;
                }
                Ok(())
            }
            Whole::Store { from, range, state } => {
                let from = match from {
                    Operand::Range(_) => at(*range),
                    other => given(*other),
                };
                writeln!(f, "  state {state} = {from}")
            }
        }
    }

    fn step(
        &self,
        f: &mut fmt::Formatter<'_>,
        step: &Step,
        place: impl Fn(Operand) -> String,
    ) -> fmt::Result {
        let node = &self.computation.graph.nodes()[step.node];
        write!(f, "  ")?;
        for (i, (operand, meta)) in step.outputs.iter().zip(&node.outputs).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{} {meta:?}", place(*operand))?;
        }
        let fused = match &node.op {
            Op::Map(map) => format!(" of {} ops", map.operations),
            Op::MatMul(m) => epilogue(m.bias, m.relu),
            Op::Conv2D(c) => epilogue(c.bias, c.relu),
            _ => String::new(),
        };
        write!(f, " = {}{fused}(", node.op.name())?;
        for (i, (operand, meta)) in step.inputs.iter().zip(&step.input_metas).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{} {meta:?}", place(*operand))?;
        }
        let space = if node.path.is_empty() { "" } else { "  " };
        writeln!(f, "){space}{}", node.path)
    }
}

fn epilogue(bias: bool, relu: bool) -> String {
    match (bias, relu) {
        (true, true) => " + bias, ReLU",
        (true, false) => " + bias",
        (false, true) => ", ReLU",
        (false, false) => "",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{Computation, Mode, compile};
    use crate::autodiff;
    use crate::error::Result;
    use crate::graph::Graph;

    #[test]
    fn a_plan_reads_as_what_it_does() -> Result<()> {
        let mut g = Graph::new();
        let x = g.feed("x", [40, 3], true)?;
        let (w, b) = (g.state(0, [3, 2])?, g.state(1, [2])?);
        let y = g.matmul(x, w)?;
        let y = g.add(y, b)?;
        let y = g.relu(y)?;
        let y = g.square(y)?;
        let loss = g.mean_all(y)?;
        let grads = autodiff::gradients(&mut g, loss, &[w, b])?;
        let mut updates = Vec::new();
        for (state, (old, grad)) in [w, b].into_iter().zip(grads).enumerate() {
            let step = g.scale(grad, 0.1)?;
            updates.push((state, g.sub(old, step)?));
        }
        let computation = Computation {
            graph: g,
            batch: 40,
            outputs: vec![loss],
            updates,
            guards: vec![loss],
        };
        let plan = compile(&computation, Mode::Fast)?;
        let want = "\
plan for a batch of 40: 768 bytes shared, 128 a thread
stage 1: tasks of 3 rows, 3 at a time
  local@0 float32[40, 2] = MatMul + bias, ReLU(feed 0 float32[40, 3], state 0 float32[3, 2], state 1 float32[2])
  local@64 float32[40, 2] = Map of 1 ops(local@0 float32[40, 2])
  parts@512 float32[] = Reduce(local@64 float32[40, 2])
  local@64 float32[40, 2] = Map of 4 ops(local@0 float32[40, 2])
  parts@384 float32[2] = Reduce(local@64 float32[40, 2])
  parts@0 float32[3, 2] = MatMulTn(feed 0 float32[40, 3], local@64 float32[40, 2])
stage 2: whole
  @704 = sum of 14 parts@512
  @640 = sum of 14 parts@384
  @576 = sum of 14 parts@0
  @0 float32[] = Map of 1 ops(@704 float32[])
commit, if the guards are finite
stage 4: whole
  state 0 float32[3, 2] = Map of 2 ops(@576 float32[3, 2], output 0 as it was float32[3, 2])
  state 1 float32[2] = Map of 2 ops(@640 float32[2], output 0 as it was float32[2])
";
        assert_eq!(plan.to_string(), want);
        Ok(())
    }
}
