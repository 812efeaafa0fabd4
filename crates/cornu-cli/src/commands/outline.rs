//! A network as a table, for the screen, for programs and for the report.

use serde_json::{Value, json};

use crate::engine::Outline;
use crate::progress::size;
use crate::report::html::{LayerTable, thousands};
use crate::table;

/// `30 × 30 × 32`
fn shape(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(ToString::to_string).collect();
    axes.join(" × ")
}

/// Multiply-adds count as two operations.
fn operations(count: u64) -> String {
    let value = count as f64;
    match count {
        0 => String::from("-"),
        1..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1} thousand", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} million", value / 1e6),
        _ => format!("{:.1} billion", value / 1e9),
    }
}

fn totals(outline: &Outline) -> Vec<(String, String)> {
    let mut totals = vec![("weights".to_string(), thousands(outline.weights()))];
    let mut total = |name: &str, value: String| totals.push((name.to_string(), value));
    if outline.non_trainable > 0 {
        total("trained weights", thousands(outline.trainable));
    }
    total("size of the weights", size(outline.weights() * 4));
    if let Some(flops) = outline.flops() {
        total("operations per sample", operations(flops));
    }
    if let Some(bytes) = outline.training_bytes {
        total("planned training memory", size(bytes));
    }
    totals
}

/// The table of Keras's `summary`, with what follows from it below.
pub(crate) fn text(outline: &Outline) -> String {
    let mut rows = vec![["layer", "class", "output", "weights", "operations"].map(String::from)];
    for layer in &outline.layers {
        rows.push([
            layer.name.clone(),
            layer.class.clone(),
            shape(&layer.output),
            thousands(layer.weights),
            layer.flops.map_or_else(String::new, operations),
        ]);
    }
    let mut lines = table::lines(&rows, &[3, 4]);
    let width = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    lines.insert(1, "─".repeat(width));
    lines.push("─".repeat(width));
    let totals: Vec<[String; 2]> = totals(outline).into_iter().map(|(a, b)| [a, b]).collect();
    lines.extend(table::lines(&totals, &[]));
    lines.join("\n")
}

/// The same for a program.
pub(crate) fn value(outline: &Outline) -> Value {
    let layers: Vec<Value> = outline
        .layers
        .iter()
        .map(|l| json!({"name": l.name, "class": l.class, "output_shape": l.output, "weights": l.weights, "flops": l.flops}))
        .collect();
    json!({
        "layers": layers, "weights": outline.weights(), "trainable": outline.trainable,
        "non_trainable": outline.non_trainable, "flops": outline.flops(), "training_bytes": outline.training_bytes,
    })
}

/// The same for the report.
pub(crate) fn table(outline: &Outline) -> LayerTable {
    LayerTable {
        columns: ["layer", "class", "output", "weights", "operations"]
            .map(String::from)
            .to_vec(),
        rows: outline
            .layers
            .iter()
            .map(|l| {
                vec![
                    l.name.clone(),
                    l.class.clone(),
                    shape(&l.output),
                    thousands(l.weights),
                    l.flops.map_or_else(String::new, operations),
                ]
            })
            .collect(),
        totals: totals(outline),
    }
}
