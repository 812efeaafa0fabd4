//! Derivatives of small functions against what JAX computes in double precision.

use std::path::Path;

use cornu::autodiff::{batch_jacobian, gradients, hessian, hvp, jacobian, jvp, vjp};
use cornu::exec::compute;
use cornu::graph::{Graph, Value};
use cornu::prelude::*;
use serde_json::Value as Json;

struct Case(Json);

impl Case {
    fn all() -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/gradients.json");
        let text = std::fs::read_to_string(path).expect("the cases");
        let cases: Vec<Json> = serde_json::from_str(&text).expect("JSON");
        cases.into_iter().map(Self).collect()
    }

    fn named(name: &str) -> Self {
        let mut all = Self::all().into_iter();
        all.find(|c| c.0["name"] == name).expect("a case")
    }

    fn tensor(json: &Json) -> Tensor {
        let list = |key: &str| json[key].as_array().expect("a list");
        let shape: Vec<usize> = list("shape")
            .iter()
            .map(|n| n.as_u64().expect("a length") as usize)
            .collect();
        let numbers = list("numbers").iter();
        let numbers = numbers.map(|n| n.as_f64().expect("a number") as f32);
        Tensor::new(shape, numbers.collect::<Vec<_>>()).expect("sizes fit")
    }

    fn input(&self, name: &str) -> Tensor {
        Self::tensor(&self.0["inputs"][name])
    }

    fn check(&self, name: &str, ours: &Tensor) {
        let theirs = Self::tensor(&self.0["values"][name]);
        assert_eq!(ours.shape(), theirs.shape(), "{name}");
        let pairs = ours
            .f32s()
            .expect("floats")
            .iter()
            .zip(theirs.f32s().expect("floats"));
        for (i, (a, b)) in pairs.enumerate() {
            let near = (a - b).abs() <= 1e-5 + 1e-4 * b.abs();
            assert!(
                near,
                "{}, {name}, element {i}: {a}, in JAX {b}",
                self.0["name"]
            );
        }
    }
}

fn mixed(g: &mut Graph, x: Value) -> cornu::Result<Value> {
    let p = g.softmax(x)?;
    let t = g.tanh(x)?;
    let s = g.square(x)?;
    let n = g.neg(s)?;
    let e = g.exp(n)?;
    let q = g.mul(t, e)?;
    let pq = g.mul(p, q)?;
    let first = g.sum(pq, &[1], true)?;
    let sum = g.sum(q, &[1], true)?;
    let below = g.sum(s, &[1], true)?;
    let below = g.add_scalar(below, 1.0)?;
    let second = g.div(sum, below)?;
    g.concat(&[first, second], 1)
}

#[test]
fn products_and_jacobians() -> cornu::Result<()> {
    let case = Case::named("mixed");
    let inputs = [case.input("x"), case.input("v"), case.input("u")];
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let names = [
        "y",
        "gradient",
        "vjp",
        "jvp",
        "jacobian",
        "batch_jacobian",
        "hvp",
    ];
    let values = compute(&inputs, |g, at| {
        let [x, v, u] = [at[0], at[1], at[2]];
        let y = mixed(g, x)?;
        Ok([
            y,
            gradients(g, y, &[x])?[0],
            vjp(g, y, u, &[x])?[0],
            jvp(g, y, &[(x, v)])?,
            jacobian(g, y, x)?,
            batch_jacobian(g, y, x)?,
            hvp(g, y, x, v)?,
        ])
    })?;
    for (name, value) in names.iter().zip(&values) {
        case.check(name, value);
    }
    Ok(())
}

#[test]
fn second_and_third_derivatives() -> cornu::Result<()> {
    let case = Case::named("total");
    let (x, v) = (case.input("x"), case.input("v"));
    let values = compute(&[&x, &v], |g, at| {
        let [x, v] = [at[0], at[1]];
        // tanh(x) · roll(x, 1)²
        let last = g.slice(x, 1, 2, 1)?;
        let others = g.slice(x, 1, 0, 2)?;
        let rolled = g.concat(&[last, others], 1)?;
        let squares = g.square(rolled)?;
        let t = g.tanh(x)?;
        let terms = g.mul(t, squares)?;
        let y = g.sum_all(terms)?;
        let along = hvp(g, y, x, v)?;
        Ok([y, hessian(g, y, x)?, along, vjp(g, along, v, &[x])?[0]])
    })?;
    for (name, value) in ["y", "hessian", "hvp", "third"].iter().zip(&values) {
        case.check(name, value);
    }
    Ok(())
}

fn model(case: &Case) -> cornu::Result<Model> {
    let mut model = Sequential::new()
        .input([3])
        .add(Dense::new(4).activation("tanh"))
        .add(Dense::new(1).use_bias(false))
        .build()?;
    model.set_weights(&["w", "b", "v"].map(|name| case.input(name)))?;
    Ok(model)
}

/// A penalty on the slope of a model, differentiated for its weights; and how its outputs move with them.
#[test]
fn derivatives_of_models() -> cornu::Result<()> {
    let case = Case::named("network");
    let model = model(&case)?;
    let mut step = TrainStep::new(5, |t| {
        let x = t.input([3])?;
        let (dw, dv) = (t.given([3, 4])?, t.given([4, 1])?);
        let y = t.call(&model, x)?;
        let slope = t.gradients(y, &[x])?[0];
        let squares = t.square(slope)?;
        let length = t.sum(squares, &[1], false)?;
        let length = t.add_scalar(length, 1e-12)?;
        let length = t.sqrt(length)?;
        let beyond = t.add_scalar(length, -1.0)?;
        let beyond = t.square(beyond)?;
        let penalty = t.mean_all(beyond)?;
        let weights = t.weights(&model)?;
        let grads = t.gradients(penalty, &weights)?;
        let moves = jvp(t, y, &[(weights[0], dw), (weights[2], dv)])?;
        Ok((penalty, moves, grads))
    })?;
    let inputs = [case.input("x"), case.input("dw"), case.input("dv")];
    let (penalty, moves, grads) = step.run(&inputs.iter().collect::<Vec<_>>())?;
    case.check("penalty", &penalty);
    case.check("jvp", &moves);
    for (name, grad) in ["penalty_w", "penalty_b", "penalty_v"].iter().zip(&grads) {
        case.check(name, grad);
    }
    Ok(())
}

#[test]
fn gradients_of_ones_own() -> cornu::Result<()> {
    let case = Case::named("clipped");
    let x = case.input("x");
    let clipped = |g: &mut Graph, x: Value| {
        g.custom_gradient(
            &[x],
            |g, x| g.square(x[0]),
            |g, x, _, dy| {
                let twice = g.scale(x[0], 2.0)?;
                let dx = g.mul(twice, dy)?;
                Ok(vec![g.clip(dx, -0.5, 0.5)?])
            },
        )
    };
    let values = compute(&[&x], |g, at| {
        let x = at[0];
        let y = clipped(g, x)?;
        let thrice = g.scale(y, 3.0)?;
        let gradient = gradients(g, thrice, &[x])?[0];
        let first = gradients(g, y, &[x])?[0];
        let squares = g.square(first)?;
        let second = gradients(g, squares, &[x])?[0];
        let e = g.exp(x)?;
        let held = g.stop_gradient(e)?;
        let product = g.mul(held, x)?;
        Ok([y, gradient, second, gradients(g, product, &[x])?[0]])
    })?;
    for (name, value) in ["y", "gradient", "second", "stopped"].iter().zip(&values) {
        case.check(name, value);
    }
    let e = compute(&[&x], |g, x| {
        let y = g.custom_gradient(
            x,
            |g, x| g.square(x[0]),
            |g, _, _, dy| Ok(vec![g.sum_all(dy)?]),
        )?;
        Ok(gradients(g, y, x)?[0])
    })
    .expect_err("another shape");
    assert_eq!(
        e.message(),
        "a gradient of one's own should have the shapes [6] of its inputs, received []"
    );
    Ok(())
}

#[test]
fn sorting() -> cornu::Result<()> {
    for name in ["sorted", "sorted_deep", "sorted_row"] {
        let case = Case::named(name);
        let (x, v) = (case.input("x"), case.input("v"));
        let index: Vec<i32> = case
            .input("index")
            .f32s()?
            .iter()
            .map(|&i| i as i32)
            .collect();
        let index = Tensor::new(case.input("index").shape().to_vec(), index)?;
        let last = x.shape().rank() - 1;
        let values = compute(&[&x, &v, &index], |g, at| {
            let (x, v) = (at[0], at[1]);
            let sorted = g.sort(x, false)?;
            let order = g.arg_sort(x, false)?;
            let order = g.cast(order, DType::F32)?;
            let (top, places) = g.top_k(x, 3)?;
            let places = g.cast(places, DType::F32)?;
            let taken = g.take_along(x, at[2])?;
            let mut found = vec![sorted, order, top, places, taken];
            let squares = g.square(top)?;
            for y in [sorted, squares, taken] {
                let width = g.shape(y)[last];
                let share = g.slice(v, last, 0, width)?;
                let product = g.mul(y, share)?;
                found.push(gradients(g, product, &[x])?[0]);
            }
            Ok(found)
        })?;
        let names = [
            "sort",
            "argsort",
            "top",
            "top_indices",
            "taken",
            "sort_gradient",
            "top_gradient",
            "taken_gradient",
        ];
        for (name, value) in names.iter().zip(&values) {
            case.check(name, value);
        }
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> cornu::Result<()> {
    let (x, v) = (Tensor::zeros([3]), Tensor::zeros([2]));
    let e = compute(&[&x, &v], |g, at| {
        let y = g.square(at[0])?;
        jvp(g, y, &[(at[0], at[1])])
    });
    assert_eq!(
        e.expect_err("a direction of 2").message(),
        "a direction must have the shape [3] of what moves, received [2]"
    );
    let large = Tensor::zeros([5000]);
    let e = compute(&[&large], |g, x| {
        let y = g.square(x[0])?;
        jacobian(g, y, x[0])
    });
    assert!(
        e.expect_err("25 million")
            .help_text()
            .expect("help")
            .contains("jvp")
    );
    Ok(())
}
