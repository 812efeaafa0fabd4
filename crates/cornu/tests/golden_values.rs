//! Losses and metrics against Keras's recorded values, and the messages about targets that do not fit.

// Tests tell what they leave out.
#![allow(clippy::print_stderr)]

#[path = "golden_values/cases.rs"]
mod cases;
#[path = "golden_values/functions.rs"]
mod functions;
#[path = "golden_values/messages.rs"]
mod messages;
#[path = "golden_values/program.rs"]
mod program;
#[path = "golden_values/registry.rs"]
mod registry;
#[path = "golden_values/schedules.rs"]
mod schedules;

use cases::{assert_close, cases, numbers, tensor};
use cornu::Tensor;
use cornu::autodiff::gradients;
use cornu::graph::Value;
use cornu::losses::{self, Loss};
use cornu::metrics::{self, Metric};
use program::Program;
use serde_json::{Map, Value as Json};

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}

/// Targets, in the type that the loss or metric wants.
fn targets(p: &mut Program, json: &Json, dtype: cornu::DType) -> Value {
    let fed = p.feed(tensor(json));
    p.graph.cast(fed, dtype).expect("numbers can be cast")
}

fn check_loss(name: &str, case: &Json, loss: &dyn Loss) {
    let mut p = Program::default();
    let y_true = targets(&mut p, &case["y_true"], loss.target_dtype());
    let y_pred = p.feed(tensor(&case["y_pred"]));
    let weight = case.get("sample_weight").map(|w| p.feed(tensor(w)));
    let g = &mut p.graph;
    let value = losses::value(loss, g, y_true, y_pred, None, None).expect(name);
    // TensorFlow's gradient of many numbers is that of their sum.
    let total = g.sum_all(value).expect(name);
    let grad = gradients(g, total, &[y_pred]).expect(name)[0];
    let mut wanted = vec![("grad_y_pred", grad)];
    if case.get("value").is_some() {
        wanted.push(("value", value));
    }
    if case.get("per_sample").is_some() {
        wanted.push(("per_sample", loss.call(g, y_true, y_pred).expect(name)));
    }
    if let Some(weight) = weight {
        let weighted = losses::value(loss, g, y_true, y_pred, Some(weight), None).expect(name);
        wanted.push(("value_weighted", weighted));
    }
    let values: Vec<Value> = wanted.iter().map(|w| w.1).collect();
    for (way, received) in p.run(&values) {
        for ((key, _), received) in wanted.iter().zip(received) {
            let what = format!("{name}: {key} by the {way}");
            assert_close(&what, &received, &numbers(&case[*key]), 1e-4);
        }
    }
}

#[test]
fn losses_are_those_of_keras() {
    let (mut checked, mut skipped) = (0, Vec::new());
    for (name, case) in cases("losses.json") {
        let class = case["loss"].as_str().expect("a case names its loss");
        if !losses::names().contains(&class) {
            skipped.push(name);
            continue;
        }
        let loss = losses::deserialize(class, object(&case["args"])).expect(&name);
        check_loss(&name, &case, &*loss);
        checked += 1;
    }
    eprintln!("{checked} loss cases checked; skipped, for want of the loss: {skipped:?}");
    assert!(checked >= 60, "only {checked} loss cases were found");
}

/// What a metric makes of a case's batches: its result after each.
fn gather(name: &str, case: &Json, metric: &dyn Metric, weighted: bool) -> Vec<Vec<f64>> {
    let batches = case["batches"].as_array().expect("a case has batches");
    let mut totals: Vec<Vec<Vec<f64>>> = Vec::new();
    let mut results: Vec<Vec<f64>> = vec![Vec::new(); 3];
    for batch in batches {
        let mut p = Program::default();
        // A mean has no targets.
        let y_true = match &batch["y_true"] {
            Json::Null => &batch["y_pred"],
            y => y,
        };
        let y_true = targets(&mut p, y_true, metric.target_dtype());
        let y_pred = targets(&mut p, &batch["y_pred"], cornu::DType::F32);
        let weight = weighted.then(|| p.feed(tensor(&batch["sample_weight"])));
        let sums = metric
            .accumulate(&mut p.graph, y_true, y_pred, weight)
            .expect(name);
        for (way, (_, received)) in p.run(&sums).into_iter().enumerate() {
            if totals.len() == way {
                totals.push(received);
            } else {
                let both = totals[way].iter_mut().zip(received);
                both.for_each(|(t, r)| t.iter_mut().zip(r).for_each(|(t, r)| *t += r));
            }
            results[way].extend(metric.results(&totals[way]));
        }
    }
    results
}

#[test]
fn metrics_are_those_of_keras() {
    let (mut checked, mut skipped) = (0, Vec::new());
    for (name, case) in cases("metrics.json") {
        let class = case["metric"].as_str().expect("a case names its metric");
        if !metrics::names().contains(&class) {
            skipped.push(name);
            continue;
        }
        let metric = metrics::deserialize(class, object(&case["args"])).expect(&name);
        let expected = numbers(&case["result_after_each"]);
        for results in gather(&name, &case, &*metric, false) {
            assert_close(&name, &results, &expected, 1e-4);
        }
        if let Some(expected) = case.get("result_weighted").filter(|r| !r.is_null()) {
            let expected = numbers(expected);
            for results in gather(&name, &case, &*metric, true) {
                let last = &results[results.len() - expected.len()..];
                assert_close(&format!("{name}, weighted"), last, &expected, 1e-4);
            }
        }
        checked += 1;
    }
    eprintln!("{checked} metric cases checked; skipped, for want of the metric: {skipped:?}");
    assert!(checked >= 60, "only {checked} metric cases were found");
}

/// The loss and its gradient with respect to scores, where the prediction is what `activation` makes of them.
fn from_scores(
    loss: &dyn Loss,
    y_true: Tensor,
    scores: &[f32],
    activation: Option<fn(&mut cornu::graph::Graph, Value) -> cornu::Result<Value>>,
) -> Vec<(&'static str, Vec<Vec<f64>>)> {
    let mut p = Program::default();
    let n = y_true.shape()[0];
    let y_true = p.feed(y_true);
    let fed = Tensor::new([n, scores.len() / n], scores.to_vec()).expect("rows are full");
    let x = p.feed(fed);
    let g = &mut p.graph;
    let y_pred = activation.map_or(x, |f| f(g, x).expect("scores are floats"));
    let value = losses::value(loss, g, y_true, y_pred, None, None).expect("targets fit");
    let grad = gradients(g, value, &[x]).expect("a loss has gradients")[0];
    p.run(&[value, grad])
}

#[test]
fn a_prediction_straight_out_of_a_softmax_is_seen_by_its_scores() {
    // e^-200 is no float32: from the probabilities the loss would be cut off at 16.
    let scores = [200.0, 0.0, 0.0, 0.0, 1.0, 2.0];
    let labels = Tensor::new([2], vec![1, 2]).expect("two labels");
    let hot = Tensor::new([2, 3], vec![0.0f32, 1.0, 0.0, 0.0, 0.0, 1.0]).expect("two rows");
    let sparse = losses::SparseCategoricalCrossentropy::default();
    let dense = losses::CategoricalCrossentropy::default();
    let softmax: Option<fn(&mut _, _) -> _> = Some(cornu::graph::Graph::softmax);
    let second = (1.0 + (-1.0f64).exp() + (-2.0f64).exp()).ln();
    for (loss, y, scored) in [
        (
            &sparse as &dyn Loss,
            &labels,
            losses::deserialize("SparseCategoricalCrossentropy", from_logits()),
        ),
        (
            &dense as &dyn Loss,
            &hot,
            losses::deserialize("CategoricalCrossentropy", from_logits()),
        ),
    ] {
        let scored = scored.expect("the loss takes scores");
        let direct = from_scores(&*scored, y.clone(), &scores, None);
        for ((way, seen), (_, direct)) in from_scores(loss, y.clone(), &scores, softmax)
            .iter()
            .zip(direct)
        {
            assert_close(way, &seen[0], &[f64::midpoint(200.0, second)], 1e-6);
            assert_close(way, &seen[0], &direct[0], 1e-6);
            assert_close(way, &seen[1], &direct[1], 1e-6);
        }
    }
}

fn from_logits() -> Map<String, Json> {
    Map::from_iter([("from_logits".to_owned(), true.into())])
}

#[test]
fn a_prediction_straight_out_of_a_sigmoid_is_seen_by_its_scores() {
    let scores = [-150.0, 150.0, 0.5];
    let y = Tensor::new([3, 1], vec![1.0f32, 1.0, 0.0]).expect("three targets");
    let loss = losses::BinaryCrossentropy::default();
    let expected = (150.0 + 0.5f64.exp().ln_1p()) / 3.0;
    for (way, seen) in from_scores(&loss, y, &scores, Some(cornu::graph::Graph::sigmoid)) {
        assert_close(way, &seen[0], &[expected], 1e-6);
        let last = (0.5f64.exp() / (1.0 + 0.5f64.exp())) / 3.0;
        assert_close(way, &seen[1], &[-1.0 / 3.0, 0.0, last], 1e-6);
    }
}

#[test]
fn a_batch_of_which_nothing_counts_has_no_loss() {
    let loss = losses::SparseCategoricalCrossentropy::default().ignore_class(-1);
    let y = Tensor::new([2], vec![-1, -1]).expect("two labels");
    for (way, seen) in from_scores(&loss, y, &[0.2, 0.8, 0.5, 0.5], None) {
        assert_close(way, &seen[0], &[0.0], 0.0);
        assert_close(way, &seen[1], &[0.0; 4], 0.0);
    }
}

#[test]
fn weights_reach_every_place_of_their_sample() {
    // Two samples of three places: a weight of 0 leaves the second sample out of the metric, and of the sum of the loss.
    let mut p = Program::default();
    let y = p.feed(Tensor::new([2, 3], vec![0, 1, 1, 1, 0, 0]).expect("labels"));
    let rows = [
        0.9f32, 0.1, 0.2, 0.8, 0.7, 0.3, 0.6, 0.4, 0.5, 0.5, 0.1, 0.9,
    ];
    let x = p.feed(Tensor::new([2, 3, 2], rows.to_vec()).expect("predictions"));
    let w = p.feed(Tensor::new([2], vec![2.0f32, 0.0]).expect("weights"));
    let loss = losses::SparseCategoricalCrossentropy::default();
    let value = losses::value(&loss, &mut p.graph, y, x, Some(w), None).expect("shapes fit");
    let hits = metrics::SparseCategoricalAccuracy::default();
    let sums = hits
        .accumulate(&mut p.graph, y, x, Some(w))
        .expect("shapes fit");
    let expected = -2.0 * (0.9f64.ln() + 0.8f64.ln() + 0.3f64.ln()) / 6.0;
    for (way, seen) in p.run(&[value, sums[0], sums[1]]) {
        assert_close(way, &seen[0], &[expected], 1e-5);
        assert_close(way, &[hits.result(&seen[1..])], &[2.0 / 3.0], 1e-6);
    }
}
