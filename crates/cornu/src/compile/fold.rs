//! Pass: in a network that is only used, what multiplies and shifts a product's channels goes into its kernel and bias.
//!
//! A batch normalisation with fixed statistics is a factor and a term for each channel: `f·(x ∗ w + b) + t = x ∗ (f·w) +
//! (f·b + t)`. The kernel on the right follows from states alone, so it is computed once for their values
//! ([`prepare`](super::prepare)), and the normalisation costs nothing. Zeros around an image become the convolution's own padding, or
//! the pooling's where nothing is less than 0. A ReLU that waits behind a pooling goes back to the product, which applies it in registers:
//! one image through a small network would spend a tenth of its time on two such passes of their own.

use super::computation::{Computation, copy};
use super::prepare::Fixed;
use crate::error::Result;
use crate::graph::ops::{Binary, BinaryKind, Conv2D, MatMul, MaxPool, Op, Unary, UnaryKind};
use crate::graph::{Graph, Node, Value};

/// The computation with factors, terms and zeros inside the products and poolings.
pub(super) fn run(c: &Computation) -> Result<Computation> {
    let uses = c.uses();
    let once = |v: Value| uses[v.index()][v.output as usize] == 1;
    let mut fixed = Fixed::default();
    let folded = c.rewrite(|g, _, node, inputs| {
        fixed.follow(g);
        let y = match &node.op {
            Op::Binary(Binary {
                kind: BinaryKind::Mul,
            }) => {
                let orders = [(0, 1), (1, 0)]
                    .into_iter()
                    .filter(|o| once(node.inputs[o.0]));
                let mut orders = orders.map(|(x, f)| (inputs[x], inputs[f]));
                orders.find_map(|(x, f)| scaled(g, &mut fixed, x, f).transpose())
            }
            Op::Binary(Binary {
                kind: BinaryKind::Add,
            }) => {
                let orders = [(0, 1), (1, 0)]
                    .into_iter()
                    .filter(|o| once(node.inputs[o.0]));
                let mut orders = orders.map(|(x, t)| (inputs[x], inputs[t]));
                orders.find_map(|(x, t)| shifted(g, &mut fixed, x, t).transpose())
            }
            Op::Unary(Unary {
                kind: UnaryKind::Relu,
            }) if once(node.inputs[0]) => before_pooling(g, inputs[0]).transpose(),
            _ => None,
        };
        let y = match y {
            Some(y) => vec![y?],
            None => unpadded(g, node, &inputs).unwrap_or_else(|| copy(g, node, inputs)),
        };
        Ok(Some(y))
    })?;
    Ok(super::cse::run(&folded))
}

/// Whether a value is one number for each channel of another, and follows from states alone.
fn by_channel(g: &Graph, fixed: &mut Fixed, of: Value, v: Value) -> bool {
    fixed.follow(g);
    g.shape(of)
        .last()
        .is_some_and(|c| g.shape(v).axes() == [*c])
        && fixed.is(v)
}

/// The operands of an addition of a number for each channel.
fn sum(g: &Graph, fixed: &mut Fixed, y: Value) -> Option<(Value, Value)> {
    let node = g.node(y);
    let Op::Binary(Binary {
        kind: BinaryKind::Add,
    }) = node.op
    else {
        return None;
    };
    let (a, b) = (node.inputs[0], node.inputs[1]);
    let mut orders = [(a, b), (b, a)].into_iter();
    orders.find(|&(x, t)| by_channel(g, fixed, x, t))
}

/// `f·(x ∗ w + b)` as `x ∗ (f·w) + f·b`.
fn scaled(g: &mut Graph, fixed: &mut Fixed, x: Value, f: Value) -> Result<Option<Value>> {
    if !by_channel(g, fixed, x, f) {
        return Ok(None);
    }
    let (product, term) = match sum(g, fixed, x) {
        Some((product, term)) => (product, Some(term)),
        None => (x, None),
    };
    let node = g.node(product).clone();
    let plain = matches!(
        node.op,
        Op::Conv2D(Conv2D {
            bias: false,
            relu: false,
            ..
        }) | Op::MatMul(MatMul {
            bias: false,
            relu: false,
            ..
        })
    );
    if !plain || !fixed.is(node.inputs[1]) {
        return Ok(None);
    }
    let w = g.mul(node.inputs[1], f)?;
    let y = g.push_checked(node.op, vec![node.inputs[0], w], node.outputs, node.path);
    match term {
        Some(term) => {
            let term = g.mul(term, f)?;
            g.add(y, term).map(Some)
        }
        None => Ok(Some(y)),
    }
}

/// `(x + b) + t` as `x + (b + t)`.
fn shifted(g: &mut Graph, fixed: &mut Fixed, x: Value, t: Value) -> Result<Option<Value>> {
    if !by_channel(g, fixed, x, t) {
        return Ok(None);
    }
    let Some((x, b)) = sum(g, fixed, x) else {
        return Ok(None);
    };
    let term = g.add(b, t)?;
    g.add(x, term).map(Some)
}

/// The largest of some ReLUs for the ReLU of the largest, where a product can apply them.
fn before_pooling(g: &mut Graph, pooled: Value) -> Result<Option<Value>> {
    let node = g.node(pooled).clone();
    let Op::MaxPool(_) = node.op else {
        return Ok(None);
    };
    let image = node.inputs[0];
    let product = match &g.node(image).op {
        Op::Binary(Binary {
            kind: BinaryKind::Add,
        }) => g.node(image).inputs[0],
        _ => image,
    };
    let Op::Conv2D(_) = g.node(product).op else {
        return Ok(None);
    };
    let image = g.relu(image)?;
    let y = g.push_checked(node.op, vec![image], node.outputs, node.path);
    Ok(Some(y))
}

/// The op without the zeros that were put around its image.
fn unpadded(g: &mut Graph, node: &Node, inputs: &[Value]) -> Option<Vec<Value>> {
    let mut image = *inputs.first()?;
    if g.shape(image).rank() != 4 {
        return None;
    }
    let mut padding = [(0, 0); 2];
    while let Op::Pad(pad) = &g.node(image).op
        && (1..3).contains(&pad.axis)
    {
        let (before, after) = &mut padding[pad.axis - 1];
        *before += pad.before;
        *after += pad.after;
        image = g.node(image).inputs[0];
    }
    if padding == [(0, 0); 2] {
        return None;
    }
    let op: Op = match &node.op {
        Op::Conv2D(conv) if conv.convolution.lhs_dilation == [1, 1] => {
            let mut conv = *conv;
            for (own, more) in conv.convolution.padding.iter_mut().zip(padding) {
                own.0 = own.0.checked_add_unsigned(more.0)?;
                own.1 = own.1.checked_add_unsigned(more.1)?;
            }
            conv.into()
        }
        Op::MaxPool(pool) if at_least_zero(g, image) => {
            let mut window = pool.window;
            for (axis, more) in padding.into_iter().enumerate() {
                let own = &mut window.padding[axis];
                *own = (own.0 + more.0, own.1 + more.1);
                // Every window must still see a pixel.
                if own.0 >= window.size[axis] || own.1 >= window.size[axis] {
                    return None;
                }
            }
            MaxPool { window }.into()
        }
        _ => return None,
    };
    let mut operands = inputs.to_vec();
    operands[0] = image;
    let first = g.push_checked(op, operands, node.outputs.clone(), node.path.clone());
    let outputs = 0..node.outputs.len() as u32;
    Some(outputs.map(|output| Value { output, ..first }).collect())
}

fn at_least_zero(g: &Graph, v: Value) -> bool {
    matches!(
        g.node(v).op,
        Op::Unary(Unary {
            kind: UnaryKind::Relu
        })
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Plan, compile};
    use super::*;
    use crate::exec::executable::{Outcome, States, Workspace, run as run_plan};
    use crate::graph::ops::{Convolution, Window};
    use crate::tensor::Tensor;

    const PLAIN: Convolution = Convolution {
        strides: [1, 1],
        padding: [(0, 0); 2],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };

    /// What a plan does, and what each step has taken in.
    fn steps(plan: &Plan) -> Vec<(String, String)> {
        let listing = plan.listing();
        let steps = listing.stages.iter().flat_map(|s| &s.steps);
        steps.map(|s| (s.op.clone(), s.fused.join(", "))).collect()
    }

    /// Zeros, a convolution with a bias, a normalisation, a ReLU, zeros again, a pooling.
    fn network(g: &mut Graph) -> Result<Value> {
        let x = g.feed("x", [3, 6, 5, 2], true)?;
        let x = g.pad(x, 1, 2, 1)?;
        let x = g.pad(x, 2, 1, 1)?;
        let w = g.state(0, [3, 3, 2, 4])?;
        let y = g.conv2d(x, w, PLAIN)?;
        let (b, f, t) = (g.state(1, [4])?, g.state(2, [4])?, g.state(3, [4])?);
        let y = g.add(y, b)?;
        let y = g.mul(y, f)?;
        let y = g.add(y, t)?;
        let y = g.relu(y)?;
        let y = g.pad(y, 1, 1, 1)?;
        let window = Window {
            size: [3, 3],
            strides: [2, 2],
            padding: [(0, 0); 2],
        };
        g.push(MaxPool { window }.into(), vec![y])
    }

    #[test]
    fn a_relu_behind_a_pooling_joins_the_product_before_it() -> Result<()> {
        let mut g = Graph::new();
        let x = g.feed("x", [3, 6, 5, 2], true)?;
        let (w, b) = (g.state(0, [3, 3, 2, 4])?, g.state(1, [4])?);
        let y = g.conv2d(x, w, PLAIN)?;
        let y = g.add(y, b)?;
        let y = g.relu(y)?;
        let window = Window {
            size: [2, 2],
            strides: [2, 2],
            padding: [(0, 0); 2],
        };
        let y = g.max_pool(y, window)?;
        let c = Computation {
            graph: g,
            batch: 3,
            outputs: vec![y],
            ..Computation::default()
        };
        let plan = compile(&c, Mode::Fast)?;
        let want = [("Conv2D", "packed, bias, ReLU"), ("MaxPool", "")];
        assert_eq!(
            steps(&plan),
            want.map(|(op, fused)| (op.to_owned(), fused.to_owned()))
        );
        let plain = compile(&c, Mode::Traced)?;
        let (got, want) = (
            outputs(&plan, &mut states(0)?)?,
            outputs(&plain, &mut states(0)?)?,
        );
        assert!(want.contains(&0.0) && want.iter().any(|&y| y > 0.0));
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-5));
        Ok(())
    }

    fn computation() -> Result<Computation> {
        let mut graph = Graph::new();
        let y = network(&mut graph)?;
        Ok(Computation {
            graph,
            batch: 3,
            outputs: vec![y],
            ..Computation::default()
        })
    }

    fn states(seed: usize) -> Result<States> {
        let mut states = States::new();
        for (i, shape) in [vec![3, 3, 2, 4], vec![4], vec![4], vec![4]]
            .into_iter()
            .enumerate()
        {
            let n: usize = shape.iter().product();
            let x: Vec<f32> = (0..n)
                .map(|k| ((k * 7 + i + seed) % 11) as f32 / 5.0 - 1.0)
                .collect();
            states.push(&Tensor::new(shape, x)?)?;
        }
        Ok(states)
    }

    fn outputs(plan: &Plan, states: &mut States) -> Result<Vec<f32>> {
        let x: Vec<f32> = (0..180).map(|k| (k % 13) as f32 / 6.0 - 1.0).collect();
        let x = Tensor::new([3, 6, 5, 2], x)?;
        match run_plan(plan, &mut Workspace::new(), &[&x], states)? {
            Outcome::Done(y) => Ok(y[0].f32s()?.to_vec()),
            Outcome::Refused(_) => unreachable!("nothing is guarded"),
        }
    }

    #[test]
    fn a_normalised_convolution_is_one_step_and_follows_its_weights() -> Result<()> {
        let plan = compile(&computation()?, Mode::Fast)?;
        let want = [("Conv2D", "packed, bias, ReLU"), ("MaxPool", "")];
        assert_eq!(
            steps(&plan),
            want.map(|(op, fused)| (op.to_owned(), fused.to_owned()))
        );
        let plain = compile(&computation()?, Mode::Traced)?;
        let mut changed = states(0)?;
        for seed in 0..3 {
            // The second time through a changed state, which the plan must notice.
            let new = states(seed)?;
            for i in 0..new.len() {
                changed.get_mut(i).copy_from_slice(new.get(i));
            }
            for _ in 0..2 {
                let got = outputs(&plan, &mut changed)?;
                let want = outputs(&plain, &mut changed)?;
                let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
                assert!(got.iter().zip(&want).all(near), "{got:?}\n{want:?}");
            }
        }
        Ok(())
    }
}
