//! What is shown of a work load: a row for each implementation, the fastest first.

use serde_json::{Value, json};

use super::rounds::{Results, value};
use super::work::Work;
use crate::table;

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    pub(crate) peak_memory: Option<u64>,
    /// Arithmetic done over what the machine could have done in the time.
    pub(crate) share_of_peak: f64,
    pub(crate) ratio: Option<f64>,
    pub(crate) others: Option<f64>,
    pub(crate) details: Value,
}

/// The rows of a work load of so many operations a sample, on a machine of so many operations a second.
pub(crate) fn rows(work: &Work, results: &Results, flops: f64, peak: f64) -> Vec<Row> {
    let medians = results.measured.iter().map(|m| (m, m.rates().0));
    let best_peer = medians
        .filter(|(m, _)| !super::OWN.contains(&m.name.as_str()))
        .map(|(_, median)| median)
        .reduce(f64::max);
    let mut rows: Vec<Row> = results
        .measured
        .iter()
        .map(|measured| {
            let (median, minimum, maximum) = measured.rates();
            let mut others: Vec<f64> = measured
                .repetitions
                .iter()
                .filter_map(|r| r.others)
                .collect();
            others.sort_by(f64::total_cmp);
            Row {
                name: measured.name.clone(),
                median,
                minimum,
                maximum,
                peak_memory: measured.peak_memory,
                share_of_peak: median / work.unit.1 as f64 * flops / peak,
                ratio: best_peer.map(|best| median / best),
                others: others.get(others.len() / 2).copied(),
                details: value(measured),
            }
        })
        .collect();
    rows.sort_by(|a, b| b.median.total_cmp(&a.median));
    rows
}

/// The row for a program.
pub(crate) fn json(work: &Work, row: &Row) -> Value {
    json!({
        "event": "measured", "work": work.name, "implementation": row.name, "unit": work.unit.0,
        "median": row.median, "minimum": row.minimum, "maximum": row.maximum, "peak_memory_bytes": row.peak_memory,
        "share_of_peak": row.share_of_peak, "ratio_to_best_peer": row.ratio, "others_percent": row.others,
        "details": row.details,
    })
}

/// The rows for a person.
pub(crate) fn text(work: &Work, rows: &[Row], flops: f64) -> String {
    let head = [
        work.unit.0,
        "median",
        "min",
        "max",
        "memory",
        "of peak",
        "ratio",
        "others",
    ];
    let mut cells = vec![head.map(String::from)];
    for row in rows {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        cells.push([
            row.name.clone(),
            rate(row.median),
            rate(row.minimum),
            rate(row.maximum),
            or_dash(row.peak_memory.map(|b| format!("{} MiB", b >> 20))),
            format!("{:.0} %", 100.0 * row.share_of_peak),
            or_dash(row.ratio.map(|r| format!("{r:.2}"))),
            or_dash(row.others.map(|o| format!("{o:.0} %"))),
        ]);
    }
    let lines = table::lines(&cells, &[1, 2, 3, 4, 5, 6, 7]);
    let unit = work.unit.0.trim_end_matches("/s").trim_end_matches('s');
    let million = flops / work.unit.1 as f64 / 1e6;
    format!(
        "\n{}: {} ({million:.1} MFLOP for each {unit})\n{}",
        work.name,
        work.title,
        lines.join("\n")
    )
}

/// Three digits or more: "9,172", "38.4".
fn rate(x: f64) -> String {
    if x < 100.0 {
        return format!("{x:.1}");
    }
    crate::report::html::thousands(x.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::rounds::{Measured, Repetition};
    use super::*;

    fn measured(name: &str, rates: &[f64]) -> Measured {
        let repetition = |&rate: &f64| Repetition {
            rate,
            steps: 1,
            seconds: 1.0,
            others: Some(1.0),
        };
        Measured {
            name: name.into(),
            implementation: name.into(),
            repetitions: rates.iter().map(repetition).collect(),
            peak_memory: Some(64 << 20),
            loss: None,
            deviation: None,
        }
    }

    #[test]
    fn ratios_are_to_the_best_peer_and_the_fastest_comes_first() {
        let work = super::super::work::all().next().unwrap();
        let results = Results {
            measured: vec![
                measured("slow", &[10.0, 30.0, 20.0]),
                measured("fast", &[40.0]),
                measured("cornu", &[70.0, 90.0]),
            ],
            ..Results::default()
        };
        let rows = rows(work, &results, 1e6, 1e8);
        let short: Vec<(&str, f64, f64)> = rows
            .iter()
            .map(|r| (r.name.as_str(), r.median, r.ratio.unwrap()))
            .collect();
        assert_eq!(
            short,
            [
                ("cornu", 80.0, 2.0),
                ("fast", 40.0, 1.0),
                ("slow", 20.0, 0.5)
            ]
        );
        assert_eq!((rows[2].minimum, rows[2].maximum), (10.0, 30.0));
        assert!((rows[0].share_of_peak - 0.8).abs() < 1e-9);
        let text = text(work, &rows, 1e6);
        let line = "cornu        80.0   70.0   90.0   64 MiB      80 %    2.00      1 %";
        assert!(text.contains(line), "{text}");
    }
}
