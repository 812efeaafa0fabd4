//! Gradients held within bounds before a step.

use super::Base;
use crate::error::Result;
use crate::graph::{Graph, Value};

/// The gradients, clipped as the arguments say.
pub(super) fn clip(base: &Base, g: &mut Graph, grads: Vec<Value>) -> Result<Vec<Value>> {
    if let Some(limit) = base.clipnorm {
        return grads
            .into_iter()
            .map(|d| {
                let squared = squared_norm(g, d)?;
                let scale = norm_scale(g, squared, limit as f32)?;
                g.mul(d, scale)
            })
            .collect();
    }
    if let Some(limit) = base.global_clipnorm {
        let mut total: Option<Value> = None;
        for &d in &grads {
            let squared = squared_norm(g, d)?;
            total = Some(match total {
                Some(t) => g.add(t, squared)?,
                None => squared,
            });
        }
        let Some(total) = total else { return Ok(grads) };
        let scale = norm_scale(g, total, limit as f32)?;
        return grads.into_iter().map(|d| g.mul(d, scale)).collect();
    }
    if let Some(limit) = base.clipvalue {
        let limit = limit as f32;
        return grads
            .into_iter()
            .map(|d| g.clip(d, -limit, limit))
            .collect();
    }
    Ok(grads)
}

fn squared_norm(g: &mut Graph, d: Value) -> Result<Value> {
    let squares = g.square(d)?;
    g.sum_all(squares)
}

/// `limit / max(norm, limit)`.
fn norm_scale(g: &mut Graph, squared: Value, limit: f32) -> Result<Value> {
    let norm = g.sqrt(squared)?;
    let limit = g.constant(limit)?;
    let larger = g.maximum(norm, limit)?;
    g.div(limit, larger)
}
