//! Random configs that a person could have meant: each is refused when the layer is built, or makes one step of training whose numbers are
//! finite and whose output has the shape that use tells.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cornu::{Shape, layers};
use serde_json::{Value as Json, json};

use crate::check::{Call, inputs};
use crate::mutations::{attempt, tries};
use crate::samples;

/// What could stand in place of a value: something of its kind.
fn others(like: &Json) -> Vec<Json> {
    match like {
        Json::Bool(_) => vec![json!(true), json!(false)],
        Json::Number(n) if n.is_f64() => vec![0.1, 0.25, 0.5, 0.9, 1.0, 1.5, 2.0]
            .into_iter()
            .map(Json::from)
            .collect(),
        Json::Number(_) => vec![-2, -1, 1, 2, 3, 4, 5, 6]
            .into_iter()
            .map(Json::from)
            .collect(),
        Json::Array(a) if !a.is_empty() && a.iter().all(Json::is_number) => {
            let one = others(&a[0]);
            one.iter()
                .take(4)
                .map(|x| Json::Array(vec![x.clone(); a.len()]))
                .collect()
        }
        Json::String(_) => [
            "same", "valid", "causal", "relu", "tanh", "softmax", "linear", "sum", "mul", "concat",
        ]
        .into_iter()
        .map(Json::from)
        .collect(),
        _ => vec![like.clone()],
    }
}

#[test]
fn random_configs_are_refused_or_make_one_finite_step() {
    let (cases, mut dice) = tries(12, 20_261_125);
    let (mut stepped, mut refused, mut failures) = (0, 0, Vec::new());
    for sample in samples::all() {
        let layer = layers::deserialize(sample.class, &sample.config).expect("a valid sample");
        let full = layer.config();
        let keys: Vec<String> = full.keys().cloned().collect();
        if keys.is_empty() {
            continue;
        }
        let shapes: Vec<Shape> = sample.inputs.iter().map(|s| Shape::from(&s[..])).collect();
        for _ in 0..cases {
            let mut config = full.clone();
            for _ in 0..=dice.roll(2) {
                let key = dice.pick(&keys).clone();
                let value = dice.pick(&others(&full[&key])).clone();
                config.insert(key, value);
            }
            let config = Json::Object(config);
            let what = format!("{} {config}", sample.class);
            let tried = catch_unwind(AssertUnwindSafe(|| {
                let Ok(layer) = layers::deserialize(sample.class, &config) else {
                    return Ok(false);
                };
                // What fits whole numbers alone is found out by the call.
                if attempt(sample.class, &config, &shapes).is_err() {
                    return Ok(false);
                }
                let in_use = Call::new(&*layer, inputs(&sample, 2), false, 0);
                let call = Call::new(&*layer, inputs(&sample, 2), true, 0);
                if in_use.output != call.output {
                    return Err(format!(
                        "{} in use, {} in training",
                        in_use.output, call.output
                    ));
                }
                let results = call.run();
                if results[0].shape() != &call.output {
                    return Err(format!("{} instead of {}", results[0].shape(), call.output));
                }
                for (i, t) in results.iter().enumerate() {
                    if let Some(x) = t
                        .f32s()
                        .ok()
                        .and_then(|t| t.iter().find(|x| !x.is_finite()))
                    {
                        return Err(format!("value {i} holds {x}"));
                    }
                }
                Ok(true)
            }));
            match tried {
                Ok(Ok(true)) => stepped += 1,
                Ok(Ok(false)) => refused += 1,
                Ok(Err(e)) => failures.push(format!("{what}: {e}")),
                Err(_) => failures.push(format!("{what}: built, but could not make a step")),
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(
        stepped > 500 && refused > 100,
        "{stepped} stepped, {refused} refused"
    );
}
