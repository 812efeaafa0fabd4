//! How far to go along a direction: to a point that is lower by enough and where the slope is small enough.

use super::lbfgs::{dot, largest};
use crate::error::Result;

/// How much lower, as a share of what the first slope promises.
const LOWER: f64 = 1e-4;

/// How small a slope, as a share of the first.
const FLATTER: f64 = 0.9;

/// A place along the direction, with what is known there.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// How far along.
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) grad: Vec<f64>,
    /// The slope along the direction.
    pub(super) slope: f64,
}

/// A place that meets Wolfe's strong conditions, or the best that so many evaluations have found, and how many there were.
///
/// The places tried are those of PyTorch's `strong_wolfe`; a value that is not finite counts as infinite, so that the search turns back.
///
/// Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6.
pub(super) fn strong_wolfe(
    start: &Place,
    first: f64,
    direction: &[f64],
    tolerance: f64,
    budget: usize,
    mut f: impl FnMut(f64) -> Result<(f64, Vec<f64>)>,
) -> Result<(Place, usize)> {
    let mut evaluations = 0;
    let mut look = |at: f64| -> Result<Place> {
        evaluations += 1;
        let (value, grad) = f(at)?;
        let slope = dot(&grad, direction);
        let value = if value.is_finite() {
            value
        } else {
            f64::INFINITY
        };
        Ok(Place {
            at,
            value,
            grad,
            slope,
        })
    };
    let too_high = |p: &Place| p.value > start.value + LOWER * p.at * start.slope;
    let flat = |p: &Place| p.slope.abs() <= -FLATTER * start.slope;

    let (mut before, mut here) = (start.clone(), look(first)?);
    let mut turns = 0;
    let mut bracket = loop {
        if turns == budget {
            let lower = if start.value <= here.value {
                start.clone()
            } else {
                here
            };
            return Ok((lower, evaluations));
        }
        if too_high(&here) || (turns > 1 && here.value >= before.value) {
            break [before, here];
        }
        if flat(&here) {
            return Ok((here, evaluations));
        }
        if here.slope >= 0.0 {
            break [before, here];
        }
        let bounds = (here.at + 0.01 * (here.at - before.at), here.at * 10.0);
        let next = between(&before, &here, bounds);
        before = std::mem::replace(&mut here, look(next)?);
        turns += 1;
    };

    let mut stuck = false;
    let mut low = usize::from(bracket[0].value > bracket[1].value);
    let reach = largest(direction);
    while turns < budget {
        let (left, right) = ends(&bracket);
        if (right - left) * reach < tolerance {
            break;
        }
        let mut at = between(&bracket[0], &bracket[1], (left, right));
        // Too near to an end twice, or on it: a tenth away from it.
        let margin = 0.1 * (right - left);
        if (right - at).min(at - left) >= margin {
            stuck = false;
        } else if stuck || at >= right || at <= left {
            at = if (at - right).abs() < (at - left).abs() {
                right - margin
            } else {
                left + margin
            };
            stuck = false;
        } else {
            stuck = true;
        }
        let here = look(at)?;
        turns += 1;
        if too_high(&here) || here.value >= bracket[low].value {
            bracket[1 - low] = here;
            low = usize::from(bracket[0].value > bracket[1].value);
            continue;
        }
        let done = flat(&here);
        if !done && here.slope * (bracket[1 - low].at - bracket[low].at) >= 0.0 {
            bracket[1 - low] = bracket[low].clone();
        }
        bracket[low] = here;
        if done {
            break;
        }
    }
    let [a, b] = bracket;
    Ok((if low == 0 { a } else { b }, evaluations))
}

fn ends(bracket: &[Place; 2]) -> (f64, f64) {
    let [a, b] = [bracket[0].at, bracket[1].at];
    (a.min(b), a.max(b))
}

/// Where the cubic through two places, with their values and slopes, is lowest; the middle where it has no lowest point.
fn between(a: &Place, b: &Place, (left, right): (f64, f64)) -> f64 {
    let (a, b) = if a.at <= b.at { (a, b) } else { (b, a) };
    let bend = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.at - b.at);
    let square = bend * bend - a.slope * b.slope;
    let root = square.sqrt();
    let place = b.at - (b.at - a.at) * ((b.slope + root - bend) / (b.slope - a.slope + 2.0 * root));
    if place.is_finite() {
        place.max(left).min(right)
    } else {
        f64::midpoint(left, right)
    }
}
