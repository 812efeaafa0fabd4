//! The harness of every op's cases: shape rule, fast plans, gradients, threads, and instruction levels against the reference.

use cornu_kernels::Level;

use super::input::Source;
use super::{Array, Graph, Op};
use crate::autodiff;
use crate::compile::{Computation, Mode, Plan, compile};
use crate::error::Result;
use crate::exec::executable::{self, Outcome, States, Workspace};
use crate::exec::interpreter;
use crate::graph::{Meta, Value, check};
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

/// What a case's operands are filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fill {
    /// Floats in -2..2, away from every multiple of one half: no kink or jump of an elementwise function is near.
    Mixed,
    /// Floats between two bounds.
    Between(f32, f32),
    /// Whole numbers `low..high`.
    Whole(i32, i32),
    /// Floats far from each other, in random order: no tie, and no change of order within a finite difference.
    Distinct,
    /// Whole floats of few values: many ties.
    Ties,
}

/// What a case's graph is made with: feeds that know how to fill themselves.
pub(crate) struct Scene {
    pub(crate) g: Graph,
    pub(crate) batch: usize,
    fills: Vec<Fill>,
}

impl Scene {
    fn new(batch: usize) -> Self {
        Self {
            g: Graph::new(),
            batch,
            fills: Vec::new(),
        }
    }

    fn operand(&mut self, shape: Vec<usize>, fill: Fill, batched: bool) -> Result<Value> {
        let dtype = match fill {
            Fill::Whole(..) => DType::I32,
            _ => DType::F32,
        };
        self.fills.push(fill);
        let shape = Shape::from(shape);
        self.g.feed_of(Meta { shape, dtype }, batched)
    }

    /// An operand without batch axis.
    pub(crate) fn fixed(&mut self, shape: &[usize], fill: Fill) -> Result<Value> {
        self.operand(shape.to_vec(), fill, false)
    }

    /// An operand with the batch in front of `row`.
    pub(crate) fn batched(&mut self, row: &[usize], fill: Fill) -> Result<Value> {
        let mut shape = vec![self.batch];
        shape.extend_from_slice(row);
        self.operand(shape, fill, true)
    }
}

type Build = Box<dyn Fn(&mut Scene) -> Result<Value>>;

/// One use of an op, with operands.
pub(crate) struct Case {
    name: String,
    build: Build,
    smooth: bool,
    once: bool,
    tolerance: f64,
}

/// A case from a closure that makes the graph.
pub(crate) fn case(
    name: impl Into<String>,
    build: impl Fn(&mut Scene) -> Result<Value> + 'static,
) -> Case {
    Case {
        name: name.into(),
        build: Box::new(build),
        smooth: true,
        once: false,
        tolerance: 2e-5,
    }
}

/// A case of operands that are rounded: its steps are beyond finite differences, and its gradients those of what is not rounded.
pub(crate) fn rounded(case: Case) -> Case {
    case.not_smooth()
}

impl Case {
    /// Allows an error so much larger than that of a plain sum of products.
    pub(crate) fn rounding(mut self, times: f64) -> Self {
        self.tolerance *= times;
        self
    }

    /// Leaves out finite differences, at points where the op has none.
    pub(crate) fn not_smooth(mut self) -> Self {
        self.smooth = false;
        self
    }

    /// Says that the gradient has none of its own, and is to be refused when asked for it.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

/// A sequence of random numbers that a name decides.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(name: &str) -> Self {
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        }))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 32) as usize % n
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// A tensor of the shape, filled.
    pub(crate) fn tensor(&mut self, shape: &Shape, fill: Fill) -> Tensor {
        let n = shape.elements();
        let data: Data = match fill {
            Fill::Mixed => (0..n)
                .map(|_| (self.below(8) as f32 - 4.0 + 0.15 + 0.7 * self.unit()) * 0.5)
                .collect::<Vec<f32>>()
                .into(),
            Fill::Between(low, high) => (0..n)
                .map(|_| low + (high - low) * self.unit())
                .collect::<Vec<f32>>()
                .into(),
            Fill::Whole(low, high) => (0..n)
                .map(|_| low + self.below((high - low) as usize) as i32)
                .collect::<Vec<i32>>()
                .into(),
            Fill::Distinct => {
                let mut order: Vec<usize> = (0..n).collect();
                for i in (1..n).rev() {
                    order.swap(i, self.below(i + 1));
                }
                let place = |k: usize| (k as f32 + 0.5) / n as f32 * 4.0 - 2.0;
                order.into_iter().map(place).collect::<Vec<f32>>().into()
            }
            Fill::Ties => (0..n)
                .map(|_| self.below(3) as f32 - 1.0)
                .collect::<Vec<f32>>()
                .into(),
        };
        Tensor::new(shape.clone(), data).expect("as many elements as the shape has")
    }
}

/// The feeds of a graph in order, filled.
fn fill(scene: &Scene, chance: &mut Chance) -> Vec<Tensor> {
    let inputs = scene.g.nodes().iter().filter_map(|n| match &n.op {
        Op::Input(input) if matches!(input.source, Source::Feed(_)) => Some(&input.meta.shape),
        _ => None,
    });
    inputs
        .zip(&scene.fills)
        .map(|(shape, &fill)| chance.tensor(shape, fill))
        .collect()
}

fn floats(t: &Tensor) -> Vec<f64> {
    Array::from(t).data
}

fn bits(t: &Tensor) -> Vec<u32> {
    match t.data() {
        Data::F32(x) => x.iter().map(|x| x.to_bits()).collect(),
        Data::I32(x) => x.iter().map(|&x| x as u32).collect(),
        Data::U8(x) => x.iter().map(|&x| u32::from(x)).collect(),
    }
}

/// Panics unless both agree; what is compared is told by `what`.
pub(crate) fn assert_close(what: &str, got: &Tensor, want: &Array, tolerance: f64) {
    assert_eq!(got.shape(), &want.shape, "{what}: shape");
    let scale = want.data.iter().filter(|x| x.is_finite());
    let scale = scale.fold(0.0, |m: f64, x| m.max(x.abs()));
    for (i, (g, w)) in floats(got).iter().zip(&want.data).enumerate() {
        let same = g == w || (g.is_nan() && w.is_nan());
        let close = (g - w).abs() <= tolerance * (1.0 + 0.1 * scale + w.abs());
        assert!(same || close, "{what}: element {i} is {g}, should be {w}");
    }
}

/// A run with `threads` threads, at an instruction level if one is given.
pub(crate) fn run_with(
    threads: usize,
    level: Option<Level>,
    plan: &Plan,
    feeds: &[&Tensor],
    states: &mut States,
) -> Vec<Tensor> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a few threads can be had");
    assert!(
        level.is_none() || threads == 1,
        "a level holds for one thread"
    );
    let outcome = pool.install(|| {
        let mut workspace = Workspace::new();
        let mut run = || executable::run(plan, &mut workspace, feeds, states);
        match level {
            Some(level) => cornu_kernels::with_level(level, run),
            None => run(),
        }
    });
    match outcome.expect("memory can be had") {
        Outcome::Done(outputs) => outputs,
        Outcome::Refused(guard) => panic!("guard {guard} is not finite"),
    }
}

/// Checks a case at one batch size.
fn check_batch(op: &str, case: &Case, batch: usize) -> Result<()> {
    let name = format!("{op}: {} (batch {batch})", case.name);
    let mut chance = Chance::of(&name);
    let mut scene = Scene::new(batch);
    let y = (case.build)(&mut scene)?;
    let given: Vec<Value> = (0..scene.g.nodes().len() as u32)
        .map(|node| Value { node, output: 0 })
        .filter(|&v| matches!(scene.g.node(v).op, Op::Input(_)) && scene.g.dtype(v) == DType::F32)
        .collect();
    let mut outputs = vec![y];
    if scene.g.dtype(y) == DType::F32 {
        // Σ y·r: a projection in which no element's gradient is hidden behind another's.
        let shape = scene.g.shape(y).to_vec();
        let r = scene.operand(shape.clone(), Fill::Mixed, shape.first() == Some(&batch))?;
        let projected = scene.g.mul(y, r)?;
        let first = scene.g.clone();
        let grads = autodiff::gradients(&mut scene.g, projected, &given)?;
        let mut sum = scene.g.constant(0.0)?;
        for &dx in &grads {
            let shape = scene.g.shape(dx).to_vec();
            let r = scene.operand(shape.clone(), Fill::Mixed, shape.first() == Some(&batch))?;
            let projected = scene.g.mul(dx, r)?;
            let part = scene.g.sum_all(projected)?;
            sum = scene.g.add(sum, part)?;
        }
        let second = scene.g.clone();
        outputs.extend(&grads);
        let again = autodiff::gradients(&mut scene.g, sum, &given);
        if case.once {
            let refused = again.expect_err("a gradient without one of its own");
            assert!(
                refused.message().contains("gradient of its own"),
                "{refused}"
            );
        } else {
            outputs.extend(again?);
        }
        // Gradients from ones: what is not batched meets what is.
        outputs.extend(autodiff::gradients(&mut scene.g, y, &given)?);
        if case.smooth && batch == 2 {
            let feeds: Vec<Array> = fill(&scene, &mut Chance::of(&name))
                .iter()
                .map(Array::from)
                .collect();
            let differences = [(&first, projected), (&second, sum)];
            let orders = if case.once { 1 } else { 2 };
            for (order, (graph, of)) in differences.into_iter().enumerate().take(orders) {
                check::at_point(graph, of, &given, feeds.clone(), vec![])
                    .unwrap_or_else(|e| panic!("{name}, derivative {}: {e}\n{graph}", order + 1));
            }
        }
    }
    let feeds = fill(&scene, &mut chance);
    let feeds: Vec<&Tensor> = feeds.iter().collect();
    let arrays: Vec<Array> = feeds.iter().map(|&t| Array::from(t)).collect();
    let values = interpreter::run(&scene.g, &arrays, &[]);
    for (node, values) in scene.g.nodes().iter().zip(&values) {
        assert_eq!(node.outputs.len(), values.len(), "{name}: {:?}", node.op);
        for (meta, value) in node.outputs.iter().zip(values) {
            assert_eq!(
                meta.shape, value.shape,
                "{name}: shape rule of {:?}",
                node.op
            );
        }
    }
    // Some ops are made by the passes alone.
    let holds = |g: &Graph| g.nodes().iter().any(|n| n.op.name() == op);
    let fast = |g: &Graph| -> Result<bool> {
        let computation = Computation {
            graph: g.clone(),
            batch,
            outputs: outputs.clone(),
            ..Computation::default()
        };
        Ok(holds(&compile(&computation, Mode::Fast)?.computation.graph))
    };
    let present = holds(&scene.g) || fast(&scene.g)?;
    assert!(present, "{name} has no {op}\n{}", scene.g);
    let computation = Computation {
        graph: scene.g,
        batch,
        outputs,
        ..Computation::default()
    };
    let want: Vec<&Array> = computation
        .outputs
        .iter()
        .map(|v| &values[v.index()][v.output as usize])
        .collect();
    for mode in [Mode::Fast, Mode::Traced] {
        let plan = compile(&computation, mode)?;
        let mut first: Option<Vec<Vec<u32>>> = None;
        for threads in [1, 2, 3] {
            let got = run_with(threads, None, &plan, &feeds, &mut States::new());
            for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                let what = format!("{name}, {mode:?}, output {i}");
                assert_close(&what, got, want, case.tolerance);
            }
            let got: Vec<Vec<u32>> = got.iter().map(bits).collect();
            let first = first.get_or_insert_with(|| got.clone());
            assert!(
                *first == got,
                "{name}, {mode:?}: {threads} threads give other bits"
            );
        }
    }
    let plan = compile(&computation, Mode::Fast)?;
    for level in Level::ALL.into_iter().filter(|l| l.is_available()) {
        let got = run_with(1, Some(level), &plan, &feeds, &mut States::new());
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            let what = format!("{name}, {}, output {i}", level.name());
            assert_close(&what, got, want, case.tolerance);
        }
    }
    Ok(())
}

/// Checks a case at several batch sizes, so that tasks and parts of them are uneven.
pub(crate) fn check_op(op: &str, case: &Case) {
    for batch in [1, 2, 5, 17, 33] {
        if let Err(e) = check_batch(op, case, batch) {
            panic!("{op}: {} (batch {batch}): {e}", case.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NAMES, all_cases};
    use super::*;
    use std::panic::AssertUnwindSafe;

    /// Ops without a case of their own, and why.
    const WITHOUT: &[(&str, &str)] = &[
        ("Input", "every case has some"),
        (
            "Map",
            "only the fusing pass makes it; every elementwise case runs as one",
        ),
        (
            "GradientStep",
            "only the pass of its name makes it, of a product and a map; its tests run it",
        ),
        (
            "GradientBound",
            "stands where a gradient step is, and is tested with it",
        ),
    ];

    #[test]
    fn every_op_has_a_case() {
        let cases = all_cases();
        for &name in NAMES {
            let excused = WITHOUT.iter().any(|(n, _)| *n == name);
            let has = cases.iter().any(|(n, c)| *n == name && !c.is_empty());
            assert!(
                has != excused,
                "{name}: has cases: {has}, excused: {excused}"
            );
        }
    }

    /// `CORNU_OPS=Sample,Pick` names the ops whose cases are wanted, while one works on them.
    #[test]
    fn every_case_holds() {
        let wanted = std::env::var("CORNU_OPS").ok();
        let is_wanted = |op: &str| match &wanted {
            Some(names) => names.split(',').any(|name| name == op),
            None => true,
        };
        let mut failed = Vec::new();
        for (op, cases) in all_cases().into_iter().filter(|(op, _)| is_wanted(op)) {
            for case in &cases {
                let held = std::panic::catch_unwind(AssertUnwindSafe(|| check_op(op, case)));
                if held.is_err() {
                    failed.push(format!("{op}: {}", case.name));
                }
            }
        }
        // What went wrong with each was told as it happened.
        assert!(failed.is_empty(), "{failed:#?}");
    }
}
