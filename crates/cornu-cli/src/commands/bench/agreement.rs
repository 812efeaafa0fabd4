//! Whether implementations compute the same: who differs from what most of them say.

use std::collections::BTreeMap;

/// Of each value by name: the norm first, then projections.
pub(crate) type Values = BTreeMap<String, Vec<f64>>;

/// How far a value may lie from another's, relative to its size.
pub(crate) const TOLERANCE: f64 = 1e-4;

/// Gradients smaller than this share of all gradients' norm are compared relative to that share: some are nothing but rounding,
/// such as that of the bias of attention's keys.
const NEGLIGIBLE: f64 = 5e-3;

/// What is far off, and how far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) name: String,
    pub(crate) deviation: f64,
}

/// The largest deviation of `b` from `a`.
pub(crate) fn difference(a: &Values, b: &Values) -> Difference {
    let norms = a.iter().filter(|(name, _)| *name != "loss");
    let squares: f64 = norms.map(|(_, v)| v[0] * v[0]).sum();
    let mut worst = Difference {
        name: "loss".into(),
        deviation: 0.0,
    };
    for name in a
        .keys()
        .chain(b.keys().filter(|name| !a.contains_key(*name)))
    {
        let deviation = match (a.get(name), b.get(name)) {
            (Some(x), Some(y)) if x.len() == y.len() => {
                let floor = if name == "loss" {
                    0.0
                } else {
                    NEGLIGIBLE * squares.sqrt()
                };
                let size = x[0].abs().max(floor).max(f64::MIN_POSITIVE);
                let far = x.iter().zip(y).map(|(x, y)| (x - y).abs() / size);
                // Unlike `max`, this keeps what is no number.
                far.fold(0.0, |worst: f64, d| if d <= worst { worst } else { d })
            }
            _ => f64::INFINITY,
        };
        // A deviation that is no number is the worst.
        let worse = deviation > worst.deviation || deviation.is_nan();
        if worse && !worst.deviation.is_nan() {
            worst = Difference {
                name: name.clone(),
                deviation,
            };
        }
    }
    worst
}

/// For each implementation what is wrong with it, judged by the one that most agree with (the first of equals).
pub(crate) fn judge(all: &[&Values]) -> Vec<Option<Difference>> {
    let agrees = |a: &Values, b: &Values| difference(a, b).deviation <= TOLERANCE;
    let mut reference: Option<(&Values, usize)> = None;
    for a in all {
        let friends = all.iter().filter(|b| agrees(a, b)).count();
        if reference.is_none_or(|(_, most)| friends > most) {
            reference = Some((a, friends));
        }
    }
    all.iter()
        .map(|b| {
            let difference = difference(reference?.0, b);
            let right = difference.deviation <= TOLERANCE;
            (!right).then_some(difference)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(loss: f64, kernel: f64, tiny: f64) -> Values {
        let entry = |name: &str, list: &[f64]| (name.to_string(), list.to_vec());
        [
            entry("loss", &[loss]),
            entry("kernel", &[1.0, kernel]),
            entry("tiny", &[1e-9, tiny]),
        ]
        .into()
    }

    #[test]
    fn who_differs_from_most_is_wrong_even_if_first() {
        let right = values(2.0, 0.5, 1e-9);
        let close = values(2.0001, 0.50005, -1e-9);
        let wrong = values(2.0, 0.51, 1e-9);
        assert_eq!(judge(&[&right, &close]), [None, None]);
        let told = judge(&[&wrong, &right, &close]);
        assert_eq!(told[0].as_ref().unwrap().name, "kernel");
        assert!((told[0].as_ref().unwrap().deviation - 0.01).abs() < 1e-9);
        assert_eq!(told[1..], [None, None]);
    }

    #[test]
    fn what_is_missing_or_no_number_differs() {
        let right = values(2.0, 0.5, 0.0);
        let mut short = right.clone();
        short.remove("tiny");
        assert_eq!(difference(&right, &short).name, "tiny");
        assert_eq!(difference(&short, &right).name, "tiny");
        let lost = values(2.0, f64::NAN, 0.0);
        assert!(difference(&right, &lost).deviation.is_nan());
        assert!(judge(&[&right, &lost])[1].is_some());
        assert!(judge(&[&lost])[0].is_some());
    }
}
