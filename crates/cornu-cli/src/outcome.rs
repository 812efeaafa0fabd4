//! What came of a run: its scores on the test set, and everything its report shows.

use chrono::{DateTime, Local};
use cornu_data::{Dataset, ImageSet};

use crate::commands::outline;
use crate::engine::Network;
use crate::failure::Result;
use crate::progress::{long_time, size};
use crate::report::confusion::Confusion;
use crate::report::curves::{self, value_text};
use crate::report::examples::{self, Answer, Example, Examples};
use crate::report::grid;
use crate::report::html::{self, Report, thousands};
use crate::run_folder::RunFolder;
use crate::settings::Settings;
use crate::watch::Watch;

const RIGHT_SHOWN: usize = 16;
const WRONG_SHOWN: usize = 24;

/// Scores and report of one run.
pub(crate) struct Outcome {
    pub(crate) scores: Vec<(String, f64)>,
    pub(crate) report: Report,
    pub(crate) rate: f64,
    pub(crate) peak_bytes: Option<u64>,
}

impl Outcome {
    /// Examines the network on the test set.
    pub(crate) fn measure(
        network: &mut Network,
        data: &Dataset,
        settings: &Settings,
        watch: &Watch<'_>,
        started: DateTime<Local>,
        mut notes: Vec<String>,
    ) -> Result<Self> {
        let scores = network.evaluate(&data.test, settings.batch_size)?;
        let answers = answers(network, &data.test, settings.batch_size)?;
        if answers.is_none() {
            notes.push(
                "The network does not give one number per class, so there is no confusion matrix."
                    .into(),
            );
        }
        let answers = answers.unwrap_or_default();
        let mut confusion = Confusion::new(data.class_names().to_vec());
        for answer in &answers {
            confusion.add(answer.truth, answer.said);
        }
        let outline = network.outline(settings.batch_size)?;
        let peak_bytes = peak_memory();
        let mut figures: Vec<(String, String)> = Vec::new();
        for (name, value) in scores.iter().rev() {
            let text = if name.contains("acc") {
                format!("{:.1} %", value * 100.0)
            } else {
                value_text(*value)
            };
            figures.push((format!("test {}", name.replace('_', " ")), text));
        }
        let mut figure = |name: &str, value: String| figures.push((name.to_string(), value));
        figure("weights", thousands(outline::weights(&outline)));
        if !watch.training.is_zero() {
            figure("training time", long_time(watch.training));
            figure("images per second", thousands(watch.rate().round() as u64));
        }
        if let Some(bytes) = peak_bytes {
            figure("peak memory", size(bytes));
        }
        let report = Report {
            data: data.name.clone(),
            data_description: data.description.clone(),
            started: started.format("%-d %B %Y, %H:%M").to_string(),
            figures,
            notes,
            history: watch.history.clone(),
            confusion: Some(confusion),
            examples: show(&answers, &data.test),
            layers: outline::table(&outline),
            settings: settings.to_toml()?,
            version: env!("CARGO_PKG_VERSION").into(),
        };
        Ok(Self {
            scores,
            report,
            rate: watch.rate(),
            peak_bytes,
        })
    }

    /// Writes the pictures and the page.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<()> {
        let report = &self.report;
        folder.write("curves.svg", curves::svg(&report.history))?;
        if let Some(confusion) = &report.confusion {
            folder.write("confusion.svg", confusion.svg())?;
        }
        folder.write("predictions.png", grid::png(&report.examples)?)?;
        folder.write("report.html", html::page(report)?)
    }

    /// `loss 0.2483  accuracy 0.9123`
    pub(crate) fn scores_text(&self) -> String {
        let parts: Vec<String> = self
            .scores
            .iter()
            .map(|(name, value)| format!("{name} {}", value_text(*value)))
            .collect();
        parts.join("  ")
    }
}

/// What the network says about each test image; nothing where its output is not one number per class.
fn answers(network: &mut Network, set: &ImageSet, batch: usize) -> Result<Option<Vec<Answer>>> {
    let classes = set.class_names().len();
    let (shape, values) = network.predict_set(set, batch)?;
    if shape != [set.len(), classes] || classes == 0 {
        return Ok(None);
    }
    let rows = values.chunks_exact(classes).zip(set.labels()).enumerate();
    let answers = rows
        .map(|(index, (row, &label))| {
            let said = best(row);
            Answer {
                index,
                truth: usize::try_from(label).unwrap_or(usize::MAX),
                said,
                probability: row[said],
            }
        })
        .collect();
    Ok(Some(answers))
}

/// The position of the largest value, the first of equals.
pub(crate) fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best
}

fn show(answers: &[Answer], set: &ImageSet) -> Examples {
    let name = |class: usize| set.class_names().get(class).cloned().unwrap_or_default();
    let show = |list: Vec<Answer>| {
        list.into_iter()
            .map(|a| Example {
                pixels: set.image(a.index).to_vec(),
                size: set.image_shape(),
                truth: name(a.truth),
                said: name(a.said),
                probability: a.probability,
            })
            .collect()
    };
    let (right, wrong) = examples::pick(answers, RIGHT_SHOWN, WRONG_SHOWN);
    Examples {
        right: show(right),
        wrong: show(wrong),
    }
}

/// The most memory this process has held, where the system tells it.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
