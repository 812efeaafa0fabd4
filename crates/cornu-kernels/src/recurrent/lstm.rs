//! Long short-term memory: the four gates of some units are one tile, so they meet in registers.
//!
//! `i, f, o = σ(..)`, `g = tanh(..)`, `c' = f·c + i·g`, `h' = o·tanh(c')`; columns in the order i, f, g, o.

use super::sweep::{AddTo, Back, Panels, Rows, Tail, get, multiply, put};
use super::{Backward, Forward, Sequence};
use crate::simd::{Simd, math};

struct Step<'a> {
    call: &'a Forward,
    seq: Sequence,
    t: usize,
    /// The time of the next step, whose projections are asked for now.
    next: usize,
    h: *const f32,
    h_next: *mut f32,
    c: *mut f32,
    stride: usize,
}

impl<S: Simd> Tail<S, 4> for Step<'_> {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; 4] {
        let units = self.seq.units;
        let (at, n) = self.seq.lanes(panel, S::LANES);
        let p = self
            .call
            .p
            .add((row * self.seq.steps + self.t) * 4 * units + at);
        let ahead = self
            .call
            .p
            .wrapping_add((row * self.seq.steps + self.next) * 4 * units + at);
        let mut sums = [S::splat(0.0); 4];
        for gate in 0..4 {
            sums[gate] = get::<S>(p.add(gate * units), n);
            S::prefetch(ahead.wrapping_add(gate * units));
        }
        sums
    }

    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, [i, f, g, o]: [S::F; 4]) {
        let units = self.seq.units;
        let (at, n) = self.seq.lanes(panel, S::LANES);
        let (i, f) = (math::sigmoid::<S>(i), math::sigmoid::<S>(f));
        let (g, o) = (math::tanh::<S>(g), math::sigmoid::<S>(o));
        let place = row * self.stride + at;
        let before = S::load(self.c.add(place));
        let mut c = S::fma(f, before, S::mul(i, g));
        let mut h = S::mul(o, math::tanh::<S>(c));
        let moment = row * self.seq.steps + self.t;
        if self.call.is_masked(moment) {
            (c, h) = (before, S::load(self.h.add(place)));
        }
        S::store(self.c.add(place), c);
        S::store(self.h_next.add(place), h);
        put::<S>(self.call.h.add(moment * units + at), n, h);
        if !self.call.kept.is_null() {
            let kept = self.call.kept.add(moment * 4 * units + at);
            put::<S>(kept, n, i);
            put::<S>(kept.add(units), n, f);
            put::<S>(kept.add(2 * units), n, g);
            put::<S>(kept.add(3 * units), n, o);
        }
        if !self.call.c.is_null() {
            put::<S>(self.call.c.add(moment * units + at), n, c);
        }
    }
}

/// Elements of working memory of [`forward`].
pub(super) fn forward_len(lanes: usize, seq: Sequence) -> usize {
    let groups = seq.units.div_ceil(lanes);
    Panels::len(lanes, groups, seq.units, 4) + 3 * seq.rows * groups * lanes
}

/// All steps of some rows.
#[inline(always)]
pub(super) unsafe fn forward<S: Simd>(
    seq: Sequence,
    call: &Forward,
    u: &[f32],
    scratch: &mut [f32],
) {
    let units = seq.units;
    let groups = units.div_ceil(S::LANES);
    let (packed, state) = scratch.split_at_mut(Panels::len(S::LANES, groups, units, 4));
    let w = Panels::pack(
        packed,
        S::LANES,
        [groups, units, 4],
        |term, panel, gate, lane| {
            let unit = panel * S::LANES + lane;
            if unit < units {
                u[(term * 4 + gate) * units + unit]
            } else {
                0.0
            }
        },
    );
    let stride = groups * S::LANES;
    state.fill(0.0);
    let (c, rest) = state.split_at_mut(seq.rows * stride);
    let (h, h_next) = rest.split_at_mut(seq.rows * stride);
    let (c, mut h, mut h_next) = (c.as_mut_ptr(), h.as_mut_ptr(), h_next.as_mut_ptr());
    for s in 0..seq.steps {
        let step = Step {
            call,
            seq,
            t: seq.time(s),
            next: seq.time((s + 1).min(seq.steps - 1)),
            h,
            h_next,
            c,
            stride,
        };
        let rows = Rows {
            at: h,
            stride,
            count: seq.rows,
        };
        multiply::<S, 4, Step<'_>>(w, rows, s == 0, &step);
        (h, h_next) = (h_next, h);
    }
}

/// Elements of working memory of [`backward`].
pub(super) fn backward_len(lanes: usize, seq: Sequence) -> usize {
    let padded = seq.units.next_multiple_of(lanes);
    Back::len(lanes, seq.units, 4) + seq.rows * (2 * padded + 4 * seq.units)
}

/// All steps of some rows, from the last.
#[inline(always)]
pub(super) unsafe fn backward<S: Simd>(
    seq: Sequence,
    call: &Backward,
    u: &[f32],
    scratch: &mut [f32],
) {
    let units = seq.units;
    let groups = units.div_ceil(S::LANES);
    let stride = groups * S::LANES;
    let (packed, rest) = scratch.split_at_mut(Back::len(S::LANES, units, 4));
    let back = Back::pack::<S>(packed, u, units, 4);
    rest.fill(0.0);
    let (dh, rest) = rest.split_at_mut(seq.rows * stride);
    let (dc, dq) = rest.split_at_mut(seq.rows * stride);
    let (dh, dc, dq) = (dh.as_mut_ptr(), dc.as_mut_ptr(), dq.as_mut_ptr());
    if !call.dc.is_null() {
        for row in 0..seq.rows {
            for group in 0..groups {
                let (at, n) = seq.lanes(group, S::LANES);
                let given = get::<S>(call.dc.add(row * units + at), n);
                S::store(dc.add(row * stride + at), given);
            }
        }
    }
    let one = S::splat(1.0);
    for s in (0..seq.steps).rev() {
        let t = seq.time(s);
        let (prev, ahead) = (seq.time(s.saturating_sub(1)), seq.time(s.saturating_sub(2)));
        for row in 0..seq.rows {
            let moment = row * seq.steps + t;
            let before = row * seq.steps + prev;
            let masked = call.is_masked(moment);
            for group in 0..groups {
                let (at, n) = seq.lanes(group, S::LANES);
                let place = row * stride + at;
                let carried = S::load(dh.add(place));
                let dy = S::add(carried, call.upstream::<S>(seq, s, moment, row, at, n));
                let dp = call.dp.add(moment * 4 * units + at);
                let dq = dq.add(row * 4 * units + at);
                let kept = call.kept.add(moment * 4 * units + at);
                let next = call.kept.wrapping_add(before * 4 * units + at);
                for gate in 0..4 {
                    S::prefetch(next.wrapping_add(gate * units));
                }
                S::prefetch(call.c.wrapping_add((row * seq.steps + ahead) * units + at));
                if masked {
                    for gate in 0..4 {
                        put::<S>(dp.add(gate * units), n, S::splat(0.0));
                        put::<S>(dq.add(gate * units), n, S::splat(0.0));
                    }
                    S::store(dh.add(place), dy);
                    continue;
                }
                let i = get::<S>(kept, n);
                let f = get::<S>(kept.add(units), n);
                let g = get::<S>(kept.add(2 * units), n);
                let o = get::<S>(kept.add(3 * units), n);
                let c = get::<S>(call.c.add(moment * units + at), n);
                let c_before = if s == 0 {
                    S::splat(0.0)
                } else {
                    get::<S>(call.c.add(before * units + at), n)
                };
                let squashed = math::tanh::<S>(c);
                let slope = S::sub(one, S::mul(squashed, squashed));
                let d = S::fma(S::mul(dy, o), slope, S::load(dc.add(place)));
                let by_i = S::mul(S::mul(d, g), S::mul(i, S::sub(one, i)));
                let by_f = S::mul(S::mul(d, c_before), S::mul(f, S::sub(one, f)));
                let by_g = S::mul(S::mul(d, i), S::sub(one, S::mul(g, g)));
                let by_o = S::mul(S::mul(dy, squashed), S::mul(o, S::sub(one, o)));
                S::store(dc.add(place), S::mul(d, f));
                S::store(dh.add(place), S::splat(0.0));
                for (gate, value) in [by_i, by_f, by_g, by_o].into_iter().enumerate() {
                    put::<S>(dp.add(gate * units), n, value);
                    put::<S>(dq.add(gate * units), n, value);
                }
            }
        }
        if s > 0 {
            for gate in 0..4 {
                let rows = Rows {
                    at: dq.add(gate * units),
                    stride: 4 * units,
                    count: seq.rows,
                };
                back.add::<S>(gate, rows, &AddTo { to: dh, stride });
            }
        }
    }
}
