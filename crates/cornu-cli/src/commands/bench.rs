//! `cornu bench`: training speed on random data, one JSON line for each measurement.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use cornu_data::{Dataset, ImageSet};
use serde_json::json;

use crate::args::{Bench, Train};
use crate::engine::{Go, Keeper, Network, Watcher};
use crate::failure::{Failure, Result};
use crate::outcome::peak_memory;
use crate::progress::Step;
use crate::recipe::Recipe;
use crate::screen::{Screen, Voice};
use crate::settings::Settings;

const SHAPE: [usize; 3] = [32, 32, 3];
const CLASSES: usize = 10;

pub(crate) fn run(args: &Bench) -> Result<()> {
    let train = Train {
        // The first step is the warm-up and is not counted.
        steps_per_epoch: Some(args.steps + 1),
        epochs: Some(1),
        ..Train::default()
    };
    let settings = Settings::resolve(Recipe::default(), &train);
    let data = random_pictures(settings.batch_size * (args.steps + 1))?;
    let mut network = Network::build(&SHAPE, &Settings::default_layers(CLASSES), settings.seed)?;
    network.compile(&settings)?;
    // Memory is touched and plans are made before the first measurement.
    let warm = Settings {
        steps_per_epoch: Some(3),
        ..settings.clone()
    };
    network.fit(&data, &warm, Path::new(""), &mut Stopwatch::default())?;
    // Measurements are results for programs: they are told in every voice, always as JSON.
    let screen = Screen { voice: Voice::Json };
    let mut measure = || -> Result<()> {
        let mut watch = Stopwatch::default();
        network.fit(&data, &settings, Path::new(""), &mut watch)?;
        let seconds = watch
            .seconds()
            .ok_or_else(|| Failure::other("training ended before its second step"))?;
        let images = settings.batch_size * (watch.steps - 1);
        screen.event(|| {
            json!({
                "implementation": "cornu", "workload": format!("{}-train", args.work),
                "images_per_second": images as f64 / seconds,
                "peak_memory_mb": peak_memory().map(|bytes| bytes as f64 / (1024.0 * 1024.0)),
            })
        });
        Ok(())
    };
    if args.interactive {
        for line in std::io::stdin().lock().lines() {
            line.map_err(|e| Failure::other(format!("cannot read standard input: {e}")))?;
            measure()?;
        }
    } else {
        for _ in 0..args.repeat {
            measure()?;
        }
    }
    Ok(())
}

/// Time from the end of the first step to the end of the last.
#[derive(Default)]
struct Stopwatch {
    steps: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Stopwatch {
    fn seconds(&self) -> Option<f64> {
        let seconds = (self.last? - self.first?).as_secs_f64();
        (seconds > 0.0).then_some(seconds)
    }
}

impl Watcher for Stopwatch {
    fn begin(&mut self, _: usize) {}

    fn step(&mut self, _: &Step<'_>) -> Go {
        self.steps += 1;
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        Go::On
    }

    fn epoch(&mut self, _: Keeper<'_>, _: (usize, usize, usize), _: &[(String, f64)]) -> Go {
        Go::On
    }

    fn trouble(&mut self, _: Failure) {}
}

/// Pictures of noise; what they show does not change how long they take.
fn random_pictures(count: usize) -> Result<Dataset> {
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let size: usize = SHAPE.iter().product();
    let bytes = count
        .checked_mul(size)
        .filter(|bytes| *bytes <= 4 << 30)
        .ok_or_else(|| {
            Failure::user(format!("{count} random images do not fit into 4 GiB"))
                .help("measure fewer --steps")
        })?;
    let mut pixels = Vec::with_capacity(bytes + 8);
    while pixels.len() < bytes {
        pixels.extend_from_slice(&next().to_le_bytes());
    }
    pixels.truncate(bytes);
    let labels = (0..count)
        .map(|_| (next() % CLASSES as u64) as i32)
        .collect();
    let names = (0..CLASSES).map(|i| format!("class {i}"));
    let [height, width, channels] = SHAPE;
    let train = ImageSet::new([count, height, width, channels], pixels, labels, names)?;
    Ok(Dataset {
        name: "random".into(),
        description: String::new(),
        test: train.take(0),
        train,
        warnings: Vec::new(),
    })
}
