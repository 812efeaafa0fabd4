//! Sums of products over axes that are told by letters or numbers.

use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// An axis of an equation: a letter, or one that the ellipsis stands for, counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Letter(char),
    Elided(usize),
}

impl Graph {
    /// Sums of products, as an equation tells: `"bij,bjk->bik"`. Letters that the result lacks are summed over; `...` stands for the axes that
    /// no letter names; without `->`, the result has the letters that occur once, in the order of the alphabet.
    ///
    /// # Shapes
    /// One operand for each of the equation's; axes of one letter have one length.
    ///
    /// # Errors
    /// An equation that the operands do not fit, a letter twice in one operand.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// use cornu::exec::compute;
    /// let a = Tensor::new([2, 2], vec![1.0f32, 2.0, 3.0, 4.0])?;
    /// let y = compute(&[&a], |g, x| g.einsum("ij,kj->ki", &[x[0], x[0]]))?;
    /// assert_eq!(y.f32s()?, &[5.0, 11.0, 11.0, 25.0]);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    ///
    /// # Keras
    /// `ops.einsum`.
    pub fn einsum(&mut self, equation: &str, operands: &[Value]) -> Result<Value> {
        let refused = |why: String| {
            Error::config(format!("the equation \"{equation}\" {why}"))
                .help("equations are like \"bij,bjk->bik\" or \"...i,ij->...j\"")
        };
        let plain: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match plain.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (&*plain, None),
        };
        let parts: Vec<&str> = left.split(',').collect();
        if parts.len() != operands.len() {
            return Err(refused(format!(
                "is for {} operands, received {}",
                parts.len(),
                operands.len()
            )));
        }
        let mut named: Vec<Vec<Axis>> = Vec::new();
        for (part, &x) in parts.iter().zip(operands) {
            let rank = self.shape(x).rank();
            let axes = axes(part, Some(rank)).ok_or_else(|| {
                refused(format!(
                    "has the operand \"{part}\", which must be letters, each once, with at most one ellipsis, for the shape {}",
                    self.shape(x)
                ))
            })?;
            named.push(axes);
        }
        let all: Vec<Axis> = named.concat();
        let mut elided: Vec<Axis> = all.clone();
        elided.retain(|a| matches!(a, Axis::Elided(_)));
        elided.sort_by_key(|a| std::cmp::Reverse(if let Axis::Elided(i) = a { *i } else { 0 }));
        elided.dedup();
        let output = match right {
            Some(text) => {
                let letters = text.replace("...", "");
                let at = text.find("...");
                let letters = axes(&letters, None)
                    .filter(|axes| axes.iter().all(|a| all.contains(a)))
                    .ok_or_else(|| {
                        refused("has a result that is not made of its operands' letters".into())
                    })?;
                match at {
                    Some(at) => [&letters[..at], &elided, &letters[at..]].concat(),
                    None => letters,
                }
            }
            None => {
                let mut once: Vec<char> = all
                    .iter()
                    .filter(|&a| all.iter().filter(|b| a == *b).count() == 1)
                    .filter_map(|a| {
                        if let Axis::Letter(c) = a {
                            Some(*c)
                        } else {
                            None
                        }
                    })
                    .collect();
                once.sort_unstable();
                let once = once.into_iter().map(Axis::Letter);
                elided.into_iter().chain(once).collect()
            }
        };
        let (mut y, mut own) = (operands[0], named[0].clone());
        for (i, (&x, axes)) in operands.iter().zip(&named).enumerate().skip(1) {
            // What the result or a later operand still asks for stays.
            let later = |a: &Axis| output.contains(a) || named[i + 1..].concat().contains(a);
            let mut kept: Vec<Axis> = own.clone();
            kept.extend(axes.iter().filter(|a| !own.contains(a)));
            kept.retain(later);
            y = self.contract((y, &own), (x, axes), &kept)?;
            own = kept;
        }
        let gone: Vec<usize> = (0..own.len())
            .filter(|&i| !output.contains(&own[i]))
            .collect();
        y = self.sum(y, &gone, false)?;
        own.retain(|a| output.contains(a));
        Ok(self.turned(y, &own, &output)?.0)
    }

    /// Two arrays multiplied and summed over the axes that the result lacks; each axis has a name.
    pub(crate) fn contract<A: Copy + PartialEq>(
        &mut self,
        (x, xs): (Value, &[A]),
        (w, ws): (Value, &[A]),
        output: &[A],
    ) -> Result<Value> {
        let (x, xs) = self.without_own(x, xs, ws, output)?;
        let (w, ws) = self.without_own(w, ws, &xs, output)?;
        let pick = |from: &[A], f: &dyn Fn(&A) -> bool| -> Vec<A> {
            from.iter().copied().filter(|a| f(a)).collect()
        };
        let free = pick(&xs, &|a| !ws.contains(a));
        let shared = pick(&xs, &|a| ws.contains(a) && output.contains(a));
        let summed = pick(&xs, &|a| ws.contains(a) && !output.contains(a));
        let own = pick(&ws, &|a| !xs.contains(a));
        // [shared.., free.., summed..] · [shared.., summed.., own..]; without shared axes one product of matrices.
        let left = [&shared[..], &free, &summed].concat();
        let right = [&shared[..], &summed, &own].concat();
        let (x, xl) = self.turned(x, &xs, &left)?;
        let (w, wl) = self.turned(w, &ws, &right)?;
        let (s, f) = (shared.len(), shared.len() + free.len());
        if xl[..s] != wl[..s] || xl[f..] != wl[s..s + summed.len()] {
            return Err(Error::shape(format!(
                "axes of one name must have one length, received {:?} and {:?}",
                [&xl[..s], &xl[f..]].concat(),
                &wl[..s + summed.len()]
            )));
        }
        let n = |lengths: &[usize]| lengths.iter().product::<usize>();
        let (rows, inner, columns) = (n(&xl[s..f]), n(&xl[f..]), n(&wl[s + summed.len()..]));
        let y = if shared.is_empty() {
            let x = self.reshape(x, [&xl[..f], &[inner]].concat())?;
            let w = self.reshape(w, [inner, columns])?;
            self.matmul(x, w)?
        } else {
            let many = n(&xl[..s]);
            let x = self.reshape(x, [many, rows, inner])?;
            let w = self.reshape(w, [many, inner, columns])?;
            self.batch_matmul(x, w, (false, false))?
        };
        let made = [&shared[..], &free, &own].concat();
        let y = self.reshape(y, [&xl[..f], &wl[s + summed.len()..]].concat())?;
        Ok(self.turned(y, &made, output)?.0)
    }

    /// An operand summed over the axes that neither the other one nor the result has.
    fn without_own<A: Copy + PartialEq>(
        &mut self,
        x: Value,
        axes: &[A],
        other: &[A],
        output: &[A],
    ) -> Result<(Value, Vec<A>)> {
        let stays = |a: &A| other.contains(a) || output.contains(a);
        let alone: Vec<usize> = (0..axes.len()).filter(|&i| !stays(&axes[i])).collect();
        let x = self.sum(x, &alone, false)?;
        Ok((x, axes.iter().copied().filter(stays).collect()))
    }

    /// A value with its axes in another order, and their lengths.
    fn turned<A: PartialEq>(
        &mut self,
        x: Value,
        from: &[A],
        to: &[A],
    ) -> Result<(Value, Vec<usize>)> {
        let place = |axis: &A| from.iter().position(|a| a == axis).unwrap_or(0);
        let order: Vec<usize> = to.iter().map(place).collect();
        let y = self.transpose(x, &order)?;
        let lengths = self.shape(y).to_vec();
        Ok((y, lengths))
    }

    /// Products of all elements of `a` with all of `b`: `[a's elements, b's elements]`.
    pub fn outer(&mut self, a: Value, b: Value) -> Result<Value> {
        let (m, n) = (self.shape(a).elements(), self.shape(b).elements());
        let (a, b) = (self.reshape(a, [m, 1])?, self.reshape(b, [1, n])?);
        self.mul(a, b)
    }

    /// Sums over the last axis of both: `[a.., k]` and `[b.., k]` to `[a.., b..]`.
    pub fn inner(&mut self, a: Value, b: Value) -> Result<Value> {
        let last = |x: Value, g: &Self| g.shape(x).rank().saturating_sub(1);
        let (i, j) = (last(a, self), last(b, self));
        self.tensordot(a, b, &[i], &[j])
    }

    /// Sums over the last axis of `a` and the last but one of `b` (its only one, if it has one): `[a.., k]` and `[b.., k, n]` to `[a.., b.., n]`.
    pub fn dot(&mut self, a: Value, b: Value) -> Result<Value> {
        let (i, j) = (self.shape(a).rank(), self.shape(b).rank());
        if i == 0 || j == 0 {
            return self.mul(a, b);
        }
        self.tensordot(a, b, &[i - 1], &[j.saturating_sub(2)])
    }

    /// The sum of the products of all elements.
    pub fn vdot(&mut self, a: Value, b: Value) -> Result<Value> {
        let (m, n) = (self.shape(a).elements(), self.shape(b).elements());
        let (a, b) = (self.reshape(a, [m])?, self.reshape(b, [n])?);
        self.tensordot(a, b, &[0], &[0])
    }

    /// Sums over axes of `a`, each paired with one of `b`: the result has the others of `a`, then the others of `b`.
    ///
    /// # Errors
    /// Pairs of axes of different lengths, axes that there are not, other numbers of axes.
    pub fn tensordot(
        &mut self,
        a: Value,
        b: Value,
        of_a: &[usize],
        of_b: &[usize],
    ) -> Result<Value> {
        for (x, axes) in [(a, of_a), (b, of_b)] {
            for &axis in axes {
                self.check_axis(x, axis)?;
            }
        }
        let once = |axes: &[usize]| (0..axes.len()).all(|i| !axes[..i].contains(&axes[i]));
        if of_a.len() != of_b.len() || !once(of_a) || !once(of_b) {
            return Err(Error::shape(format!(
                "axes are summed in pairs, received {of_a:?} and {of_b:?}"
            )));
        }
        let m = self.shape(a).rank();
        let first: Vec<usize> = (0..m).collect();
        // A paired axis of b has the name of its partner.
        let name = |j: usize| of_b.iter().position(|&x| x == j).map_or(m + j, |i| of_a[i]);
        let second: Vec<usize> = (0..self.shape(b).rank()).map(name).collect();
        let kept = first.iter().filter(|i| !of_a.contains(i));
        let output: Vec<usize> = kept
            .chain(second.iter().filter(|&&j| j >= m))
            .copied()
            .collect();
        self.contract((a, &first), (b, &second), &output)
    }

    /// Vectors at right angles to pairs of vectors: both `[.., 3]`.
    pub fn cross(&mut self, a: Value, b: Value) -> Result<Value> {
        let last = self.shape(a).rank().saturating_sub(1);
        if self.shape(a).last() != Some(&3) || self.shape(b).last() != Some(&3) {
            return Err(Error::shape(format!(
                "a cross product is one of vectors of three numbers, received {} and {}",
                self.shape(a),
                self.shape(b)
            )));
        }
        let at = self.shape(b).rank() - 1;
        let (a1, a2) = (self.roll(a, -1, last)?, self.roll(a, -2, last)?);
        let (b1, b2) = (self.roll(b, -1, at)?, self.roll(b, -2, at)?);
        let (up, down) = (self.mul(a1, b2)?, self.mul(a2, b1)?);
        self.sub(up, down)
    }

    /// The distance of each row of `x` to each of `y`: `[.., m, k]` and `[.., n, k]` to `[.., m, n]`.
    pub fn cdist(&mut self, x: Value, y: Value) -> Result<Value> {
        let (mut rows, mut columns) = (self.shape(x).to_vec(), self.shape(y).to_vec());
        if rows.len() < 2 || columns.len() < 2 {
            return Err(Error::shape(format!(
                "distances are those of rows [.., n, k], received {} and {}",
                self.shape(x),
                self.shape(y)
            )));
        }
        rows.insert(rows.len() - 1, 1);
        columns.insert(columns.len() - 2, 1);
        let (x, y) = (self.reshape(x, rows)?, self.reshape(y, columns)?);
        let apart = self.sub(x, y)?;
        let last = self.shape(apart).rank() - 1;
        self.norm(apart, &[last], false)
    }
}

/// The axes that an operand's letters name; `None` where they cannot be.
fn axes(part: &str, rank: Option<usize>) -> Option<Vec<Axis>> {
    let (before, after) = part.split_once("...").unwrap_or((part, ""));
    let letters: Vec<char> = before.chars().chain(after.chars()).collect();
    let once = (0..letters.len()).all(|i| !letters[..i].contains(&letters[i]));
    if !once || !letters.iter().all(char::is_ascii_alphabetic) {
        return None;
    }
    let elided = match rank {
        Some(rank) if part.contains("...") => rank.checked_sub(letters.len())?,
        Some(rank) if rank != letters.len() => return None,
        _ => 0,
    };
    let dots = (0..elided).rev().map(Axis::Elided);
    let first = before.chars().map(Axis::Letter);
    Some(
        first
            .chain(dots)
            .chain(after.chars().map(Axis::Letter))
            .collect(),
    )
}
