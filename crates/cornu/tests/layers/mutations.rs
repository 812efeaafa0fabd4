//! Damaged configs: whatever stands in them, they are refused or work; nothing panics, and no memory is asked for.

use cornu::Shape;
use cornu::graph::{Graph, Meta, Value};
use cornu::layers::{Context, deserialize};
use serde_json::{Value as Json, json};

use crate::samples;

/// A small generator of numbers (Lehmer's), so that every run tries the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as usize % sides
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// How many configs are tried of each sample: so many, or as many as `CORNU_CASES` says, drawn otherwise then.
pub(crate) fn tries(usual: usize, seed: u64) -> (usize, Dice) {
    let wanted = std::env::var("CORNU_CASES").ok();
    match wanted.and_then(|n| n.parse::<usize>().ok()) {
        Some(n) => (n, Dice(seed + n as u64)),
        None => (usual, Dice(seed)),
    }
}

fn odd_values() -> Vec<Json> {
    vec![
        Json::Null,
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(-1),
        json!(-2),
        json!(256),
        json!(1_099_511_627_776_i64),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(0.5),
        json!(1.0),
        json!(-0.5),
        json!(1e300),
        json!(-1e300),
        json!(1e-300),
        json!(true),
        json!(false),
        json!(""),
        json!("same"),
        json!("channels_first"),
        json!("softmax"),
        json!("glu"),
        json!("no such thing"),
        json!([]),
        json!([2]),
        json!([1, 3]),
        json!([0, 2]),
        json!([-1, -1]),
        json!([null, 2]),
        json!([1_u64 << 62, 1_u64 << 62]),
        json!([1, 2, 3, 4]),
        json!({}),
        json!({ "class_name": "Orthogonal", "config": { "gain": "x" } }),
        json!({ "class_name": "L2", "config": { "l2": -1 } }),
        json!({ "class_name": 3 }),
    ]
}

/// Builds and calls a layer without drawing weights; tells how far it came.
pub(crate) fn attempt(class: &str, config: &Json, shapes: &[Shape]) -> Result<Shape, cornu::Error> {
    let layer = deserialize(class, config)?;
    let specs = layer.build(shapes)?;
    let mut g = Graph::new();
    let rng = Meta {
        shape: [4].into(),
        dtype: cornu::DType::I32,
    };
    let rng = g.feed_of(rng, false)?;
    let mut weights: Vec<Value> = Vec::new();
    for spec in &specs {
        spec.initializer.get()?;
        let shape = Shape::new(spec.shape.to_vec())?;
        weights.push(g.feed("w", shape, false)?);
    }
    let mut xs = Vec::new();
    for s in shapes {
        let mut axes = vec![2];
        axes.extend_from_slice(s);
        xs.push(g.feed("x", Shape::new(axes)?, true)?);
    }
    let mut updates = Vec::new();
    let y = layer.call(
        &mut Context::new(&mut g, true, &weights, rng, &mut updates),
        &xs,
    )?;
    Shape::new(g.shape(y).to_vec())
}

#[test]
fn damaged_configs_are_refused_or_work() {
    let (cases, mut dice) = tries(400, 20_260_101);
    let odd = odd_values();
    let (mut worked, mut refused) = (0, 0);
    for sample in samples::all() {
        let layer = deserialize(sample.class, &sample.config).expect("a valid sample");
        let full = layer.config();
        let keys: Vec<String> = full.keys().cloned().collect();
        for _ in 0..cases {
            let mut config = full.clone();
            for _ in 0..=dice.roll(2) {
                if !keys.is_empty() {
                    config.insert(dice.pick(&keys).clone(), dice.pick(&odd).clone());
                }
            }
            if dice.roll(20) == 0 {
                config.insert("unheard_of".to_owned(), json!(1));
            }
            let mut shapes = sample.inputs.clone();
            match dice.roll(4) {
                0 => shapes[0].push(*dice.pick(&[1, 2, 5])),
                1 => {
                    shapes[0].pop();
                }
                2 => shapes.push(vec![3]),
                _ => {}
            }
            let shapes: Vec<Shape> = shapes.into_iter().map(Shape::from).collect();
            match attempt(sample.class, &Json::Object(config), &shapes) {
                Ok(_) => worked += 1,
                Err(e) => {
                    assert!(e.is_user_mistake(), "{e}");
                    assert!(!e.message().is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(
        worked > 1000 && refused > 1000,
        "{worked} worked, {refused} refused"
    );
}
