//! Cutting one op's output into pieces for several threads.
//!
//! How it is cut never changes a result: every element is computed by one thread in an order that its kernel fixes, with
//! denormal numbers as 0.

use std::sync::{Arc, Mutex, PoisonError};

use cornu_kernels::denormals::flushed;
use cornu_kernels::team::{self, Team};

use crate::threads::{spawn, threads};

/// Calls `f(i, piece)` for the pieces of `y` of length `piece`, on several threads if `parallel`.
pub(crate) fn chunks<T: Send>(
    parallel: bool,
    y: &mut [T],
    piece: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    if parallel && y.len() > piece {
        each(true, y.chunks_mut(piece).collect(), f);
    } else if !y.is_empty() {
        f(0, y);
    }
}

/// Cuts several outputs of the same rows alike and calls `f(i, pieces)`, on several threads if there are several pieces.
///
/// `rows` rows make a piece; each output has its own length of a row, and outputs that nobody reads are empty.
pub(crate) fn pieces<const N: usize>(
    rows: usize,
    ys: [(&mut [f32], usize); N],
    f: impl Fn(usize, [&mut [f32]; N]) + Sync,
) {
    let mut rest = ys;
    let mut cut: Vec<[&mut [f32]; N]> = Vec::new();
    while rest.iter().any(|(y, _)| !y.is_empty()) {
        cut.push(rest.each_mut().map(|(y, row)| {
            let n = (rows * *row).min(y.len());
            let (piece, after) = std::mem::take(y).split_at_mut(n);
            *y = after;
            piece
        }));
    }
    each(true, cut, f);
}

/// Some 1.5 µs of multiply-adds; handing over a piece costs less than half of one. Tests hand over small pieces, so that small operands
/// are cut.
const PIECE: usize = if cfg!(test) { 1 << 6 } else { 1 << 17 };

/// Elements that a long reduction adds up on its own: the parts, and so the order of additions, follow from shapes alone.
pub(crate) const BLOCK: usize = if cfg!(test) { 1 << 5 } else { 1 << 16 };

/// How many of `rows` rows, each costing `work` multiply-adds, make a piece worth handing to another thread.
pub(crate) fn rows(parallel: bool, rows: usize, work: usize) -> usize {
    let least = PIECE.div_ceil(work.max(1)).max(1);
    // Where one piece holds it all, the threads are not asked for: that would start them.
    if parallel && rows >= 2 * least {
        even(rows, rows / least, threads())
    } else {
        rows.max(1)
    }
}

/// Rows of a piece where there are at most `most` pieces, two at least: of those that keep the busiest of the threads shortest at work
/// the smallest, so that who is held up does less, but no more than four for each.
fn even(rows: usize, most: usize, threads: usize) -> usize {
    let most = most.min(4 * threads);
    let sizes = (2..=most).map(|pieces| rows.div_ceil(pieces));
    let busiest = |size: &usize| rows.div_ceil(*size).div_ceil(threads) * size;
    sizes
        .min_by_key(|size| (busiest(size), *size))
        .unwrap_or(rows)
}

/// Calls `f(i, task)` for every task, on several threads if `parallel`.
pub(crate) fn each<T: Send>(parallel: bool, tasks: Vec<T>, f: impl Fn(usize, T) + Sync) {
    if parallel && tasks.len() > 1 {
        on_threads(tasks, |i, _, t| f(i, t));
    } else {
        tasks.into_iter().enumerate().for_each(|(i, t)| f(i, t));
    }
}

/// Calls `f(i, thread, task)` for every task on the threads of the team that runs the plan.
pub(crate) fn on_threads<T: Send>(tasks: Vec<T>, f: impl Fn(usize, usize, T) + Sync) {
    // Whoever takes a task's number takes the task, so that no lock is ever waited for.
    let tasks: Vec<Mutex<Option<T>>> = tasks.into_iter().map(|t| Mutex::new(Some(t))).collect();
    team::each(tasks.len(), &|i, thread| {
        let mut slot = tasks[i].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = slot.take() {
            drop(slot);
            flushed(|| f(i, thread, task));
        }
    });
}

/// Runs `f` on this thread, with the pool's other threads as helpers for what is cut into pieces. Inside another such call
/// the helpers are that one's; beside another thread's, that one's too, and `f` runs alone.
pub(crate) fn with_team<R>(f: impl FnOnce() -> R) -> R {
    /// Kept, so that its helpers are found awake by the run that follows.
    static TEAM: Mutex<Option<Arc<Team>>> = Mutex::new(None);
    let threads = threads();
    if team::is_led() || threads == 1 {
        return f();
    }
    let team = {
        let mut kept = TEAM.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(team) if team.threads() == threads => team.clone(),
            _ => kept.insert(Arc::new(Team::new(threads))).clone(),
        }
    };
    let ask = |number| {
        let team = team.clone();
        spawn(move || team.help(number));
    };
    team.lead(ask, f)
}

/// As [`rows`], for work that gains from many rows: a piece for each thread, of 4 rows at least.
pub(crate) fn many_rows(parallel: bool, rows: usize, work: usize) -> usize {
    let least = PIECE.div_ceil(work.max(1)).max(4);
    if parallel && rows > least {
        least.max(rows.div_ceil(threads()))
    } else {
        rows.max(1)
    }
}

/// As [`rows`], for products over very many terms, which read the other operand once for each piece: small pieces grow up to
/// 64 rows while every thread has one.
pub(crate) fn tall_rows(parallel: bool, n: usize, work: usize) -> usize {
    rows(parallel, n, work).max(many_rows(parallel, n, work).min(64))
}

/// What `f` makes of every piece of `x` of length `piece`, in order, on several threads if `parallel`.
pub(crate) fn map<T: Sync, R: Send>(
    parallel: bool,
    x: &[T],
    piece: usize,
    f: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    if parallel && x.len() > piece {
        let mut made: Vec<Option<R>> = x.chunks(piece).map(|_| None).collect();
        each(
            true,
            x.chunks(piece).zip(&mut made).collect(),
            |_, (x, made)| *made = Some(f(x)),
        );
        made.into_iter().flatten().collect()
    } else {
        x.chunks(piece).map(f).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::even;

    #[test]
    fn every_thread_gets_as_many_rows() {
        // 14 rows by twos are seven pieces, four for one of two threads.
        for (rows, most, threads, want) in [
            (14, 99, 2, 7),
            (28, 99, 2, 7),
            (56, 99, 2, 7),
            (16, 99, 2, 2),
            (7, 99, 2, 1),
            (30, 6, 2, 5),
            (5, 2, 8, 3),
            (100, 99, 1, 25),
        ] {
            assert_eq!(even(rows, most, threads), want, "{rows} rows on {threads}");
        }
    }
}
