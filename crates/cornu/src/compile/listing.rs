//! What a plan does and needs, as plain data: stages, their steps, and the buffers that several stages share.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plan::{Operand, Place, Plan, Segment, Stage, Step, Use, Whole};
use crate::graph::ops::Packable;
use crate::graph::ops::input::Source;
use crate::graph::{Meta, Op};
use cornu_kernels::elementwise::Instr;

/// A plan, to be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanListing {
    /// Length of the batch axis.
    pub batch: usize,
    /// Floating-point operations of a run.
    pub flops: u64,
    /// Bytes of the buffers that all threads share.
    pub shared_bytes: usize,
    /// Bytes of the buffers that each thread has for itself.
    pub thread_bytes: usize,
    /// What runs, in order.
    pub stages: Vec<StageListing>,
    /// The buffers that stages hand each other, by offset.
    pub buffers: Vec<BufferListing>,
}

/// Steps after which all threads wait for each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageListing {
    /// By this number buffers tell when they live.
    pub number: usize,
    /// How the batch is cut; nothing where the steps run for all of it.
    pub cut: Option<Cut>,
    /// Whether the guards (loss and gradients are finite) are looked at before.
    pub guarded: bool,
    /// Floating-point operations.
    pub flops: u64,
    /// What runs, in order.
    pub steps: Vec<StepListing>,
}

/// How a stage cuts the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Tasks that threads take.
    pub tasks: usize,
    /// Rows of the batch in a task.
    pub task_rows: usize,
    /// Rows that go through all steps together.
    pub rows_at_once: usize,
    /// Bytes of a thread's own buffers here.
    pub thread_bytes: usize,
}

/// One op, or several fused into one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepListing {
    /// The path of the layer that asked for it.
    pub layer: String,
    /// What runs.
    pub op: String,
    /// What was fused into it.
    pub fused: Vec<String>,
    /// What comes out.
    pub results: Vec<ResultListing>,
    /// Where it reads: a feed, a state, what was prepared from states, a shared buffer "s1", or the thread's own at a byte, "t+0".
    pub reads: Vec<String>,
    /// Floating-point operations for the whole batch.
    pub flops: u64,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResultListing {
    /// The value's shape, for the whole batch.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub dtype: String,
    /// Where it is, as in [`StepListing::reads`].
    pub place: String,
    /// Bytes of that place; a thread's own buffer holds the rows that are worked on together.
    pub bytes: usize,
}

/// A buffer that all threads share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BufferListing {
    /// "s1" and so on, by offset.
    pub name: String,
    /// Its first byte among the shared ones. Buffers that do not live at the same time may lie over each other.
    pub offset: usize,
    /// How long it is.
    pub bytes: usize,
    /// Whether it holds one part of a sum for each task.
    pub parts: bool,
    /// The stages that write it.
    pub written: Vec<usize>,
    /// The stages that read it; none where it is handed back at the end of the run.
    pub read: Vec<usize>,
}

impl Plan {
    /// What the plan does and needs.
    pub fn listing(&self) -> PlanListing {
        Lister::new(self).run()
    }
}

struct Lister<'a> {
    plan: &'a Plan,
    buffers: BTreeMap<Place, BufferListing>,
}

impl<'a> Lister<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut lister = Self {
            plan,
            buffers: BTreeMap::new(),
        };
        for (number, stage) in plan.stages.iter().enumerate() {
            match stage {
                Stage::Segment(segment) => lister.note_segment(number, segment),
                Stage::Whole(steps) => steps.iter().for_each(|w| lister.note_whole(number, w)),
            }
        }
        for (i, buffer) in lister.buffers.values_mut().enumerate() {
            buffer.name = format!("s{}", i + 1);
        }
        lister
    }

    fn note(&mut self, place: Place, stage: usize, written: bool, parts: bool) {
        if place.1 == 0 {
            return;
        }
        let buffer = self.buffers.entry(place).or_insert_with(|| BufferListing {
            name: String::new(),
            offset: place.0,
            bytes: place.1,
            parts: false,
            written: Vec::new(),
            read: Vec::new(),
        });
        buffer.parts |= parts;
        let list = if written {
            &mut buffer.written
        } else {
            &mut buffer.read
        };
        if list.last() != Some(&stage) {
            list.push(stage);
        }
    }

    fn note_segment(&mut self, stage: usize, segment: &Segment) {
        for step in &segment.steps {
            for (operands, written) in [(&step.inputs, false), (&step.outputs, true)] {
                for operand in operands {
                    if let Operand::Range(k) | Operand::Written(k) = *operand {
                        let (place, how) = segment.ranges[k];
                        self.note(place, stage, written, matches!(how, Use::Parts { .. }));
                    }
                }
            }
        }
    }

    fn note_whole(&mut self, stage: usize, whole: &Whole) {
        match whole {
            Whole::Op { step, ranges } => {
                for (operands, written) in [(&step.inputs, false), (&step.outputs, true)] {
                    for operand in operands {
                        if let Operand::Range(k) = *operand {
                            self.note(ranges[k], stage, written, false);
                        }
                    }
                }
            }
            Whole::SumParts { from, to, .. } => {
                self.note(*from, stage, false, true);
                self.note(*to, stage, true, false);
            }
            Whole::Store {
                from: Operand::Range(_),
                range,
                ..
            } => self.note(*range, stage, false, false),
            Whole::Store { .. } | Whole::Exchange(_) => {}
        }
    }

    fn run(self) -> PlanListing {
        let stages = self.plan.stages.iter().enumerate();
        let stages = stages.map(|(number, stage)| {
            let (cut, steps) = match stage {
                Stage::Segment(segment) => self.segment(segment),
                Stage::Whole(steps) => (None, steps.iter().flat_map(|w| self.whole(w)).collect()),
            };
            StageListing {
                number,
                cut,
                guarded: number == self.plan.commit && !self.plan.guards.is_empty(),
                flops: steps.iter().map(|step: &StepListing| step.flops).sum(),
                steps,
            }
        });
        PlanListing {
            batch: self.plan.computation.batch,
            flops: self.plan.flops(),
            shared_bytes: self.plan.arena_bytes,
            thread_bytes: self.plan.local_bytes,
            stages: stages.filter(|s| !s.steps.is_empty()).collect(),
            buffers: self.buffers.values().cloned().collect(),
        }
    }

    fn segment(&self, segment: &Segment) -> (Option<Cut>, Vec<StepListing>) {
        let steps = segment.steps.iter().map(|step| {
            self.step(step, |operand| match operand {
                Operand::Range(k) | Operand::Written(k) => self.shared(segment.ranges[k].0),
                Operand::Local(k) => {
                    let (offset, row) = step.locals[k];
                    (format!("t+{offset}"), row * segment.chunk_rows)
                }
                other => self.given(other),
            })
        });
        let cut = Cut {
            tasks: self.plan.computation.batch.div_ceil(segment.task_rows),
            task_rows: segment.task_rows,
            rows_at_once: segment.chunk_rows,
            thread_bytes: segment.local_bytes,
        };
        (Some(cut), steps.collect())
    }

    fn whole(&self, whole: &Whole) -> Vec<StepListing> {
        let moved =
            |op: String, place: String, bytes: usize, meta: Option<&Meta>, from| StepListing {
                layer: String::new(),
                op,
                fused: Vec::new(),
                results: vec![ResultListing {
                    shape: meta.map(|m| m.shape.to_vec()).unwrap_or_default(),
                    dtype: meta.map_or_else(String::new, |m| m.dtype.to_string()),
                    place,
                    bytes,
                }],
                reads: vec![from],
                flops: 0,
            };
        match whole {
            Whole::Op { step, ranges } => vec![self.step(step, |operand| match operand {
                Operand::Range(k) => self.shared(ranges[k]),
                other => self.given(other),
            })],
            Whole::SumParts {
                node,
                parts,
                from,
                to,
            } => {
                let node = &self.plan.computation.graph.nodes()[*node];
                let (name, bytes) = self.shared(*to);
                let op = format!("sum of {parts} parts");
                let sum = moved(op, name, bytes, node.outputs.first(), self.shared(*from).0);
                vec![StepListing {
                    layer: node.path.to_string(),
                    ..sum
                }]
            }
            Whole::Exchange(pairs) => {
                let exchange = |&(from, to): &(usize, usize)| {
                    let name = |state| self.given(Operand::State(state)).0;
                    moved("take over".into(), name(to), 0, None, name(from))
                };
                pairs.iter().map(exchange).collect()
            }
            Whole::Store { from, range, state } => {
                let from = match from {
                    Operand::Range(_) => self.shared(*range).0,
                    other => self.given(*other).0,
                };
                let (state, bytes) = self.given(Operand::State(*state));
                vec![moved("store".into(), state, bytes, None, from)]
            }
        }
    }

    fn step(&self, step: &Step, place: impl Fn(Operand) -> (String, usize)) -> StepListing {
        let node = &self.plan.computation.graph.nodes()[step.node];
        let inputs: Vec<&Meta> = step.input_metas.iter().collect();
        let results = step.outputs.iter().zip(&node.outputs);
        let results = results.map(|(&operand, meta)| {
            let (place, bytes) = place(operand);
            ResultListing {
                shape: meta.shape.to_vec(),
                dtype: meta.dtype.to_string(),
                place,
                bytes,
            }
        });
        let reads = step.inputs.iter().map(|&operand| match operand {
            Operand::InPlace(k) => place(step.outputs[k]).0,
            other => place(other).0,
        });
        StepListing {
            layer: node.path.to_string(),
            op: match &node.op {
                Op::PackedProduct(packed) => packed.of.name(),
                op => op.name(),
            }
            .to_owned(),
            fused: fused(&node.op),
            results: results.collect(),
            reads: reads.collect(),
            flops: node.op.flops(&inputs, &node.outputs),
        }
    }

    fn shared(&self, place: Place) -> (String, usize) {
        let name = self.buffers.get(&place).map(|b| b.name.clone());
        (name.unwrap_or_else(|| "-".into()), place.1)
    }

    /// What comes from outside, with the path under which it was asked for.
    fn given(&self, operand: Operand) -> (String, usize) {
        let (what, number, source) = match operand {
            Operand::Feed(i) => ("feed", i, Source::Feed(i as u32)),
            Operand::State(i) => ("state", i, Source::State(i as u32)),
            Operand::Prepared(i) => ("prepared", i, Source::Prepared(i as u32)),
            _ => return ("-".into(), 0),
        };
        let mut nodes = self.plan.computation.graph.nodes().iter();
        let node = nodes.find(|n| matches!(&n.op, Op::Input(input) if input.source == source));
        let Some(node) = node else {
            return (format!("{what} {number}"), 0);
        };
        let meta = &node.outputs[0];
        let name = match &*node.path {
            "" | "optimizer" => format!("{what} {number}"),
            path => path.to_owned(),
        };
        (name, meta.shape.elements() * meta.dtype.size())
    }
}

/// What an op does besides its name, in order.
fn fused(op: &Op) -> Vec<String> {
    let told = |parts: &[(bool, &str)]| {
        let parts = parts.iter().filter(|p| p.0);
        parts.map(|p| p.1.to_owned()).collect()
    };
    match op {
        Op::MatMul(m) => told(&[(m.bf16, "bf16"), (m.bias, "bias"), (m.relu, "ReLU")]),
        Op::Conv2D(c) => told(&[(c.bf16, "bf16"), (c.bias, "bias"), (c.relu, "ReLU")]),
        Op::MatMulTn(m) => told(&[(m.bf16, "bf16")]),
        Op::Conv2DWeightGrad(w) => told(&[(w.bf16, "bf16")]),
        Op::PackedProduct(p) => {
            let mut all = vec!["packed".to_owned()];
            all.extend(fused(&match p.of {
                Packable::Conv2D(conv) => conv.into(),
                Packable::MatMul(product) => product.into(),
            }));
            all
        }
        Op::WinogradConv2D(w) => told(&[(w.of.bias, "bias"), (w.of.relu, "ReLU")]),
        Op::Map(map) => {
            let instructions = map.program.instrs().iter();
            let names = instructions.filter_map(|instruction| match instruction {
                Instr::Unary { op, .. } => Some(format!("{op:?}").to_lowercase()),
                Instr::Binary { op, .. } => Some(format!("{op:?}").to_lowercase()),
                Instr::Fma { .. } => Some("fma".into()),
                Instr::Select { .. } => Some("select".into()),
                Instr::Const { .. } | Instr::Load { .. } | Instr::Store { .. } => None,
            });
            names.collect()
        }
        Op::GradientStep(step) => fused(&step.map.clone().into()),
        _ => Vec::new(),
    }
}
