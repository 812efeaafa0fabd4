//! Gradient descent in its three forms (all samples, some, one a step) and with four rules, on one small problem.
//!
//! Every form and rule fits the noisy parabola to a loss below 0.02; the table shows how many steps each took for it.
//! `cargo run --release --example gradient_descent`

// An example prints what it found.
#![allow(clippy::print_stdout)]

use cornu::optimizers::MomentumForm;
use cornu::prelude::*;

const SAMPLES: usize = 256;

/// `y = x²` with a little noise, for x between -1 and 1.
fn parabola() -> cornu::Result<(Tensor, Tensor)> {
    let x: Vec<f32> = (0..SAMPLES)
        .map(|i| i as f32 / (SAMPLES - 1) as f32 * 2.0 - 1.0)
        .collect();
    let noise = |i: usize| ((i * 7919 % 101) as f32 / 101.0 - 0.5) * 0.05;
    let y: Vec<f32> = x
        .iter()
        .enumerate()
        .map(|(i, x)| x * x + noise(i))
        .collect();
    Ok((Tensor::new([SAMPLES, 1], x)?, Tensor::new([SAMPLES, 1], y)?))
}

/// Epochs until the loss falls below 0.02, at most 500.
fn epochs_needed(optimizer: Box<dyn Optimizer>, batch: usize) -> cornu::Result<(usize, f64)> {
    let data = parabola()?;
    let mut model = Sequential::new()
        .input([1])
        .seed(7)
        .add(Dense::new(16).activation("tanh"))
        .add(Dense::new(1))
        .build()?;
    model.compile(optimizer, MeanSquaredError::default(), [] as [&str; 0])?;
    let good_enough = StopBelow(0.02);
    let fit = Fit::epochs(500).batch_size(batch).callback(good_enough);
    let history = model.fit(&data, fit)?;
    let loss = history
        .last()
        .and_then(|l| l.get("loss"))
        .unwrap_or(f64::NAN);
    Ok((history.epochs.len(), loss))
}

/// Stops once the loss of an epoch is below a number.
struct StopBelow(f64);

impl Callback for StopBelow {
    fn on_event(&mut self, _: &mut Model, event: &Event) -> cornu::Result<Action> {
        Ok(match event {
            Event::EpochEnd { logs, .. } if logs.get("loss") < Some(self.0) => Action::Stop,
            _ => Action::Continue,
        })
    }
}

/// Makes an optimizer anew for each training.
type Rule = fn() -> Box<dyn Optimizer>;

fn main() -> cornu::Result<()> {
    let rules: [(&str, Rule); 6] = [
        ("plain", || SGD::new(0.1).into()),
        ("momentum 0.9", || SGD::new(0.01).momentum(0.9).into()),
        ("averaged momentum", || {
            SGD::new(0.1)
                .momentum(0.9)
                .momentum_form(MomentumForm::Averaged)
                .into()
        }),
        ("Nesterov 0.9", || {
            SGD::new(0.01).momentum(0.9).nesterov(true).into()
        }),
        ("RMSprop", || RMSprop::new(0.01).into()),
        ("Adam", || Adam::new(0.02).into()),
    ];
    println!(
        "{:<20}{:>18}{:>18}{:>18}",
        "steps to loss 0.02", "all 256 a step", "32 a step", "1 a step"
    );
    for (name, rule) in rules {
        print!("{name:<20}");
        for batch in [SAMPLES, 32, 1] {
            let (epochs, loss) = epochs_needed(rule(), batch)?;
            let steps = epochs * SAMPLES / batch;
            let shown = if loss < 0.02 {
                steps.to_string()
            } else {
                format!("loss {loss:.3}")
            };
            print!("{shown:>18}");
        }
        println!();
    }
    Ok(())
}
