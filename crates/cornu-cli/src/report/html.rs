//! The report: one page that opens anywhere without a network, because everything it shows is inside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::confusion::Confusion;
use super::curves;
use super::examples::{Example, Examples};
use super::grid;
use super::history::History;
use crate::failure::Result;

/// Everything the page tells; plain data, so that it can be drawn without a framework.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The data set's name.
    pub(crate) data: String,
    pub(crate) data_description: String,
    /// When it began, in words.
    pub(crate) started: String,
    /// Headline numbers with their names, the most important first.
    pub(crate) figures: Vec<(String, String)>,
    /// What a reader must know before he trusts the numbers: stopped early, part of the data, diverged.
    pub(crate) notes: Vec<String>,
    pub(crate) history: History,
    pub(crate) confusion: Option<Confusion>,
    pub(crate) examples: Examples,
    /// Columns and rows of the network's table.
    pub(crate) layers: LayerTable,
    /// The resolved settings as TOML.
    pub(crate) settings: String,
    pub(crate) version: String,
}

/// The network as a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerTable {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) totals: Vec<(String, String)>,
}

/// The page's text.
pub(crate) fn page(report: &Report) -> Result<String> {
    let title = match report.confusion.as_ref().and_then(share) {
        Some(share) => format!("{}: {share} right", report.data),
        None => format!("{}: training report", report.data),
    };
    let right = gallery(&report.examples.right)?;
    let wrong = gallery(&report.examples.wrong)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Cornu" }
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body {
                header {
                    p.eyebrow { "Training report" }
                    h1 { (report.data) }
                    p.lead { (verdict(report)) }
                    @for note in &report.notes { p.note { (note) } }
                }
                main {
                    dl.figures {
                        @for (name, value) in &report.figures {
                            div { dt { (name) } dd { (value) } }
                        }
                    }
                    (section("Curves", learning(&report.history), &html! {
                        div.pictures { @for svg in curves::svgs(&report.history) { (PreEscaped(svg)) } }
                        @if report.history.rows.is_empty() { p { "No epoch was finished." } }
                        @if !report.history.rows.is_empty() {
                            p.muted.small {
                                "Training values are means over the epoch while the network learns, with dropout at work where it has any; "
                                "validation values are taken after the epoch."
                            }
                        }
                    }))
                    @if let Some(confusion) = report.confusion.as_ref().filter(|c| c.total() > 0) {
                        (section("What it confuses", None, &confusion_part(confusion)))
                    }
                    @if !(report.examples.right.is_empty() && report.examples.wrong.is_empty()) {
                        (section("Look for yourself", None, &html! {
                            @if !report.examples.wrong.is_empty() {
                                h3 { "Wrong, the most certain mistakes first" }
                                (wrong)
                            }
                            @if !report.examples.right.is_empty() {
                                h3 { "Right" }
                                (right)
                            }
                        }))
                    }
                    (section("The network", None, &layer_table(&report.layers)))
                    (section("Settings", None, &html! {
                        p { "Repeat this run with " code { "cornu train settings.toml" } "." }
                        details { summary { "settings.toml" } pre { (report.settings) } }
                    }))
                }
                footer {
                    p { "Made by Cornu " (report.version) " · " (report.started)
                        @if !report.data_description.is_empty() { " · " (report.data) ": " (report.data_description) } }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn section(title: &str, text: Option<String>, content: &Markup) -> Markup {
    html! {
        section {
            h2 { (title) }
            @if let Some(text) = text { p { (text) } }
            (content)
        }
    }
}

fn share(confusion: &Confusion) -> Option<String> {
    (confusion.total() > 0).then(|| {
        let share = f64::from(confusion.right()) / f64::from(confusion.total());
        format!("{:.1}\u{a0}%", share * 100.0)
    })
}

/// One sentence for a reader who reads no other.
fn verdict(report: &Report) -> String {
    match &report.confusion {
        Some(c) if c.total() > 0 => {
            let guess = 100.0 / c.classes.len().max(1) as f64;
            format!(
                "The network names {} of {} pictures right that it had not seen in training; guessing would name {guess:.0}\u{a0}%.",
                share(c).unwrap_or_default(),
                thousands(u64::from(c.total()))
            )
        }
        _ => "The network was not measured on test data.".into(),
    }
}

/// What the curves say about learning too little or too much.
fn learning(history: &History) -> Option<String> {
    let validation = history.column("val_loss")?;
    let training = history.column("loss")?;
    let (best, least) = validation
        .iter()
        .enumerate()
        .filter(|(_, v)| v.is_finite())
        .min_by(|a, b| a.1.total_cmp(b.1))?;
    let epochs = validation.len();
    let last = *validation.last()?;
    let best_epoch = best + 1;
    Some(
        if !last.is_finite() || training.iter().any(|v| !v.is_finite()) {
            "The loss stopped being a number: a smaller learning rate usually helps.".into()
        } else if epochs < 3 {
            format!(
                "Validation loss reached {least:.4}; more epochs will tell how far it can fall."
            )
        } else if best_epoch == epochs {
            format!(
                "Validation loss was still falling in the last epoch ({least:.4}): more epochs may help."
            )
        } else if last > least * 1.05 {
            format!(
                "Validation loss was lowest in epoch {best_epoch} ({least:.4}) and rose to {last:.4}: later epochs learned the training pictures by heart."
            )
        } else {
            format!(
                "Validation loss was lowest in epoch {best_epoch} ({least:.4}) and has levelled off."
            )
        },
    )
}

fn confusion_part(confusion: &Confusion) -> Markup {
    let mut recall: Vec<_> = confusion
        .recall()
        .into_iter()
        .filter_map(|(name, share)| Some((name, share?)))
        .collect();
    recall.sort_by(|a, b| a.1.total_cmp(&b.1));
    let shown = recall.len().min(12);
    html! {
        div.picture.natural { (PreEscaped(confusion.svg())) }
        div.columns {
            div {
                h3 { "Most frequent mistakes" }
                ol.plain {
                    @if confusion.right() == confusion.total() { li { "none" } }
                    @for m in confusion.mistakes(8) {
                        li { b { (m.truth) } " taken for " b { (m.said) }
                            span.muted { " " (m.count) " of " (m.of) } }
                    }
                }
            }
            div {
                h3 { @if shown < recall.len() { "Hardest classes" } @else { "Named right, by class" } }
                ul.bars {
                    @for (name, share) in recall.iter().take(shown) {
                        li {
                            span.name { (name) }
                            span.bar { span style=(format!("width:{:.1}%", share * 100.0)) {} }
                            span.value { (format!("{:.1} %", share * 100.0)) }
                        }
                    }
                }
            }
        }
    }
}

fn gallery(examples: &[Example]) -> Result<Markup> {
    let mut figures = Vec::with_capacity(examples.len());
    for example in examples {
        let data = STANDARD.encode(grid::picture(example)?);
        let percent = format!("{:.0}\u{a0}%", example.probability * 100.0);
        figures.push(html! {
            figure {
                img src=(format!("data:image/png;base64,{data}")) alt=(format!("a test picture of class {}", example.truth));
                figcaption {
                    b { (example.truth) }
                    @if example.truth == example.said {
                        span.muted { (percent) }
                    } @else {
                        span.wrong { "said " (example.said) " " (percent) }
                    }
                }
            }
        });
    }
    Ok(html! { div.gallery { @for figure in figures { (figure) } } })
}

fn layer_table(table: &LayerTable) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { @for column in &table.columns { th { (column) } } } }
                tbody { @for row in &table.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
        dl.figures.small {
            @for (name, value) in &table.totals { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// `12345678` as `12,345,678`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::example;
    use super::*;

    fn report() -> Report {
        let mut history = History::default();
        for (loss, val) in [(1.8, 1.5), (1.1, 1.0), (0.6, 0.9), (0.3, 1.3)] {
            history.push([
                ("loss", loss),
                ("accuracy", 1.0 - loss / 2.0),
                ("val_loss", val),
                ("val_accuracy", 1.0 - val / 2.0),
            ]);
        }
        let classes = [
            "disc", "ring", "square", "triangle", "star", "cross", "stripes", "checks", "dots",
            "crescent",
        ];
        let mut confusion = Confusion::new(classes.map(String::from).to_vec());
        for i in 0..10_000usize {
            let truth = i % 10;
            let said = if i % 13 == 0 {
                (truth + 1 + i % 3) % 10
            } else {
                truth
            };
            confusion.add(truth, said);
        }
        Report {
            data: "shapes".into(),
            data_description: "ten kinds of figures under random light".into(),
            started: "23 November 2026, 19:40".into(),
            figures: [
                ("test accuracy", "92.3 %"),
                ("test loss", "0.2483"),
                ("weights", "167,562"),
                ("training time", "2 min 11 s"),
                ("images per second", "3,912"),
                ("planned memory", "61 MiB"),
            ]
            .map(|(a, b)| (a.to_string(), b.to_string()))
            .to_vec(),
            notes: vec!["Stopped by Ctrl-C in epoch 4 of <10>.".into()],
            history,
            confusion: Some(confusion),
            examples: Examples {
                right: vec![example("disc", "disc"); 20],
                wrong: vec![example("triangle", "crescent"); 24],
            },
            layers: LayerTable {
                columns: ["layer", "output", "weights"].map(String::from).to_vec(),
                rows: vec![
                    ["conv2d (Conv2D)", "30 × 30 × 32", "896"]
                        .map(String::from)
                        .to_vec();
                    4
                ],
                totals: vec![("total".into(), "167,562".into())],
            },
            settings: "epochs = 10\n".into(),
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn the_page_asks_for_nothing_outside_itself() {
        let page = page(&report()).unwrap();
        for word in ["http://", "https://", "url(", "<script", "<link", "@import"] {
            let page = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("Stopped by Ctrl-C in epoch 4 of &lt;10&gt;."));
        assert!(page.contains("92.3\u{a0}% of 10,000 pictures right"));
    }

    #[test]
    fn says_when_it_learned_by_heart() {
        let text = learning(&report().history).unwrap();
        assert!(
            text.contains("lowest in epoch 3 (0.9000) and rose to 1.3000"),
            "{text}"
        );
    }

    #[test]
    fn a_run_without_an_epoch_has_a_page_too() {
        let page = page(&Report {
            data: "x".into(),
            ..Report::default()
        })
        .unwrap();
        assert!(page.contains("No epoch was finished"));
        assert!(page.contains("was not measured"));
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1234567), "1,234,567");
    }
}
