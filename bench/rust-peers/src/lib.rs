//! What every peer in Rust needs: the work loads, weights and samples by the formula of `cornu bench`, and the conversation with it.
//!
//! The formula is told at the head of `crates/cornu-cli/src/commands/bench/formula.rs`. Weights have Keras's names and layouts.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Instant;

use serde_json::{Value, json};

/// The values of an answer to `check`.
pub type Digests = BTreeMap<String, Vec<f64>>;

/// What a framework does for one work load.
pub trait Peer {
    /// The loss and every gradient of one batch.
    fn check(&mut self) -> Digests;
    /// Makes so many training steps; the last loss.
    fn run(&mut self, steps: usize) -> f64;
}

/// A work load of images or rows of numbers with classes, all held in memory.
pub struct Work {
    pub name: &'static str,
    pub batch: usize,
    pub batches: usize,
    pub sample: &'static [usize],
    pub classes: usize,
    /// Keras's names and shapes.
    pub weights: &'static [(&'static str, &'static [usize])],
}

/// The work loads that the peers in Rust have.
pub const WORKS: &[Work] = &[
    Work {
        name: "W1-train",
        batch: 128,
        batches: 24,
        sample: &[32, 32, 3],
        classes: 10,
        weights: &[
            ("conv2d/kernel", &[3, 3, 3, 32]),
            ("conv2d/bias", &[32]),
            ("conv2d_1/kernel", &[3, 3, 32, 64]),
            ("conv2d_1/bias", &[64]),
            ("dense/kernel", &[2304, 64]),
            ("dense/bias", &[64]),
            ("dense_1/kernel", &[64, 10]),
            ("dense_1/bias", &[10]),
        ],
    },
    Work {
        name: "W4-train",
        batch: 128,
        batches: 96,
        sample: &[784],
        classes: 10,
        weights: &[
            ("dense/kernel", &[784, 512]),
            ("dense/bias", &[512]),
            ("dense_1/kernel", &[512, 512]),
            ("dense_1/bias", &[512]),
            ("dense_2/kernel", &[512, 10]),
            ("dense_2/bias", &[10]),
        ],
    },
];

impl Work {
    /// The samples of a row of numbers each, images channels first.
    pub fn inputs(&self, samples: usize) -> Vec<f32> {
        let row: usize = self.sample.iter().product();
        let numbers: Vec<f32> = uniform("input").take(samples * row).collect();
        match *self.sample {
            [h, w, c] => numbers
                .chunks_exact(row)
                .flat_map(|x| channels_first(x, h * w, c))
                .collect(),
            _ => numbers,
        }
    }

    /// One sample's shape, images channels first.
    pub fn shape(&self) -> Vec<usize> {
        match *self.sample {
            [h, w, c] => vec![c, h, w],
            _ => self.sample.to_vec(),
        }
    }

    pub fn targets(&self, samples: usize) -> Vec<u32> {
        let uniform = uniform("target").take(samples);
        uniform
            .map(|u| (f64::from(u) * self.classes as f64) as u32)
            .collect()
    }
}

/// `[places, channels]` as `[channels, places]`.
fn channels_first(x: &[f32], places: usize, channels: usize) -> Vec<f32> {
    let element = |i: usize| x[i % places * channels + i / places];
    (0..places * channels).map(element).collect()
}

/// Where in Keras's layout each element of the frameworks' layout is: convolutions `[out, in, h, w]`, dense `[in, out]`, and behind
/// a flattened image of so many places the rows of a dense kernel channels first.
fn order(name: &str, shape: &[usize]) -> Vec<usize> {
    match *shape {
        [h, w, input, output] => {
            let at = |i: usize| {
                let (place, of) = (i % (h * w), i / (h * w));
                (place * input + of % input) * output + of / input
            };
            (0..h * w * input * output).map(at).collect()
        }
        [rows, columns] if name == "dense/kernel" && rows == 2304 => {
            let (places, channels) = (36, 64);
            let row = |r: usize| r % places * channels + r / places;
            (0..rows * columns)
                .map(|i| row(i / columns) * columns + i % columns)
                .collect()
        }
        _ => (0..shape.iter().product()).collect(),
    }
}

/// A weight in the frameworks' layout, with its shape there.
pub fn weight(name: &str, shape: &[usize]) -> (Vec<f32>, Vec<usize>) {
    let keras = keras_weight(name, shape);
    let values = order(name, shape).into_iter().map(|i| keras[i]).collect();
    let shape = match *shape {
        [h, w, input, output] => vec![output, input, h, w],
        _ => shape.to_vec(),
    };
    (values, shape)
}

/// What is compared of a gradient in the frameworks' layout.
pub fn gradient(name: &str, shape: &[usize], values: &[f32]) -> Vec<f64> {
    let mut keras = vec![0.0; values.len()];
    for (i, &v) in order(name, shape).into_iter().zip(values) {
        keras[i] = v;
    }
    digest(name, &keras)
}

fn uniform(name: &str) -> impl Iterator<Item = f32> + use<> {
    let stream = name.bytes().fold(0x811c_9dc5_u32, |h, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    });
    let offset = stream.wrapping_mul(0x85eb_ca6b);
    (0u32..).map(move |i| {
        let mut x = i.wrapping_mul(0x9e37_79b9).wrapping_add(offset);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7feb_352d);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846c_a68b);
        x ^= x >> 16;
        (x >> 8) as f32 / (1 << 24) as f32
    })
}

fn keras_weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let rows: usize = shape[..shape.len() - 1].iter().product();
    let mut factor = 1.0;
    if name.ends_with("/bias") {
        factor = 0.0625;
    } else {
        let mut reached = 6;
        while reached < rows {
            (reached, factor) = (reached * 4, factor * 0.5);
        }
    }
    let values = uniform(name).take(shape.iter().product());
    values.map(|u| factor * (2.0 * u - 1.0)).collect()
}

fn digest(name: &str, values: &[f32]) -> Vec<f64> {
    let squares: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let mut digest = vec![squares.sqrt()];
    for k in 0..2 {
        let factors = uniform(&format!("{name}#{k}")).map(|u| 2.0 * f64::from(u) - 1.0);
        digest.push(
            values
                .iter()
                .zip(factors)
                .map(|(&v, s)| f64::from(v) * s)
                .sum(),
        );
    }
    digest
}

/// Rows in random order, epoch by epoch.
pub struct Shuffled {
    order: Vec<usize>,
    at: usize,
    state: u64,
}

impl Shuffled {
    pub fn new(rows: usize) -> Self {
        Self {
            order: (0..rows).collect(),
            at: rows,
            state: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// The next so many rows; what is left of an epoch that cannot fill them is passed over.
    pub fn next(&mut self, count: usize) -> &[usize] {
        if self.at + count > self.order.len() {
            for i in (1..self.order.len()).rev() {
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                self.order.swap(i, (self.state % (i as u64 + 1)) as usize);
            }
            self.at = 0;
        }
        self.at += count;
        &self.order[self.at - count..self.at]
    }
}

/// Answers the driver until the input ends: `check` and `run STEPS`, each with one JSON line.
pub fn serve(implementation: &str, peer: impl FnOnce(&'static Work, usize) -> Box<dyn Peer>) {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|at| arguments.get(at + 1))
            .cloned()
            .unwrap_or_default()
    };
    let name = option("--work");
    let Some(work) = WORKS.iter().find(|w| w.name == name) else {
        say(&json!({"unsupported": format!("it has no {name} here")}));
        return;
    };
    let mut peer = peer(work, option("--threads").parse().unwrap_or(1));
    say(&json!({"ready": true, "implementation": implementation}));
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["check"] => {
                let values = peer.check();
                // Where the system can forget the largest memory, only what follows is counted.
                let _ = std::fs::write("/proc/self/clear_refs", "5");
                say(&json!({"check": values}));
            }
            ["run", steps] => {
                let steps: usize = steps.parse().expect("the driver sends a number");
                let start = Instant::now();
                let loss = peer.run(steps);
                let seconds = start.elapsed().as_secs_f64();
                say(
                    &json!({"steps": steps, "seconds": seconds, "loss": loss, "peak_memory": peak_memory()}),
                );
            }
            _ => panic!("expected `check` or `run STEPS`, received `{line}`"),
        }
    }
}

fn say(value: &Value) {
    println!("{value}");
}

/// The largest resident size in bytes, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
