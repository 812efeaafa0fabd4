//! A picture of a model: boxes for layers, arrows for tensors, frames around models within it; SVG, light and dark.

mod layout;

use std::fmt::Write;
use std::path::Path;

use layout::{Layout, Size};

use super::architecture::Architecture;
use super::summary::grouped;
use super::{Model, TensorId};
use crate::error::Result;
use crate::files::write_atomically;
use crate::shape::Shape;

/// Height of a layer's box and of an input's.
const BOX: f64 = 46.0;
/// Around the picture, and inside frames.
const MARGIN: f64 = 22.0;
/// Height of a frame's heading.
const HEADING: f64 = 26.0;
/// Widths of a character of the names, and of the smaller text.
const NAME: f64 = 7.6;
const SMALL: f64 = 6.3;

const STYLE: &str = "
  text { font-family: system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; fill: #1c2430 }
  .name { font-size: 13px; font-weight: 600 } .small { font-size: 11px; font-weight: 400; fill: #5b6675 } .title { font-size: 16px; font-weight: 600 }
  .end { text-anchor: end } .page { fill: #ffffff } .box { fill: #ffffff; stroke: #c9d1dc } .frame { fill: #f5f7fa; stroke: #aeb8c6; stroke-dasharray: 5 3 }
  .edge { fill: none; stroke: #8390a2; stroke-width: 1.4 } .tip { fill: #8390a2 } .dot { fill: #8390a2 }
  .input { fill: #64748b } .convolution { fill: #2f6fde } .dense { fill: #7c4dcc } .recurrent { fill: #b8408f } .attention { fill: #c2410c }
  .pooling { fill: #15916c } .normalization { fill: #b98500 } .merging { fill: #d9622b } .random { fill: #94a3b8 } .other { fill: #4b9db5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6eaf0 } .small { fill: #9aa7b8 } .page { fill: #12161c } .box { fill: #1b212a; stroke: #39434f }
    .frame { fill: #161b22; stroke: #4a5563 } .edge { stroke: #77859a } .tip, .dot { fill: #77859a }
  }";

/// The colour of a layer's box.
fn kind(class: &str) -> &'static str {
    let is = |parts: &[&str]| parts.iter().any(|p| class.contains(p));
    if is(&["InputLayer"]) {
        "input"
    } else if is(&["Pool"]) {
        "pooling"
    } else if is(&["Norm"]) {
        "normalization"
    } else if is(&["Dropout", "Noise", "Random"]) {
        "random"
    } else if is(&["Attention"]) {
        "attention"
    } else if is(&["LSTM", "GRU", "RNN", "Bidirectional"]) {
        "recurrent"
    } else if is(&["Conv"]) {
        "convolution"
    } else if is(&["Dense", "Embedding"]) {
        "dense"
    } else if is(&[
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
    ]) {
        "merging"
    } else {
        "other"
    }
}

/// Text in SVG.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn sizes(shape: &Shape) -> String {
    match shape.axes() {
        [] => "1".to_owned(),
        axes => {
            let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
            axes.join(" × ")
        }
    }
}

/// What one node of the picture shows.
enum Shown {
    Box {
        name: String,
        class: String,
        shape: String,
        weights: usize,
    },
    /// The input of a model within: only a dot.
    Dot,
    Frame {
        name: String,
        class: String,
        drawing: Drawing,
    },
}

/// A model's nodes in their places.
struct Drawing {
    nodes: Vec<(Shown, Size)>,
    layout: Layout,
}

/// What a node of an architecture shows beside its layer: shapes of its outputs and elements of its weights.
struct Facts {
    shapes: Vec<Shape>,
    weights: usize,
}

impl Drawing {
    fn new(a: &Architecture, facts: &[Facts], outermost: bool) -> Result<Self> {
        let mut nodes = Vec::with_capacity(facts.len());
        for (input, fact) in a.inputs.iter().zip(facts) {
            nodes.push(if outermost {
                Shown::Box {
                    name: input.name.clone(),
                    class: "InputLayer".to_owned(),
                    shape: shapes(&fact.shapes),
                    weights: 0,
                }
            } else {
                Shown::Dot
            });
        }
        let mut called = vec![0; a.layers.len()];
        for (call, fact) in a.calls.iter().zip(&facts[a.inputs.len()..]) {
            let (name, layer) = &a.layers[call.layer];
            called[call.layer] += 1;
            let name = match called[call.layer] {
                1 => name.clone(),
                n => format!("{name} (call {n})"),
            };
            let class = layer.class_name().to_owned();
            nodes.push(match layer.as_nested() {
                Some(nested) => {
                    let inner = nested.architecture();
                    Shown::Frame {
                        name,
                        class,
                        drawing: Self::new(inner, &facts_of(inner)?, false)?,
                    }
                }
                None => Shown::Box {
                    name,
                    class,
                    shape: shapes(&fact.shapes),
                    weights: fact.weights,
                },
            });
        }
        let widest = nodes.iter().map(box_width).fold(0.0, f64::max);
        let nodes: Vec<(Shown, Size)> = nodes
            .into_iter()
            .map(|shown| {
                let size = size(&shown, widest);
                (shown, size)
            })
            .collect();
        let boxes: Vec<Size> = nodes.iter().map(|n| n.1).collect();
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (i, call) in a.calls.iter().enumerate() {
            let to = a.inputs.len() + i;
            let from = call.inputs.iter().map(|t: &TensorId| t.node);
            edges.extend(from.map(|from| (from, to)));
        }
        edges.dedup();
        Ok(Self {
            layout: layout::place(&boxes, &edges),
            nodes,
        })
    }

    fn write(&self, out: &mut String, x: f64, y: f64) {
        for edge in &self.layout.edges {
            let points: Vec<(f64, f64)> = edge.iter().map(|p| (p.0 + x, p.1 + y)).collect();
            line(out, &points);
        }
        for ((shown, size), place) in self.nodes.iter().zip(&self.layout.boxes) {
            let (left, top) = (x + place.0 - size.width / 2.0, y + place.1);
            node(out, shown, *size, left, top);
        }
    }
}

fn shapes(all: &[Shape]) -> String {
    let all: Vec<String> = all.iter().map(sizes).collect();
    all.join(", ")
}

/// The facts of a model within another.
fn facts_of(a: &Architecture) -> Result<Vec<Facts>> {
    let built = a.build()?;
    let facts = built.tensors.iter().enumerate().map(|(node, outputs)| {
        let layer = node.checked_sub(a.inputs.len()).map(|c| a.calls[c].layer);
        let own = built.weights.iter().filter(|w| Some(w.layer) == layer);
        Facts {
            shapes: outputs.iter().map(|m| m.shape.clone()).collect(),
            weights: own.map(|w| w.spec.shape.elements()).sum(),
        }
    });
    Ok(facts.collect())
}

/// The width that a box needs for its two lines.
fn box_width(shown: &Shown) -> f64 {
    let chars = |s: &str| s.chars().count() as f64;
    match shown {
        Shown::Box {
            name,
            class,
            shape,
            weights,
        } => {
            let upper = chars(name) * NAME + 24.0 + chars(shape) * SMALL;
            let lower = chars(class) * SMALL + 24.0 + weights_text(*weights).len() as f64 * SMALL;
            upper.max(lower) + 30.0
        }
        Shown::Dot | Shown::Frame { .. } => 0.0,
    }
}

fn weights_text(weights: usize) -> String {
    match weights {
        0 => String::new(),
        1 => "1 weight".to_owned(),
        n => format!("{} weights", grouped(n)),
    }
}

fn size(shown: &Shown, width: f64) -> Size {
    match shown {
        Shown::Box { .. } => Size { width, height: BOX },
        Shown::Dot => Size {
            width: 8.0,
            height: 8.0,
        },
        Shown::Frame {
            name,
            class,
            drawing,
        } => {
            let heading = name.chars().count() as f64 * NAME + class.len() as f64 * SMALL + 50.0;
            Size {
                width: (drawing.layout.width + 2.0 * MARGIN).max(heading),
                height: drawing.layout.height + HEADING + MARGIN + 12.0,
            }
        }
    }
}

/// An arrow through points: straight along lanes, bent between rows.
fn line(out: &mut String, points: &[(f64, f64)]) {
    let (x, y) = points[0];
    let _ = write!(
        out,
        "<path class=\"edge\" marker-end=\"url(#tip)\" d=\"M{x:.1} {y:.1}"
    );
    for (i, pair) in points.windows(2).enumerate() {
        let (from, mut to) = (pair[0], pair[1]);
        if i + 2 == points.len() {
            // The arrow's tip ends at the box.
            to.1 -= 5.0;
        }
        if (from.0 - to.0).abs() < 0.5 {
            let _ = write!(out, " L{:.1} {:.1}", to.0, to.1);
        } else {
            let middle = f64::midpoint(from.1, to.1);
            let _ = write!(
                out,
                " C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}",
                from.0, to.0, to.0, to.1
            );
        }
    }
    out.push_str("\"/>\n");
}

fn node(out: &mut String, shown: &Shown, size: Size, x: f64, y: f64) {
    let Size { width, height } = size;
    let text = |out: &mut String, class: &str, x: f64, y: f64, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(
                out,
                "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                escaped(text)
            );
        }
    };
    match shown {
        Shown::Dot => {
            let _ = writeln!(
                out,
                "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>",
                x + width / 2.0,
                y + height / 2.0
            );
        }
        Shown::Box {
            name,
            class,
            shape,
            weights,
        } => {
            let _ = writeln!(
                out,
                "<rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>\
                 <path class=\"{}\" d=\"M{:.1} {y:.1}h-1a7 7 0 0 0 -7 7v{:.1}a7 7 0 0 0 7 7h1z\"/>",
                kind(class),
                x + 8.0,
                height - 14.0
            );
            let (left, right) = (x + 18.0, x + width - 12.0);
            text(out, "name", left, y + 20.0, name);
            text(out, "small end", right, y + 20.0, shape);
            text(out, "small", left, y + 36.0, class);
            text(out, "small end", right, y + 36.0, &weights_text(*weights));
        }
        Shown::Frame {
            name,
            class,
            drawing,
        } => {
            let _ = writeln!(
                out,
                "<rect class=\"frame\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"10\"/>"
            );
            text(out, "name", x + 14.0, y + 20.0, name);
            text(out, "small end", x + width - 14.0, y + 20.0, class);
            let inner = x + (width - drawing.layout.width) / 2.0;
            drawing.write(out, inner, y + HEADING + 10.0);
        }
    }
}

impl Model {
    /// A picture of the model as SVG: a box for each layer with its class, output shape and weights, arrows for the tensors between them,
    /// frames around models within it. It has a light and a dark look.
    ///
    /// # Errors
    /// None but for a model within that cannot be built, which a model that exists has not.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
    /// assert!(model.to_svg()?.starts_with("<svg"));
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn to_svg(&self) -> Result<String> {
        let a = &self.architecture;
        let facts = self.tensors.iter().enumerate().map(|(node, outputs)| {
            let layer = node.checked_sub(a.inputs.len()).map(|c| a.calls[c].layer);
            let own = self.weights.iter().filter(|w| Some(w.layer) == layer);
            Facts {
                shapes: outputs.iter().map(|m| m.shape.clone()).collect(),
                weights: own.map(|w| w.spec.shape.elements()).sum(),
            }
        });
        let facts: Vec<Facts> = facts.collect();
        let drawing = Drawing::new(a, &facts, true)?;
        let class = a.kind.class_name();
        let total = match self.count_params() {
            0 => format!("{class}, no weights"),
            n => format!("{class}, {} in all", weights_text(n)),
        };
        let heading = self.name().len() as f64 * 9.5 + 16.0 + total.len() as f64 * SMALL;
        let width = drawing.layout.width.max(heading) + 2.0 * MARGIN;
        let height = drawing.layout.height + 2.0 * MARGIN + 34.0;
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
             <title>{name}</title>\n<style>{STYLE}\n</style>\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"1\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
             <rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
             <text class=\"title\" x=\"{MARGIN}\" y=\"34\">{name}<tspan class=\"small\" dx=\"10\">{}</tspan></text>\n",
            escaped(&total),
            name = escaped(self.name()),
        );
        let left = (width - drawing.layout.width) / 2.0;
        drawing.write(&mut out, left, MARGIN + 34.0);
        out.push_str("</svg>\n");
        Ok(out)
    }

    /// Writes the picture of [`Model::to_svg`] to a file: Keras's `plot_model`.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) for a file that does not end in `.svg`; [`Kind::Io`](crate::error::Kind::Io) if it
    /// cannot be written.
    pub fn plot(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        if path
            .extension()
            .is_none_or(|e| !e.eq_ignore_ascii_case("svg"))
        {
            return Err(crate::error::Error::config(format!(
                "a picture of a model ends in .svg, received \"{}\"",
                path.display()
            ))
            .help("pictures are SVG, which browsers show and convert"));
        }
        write_atomically(path, self.to_svg()?.as_bytes())
    }
}
