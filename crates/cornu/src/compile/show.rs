//! A plan in words: what runs after what, where each value lies, and which buffers stages share.

use std::fmt;

use super::listing::{BufferListing, PlanListing, ResultListing, StageListing, StepListing};
use super::plan::Plan;

/// Names of fused operations that are told one by one; of more, their number.
const TOLD: usize = 8;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listing().fmt(f)
    }
}

/// One line a step: the layer, the op with what is fused into it, its result, the result's place and bytes, and where it reads.
impl fmt::Display for PlanListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: usize = self.stages.iter().map(|s| s.steps.len()).sum();
        writeln!(
            f,
            "plan for a batch of {}: {steps} steps in {} stages, {}; {} shared, {} for each thread",
            self.batch,
            self.stages.len(),
            operations(self.flops),
            bytes(self.shared_bytes),
            bytes(self.thread_bytes)
        )?;
        for stage in &self.stages {
            head(f, stage)?;
            table(f, &stage.steps.iter().flat_map(rows).collect::<Vec<_>>())?;
        }
        if !self.buffers.is_empty() {
            writeln!(f, "\nshared buffers (█ written, ▒ kept, ░ read last)")?;
            let numbers: Vec<usize> = self.stages.iter().map(|s| s.number).collect();
            let buffers = self.buffers.iter();
            table(f, &buffers.map(|b| buffer(b, &numbers)).collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

fn head(f: &mut fmt::Formatter<'_>, stage: &StageListing) -> fmt::Result {
    if stage.guarded {
        writeln!(
            f,
            "\nhere the run ends if the loss or a gradient is not finite"
        )?;
    }
    write!(f, "\nstage {}: ", stage.number)?;
    match stage.cut {
        Some(cut) => {
            let plural = |n: usize| if n == 1 { "" } else { "s" };
            write!(
                f,
                "{} task{} of {} row{}, {} at once in {} of a thread's own",
                cut.tasks,
                plural(cut.tasks),
                cut.task_rows,
                plural(cut.task_rows),
                cut.rows_at_once,
                bytes(cut.thread_bytes)
            )?;
        }
        None => write!(f, "the whole batch")?,
    }
    writeln!(f, "; {}", operations(stage.flops))
}

/// A line for each result; what is told once stands in the first.
fn rows(step: &StepListing) -> Vec<[String; 7]> {
    let first = |i: usize, text: &str| {
        if i == 0 {
            text.to_owned()
        } else {
            String::new()
        }
    };
    let op = op(step);
    let reads = format!("← {}", step.reads.join(", "));
    let flops = match step.flops {
        0 => String::new(),
        n => operations(n),
    };
    let row = |(i, result): (usize, &ResultListing)| {
        let size = match result.bytes {
            0 => String::new(),
            n => bytes(n),
        };
        let shape: Vec<String> = result.shape.iter().map(ToString::to_string).collect();
        let dtype = match result.dtype.as_str() {
            "float32" => "",
            other => other,
        };
        [
            format!("  {}", first(i, &step.layer)),
            first(i, &op),
            format!("{dtype}[{}]", shape.join("×")),
            result.place.clone(),
            size,
            first(i, &flops),
            first(i, &reads),
        ]
    };
    step.results.iter().enumerate().map(row).collect()
}

fn op(step: &StepListing) -> String {
    match step.fused.len() {
        0 => step.op.clone(),
        1..=TOLD if step.op == "Map" => step.fused.join(" · "),
        1..=TOLD => format!("{} + {}", step.op, step.fused.join(", ")),
        n => {
            let told = step.fused[..TOLD - 2].join(" · ");
            format!("{told} … {n} in all")
        }
    }
}

/// The buffer's life, one sign for each stage.
fn buffer(buffer: &BufferListing, stages: &[usize]) -> [String; 7] {
    let ends = buffer.written.iter().chain(&buffer.read);
    let first = ends.clone().min().copied().unwrap_or(0);
    let last = ends.max().copied().unwrap_or(0);
    let sign = |&stage: &usize| match stage {
        s if buffer.written.contains(&s) => '█',
        s if s == last => '░',
        s if (first..last).contains(&s) => '▒',
        _ => '·',
    };
    let list = |stages: &[usize]| {
        let list: Vec<String> = stages.iter().map(ToString::to_string).collect();
        list.join(", ")
    };
    let read = match &buffer.read[..] {
        [] => "read when all is done".to_owned(),
        stages => format!("read in {}", list(stages)),
    };
    [
        format!("  {}", buffer.name),
        stages.iter().map(sign).collect(),
        bytes(buffer.bytes),
        format!("at {}", buffer.offset),
        if buffer.parts { "parts of a sum" } else { "" }.to_owned(),
        format!("written in {}", list(&buffer.written)),
        read,
    ]
}

/// Columns as wide as their widest cell.
fn table(f: &mut fmt::Formatter<'_>, rows: &[[String; 7]]) -> fmt::Result {
    let width = |c: usize| rows.iter().map(|r| r[c].chars().count()).max();
    let widths: [usize; 7] = std::array::from_fn(|c| width(c).unwrap_or(0));
    for row in rows {
        let cells = row.iter().zip(widths);
        let cells = cells.filter(|(_, width)| *width > 0);
        let cells: Vec<String> = cells.map(|(cell, w)| format!("{cell:w$}")).collect();
        writeln!(f, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

fn operations(count: u64) -> String {
    let value = count as f64;
    match count {
        0..1_000 => format!("{count} FLOP"),
        1_000..1_000_000 => format!("{:.1} kFLOP", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MFLOP", value / 1e6),
        _ => format!("{:.2} GFLOP", value / 1e9),
    }
}

fn bytes(count: usize) -> String {
    let value = count as f64;
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1024.0),
        _ => format!("{:.1} MiB", value / 1_048_576.0),
    }
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
plan for a batch of 40: 12 steps in 3 stages, 1.5 kFLOP; 768 B shared, 128 B for each thread

stage 1: 14 tasks of 3 rows, 3 at once in 128 B of a thread's own; 1.5 kFLOP
    MatMul + bias, ReLU      [40×2]  t+0   24 B   480 FLOP  ← feed 0, state 0, state 1
    square                   [40×2]  t+64  24 B   80 FLOP   ← t+0
    Reduce                   []      s4    56 B   80 FLOP   ← t+64
    mul · mul · gt · select  [40×2]  t+64  24 B   320 FLOP  ← t+0
    Reduce                   [2]     s3    112 B  80 FLOP   ← t+64
    MatMulTn                 [3×2]   s2    336 B  480 FLOP  ← feed 0, t+64

stage 2: the whole batch; 1 FLOP
    sum of 14 parts  []     s7  4 B           ← s4
    sum of 14 parts  [2]    s6  8 B           ← s3
    sum of 14 parts  [3×2]  s5  24 B          ← s2
    mul              []     s1  4 B   1 FLOP  ← s7

here the run ends if the loss or a gradient is not finite

stage 4: the whole batch; 16 FLOP
    mul · sub  [3×2]  state 0  24 B  12 FLOP  ← s5, state 0
    mul · sub  [2]    state 1  8 B   4 FLOP   ← s6, state 1

shared buffers (█ written, ▒ kept, ░ read last)
  s1  ·█·  4 B    at 0                    written in 2  read when all is done
  s2  █░·  336 B  at 0    parts of a sum  written in 1  read in 2
  s3  █░·  112 B  at 384  parts of a sum  written in 1  read in 2
  s4  █░·  56 B   at 512  parts of a sum  written in 1  read in 2
  s5  ·█░  24 B   at 576                  written in 2  read in 4
  s6  ·█░  8 B    at 640                  written in 2  read in 4
  s7  ·█·  4 B    at 704                  written in 2  read in 2
";
        assert_eq!(plan.to_string(), want);
        Ok(())
    }
}
