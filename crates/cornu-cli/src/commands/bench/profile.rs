//! What is shown of where the time goes: a line for each step, the longest first.

use cornu::exec::{Profile, StepTime};
use serde_json::{Value, json};

use super::work::Work;
use crate::table;

/// Lines shown; the rest is told as a sum.
const LINES: usize = 30;

/// The profile for a program.
pub(crate) fn json(work: &Work, profile: &Profile) -> Value {
    json!({"event": "profile", "work": work.name, "profile": profile})
}

/// The profile for a person, on a machine of so many operations a second.
pub(crate) fn text(work: &Work, profile: &Profile, peak: f64) -> String {
    let mut steps: Vec<&StepTime> = profile.steps.iter().collect();
    steps.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let head = [
        "step", "what", "ms", "share", "GFLOP/s", "of peak", "MB", "GB/s",
    ];
    let mut cells = vec![head.map(String::from)];
    for step in steps.iter().take(LINES) {
        let rate = step.flops as f64 / step.seconds.max(1e-12);
        let shown = |x: usize, text: String| if x == 0 { String::new() } else { text };
        let flops = |text: String| shown(step.flops as usize, text);
        cells.push([
            format!("{}  {}", step.stage, step.layer),
            [std::slice::from_ref(&step.op), step.fused.as_slice()]
                .concat()
                .join(" ")
                .chars()
                .take(48)
                .collect(),
            format!("{:.3}", step.seconds * 1e3),
            format!("{:.1} %", 100.0 * step.seconds / profile.seconds),
            flops(format!("{:.0}", rate / 1e9)),
            flops(format!("{:.0} %", 100.0 * rate / peak)),
            shown(step.bytes, format!("{:.2}", step.bytes as f64 / 1e6)),
            shown(
                step.bytes,
                format!("{:.1}", step.bytes as f64 / step.seconds.max(1e-12) / 1e9),
            ),
        ]);
    }
    let rest = steps.get(LINES..).unwrap_or_default();
    let more = if rest.is_empty() {
        String::new()
    } else {
        let seconds: f64 = rest.iter().map(|step| step.seconds).sum();
        format!("\n{} more steps: {:.3} ms", rest.len(), seconds * 1e3)
    };
    let flops: u64 = profile.steps.iter().map(|step| step.flops).sum();
    format!(
        "\n{}: {}\n{:.3} ms a step on {} threads, the mean of {}; its {:.0} MFLOP at the processor's peak: {:.3} ms\n{}{more}",
        work.name,
        work.title,
        profile.seconds * 1e3,
        profile.threads,
        profile.runs,
        flops as f64 / 1e6,
        flops as f64 / peak * 1e3,
        table::lines(&cells, &[2, 3, 4, 5, 6, 7]).join("\n"),
    )
}
