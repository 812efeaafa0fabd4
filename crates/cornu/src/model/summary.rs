//! Keras's table of a model, with memory and arithmetic besides.

use std::fmt;

use super::Model;
use super::architecture::{Architecture, WeightEntry};
use crate::error::Result;
use crate::graph::{Graph, Meta};
use crate::shape::Shape;

/// One line of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The layer's name.
    pub name: String,
    /// The layer's class.
    pub class_name: String,
    /// Shape of its output, without the batch axis.
    pub output_shape: Shape,
    /// Elements of its weights.
    pub params: usize,
    /// Floating-point operations of its forward pass for one sample.
    pub flops: u64,
    /// Within how many models it lies, this one apart.
    pub depth: usize,
}

/// What a model is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The model's name.
    pub name: String,
    /// The layers in the order of their first calls.
    pub rows: Vec<Row>,
    /// Elements of the weights that training changes.
    pub trainable: usize,
    /// Elements of the others.
    pub non_trainable: usize,
    /// Bytes of activations while one sample is predicted.
    pub predict_bytes: usize,
}

impl Summary {
    /// Floating-point operations of the forward pass for one sample.
    pub fn flops(&self) -> u64 {
        let own = self.rows.iter().filter(|r| r.depth == 0);
        own.map(|r| r.flops).sum()
    }

    /// Bytes of all weights.
    pub fn weight_bytes(&self) -> usize {
        4 * (self.trainable + self.non_trainable)
    }
}

/// A model, this one or one within, as its rows are made of it.
struct Part<'a> {
    architecture: &'a Architecture,
    entries: &'a [WeightEntry],
    tensors: &'a [Vec<Meta>],
    path: String,
    depth: usize,
}

impl Part<'_> {
    /// A row for each layer, and behind that of a model the rows of its layers where they are wanted. A shared layer has one row: the shape
    /// of its first call, the arithmetic of all of them.
    fn rows(&self, graph: &Graph, expand: bool, rows: &mut Vec<Row>) -> Result<()> {
        let a = self.architecture;
        for (i, (name, layer)) in a.layers.iter().enumerate() {
            let path = format!("{}/{name}", self.path);
            let first = a.calls.iter().position(|c| c.layer == i).unwrap_or(0);
            let own = self.entries.iter().filter(|w| w.layer == i);
            let inside = format!("{path}/");
            let nodes = graph.nodes().iter();
            let flops = nodes.filter(|n| *n.path == *path || n.path.starts_with(&inside));
            rows.push(Row {
                name: name.clone(),
                class_name: layer.class_name().to_owned(),
                output_shape: self.tensors[a.inputs.len() + first][0].shape.clone(),
                params: own.map(|w| w.spec.shape.elements()).sum(),
                flops: flops.map(|n| graph.flops(n)).sum(),
                depth: self.depth,
            });
            if let Some(nested) = layer.as_nested().filter(|_| expand) {
                let architecture = nested.architecture();
                let built = architecture.build()?;
                let part = Part {
                    architecture,
                    entries: &built.weights,
                    tensors: &built.tensors,
                    path,
                    depth: self.depth + 1,
                };
                part.rows(graph, expand, rows)?;
            }
        }
        Ok(())
    }
}

impl Model {
    /// The table of layers, output shapes, weights and arithmetic.
    pub fn summary(&self) -> Result<Summary> {
        self.summarize(false)
    }

    /// The same with the layers of models within behind the row of each: Keras's `summary(expand_nested=True)`.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let encoder = Sequential::new().input([8]).add(Dense::new(4)).add(Dense::new(2)).build()?.named("encoder");
    /// let model = Sequential::new().input([8]).add(encoder).add(Dense::new(1)).build()?;
    /// let names = |s: &cornu::model::Summary| s.rows.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
    /// assert_eq!(names(&model.summary()?), ["encoder", "dense"]);
    /// let expanded = model.summary_expanded()?;
    /// assert_eq!(names(&expanded), ["encoder", "dense", "dense_1", "dense"]);
    /// assert_eq!(expanded.rows[1].depth, 1);
    /// assert_eq!(expanded.flops(), model.summary()?.flops());
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn summary_expanded(&self) -> Result<Summary> {
        self.summarize(true)
    }

    fn summarize(&self, expand: bool) -> Result<Summary> {
        let traced = self.trace(1, false)?;
        let mut rows = Vec::new();
        let whole = Part {
            architecture: &self.architecture,
            entries: &self.weights,
            tensors: &self.tensors,
            path: self.name().to_owned(),
            depth: 0,
        };
        whole.rows(&traced.graph, expand, &mut rows)?;
        let count = |trainable: bool| {
            (0..self.weights.len())
                .filter(|&i| self.is_trainable(i) == trainable)
                .map(|i| self.weights[i].spec.shape.elements())
                .sum()
        };
        Ok(Summary {
            name: self.name().to_owned(),
            rows,
            trainable: count(true),
            non_trainable: count(false),
            predict_bytes: self.prediction_plan(1)?.bytes(1),
        })
    }
}

/// "(None, 30, 30, 32)", as Keras prints it.
fn keras_shape(shape: &Shape) -> String {
    let axes: Vec<String> = std::iter::once("None".to_owned())
        .chain(shape.iter().map(usize::to_string))
        .collect();
    format!("({})", axes.join(", "))
}

/// A number of something in units of 1000: "22.7 M".
fn thousands(x: f64, unit: &str) -> String {
    let (value, prefix) = match x {
        x if x >= 1e9 => (x / 1e9, "G"),
        x if x >= 1e6 => (x / 1e6, "M"),
        x if x >= 1e3 => (x / 1e3, "k"),
        x => return format!("{x:.0} {unit}"),
    };
    format!("{value:.2} {prefix}{unit}")
}

/// "147,456".
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["Layer (type)", "Output Shape", "Param #", "FLOPs"].map(str::to_owned);
        let rows = self.rows.iter().map(|r| {
            [
                match r.depth {
                    0 => format!("{} ({})", r.name, r.class_name),
                    depth => format!("{}└ {} ({})", "  ".repeat(depth), r.name, r.class_name),
                },
                keras_shape(&r.output_shape),
                grouped(r.params),
                thousands(r.flops as f64, ""),
            ]
        });
        let table: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
        let widths: Vec<usize> = (0..4)
            .map(|c| {
                table
                    .iter()
                    .map(|r| r[c].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        writeln!(f, "Model: \"{}\"", self.name)?;
        let rule: String = widths.iter().map(|w| "─".repeat(w + 2)).collect();
        for (i, row) in table.iter().enumerate() {
            let [name, shape, params, flops] = row;
            writeln!(
                f,
                " {name:<0$}  {shape:<1$}  {params:>2$}  {flops:>3$}",
                widths[0], widths[1], widths[2], widths[3]
            )?;
            if i == 0 {
                writeln!(f, "{rule}")?;
            }
        }
        writeln!(f, "{rule}")?;
        let total = self.trainable + self.non_trainable;
        let size = |n: usize| format!("{} ({})", grouped(n), thousands(4.0 * n as f64, "B"));
        writeln!(f, " Total params: {}", size(total))?;
        writeln!(f, " Trainable params: {}", size(self.trainable))?;
        writeln!(f, " Non-trainable params: {}", size(self.non_trainable))?;
        writeln!(
            f,
            " One sample forward: {}, {} of activations",
            thousands(self.flops() as f64, "FLOP"),
            thousands(self.predict_bytes as f64, "B")
        )
    }
}
