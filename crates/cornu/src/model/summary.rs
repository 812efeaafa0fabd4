//! Keras's table of a model, with memory and arithmetic besides.

use std::fmt;

use super::Model;
use crate::error::Result;
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
        self.rows.iter().map(|r| r.flops).sum()
    }

    /// Bytes of all weights.
    pub fn weight_bytes(&self) -> usize {
        4 * (self.trainable + self.non_trainable)
    }
}

impl Model {
    /// The table of layers, output shapes, weights and arithmetic.
    pub fn summary(&self) -> Result<Summary> {
        let traced = self.trace(1, false)?;
        let a = &self.architecture;
        // A shared layer has one row: the shape of its first call, the arithmetic of all of them.
        let rows = a.layers.iter().enumerate().map(|(i, (name, layer))| {
            let path = a.path(i);
            let first = a.calls.iter().position(|c| c.layer == i).unwrap_or(0);
            let own = self.weights.iter().filter(|w| w.layer == i);
            let inside = format!("{path}/");
            let nodes = traced.graph.nodes().iter();
            let flops = nodes.filter(|n| *n.path == *path || n.path.starts_with(&inside));
            Row {
                name: name.clone(),
                class_name: layer.class_name().to_owned(),
                output_shape: self.tensors[a.inputs.len() + first][0].shape.clone(),
                params: own.map(|w| w.spec.shape.elements()).sum(),
                flops: flops.map(|n| traced.graph.flops(n)).sum(),
            }
        });
        let rows = rows.collect();
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
                format!("{} ({})", r.name, r.class_name),
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
