//! L-BFGS: steps along a direction that past gradients have shown to be good, for training on all samples at once.

use std::collections::VecDeque;

use super::arguments;
use super::line_search::{Place, strong_wolfe};
use crate::choice::{Choice, Named};
use crate::error::{Error, Kind, Result};

/// The direction is `-H·g` with an approximation `H` of the inverse second derivative, made of the last `history_size` pairs of steps and
/// changes of the gradient; a step goes `learning_rate` along it, the first one at most 1 in all.
///
/// It needs the loss of all samples again and again, so it is no optimizer for [`compile`](crate::model::Model::compile):
/// [`Model::minimize`](crate::model::Model::minimize) trains with it.
///
/// # Errors
/// A learning rate that is not above 0, no iterations, no history, a tolerance below 0, an unknown line search.
///
/// # Example
/// ```
/// use cornu::optimizers::LBFGS;
/// let mut x = [3.0, -2.0];
/// let lowest = LBFGS::default().minimize(&mut x, |x| Ok((x[0] * x[0] + 2.0 * x[1] * x[1], vec![2.0 * x[0], 4.0 * x[1]])))?;
/// assert!(lowest < 1e-9 && x[0].abs() < 1e-4);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Liu and Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization", 1989.
///
/// # Keras
/// None. One step of PyTorch's `LBFGS` computes the same, without a line search and with its `strong_wolfe`.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::upper_case_acronyms)] // The method's name.
pub struct LBFGS {
    learning_rate: f64,
    max_iter: usize,
    history_size: usize,
    tolerance_grad: f64,
    tolerance_change: f64,
    line_search: Option<Choice<LineSearch>>,
}

/// How far a step goes where the learning rate alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSearch {
    /// As far as Wolfe's strong conditions ask: lower by enough, and flatter.
    StrongWolfe,
}

impl Named for LineSearch {
    const WHAT: &'static str = "line search";

    fn from_name(name: &str) -> Option<Self> {
        (name == "strong_wolfe").then_some(Self::StrongWolfe)
    }

    fn name(&self) -> &str {
        match self {
            Self::StrongWolfe => "strong_wolfe",
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["strong_wolfe"]
    }
}

impl Default for LBFGS {
    fn default() -> Self {
        Self {
            learning_rate: 1.0,
            max_iter: 20,
            history_size: 100,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            line_search: None,
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], share: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(t, x)| *t += share * x);
}

/// The largest size of an element.
pub(super) fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// A step, the change of the gradient along it, and one over their product.
type Pair = (Vec<f64>, Vec<f64>, f64);

/// `-H·g`.
fn direction(grad: &[f64], pairs: &VecDeque<Pair>, scale: f64) -> Vec<f64> {
    let mut d: Vec<f64> = grad.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (step, change, inverse) in pairs.iter().rev() {
        let share = inverse * dot(step, &d);
        add(&mut d, -share, change);
        shares.push(share);
    }
    for v in &mut d {
        *v *= scale;
    }
    for ((step, change, inverse), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = inverse * dot(change, &d);
        add(&mut d, share - back, step);
    }
    d
}

impl LBFGS {
    /// How far a step goes along its direction.
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.learning_rate = rate;
        self
    }

    /// How many steps are gone at most.
    pub fn max_iter(mut self, steps: usize) -> Self {
        self.max_iter = steps;
        self
    }

    /// How many past steps are remembered.
    pub fn history_size(mut self, steps: usize) -> Self {
        self.history_size = steps;
        self
    }

    /// Ends when no element of the gradient is larger.
    pub fn tolerance_grad(mut self, tolerance: f64) -> Self {
        self.tolerance_grad = tolerance;
        self
    }

    /// Ends when neither a step nor the change of the function is larger.
    pub fn tolerance_change(mut self, tolerance: f64) -> Self {
        self.tolerance_change = tolerance;
        self
    }

    /// Looks for the length of each step, "strong_wolfe", beginning with the learning rate: a quarter more evaluations than steps are made at
    /// most, all steps together.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::LBFGS;
    /// // Rosenbrock's valley, whose floor is a curve.
    /// let valley = |x: &[f64]| {
    ///     let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    ///     Ok((a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b]))
    /// };
    /// let mut x = [-1.2, 1.0];
    /// LBFGS::default().max_iter(60).line_search("strong_wolfe").minimize(&mut x, valley)?;
    /// assert!((x[0] - 1.0).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn line_search(mut self, search: impl Into<Choice<LineSearch>>) -> Self {
        self.line_search = Some(search.into());
        self
    }

    fn check(&self) -> Result<()> {
        let class = "LBFGS";
        if let Some(search) = &self.line_search {
            search.get()?;
        }
        arguments::positive(class, "learning_rate", self.learning_rate)?;
        arguments::not_negative(class, "tolerance_grad", self.tolerance_grad)?;
        arguments::not_negative(class, "tolerance_change", self.tolerance_change)?;
        if self.max_iter == 0 || self.history_size == 0 {
            return Err(Error::config(format!(
                "{class}: max_iter and history_size must be at least 1, received {} and {}",
                self.max_iter, self.history_size
            )));
        }
        Ok(())
    }

    /// Moves `x` to where `f` is small, and gives the value there; `f` gives value and gradient.
    ///
    /// # Errors
    /// Arguments out of range, what `f` refuses, a value or gradient that is not finite: `x` is then the last point where both were.
    pub fn minimize(
        &self,
        x: &mut [f64],
        mut f: impl FnMut(&[f64]) -> Result<(f64, Vec<f64>)>,
    ) -> Result<f64> {
        self.check()?;
        let (mut value, mut grad) = f(x)?;
        let mut pairs: VecDeque<Pair> = VecDeque::new();
        let mut scale = 1.0;
        let mut budget = self.max_iter * 5 / 4 - 1;
        for iteration in 0..self.max_iter {
            if largest(&grad) <= self.tolerance_grad {
                break;
            }
            let d = direction(&grad, &pairs, scale);
            let first: f64 = grad.iter().map(|g| g.abs()).sum();
            let mut t = if iteration == 0 {
                self.learning_rate * (1.0 / first).min(1.0)
            } else {
                self.learning_rate
            };
            let slope = dot(&grad, &d);
            if slope > -self.tolerance_change {
                break;
            }
            let before = x.to_vec();
            let (new_value, new_grad) = if self.line_search.is_some() {
                let start = Place {
                    at: 0.0,
                    value,
                    grad: grad.clone(),
                    slope,
                };
                let look = |t: f64| {
                    x.copy_from_slice(&before);
                    add(x, t, &d);
                    f(x)
                };
                let (found, evaluations) =
                    strong_wolfe(&start, t, &d, self.tolerance_change, budget, look)?;
                budget = budget.saturating_sub(evaluations);
                t = found.at;
                x.copy_from_slice(&before);
                add(x, t, &d);
                (found.value, found.grad)
            } else {
                add(x, t, &d);
                f(x)?
            };
            if !new_value.is_finite() || new_grad.iter().any(|g| !g.is_finite()) {
                x.copy_from_slice(&before);
                return Err(Error::new(
                    Kind::Numeric,
                    format!(
                        "LBFGS: value or gradient is not finite after step {}",
                        iteration + 1
                    ),
                )
                .help("try a smaller learning_rate"));
            }
            let step: Vec<f64> = d.iter().map(|v| t * v).collect();
            let change: Vec<f64> = new_grad.iter().zip(&grad).map(|(a, b)| a - b).collect();
            let product = dot(&change, &step);
            if product > 1e-10 {
                if pairs.len() == self.history_size {
                    pairs.pop_front();
                }
                scale = product / dot(&change, &change);
                pairs.push_back((step.clone(), change, 1.0 / product));
            }
            let gained = (new_value - value).abs();
            (value, grad) = (new_value, new_grad);
            let stands = largest(&step) <= self.tolerance_change || gained < self.tolerance_change;
            if stands || budget == 0 {
                break;
            }
        }
        Ok(value)
    }
}
