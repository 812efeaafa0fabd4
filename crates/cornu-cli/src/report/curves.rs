//! The curves of a run as one SVG: a panel per measure, training and validation in it, readable on light and dark.

use std::fmt::Write;

use super::escape;
use super::history::History;
use super::scale::{Scale, tick_text};

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 270.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 112.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 42.0;

/// The training and the validation values of one measure, such as `loss` with `val_loss`.
#[derive(Debug, PartialEq)]
struct Panel {
    name: String,
    training: Vec<f64>,
    validation: Option<Vec<f64>>,
}

/// All measures of `history` in one picture; columns that have no validation (a changing learning rate) get a panel all the same.
pub(crate) fn svg(history: &History) -> String {
    let panels = panels(history);
    let columns = panels.len().clamp(1, 2);
    let rows = panels.len().div_ceil(columns).max(1);
    let mut out = open(columns as f64 * WIDTH, rows as f64 * HEIGHT, "Curves");
    if panels.is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"24\" y=\"40\" fill=\"#57606a\">No epoch was finished.</text>"
        );
    }
    for (i, panel) in panels.iter().enumerate() {
        let (x, y) = ((i % columns) as f64 * WIDTH, (i / columns) as f64 * HEIGHT);
        let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
        draw(&mut out, panel);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

/// A picture for each measure, so that a page can set them side by side or under each other.
pub(crate) fn svgs(history: &History) -> Vec<String> {
    let draw_alone = |panel: &Panel| {
        let mut out = open(WIDTH, HEIGHT, &panel.name);
        draw(&mut out, panel);
        out.push_str("</svg>\n");
        out
    };
    panels(history).iter().map(draw_alone).collect()
}

fn open(width: f64, height: f64, label: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cornu-curves\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n{STYLE}\
         <rect class=\"bg\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        escape(label)
    )
}

/// Dark colours follow the reader's setting; attributes hold the light ones for viewers without style sheets.
const STYLE: &str = "<style>
.cornu-curves text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif}
.cornu-curves .name{font-size:14px;font-weight:600}
.cornu-curves .end{font-weight:600}
@media (prefers-color-scheme:dark){
.cornu-curves .bg{fill:#0f1216}
.cornu-curves text{fill:#9da7b3}
.cornu-curves .name{fill:#e6edf3}
.cornu-curves .grid{stroke:#262c34}
.cornu-curves .axis{stroke:#566070}
.cornu-curves .training{stroke:#5aa2f7}.cornu-curves .dot.training,.cornu-curves .end.training{fill:#5aa2f7;stroke:none}
.cornu-curves .validation{stroke:#f0924a}.cornu-curves .dot.validation,.cornu-curves .end.validation{fill:#f0924a;stroke:none}
}
</style>
";

const BLUE: &str = "#1f6fd6";
const ORANGE: &str = "#c2570c";

fn panels(history: &History) -> Vec<Panel> {
    if history.rows.is_empty() {
        return Vec::new();
    }
    let mut panels: Vec<Panel> = Vec::new();
    for column in &history.columns {
        let values = history.column(column).unwrap_or_default();
        // A learning rate that never changes is a setting, not a curve.
        if column == "learning_rate" && values.windows(2).all(|w| w[0] == w[1]) {
            continue;
        }
        if let Some(name) = column.strip_prefix("val_")
            && let Some(panel) = panels.iter_mut().find(|p| p.name == name)
        {
            panel.validation = Some(values);
        } else {
            panels.push(Panel {
                name: column.clone(),
                training: values,
                validation: None,
            });
        }
    }
    panels
}

fn draw(out: &mut String, panel: &Panel) {
    let validation = panel.validation.as_deref().unwrap_or_default();
    let finite = || {
        panel
            .training
            .iter()
            .chain(validation)
            .copied()
            .filter(|v| v.is_finite())
    };
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let title = escape(&panel.name.replace('_', " "));
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{LEFT}\" y=\"22\" fill=\"#1b1f24\">{title}</text>"
    );
    if low > high {
        let _ = writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"{}\" fill=\"#57606a\">no finite value in any epoch</text>",
            TOP + 40.0
        );
        return;
    }
    let (y, ticks, step) = Scale::new(low, high, HEIGHT - BOTTOM, TOP).ticks(4);
    for tick in ticks {
        let at = y.at(tick);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#e6e9ee\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#57606a\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            tick_text(tick, step)
        );
    }
    let epochs = panel.training.len();
    let x = Scale::new(1.0, epochs as f64, LEFT, WIDTH - RIGHT);
    epoch_axis(out, &x, epochs);
    curve(out, "training", BLUE, &panel.training, &x, &y);
    if !validation.is_empty() {
        curve(out, "validation", ORANGE, validation, &x, &y);
    }
    end_labels(out, panel, &x, &y);
}

fn epoch_axis(out: &mut String, x: &Scale, epochs: usize) {
    let base = HEIGHT - BOTTOM;
    let _ = writeln!(
        out,
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{base}\" y2=\"{base}\" stroke=\"#8c96a3\"/>",
        WIDTH - RIGHT
    );
    let stride = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
        .into_iter()
        .find(|s| epochs / s <= 10)
        .unwrap_or(epochs);
    let shown = (1..=epochs).filter(|e| e % stride == 0 || (*e == 1 && stride <= 2));
    for epoch in shown.filter(|e| stride != 2 || e % 2 == 0) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{epoch}</text>",
            x.at(epoch as f64),
            base + 17.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">epoch</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        base + 34.0
    );
}

/// The line breaks where a value is not finite: a gap says so, a bridge would hide it.
fn curve(out: &mut String, kind: &str, colour: &str, values: &[f64], x: &Scale, y: &Scale) {
    let mut path = String::new();
    let mut pen_down = false;
    for (i, value) in values.iter().enumerate() {
        if value.is_finite() {
            let _ = write!(
                path,
                "{}{:.1} {:.1}",
                if pen_down { "L" } else { "M" },
                x.at(i as f64 + 1.0),
                y.at(*value)
            );
        }
        pen_down = value.is_finite();
    }
    let _ = writeln!(
        out,
        "<path class=\"{kind}\" d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>"
    );
    let radius = if values.len() <= 30 { 2.6 } else { 1.4 };
    for (i, value) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let _ = writeln!(
            out,
            "<circle class=\"dot {kind}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{colour}\"><title>{kind}, epoch {}: {value:.4}</title></circle>",
            x.at(i as f64 + 1.0),
            y.at(*value),
            i + 1
        );
    }
}

/// Names stand at the ends of their lines, moved apart where they would overlap.
fn end_labels(out: &mut String, panel: &Panel, x: &Scale, y: &Scale) {
    let end = |values: &[f64]| {
        values
            .iter()
            .enumerate()
            .rev()
            .find(|(_, v)| v.is_finite())
            .map(|(i, v)| (x.at(i as f64 + 1.0), y.at(*v), *v))
    };
    let mut labels = Vec::new();
    if let Some((_, at, value)) = end(&panel.training) {
        labels.push((at, "training", BLUE, value));
    }
    if let Some((_, at, value)) = panel.validation.as_deref().and_then(end) {
        labels.push((at, "validation", ORANGE, value));
    }
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let [upper, lower] = labels.as_mut_slice() {
        let missing = 30.0 - (lower.0 - upper.0);
        if missing > 0.0 {
            upper.0 -= missing / 2.0;
            lower.0 += missing / 2.0;
        }
    }
    for (at, kind, colour, value) in labels {
        let at = at.clamp(TOP, HEIGHT - BOTTOM - 8.0);
        let left = WIDTH - RIGHT + 10.0;
        let _ = writeln!(
            out,
            "<text class=\"end {kind}\" x=\"{left}\" y=\"{at:.1}\" fill=\"{colour}\" stroke=\"none\">{kind}</text>\
             <text x=\"{left}\" y=\"{:.1}\" fill=\"#57606a\">{}</text>",
            at + 14.0,
            value_text(value)
        );
    }
}

/// Four decimals, or as many digits as matter for what is very large or very small.
pub(crate) fn value_text(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "nan".into()
    } else if !value.is_finite() {
        format!("{value}")
    } else if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(rows: &[[f64; 4]]) -> History {
        let mut history = History::default();
        for [a, b, c, d] in rows {
            history.push([
                ("loss", *a),
                ("accuracy", *b),
                ("val_loss", *c),
                ("val_accuracy", *d),
            ]);
        }
        history
    }

    #[test]
    fn a_measure_and_its_validation_share_a_panel() {
        let panels = panels(&history(&[[1.0, 0.5, 1.1, 0.4], [0.5, 0.8, 0.7, 0.7]]));
        assert_eq!(panels.len(), 2);
        assert_eq!(panels[0].name, "loss");
        assert_eq!(panels[0].validation, Some(vec![1.1, 0.7]));
    }

    #[test]
    fn a_value_that_is_not_a_number_leaves_a_gap_and_no_nan_in_the_picture() {
        let text = svg(&history(&[
            [1.0, 0.5, 1.1, 0.4],
            [f64::NAN, 0.5, f64::INFINITY, 0.4],
            [0.5, 0.8, 0.7, 0.7],
        ]));
        assert!(!text.contains("NaN") && !text.contains("inf\""), "{text}");
        let loss = text.split("class=\"training\" d=\"").nth(1).unwrap();
        assert_eq!(loss.split('"').next().unwrap().matches('M').count(), 2);
    }

    #[test]
    fn draws_something_for_no_epoch_one_epoch_and_only_nan() {
        assert!(svg(&History::default()).contains("No epoch was finished"));
        assert!(svg(&history(&[[1.0, 0.5, 1.1, 0.4]])).contains("epoch 1: 1.0000"));
        assert!(svg(&history(&[[f64::NAN; 4]])).contains("no finite value"));
    }

    #[test]
    fn names_are_escaped() {
        let mut history = History::default();
        history.push([("<script>", 1.0)]);
        assert!(!svg(&history).contains("<script>"));
    }
}
