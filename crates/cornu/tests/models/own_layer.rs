//! Layers of one's own: weights, config, shape rule, losses, states; known by name, so that files can hold them.

use cornu::graph::Value;
use cornu::layers::{self, Base, Composed, Context, Scope, WeightSpec};
use cornu::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::{close, numbers};

/// `x · factor`, whose sum of squares is added to the loss, and which counts the batches it has seen.
#[derive(Clone, Debug)]
struct Counting {
    base: Base,
    penalty: f64,
}

impl Layer for Counting {
    fn class_name(&self) -> &'static str {
        "Counting"
    }
    fn base(&self) -> &Base {
        &self.base
    }
    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }
    fn config(&self) -> Map<String, Json> {
        Map::from_iter([("penalty".to_owned(), json!(self.penalty))])
    }
    fn build(&self, inputs: &[Shape]) -> cornu::Result<Vec<WeightSpec>> {
        Ok(vec![
            WeightSpec::new("factor", inputs[0].clone(), "ones"),
            WeightSpec::new("seen", [1], "zeros").state(),
        ])
    }
    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> cornu::Result<Value> {
        let (factor, seen) = (cx.weight(0), cx.weight(1));
        let y = cx.graph.mul(inputs[0], factor)?;
        let squares = cx.graph.square(y)?;
        let sum = cx.graph.sum_all(squares)?;
        let amount = cx.graph.scale(sum, self.penalty as f32)?;
        cx.add_loss(amount)?;
        let more = cx.graph.add_scalar(seen, 1.0)?;
        cx.update(1, more);
        Ok(y)
    }
    fn boxed(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

fn from_config(config: Map<String, Json>) -> cornu::Result<Box<dyn Layer>> {
    Ok(Box::new(Counting {
        base: Base::default(),
        penalty: config["penalty"].as_f64().unwrap_or(0.0),
    }))
}

fn model() -> cornu::Result<Model> {
    layers::register("Counting", from_config);
    let inner = Sequential::new()
        .input([3])
        .add(Counting {
            base: Base::default(),
            penalty: 0.5,
        })
        .build()?
        .named("inner");
    Sequential::new().input([3]).add(inner).build()
}

#[test]
fn what_layers_add_to_the_loss_is_trained_and_evaluated() -> cornu::Result<()> {
    let mut model = model()?;
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    let x = numbers(&[4, 3], 1);
    let sum: f32 = x.f32s()?.iter().map(|x| x * x).sum();
    let data = (x.clone(), x.clone());
    let score = model.evaluate(&data)?;
    assert!((score.get("loss").unwrap() - f64::from(0.5 * sum)).abs() < 1e-5);
    let (loss, gradients) = model.gradients(&data)?;
    assert!((loss - 0.5 * sum).abs() < 1e-5);
    // d/df ½ Σ (x f)² at f = 1 is Σ x² of each column; the squared error is at its minimum.
    let columns = (0..3).map(|c| {
        x.f32s()
            .unwrap()
            .iter()
            .skip(c)
            .step_by(3)
            .map(|x| x * x)
            .sum()
    });
    let expected = Tensor::new([3], columns.collect::<Vec<f32>>())?;
    assert!(close(&gradients[0].1, &expected));
    Ok(())
}

#[test]
fn states_live_from_batch_to_batch_in_use_too_and_begin_anew_when_told() -> cornu::Result<()> {
    let mut model = model()?;
    let seen = |m: &Model| {
        m.layer("inner/counting")
            .map(|l| l.weights()[1].f32s().unwrap()[0])
    };
    let x = numbers(&[4, 3], 1);
    let inputs = [x.clone()];
    model.predict_all(&inputs, 2)?;
    assert_eq!(seen(&model)?, 2.0);
    model.compile(SGD::new(0.1), MeanSquaredError::default(), [] as [&str; 0])?;
    let data = (x.clone(), x);
    model.fit(&data, Fit::epochs(3).batch_size(4))?;
    assert_eq!(seen(&model)?, 5.0);
    model.evaluate(&data)?;
    assert_eq!(seen(&model)?, 6.0);
    model.reset_states()?;
    assert_eq!(seen(&model)?, 0.0);
    assert_eq!(model.trainable_variables().len(), 1);
    Ok(())
}

#[test]
fn files_hold_layers_that_are_registered() -> cornu::Result<()> {
    let mut model = model()?;
    let path = std::env::temp_dir().join("cornu-test-own-layer.cornu");
    model.save(&path)?;
    let mut again = Model::load(&path)?;
    std::fs::remove_file(&path).ok();
    let x = numbers(&[4, 3], 2);
    assert_eq!(again.predict(&x)?, model.predict(&x)?);
    let e = layers::deserialize("Counting", &json!(3)).expect_err("no config");
    assert_eq!(
        e.message(),
        "the config of a Counting must be an object, received 3"
    );
    Ok(())
}

#[test]
fn a_fixed_batch_size_is_kept_and_another_refused() -> cornu::Result<()> {
    let mut model = Sequential::new()
        .input([3])
        .batch_size(2)
        .add(Dense::new(1))
        .build()?;
    assert!(model.to_json().contains(r#""batch_shape":[2,3]"#));
    let mut again = Model::from_json(&model.to_json())?;
    for model in [&mut model, &mut again] {
        let x = numbers(&[4, 3], 2);
        model.predict_all(std::slice::from_ref(&x), 2)?;
        let e = model.predict(&x).expect_err("four at once");
        assert_eq!(
            e.message(),
            "the model's batches have 2 samples, received 4"
        );
    }
    Ok(())
}

/// A whole model of one's own: a layer used twice, one that moves statistics, a weight, a loss, two outputs.
#[derive(Clone, Debug)]
struct Siamese {
    base: Base,
    units: usize,
}

impl Composed for Siamese {
    fn class_name(&self) -> &'static str {
        "Siamese"
    }
    fn base(&self) -> &Base {
        &self.base
    }
    fn base_mut(&mut self) -> &mut Base {
        &mut self.base
    }
    fn config(&self) -> Map<String, Json> {
        Map::from_iter([("units".to_owned(), json!(self.units))])
    }
    fn compose(&self, s: &mut Scope<'_, '_>, x: &[Value]) -> cornu::Result<Vec<Value>> {
        let encoder = Dense::new(self.units)
            .activation("tanh")
            .kernel_regularizer(cornu::regularizers::Regularizer::l2(0.01));
        let (a, b) = (
            s.apply("encoder", &encoder, x[0])?,
            s.apply("encoder", &encoder, x[1])?,
        );
        let norm = BatchNormalization::new();
        let a = s.apply("norm", &norm, a)?;
        let temperature = s.weight("temperature", [], "ones")?;
        let difference = s.graph().sub(a, b)?;
        let squares = s.graph().square(difference)?;
        let distance = s.graph().sum(squares, &[1], true)?;
        let distance = s.graph().mul(distance, temperature)?;
        let size = s.graph().square(temperature)?;
        s.add_loss(size)?;
        Ok(vec![distance, a])
    }
}

fn siamese(config: Map<String, Json>) -> cornu::Result<Box<dyn Layer>> {
    Ok(Box::new(Siamese {
        base: Base::default(),
        units: config["units"].as_u64().unwrap_or(1) as usize,
    }))
}

#[test]
fn a_model_of_ones_own_trains_and_survives_a_file() -> cornu::Result<()> {
    layers::register("Siamese", siamese);
    let (a, b) = (input([3]), input([3]));
    let base = Base::default();
    let [distance, seen] = Siamese { base, units: 4 }.on_all([&a, &b]);
    let mut model = Model::new([&a, &b], [&distance, &seen])?;
    assert_eq!(
        model.weight_paths(),
        [
            "functional/siamese/encoder/kernel",
            "functional/siamese/encoder/bias",
            "functional/siamese/norm/gamma",
            "functional/siamese/norm/beta",
            "functional/siamese/norm/moving_mean",
            "functional/siamese/norm/moving_variance",
            "functional/siamese/temperature",
        ]
    );
    let losses = Losses::new().of("siamese", MeanSquaredError::default());
    model.compile(Adam::new(0.05), losses, [] as [&str; 0])?;
    let data = (
        vec![numbers(&[8, 3], 1), numbers(&[8, 3], 2)],
        numbers(&[8, 1], 3),
    );
    let report = model.check_gradients(&data)?;
    assert!(report.passed(), "{report}");
    let before = model.weights();
    let history = model.fit(&data, Fit::epochs(20).batch_size(8))?;
    let losses = history.series("loss");
    assert!(losses[19] < 0.9 * losses[0], "{losses:?}");
    assert!(model.weights().iter().zip(&before).all(|(a, b)| a != b));
    let path = std::env::temp_dir().join("cornu-test-own-model.cornu");
    model.save(&path)?;
    let mut again = Model::load(&path)?;
    std::fs::remove_file(&path).ok();
    assert_eq!(
        again.predict_all(&data.0, 8)?,
        model.predict_all(&data.0, 8)?
    );
    Ok(())
}

/// A Lambda of Keras's holds code; ours holds an expression.
#[test]
fn code_in_a_file_is_refused() -> cornu::Result<()> {
    let keras = json!({ "name": "l", "function": { "class_name": "__lambda__", "config": { "code": "4wEA" } }, "arguments": {} });
    let e = layers::deserialize("Lambda", &keras).expect_err("code");
    assert!(
        e.message()
            .contains("holds Python code, which loading a file never runs"),
        "{e}"
    );
    assert!(
        e.help_text().expect("help").contains("Lambda::new(|x| ..)"),
        "{e}"
    );
    for (expression, message) in [
        (
            json!({ "op": "tahn", "of": [{ "input": 0 }] }),
            "unknown operation \"tahn\"",
        ),
        (
            json!({ "op": "add", "of": [1.0] }),
            "add is of 2 operands, received 1",
        ),
        (
            json!({ "op": "sum", "of": [{ "input": 0 }] }),
            "sum needs the argument axis",
        ),
        (
            json!("x"),
            "an expression is a number, an input or an operation, received \"x\"",
        ),
    ] {
        let e =
            layers::deserialize("Lambda", &json!({ "expression": expression })).expect_err(message);
        assert!(e.message().contains(message), "{e}");
    }
    let wrong = |write: &dyn Fn(layers::Expr) -> layers::Expr| {
        let model = Sequential::new()
            .input([3, 4])
            .add(Lambda::new(write))
            .build();
        model.expect_err("a mistake").to_string()
    };
    assert!(wrong(&|x| x + layers::Expr::input(1)).contains("reads input 1, the layer has 1"));
    assert!(wrong(&|x| x.sum(0, false)).contains("axis must be 1 to 2 or -2 to -1, received 0"));
    assert!(wrong(&|x| x.reshape([5])).contains("12 elements a sample cannot become [5]"));
    assert!(wrong(&|x| x.slice(1, 2, 2)).contains("slice leaves nothing"));
    assert!(wrong(&|_| layers::Expr::from(1.0)).contains("a layer must keep the batch axis"));
    let mut deep = layers::Expr::input(0);
    for _ in 0..20 {
        deep = &deep + &deep;
    }
    assert!(wrong(&|_| deep.clone()).contains("at most 10000 parts"));
    Ok(())
}
