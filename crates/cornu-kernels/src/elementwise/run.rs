//! Runs a program over slices, a tile at a time.

use super::compute::{TILE, compute};
use super::{Instr, Program};
use crate::matrix::panels::aligned;
use crate::simd::{Simd, dispatch};
use std::cell::RefCell;

/// Where the elements of an input come from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Bytes, read as 0 to 255.
    U8(&'a [u8]),
    /// Integers, read as the nearest float.
    I32(&'a [i32]),
    /// What the output of this number held before, element by element.
    Output(usize),
}

/// Which element of an input belongs to element `i` of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// Element `i − start`: the slice has as many elements as the run.
    Same,
    /// Element 0 always.
    Scalar,
    /// Element `(i / repeat) % period`: the slice has `period` elements.
    Cyclic {
        /// How often each element repeats in a row.
        repeat: usize,
        /// How many elements there are.
        period: usize,
    },
}

/// Where the elements of an output go; each slice has as many elements as the run.
#[derive(Debug)]
pub enum Sink<'a> {
    /// Floats.
    F32(&'a mut [f32]),
    /// Bytes: cut to an integer, clamped to 0..=255, NaN is 0.
    U8(&'a mut [u8]),
    /// Integers: cut to an integer, clamped, NaN is 0.
    I32(&'a mut [i32]),
}

impl Sink<'_> {
    fn len(&self) -> usize {
        match self {
            Sink::F32(s) => s.len(),
            Sink::U8(s) => s.len(),
            Sink::I32(s) => s.len(),
        }
    }

    /// Its elements from `first` on.
    fn after(&mut self, first: usize) -> Sink<'_> {
        match self {
            Sink::F32(s) => Sink::F32(&mut s[first..]),
            Sink::U8(s) => Sink::U8(&mut s[first..]),
            Sink::I32(s) => Sink::I32(&mut s[first..]),
        }
    }
}

fn check(p: &Program, len: usize, inputs: &[(Source, Indexing)], outputs: &[Sink]) {
    assert_eq!(
        inputs.len(),
        p.inputs(),
        "elementwise::run: inputs of the program"
    );
    assert_eq!(
        outputs.len(),
        p.outputs(),
        "elementwise::run: outputs of the program"
    );
    for (number, output) in outputs.iter().enumerate() {
        assert_eq!(
            output.len(),
            len,
            "elementwise::run: elements of output {number}"
        );
    }
    for (number, (source, indexing)) in inputs.iter().enumerate() {
        let have = match source {
            Source::F32(s) => s.len(),
            Source::U8(s) => s.len(),
            Source::I32(s) => s.len(),
            Source::Output(o) => {
                assert!(
                    *o < outputs.len(),
                    "elementwise::run: input {number} reads output {o}"
                );
                assert_eq!(
                    *indexing,
                    Indexing::Same,
                    "elementwise::run: input {number} is in place"
                );
                continue;
            }
        };
        match *indexing {
            Indexing::Same => assert_eq!(have, len, "elementwise::run: elements of input {number}"),
            Indexing::Scalar => assert!(have >= 1, "elementwise::run: input {number} is empty"),
            Indexing::Cyclic { repeat, period } => assert!(
                repeat > 0 && period > 0 && have == period,
                "elementwise::run: input {number} has {have} elements, indexed by {indexing:?}"
            ),
        }
    }
}

/// Runs a program on elements `start .. start + len` of a whole.
///
/// `start` matters to [`Indexing::Cyclic`] only. An output that is also read in place is read, tile by tile, before it
/// is written.
pub fn run(
    p: &Program,
    start: usize,
    len: usize,
    inputs: &[(Source, Indexing)],
    outputs: &mut [Sink],
) {
    check(p, len, inputs, outputs);
    let done = p
        .compiled()
        .map_or(0, |compiled| compiled.run(len, inputs, outputs));
    if done == len {
        return;
    }
    REGISTERS.with_borrow_mut(|memory| {
        if done == 0 {
            tiles(p, start, len, inputs, outputs, memory);
            return;
        }
        let rest = |&(source, indexing): &(_, _)| match (source, indexing) {
            (Source::F32(x), Indexing::Same) => (Source::F32(&x[done..]), indexing),
            other => other,
        };
        let inputs: Vec<_> = inputs.iter().map(rest).collect();
        let mut outputs: Vec<_> = outputs.iter_mut().map(|y| y.after(done)).collect();
        tiles(p, start + done, len - done, &inputs, &mut outputs, memory);
    });
}

thread_local! {
    static REGISTERS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Inputs whose cycle is at most this long are written out once, so that any tile of them is a slice.
const UNROLLED: usize = 4096;

/// Where tiles of an input are found.
enum Feed {
    /// In the caller's slice, in unrolled memory at an offset with a cycle length, or copied for each tile.
    Slice,
    Unrolled {
        at: usize,
        cycle: usize,
    },
    Copied,
}

fn tiles(
    p: &Program,
    start: usize,
    len: usize,
    inputs: &[(Source, Indexing)],
    outputs: &mut [Sink],
    memory: &mut Vec<f32>,
) {
    let mut end = p.registers() * TILE;
    let feed = |(source, indexing): &(Source, Indexing)| {
        let cycle = match *indexing {
            Indexing::Same if matches!(source, Source::F32(_)) => return Feed::Slice,
            Indexing::Same => return Feed::Copied,
            Indexing::Scalar => 1,
            Indexing::Cyclic { repeat, period } => repeat.saturating_mul(period),
        };
        if cycle > UNROLLED {
            return Feed::Copied;
        }
        let at = end;
        end += (cycle + TILE).next_multiple_of(16);
        Feed::Unrolled { at, cycle }
    };
    let feeds: Vec<Feed> = inputs.iter().map(feed).collect();
    let memory = aligned(memory, end);
    for (feed, (source, indexing)) in feeds.iter().zip(inputs) {
        if let Feed::Unrolled { at, cycle } = *feed {
            cyclic(
                source,
                *indexing,
                0,
                &mut memory[at..at + cycle + TILE.min(len)],
            );
        }
    }
    let base = memory.as_mut_ptr();
    // Floats are written through these alone; the slices are not touched until the end.
    let floats: Vec<Option<*mut f32>> = outputs
        .iter_mut()
        .map(|output| match output {
            Sink::F32(s) => Some(s.as_mut_ptr()),
            _ => None,
        })
        .collect();
    let direct: Vec<Option<usize>> = (0..p.instrs().len())
        .map(|at| (0..outputs.len()).find(|&o| floats[o].is_some() && is_direct(p, at, o, inputs)))
        .collect();
    // Where each register's tile is: its own memory, or a slice it was loaded from.
    let mut at = vec![base.cast_const(); p.registers()];
    for &constant in p.kept() {
        let instr = p.instrs()[constant];
        let dst = instr.registers().0.map_or(0, usize::from);
        // SAFETY: each register owns TILE elements.
        compute(instr, TILE, unsafe { base.add(dst * TILE) }, &mut at);
    }
    let steps: Vec<(Instr, Option<usize>)> = (0..p.instrs().len())
        .filter(|at| !p.kept().contains(at))
        .map(|at| (p.instrs()[at], direct[at]))
        .collect();
    for first in (0..len).step_by(TILE) {
        let n = TILE.min(len - first);
        // Vectors read and write whole tiles, so only a whole one may be used where it lies.
        let whole = n == TILE;
        for &(instr, direct_output) in &steps {
            match instr {
                Instr::Load { dst, input } => {
                    let dst = usize::from(dst);
                    let (source, indexing) = &inputs[input];
                    // SAFETY: each register owns TILE elements at the start of the memory, and no reference to them
                    // lives beyond this arm.
                    let own = unsafe { std::slice::from_raw_parts_mut(base.add(dst * TILE), n) };
                    at[dst] = own.as_ptr();
                    match (&feeds[input], source) {
                        (Feed::Slice, Source::F32(from)) if whole => {
                            at[dst] = from[first..first + TILE].as_ptr();
                            ahead(at[dst].wrapping_add(TILE));
                        }
                        (Feed::Slice, Source::F32(from)) => {
                            own.copy_from_slice(&from[first..first + n]);
                        }
                        // SAFETY: the offset is less than the cycle, and cycle + TILE elements lie at the slot.
                        (Feed::Unrolled { at: slot, cycle }, _) => unsafe {
                            at[dst] = base.add(slot + (start + first) % cycle);
                        },
                        (_, Source::Output(output)) => match floats[*output] {
                            // SAFETY: an output has `len` elements, and `own` is not part of it.
                            Some(s) => unsafe {
                                let s = s.add(first).cast_const();
                                if whole && direct.contains(&Some(*output)) {
                                    at[dst] = s;
                                    ahead(s.wrapping_add(TILE));
                                } else {
                                    std::ptr::copy_nonoverlapping(s, base.add(dst * TILE), n);
                                }
                            },
                            None => before(&outputs[*output], first, own),
                        },
                        _ if *indexing == Indexing::Same => same(source, first, own),
                        _ => cyclic(source, *indexing, start + first, own),
                    }
                }
                Instr::Store { output, src } => {
                    let from = at[usize::from(src)];
                    // SAFETY: every register's pointer has n elements behind it (see Load and `compute`) and an output `len`.
                    // What was computed in the output itself is there; no other tile overlaps it, for a register
                    // loaded from an output is not stored there as it is (`is_direct`).
                    unsafe {
                        match floats[output].map(|s| s.add(first)) {
                            Some(to) if from == to.cast_const() => {}
                            Some(to) => std::ptr::copy_nonoverlapping(from, to, n),
                            None => {
                                let from = std::slice::from_raw_parts(from, n);
                                store(from, first, &mut outputs[output]);
                            }
                        }
                    }
                }
                instr => {
                    let dst = instr.registers().0.map_or(0, usize::from);
                    // SAFETY: each register owns TILE elements, and a whole tile of an output lies at `first`.
                    let to = unsafe {
                        match direct_output.and_then(|o| floats[o]) {
                            Some(s) if whole => s.add(first),
                            _ => base.add(dst * TILE),
                        }
                    };
                    compute(instr, n, to, &mut at);
                }
            }
        }
    }
}

/// Asks for a tile that is read soon: the processor's own foresight ends where instructions stop to read.
fn ahead(tile: *const f32) {
    #[inline(always)]
    unsafe fn body<S: Simd>(tile: *const f32) {
        for line in (0..TILE).step_by(16) {
            // SAFETY: the caller has the level; what is asked for need not be there.
            unsafe { S::prefetch(tile.wrapping_add(line)) };
        }
    }
    dispatch!(body(tile: *const f32));
}

/// Whether instruction `at` may write its result where output `o` lies: what the output held before is read no later, and by
/// vectors at the same place.
fn is_direct(p: &Program, at: usize, o: usize, inputs: &[(Source, Indexing)]) -> bool {
    p.computed(o) == Some(at)
        && inputs.iter().enumerate().all(|(number, (source, _))| {
            !matches!(source, Source::Output(output) if *output == o) || p.read(number) <= at
        })
}

/// Writes elements `from, from + 1, ...` of a repeating input.
fn cyclic(source: &Source, indexing: Indexing, from: usize, to: &mut [f32]) {
    let (repeat, period) = match indexing {
        Indexing::Cyclic { repeat, period } => (repeat, period),
        Indexing::Same | Indexing::Scalar => (1, 1),
    };
    let element = |i: usize| match *source {
        Source::F32(s) => s[i],
        Source::U8(s) => f32::from(s[i]),
        Source::I32(s) => s[i] as f32,
        Source::Output(_) => unreachable!("an input in place is indexed as it is"),
    };
    let mut done = 0;
    let mut at = from / repeat % period;
    let mut inside = from % repeat;
    while done < to.len() {
        if repeat == 1 {
            let n = (period - at).min(to.len() - done);
            let to = &mut to[done..done + n];
            if let Source::F32(s) = *source {
                to.copy_from_slice(&s[at..at + n]);
            } else {
                to.iter_mut().zip(at..).for_each(|(to, i)| *to = element(i));
            }
            done += n;
            at = 0;
        } else if let (Source::F32(s), 2..=4, 0) = (source, repeat, inside)
            && to.len() - done >= repeat
        {
            // The channels of colour pixels: four times as fast as by pieces.
            let n = (period - at).min((to.len() - done) / repeat);
            let (from, to) = (&s[at..at + n], &mut to[done..done + n * repeat]);
            match repeat {
                2 => spread::<2>(from, to),
                3 => spread::<3>(from, to),
                _ => spread::<4>(from, to),
            }
            done += n * repeat;
            at = (at + n) % period;
        } else {
            let n = (repeat - inside).min(to.len() - done);
            to[done..done + n].fill(element(at));
            done += n;
            inside = 0;
            at = (at + 1) % period;
        }
    }
}

/// Each element `N` times.
fn spread<const N: usize>(from: &[f32], to: &mut [f32]) {
    for (to, &v) in to.as_chunks_mut::<N>().0.iter_mut().zip(from) {
        *to = [v; N];
    }
}

fn same(source: &Source, first: usize, to: &mut [f32]) {
    let n = to.len();
    match *source {
        Source::F32(s) => to.copy_from_slice(&s[first..first + n]),
        Source::U8(s) => from_bytes(&s[first..first + n], to),
        Source::I32(s) => to
            .iter_mut()
            .zip(&s[first..first + n])
            .for_each(|(to, &v)| *to = v as f32),
        Source::Output(_) => unreachable!("an input in place is read from its output"),
    }
}

/// Bytes as floats: a plain loop, compiled for each level's vectors.
fn from_bytes(from: &[u8], to: &mut [f32]) {
    #[inline(always)]
    unsafe fn body<S: Simd>(from: &[u8], to: &mut [f32]) {
        for (to, &v) in to.iter_mut().zip(from) {
            *to = f32::from(v);
        }
    }
    dispatch!(body(from: &[u8], to: &mut [f32]));
}

/// Floats as bytes, cut and clamped; NaN is 0.
fn to_bytes(from: &[f32], to: &mut [u8]) {
    #[inline(always)]
    unsafe fn body<S: Simd>(from: &[f32], to: &mut [u8]) {
        let whole = from.len() - from.len() % S::LANES;
        // SAFETY: the caller has the level.
        let (zero, most) = unsafe { (S::splat(0.0), S::splat(255.0)) };
        for i in (0..whole).step_by(S::LANES) {
            // SAFETY: a whole vector lies between `i` and `whole`, and `to` was cut to as many elements as `from`.
            unsafe {
                let v = S::load(from.as_ptr().add(i));
                let v = S::select(S::lt(zero, v), v, zero);
                let v = S::select(S::lt(v, most), v, most);
                S::store_bytes(to.as_mut_ptr().add(i), S::to_int(S::floor(v)));
            }
        }
        for (to, &v) in to[whole..].iter_mut().zip(&from[whole..]) {
            *to = v as u8;
        }
    }
    let to = &mut to[..from.len()];
    dispatch!(body(from: &[f32], to: &mut [u8]));
}

fn before(output: &Sink, first: usize, to: &mut [f32]) {
    match output {
        Sink::F32(_) => unreachable!("floats are read where they lie"),
        Sink::U8(s) => same(&Source::U8(s), first, to),
        Sink::I32(s) => same(&Source::I32(s), first, to),
    }
}

fn store(from: &[f32], first: usize, output: &mut Sink) {
    let n = from.len();
    match output {
        Sink::F32(_) => unreachable!("floats are stored as they are"),
        Sink::U8(s) => to_bytes(from, &mut s[first..first + n]),
        Sink::I32(s) => s[first..first + n]
            .iter_mut()
            .zip(from)
            .for_each(|(to, v)| *to = *v as i32),
    }
}
