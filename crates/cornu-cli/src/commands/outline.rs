//! A network as a table, for the screen, for programs and for the report.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::engine::Outline;
use crate::progress::size;
use crate::report::html::{LayerTable, thousands};

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

/// The framework's table, with what training will need below.
pub(crate) fn text(outline: &Outline) -> String {
    let mut text = outline.summary.to_string();
    if let Some(bytes) = outline.training_bytes {
        let _ = write!(text, " Training at most: {} planned", size(bytes));
    }
    text
}

/// The same for a program.
pub(crate) fn value(outline: &Outline) -> Value {
    let summary = &outline.summary;
    let layers: Vec<Value> = summary
        .rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "class": row.class_name, "output_shape": row.output_shape.to_vec(),
                "weights": row.params, "flops": row.flops, "depth": row.depth,
            })
        })
        .collect();
    json!({
        "name": summary.name, "layers": layers, "trainable": summary.trainable, "non_trainable": summary.non_trainable,
        "weight_bytes": summary.weight_bytes(), "flops": summary.flops(), "predict_bytes": summary.predict_bytes,
        "training_bytes": outline.training_bytes,
    })
}

/// The same for the report.
pub(crate) fn table(outline: &Outline) -> LayerTable {
    let summary = &outline.summary;
    let mut totals = vec![
        ("weights".to_string(), thousands(weights(outline))),
        (
            "size of the weights".to_string(),
            size(summary.weight_bytes() as u64),
        ),
        (
            "operations per image".to_string(),
            operations(summary.flops()),
        ),
    ];
    if summary.non_trainable > 0 {
        totals.push((
            "trained weights".to_string(),
            thousands(summary.trainable as u64),
        ));
    }
    if let Some(bytes) = outline.training_bytes {
        totals.push(("planned training memory".to_string(), size(bytes)));
    }
    LayerTable {
        columns: ["layer", "class", "output", "weights", "operations"]
            .map(String::from)
            .to_vec(),
        rows: summary
            .rows
            .iter()
            .map(|row| {
                vec![
                    row.name.clone(),
                    row.class_name.clone(),
                    shape(&row.output_shape),
                    thousands(row.params as u64),
                    operations(row.flops),
                ]
            })
            .collect(),
        totals,
    }
}

/// All weights, trained or not.
pub(crate) fn weights(outline: &Outline) -> u64 {
    (outline.summary.trainable + outline.summary.non_trainable) as u64
}
