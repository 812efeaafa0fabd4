//! The confusion matrix: for each true class, what the network said; as counts, as sentences, as SVG.

use std::fmt::Write;

use super::escape;

/// `counts[truth][said]` over all classes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Confusion {
    pub(crate) classes: Vec<String>,
    counts: Vec<u32>,
}

/// One kind of mistake and how often it was made.
#[derive(Debug, PartialEq)]
pub(crate) struct Mistake<'a> {
    pub(crate) truth: &'a str,
    pub(crate) said: &'a str,
    pub(crate) count: u32,
    /// Of how many samples of that true class.
    pub(crate) of: u32,
}

impl Confusion {
    pub(crate) fn new(classes: Vec<String>) -> Self {
        let counts = vec![0; classes.len() * classes.len()];
        Self { classes, counts }
    }

    /// Counts one sample; a label outside the classes is no sample of theirs and is left out.
    pub(crate) fn add(&mut self, truth: usize, said: usize) {
        let n = self.classes.len();
        if truth < n && said < n {
            self.counts[truth * n + said] += 1;
        }
    }

    fn row(&self, truth: usize) -> &[u32] {
        let n = self.classes.len();
        &self.counts[truth * n..][..n]
    }

    pub(crate) fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    pub(crate) fn right(&self) -> u32 {
        (0..self.classes.len()).map(|i| self.row(i)[i]).sum()
    }

    /// The share of each class that was named right; none where the class has no sample.
    pub(crate) fn recall(&self) -> Vec<(&str, Option<f64>)> {
        self.classes
            .iter()
            .enumerate()
            .map(|(i, name)| {
                let all: u32 = self.row(i).iter().sum();
                let share = (all > 0).then(|| f64::from(self.row(i)[i]) / f64::from(all));
                (name.as_str(), share)
            })
            .collect()
    }

    /// The `most` most frequent mistakes, the most frequent first.
    pub(crate) fn mistakes(&self, most: usize) -> Vec<Mistake<'_>> {
        let n = self.classes.len();
        let mut all: Vec<_> = (0..n * n)
            .filter(|i| i / n != i % n && self.counts[*i] > 0)
            .collect();
        all.sort_by_key(|i| std::cmp::Reverse(self.counts[*i]));
        all.truncate(most);
        all.into_iter()
            .map(|i| Mistake {
                truth: &self.classes[i / n],
                said: &self.classes[i % n],
                count: self.counts[i],
                of: self.row(i / n).iter().sum(),
            })
            .collect()
    }

    /// Right answers in blue, mistakes in orange; the share of the true class gives the strength.
    pub(crate) fn svg(&self) -> String {
        let n = self.classes.len();
        let small = n > 24;
        let cell = match n {
            0..=12 => 44.0,
            13..=24 => 34.0,
            25..=60 => 13.0,
            _ => 8.0,
        };
        let font = if small { cell - 1.0 } else { 12.0 };
        let longest = self.classes.iter().map(|c| c.chars().count()).max();
        let names = (longest.unwrap_or(0).min(18) as f64 * font * 0.58).max(30.0);
        let (left, top) = (names + 34.0, names * 0.75 + 40.0);
        let side = cell * n as f64;
        let (width, height) = (left + side + names * 0.75 + 14.0, top + side + 14.0);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cornu-confusion\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"Confusion matrix: {} of {} right\">\n{STYLE}\
             <rect class=\"bg\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            self.right(),
            self.total()
        );
        let _ = writeln!(
            out,
            "<text class=\"axis\" x=\"{:.1}\" y=\"18\" text-anchor=\"middle\" fill=\"#57606a\">the network said</text>\
             <text class=\"axis\" transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#57606a\">it was</text>",
            left + side / 2.0,
            top + side / 2.0
        );
        for (i, class) in self.classes.iter().enumerate() {
            let middle = (i as f64 + 0.5) * cell;
            let name = escape(&shorten(class, 18));
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"{font}\" fill=\"#1b1f24\">{name}</text>\
                 <text transform=\"translate({:.1} {:.1}) rotate(-45)\" font-size=\"{font}\" fill=\"#1b1f24\">{name}</text>",
                left - 8.0,
                top + middle + font * 0.35,
                left + middle + font * 0.3,
                top - 8.0
            );
        }
        for truth in 0..n {
            let all: u32 = self.row(truth).iter().sum();
            for said in 0..n {
                let count = self.row(truth)[said];
                let share = f64::from(count) / f64::from(all.max(1));
                self.draw_cell(&mut out, truth, said, share, (left, top, cell), small);
            }
        }
        out.push_str("</svg>\n");
        out
    }

    fn draw_cell(
        &self,
        out: &mut String,
        truth: usize,
        said: usize,
        share: f64,
        (left, top, cell): (f64, f64, f64),
        small: bool,
    ) {
        let count = self.row(truth)[said];
        // Mistakes are rare, so that a straight scale would leave them invisible.
        let strength = if truth == said { share } else { share.sqrt() };
        let (x, y) = (left + said as f64 * cell, top + truth as f64 * cell);
        let (gap, radius) = if small { (0.5, 0.0) } else { (1.5, 4.0) };
        let kind = if truth == said { "right" } else { "wrong" };
        let colour = if truth == said { "#1f6fd6" } else { "#d9650d" };
        let _ = write!(
            out,
            "<g><title>{} called {}: {count} ({:.1} %)</title><rect class=\"empty\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{w:.1}\" rx=\"{radius}\" fill=\"#f2f4f7\"/>",
            escape(&self.classes[truth]),
            escape(&self.classes[said]),
            share * 100.0,
            w = cell - gap
        );
        if count > 0 {
            let _ = write!(
                out,
                "<rect class=\"{kind}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{w:.1}\" rx=\"{radius}\" fill=\"{colour}\" fill-opacity=\"{strength:.3}\"/>",
                w = cell - gap
            );
            if !small {
                let strong = if strength > 0.55 { " strong" } else { "" };
                let ink = if strength > 0.55 {
                    "#ffffff"
                } else {
                    "#1b1f24"
                };
                let size = if count >= 10_000 { 10.0 } else { 12.0 };
                let _ = write!(
                    out,
                    "<text class=\"count{strong}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"{size}\" fill=\"{ink}\">{count}</text>",
                    x + (cell - gap) / 2.0,
                    y + (cell - gap) / 2.0 + 4.0
                );
            }
        }
        out.push_str("</g>\n");
    }
}

fn shorten(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_string();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

const STYLE: &str = "<style>
.cornu-confusion text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif}
.cornu-confusion .axis{font-size:12px}
.cornu-confusion .count{font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){
.cornu-confusion .bg{fill:#0f1216}
.cornu-confusion text{fill:#e6edf3}
.cornu-confusion .axis{fill:#9da7b3}
.cornu-confusion .empty{fill:#1a2028}
.cornu-confusion .right{fill:#2f7de0}
.cornu-confusion .wrong{fill:#c8621a}
.cornu-confusion .strong{fill:#ffffff}
}
</style>
";

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion() -> Confusion {
        let mut c = Confusion::new(vec!["disc".into(), "ring".into(), "<star>".into()]);
        for (truth, said) in [(0, 0), (0, 1), (0, 1), (1, 1), (2, 2), (2, 0), (9, 0)] {
            c.add(truth, said);
        }
        c
    }

    #[test]
    fn counts_and_tells_the_most_frequent_mistake_first() {
        let c = confusion();
        assert_eq!((c.right(), c.total()), (3, 6));
        let mistakes = c.mistakes(5);
        assert_eq!(mistakes.len(), 2);
        assert_eq!(
            mistakes[0],
            Mistake {
                truth: "disc",
                said: "ring",
                count: 2,
                of: 3
            }
        );
        assert_eq!(c.recall()[0], ("disc", Some(1.0 / 3.0)));
    }

    #[test]
    fn a_class_without_samples_has_no_share() {
        let c = Confusion::new(vec!["a".into(), "b".into()]);
        assert_eq!(c.recall(), [("a", None), ("b", None)]);
        assert!(!c.svg().contains("NaN"));
    }

    #[test]
    fn the_picture_tells_each_cell_and_escapes_names() {
        let svg = confusion().svg();
        assert!(svg.contains("disc called ring: 2 (66.7 %)"), "{svg}");
        assert!(!svg.contains("<star>"));
    }

    #[test]
    fn a_hundred_classes_stay_a_picture_without_numbers() {
        let svg = Confusion::new((0..100).map(|i| format!("class {i}")).collect()).svg();
        assert!(!svg.contains("class=\"count"));
        assert!(svg.len() < 4 << 20);
    }
}
