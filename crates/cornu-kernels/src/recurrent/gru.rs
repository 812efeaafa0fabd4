//! Gated recurrent units: `z, r = σ(..)`, `h' = z·h + (1 - z)·n`, columns in the order z, r, n.
//!
//! With the reset gate after the product, `n = tanh(p + r·(h·u + b))`, the three gates of some units are one tile. With the
//! gate before it, `n = tanh(p + (r·h)·u)`, the product for `n` must wait for the gates: two passes a step.

use super::sweep::{AddTo, Back, Panels, Rows, Tail, get, multiply, put};
use super::{Backward, Forward, Sequence};
use crate::simd::{Simd, math};

struct Step<'a> {
    call: &'a Forward,
    bias: *const f32,
    seq: Sequence,
    t: usize,
    /// The time of the next step, whose projections are asked for now.
    next: usize,
    h: *const f32,
    h_next: *mut f32,
    /// Between the two passes: the update gate, and `r·h`.
    z: *mut f32,
    reset: *mut f32,
    stride: usize,
}

impl Step<'_> {
    /// `p` of a gate, while the next step's is asked for.
    #[inline(always)]
    unsafe fn projection<S: Simd>(&self, row: usize, panel: usize, gate: usize) -> S::F {
        let (at, n) = self.seq.lanes(panel, S::LANES);
        let column = gate * self.seq.units + at;
        let ahead = (row * self.seq.steps + self.next) * 3 * self.seq.units + column;
        S::prefetch(self.call.p.wrapping_add(ahead));
        let moment = row * self.seq.steps + self.t;
        get::<S>(self.call.p.add(moment * 3 * self.seq.units + column), n)
    }

    /// Mixes `n` into the state; keeps the gates and what `n` was made of.
    #[inline(always)]
    unsafe fn mix<S: Simd>(&self, row: usize, panel: usize, [z, n, of]: [S::F; 3]) {
        let (at, count) = self.seq.lanes(panel, S::LANES);
        let place = row * self.stride + at;
        let moment = row * self.seq.steps + self.t;
        let before = S::load(self.h.add(place));
        let h = if self.call.is_masked(moment) {
            before
        } else {
            S::fma(z, S::sub(before, n), n)
        };
        S::store(self.h_next.add(place), h);
        let units = self.seq.units;
        put::<S>(self.call.h.add(moment * units + at), count, h);
        if !self.call.kept.is_null() {
            let kept = self.call.kept.add(moment * 4 * units + at);
            put::<S>(kept, count, z);
            put::<S>(kept.add(2 * units), count, n);
            put::<S>(kept.add(3 * units), count, of);
        }
    }

    #[inline(always)]
    unsafe fn keep_reset<S: Simd>(&self, row: usize, panel: usize, r: S::F) {
        if !self.call.kept.is_null() {
            let (at, n) = self.seq.lanes(panel, S::LANES);
            let moment = row * self.seq.steps + self.t;
            let units = self.seq.units;
            put::<S>(self.call.kept.add(moment * 4 * units + units + at), n, r);
        }
    }
}

struct After<'a>(Step<'a>);

impl<S: Simd> Tail<S, 3> for After<'_> {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; 3] {
        let (at, n) = self.0.seq.lanes(panel, S::LANES);
        [
            self.0.projection::<S>(row, panel, 0),
            self.0.projection::<S>(row, panel, 1),
            get::<S>(self.0.bias.add(at), n),
        ]
    }
    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, [z, r, inner]: [S::F; 3]) {
        let (z, r) = (math::sigmoid::<S>(z), math::sigmoid::<S>(r));
        let p = self.0.projection::<S>(row, panel, 2);
        let n = math::tanh::<S>(S::fma(r, inner, p));
        self.0.keep_reset::<S>(row, panel, r);
        self.0.mix::<S>(row, panel, [z, n, inner]);
    }
}

struct Gates<'a>(&'a Step<'a>);

impl<S: Simd> Tail<S, 2> for Gates<'_> {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; 2] {
        [
            self.0.projection::<S>(row, panel, 0),
            self.0.projection::<S>(row, panel, 1),
        ]
    }
    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, [z, r]: [S::F; 2]) {
        let place = row * self.0.stride + panel * S::LANES;
        let r = math::sigmoid::<S>(r);
        S::store(self.0.z.add(place), math::sigmoid::<S>(z));
        S::store(
            self.0.reset.add(place),
            S::mul(r, S::load(self.0.h.add(place))),
        );
        self.0.keep_reset::<S>(row, panel, r);
    }
}

struct Candidate<'a>(&'a Step<'a>);

impl<S: Simd> Tail<S, 1> for Candidate<'_> {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; 1] {
        [self.0.projection::<S>(row, panel, 2)]
    }
    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, [sum]: [S::F; 1]) {
        let place = row * self.0.stride + panel * S::LANES;
        let z = S::load(self.0.z.add(place));
        let reset = S::load(self.0.reset.add(place));
        self.0
            .mix::<S>(row, panel, [z, math::tanh::<S>(sum), reset]);
    }
}

/// Elements of working memory of [`forward`].
pub(super) fn forward_len(lanes: usize, seq: Sequence) -> usize {
    let groups = seq.units.div_ceil(lanes);
    Panels::len(lanes, groups, seq.units, 3) + 4 * seq.rows * groups * lanes
}

/// All steps of some rows; with a bias the reset gate comes after the product, without one before it.
#[inline(always)]
pub(super) unsafe fn forward<S: Simd>(
    seq: Sequence,
    call: &Forward,
    u: &[f32],
    bias: Option<&[f32]>,
    scratch: &mut [f32],
) {
    let units = seq.units;
    let groups = units.div_ceil(S::LANES);
    let stride = groups * S::LANES;
    let weight = |term: usize, panel: usize, gate: usize, lane: usize| {
        let unit = panel * S::LANES + lane;
        if unit < units {
            u[(term * 3 + gate) * units + unit]
        } else {
            0.0
        }
    };
    let (packed, state) = scratch.split_at_mut(Panels::len(S::LANES, groups, units, 3));
    let (first, second) = packed.split_at_mut(Panels::len(S::LANES, groups, units, 2));
    let (gates, candidate) = if bias.is_some() {
        let all = Panels::pack(packed, S::LANES, [groups, units, 3], weight);
        (all, all)
    } else {
        (
            Panels::pack(first, S::LANES, [groups, units, 2], weight),
            Panels::pack(
                second,
                S::LANES,
                [groups, units, 1],
                |term, panel, _, lane| weight(term, panel, 2, lane),
            ),
        )
    };
    state.fill(0.0);
    let each = seq.rows * stride;
    let state = state.as_mut_ptr();
    let (mut h, mut h_next) = (state, state.add(each));
    for s in 0..seq.steps {
        let step = Step {
            call,
            bias: bias.map_or(std::ptr::null(), <[f32]>::as_ptr),
            seq,
            t: seq.time(s),
            next: seq.time((s + 1).min(seq.steps - 1)),
            h,
            h_next,
            z: state.add(2 * each),
            reset: state.add(3 * each),
            stride,
        };
        let rows = |at: *const f32| Rows {
            at,
            stride,
            count: seq.rows,
        };
        if bias.is_some() {
            multiply::<S, 3, After<'_>>(gates, rows(h), s == 0, &After(step));
        } else {
            multiply::<S, 2, Gates<'_>>(gates, rows(h), s == 0, &Gates(&step));
            let reset = rows(step.reset);
            multiply::<S, 1, Candidate<'_>>(candidate, reset, s == 0, &Candidate(&step));
        }
        (h, h_next) = (h_next, h);
    }
}

/// Elements of working memory of [`backward`].
pub(super) fn backward_len(lanes: usize, seq: Sequence) -> usize {
    let padded = seq.units.next_multiple_of(lanes);
    Back::len(lanes, seq.units, 3) + seq.rows * (2 * padded + 3 * seq.units)
}

/// All steps of some rows, from the last; `after` tells where the reset gate is.
#[inline(always)]
pub(super) unsafe fn backward<S: Simd>(
    seq: Sequence,
    call: &Backward,
    u: &[f32],
    after: bool,
    scratch: &mut [f32],
) {
    let units = seq.units;
    let groups = units.div_ceil(S::LANES);
    let stride = groups * S::LANES;
    let (packed, rest) = scratch.split_at_mut(Back::len(S::LANES, units, 3));
    let back = Back::pack::<S>(packed, u, units, 3);
    rest.fill(0.0);
    let (dh, rest) = rest.split_at_mut(seq.rows * stride);
    let (reset, dq) = rest.split_at_mut(seq.rows * stride);
    let (dh, reset, dq) = (dh.as_mut_ptr(), reset.as_mut_ptr(), dq.as_mut_ptr());
    let (zero, one) = (S::splat(0.0), S::splat(1.0));
    let rows = |gate: usize| Rows {
        at: dq.wrapping_add(gate * units),
        stride: 3 * units,
        count: seq.rows,
    };
    for s in (0..seq.steps).rev() {
        let t = seq.time(s);
        let prev = seq.time(s.saturating_sub(1));
        for row in 0..seq.rows {
            let moment = row * seq.steps + t;
            let before = row * seq.steps + prev;
            let masked = call.is_masked(moment);
            for group in 0..groups {
                let (at, n) = seq.lanes(group, S::LANES);
                let place = row * stride + at;
                let dy = S::add(
                    S::load(dh.add(place)),
                    call.upstream::<S>(seq, s, moment, row, at, n),
                );
                let dp = call.dp.add(moment * 3 * units + at);
                let dq = dq.add(row * 3 * units + at);
                let kept = call.kept.add(moment * 4 * units + at);
                let next = call.kept.wrapping_add(before * 4 * units + at);
                for gate in 0..4 {
                    S::prefetch(next.wrapping_add(gate * units));
                }
                let z = get::<S>(kept, n);
                let r = get::<S>(kept.add(units), n);
                let c = get::<S>(kept.add(2 * units), n);
                let of = get::<S>(kept.add(3 * units), n);
                let h_before = if s == 0 {
                    zero
                } else {
                    get::<S>(call.h.add(before * units + at), n)
                };
                let (mut by_z, mut by_r, mut by_n, mut inner, mut stays) = (
                    S::mul(S::mul(dy, S::sub(h_before, c)), S::mul(z, S::sub(one, z))),
                    zero,
                    S::mul(S::mul(dy, S::sub(one, z)), S::sub(one, S::mul(c, c))),
                    zero,
                    S::mul(dy, z),
                );
                if after {
                    by_r = S::mul(S::mul(by_n, of), S::mul(r, S::sub(one, r)));
                    inner = S::mul(by_n, r);
                }
                if masked {
                    (by_z, by_r, by_n, inner, stays) = (zero, zero, zero, zero, dy);
                }
                put::<S>(dp, n, by_z);
                put::<S>(dp.add(2 * units), n, by_n);
                put::<S>(dq, n, by_z);
                S::store(dh.add(place), stays);
                if after {
                    put::<S>(dp.add(units), n, by_r);
                    put::<S>(dq.add(units), n, by_r);
                    put::<S>(dq.add(2 * units), n, inner);
                    put::<S>(call.dn.add(moment * units + at), n, inner);
                } else {
                    put::<S>(dq.add(2 * units), n, by_n);
                    S::store(reset.add(place), zero);
                }
            }
        }
        if !after {
            // The gradient of r·h, from which the reset gate's follows.
            back.add::<S>(2, rows(2), &AddTo { to: reset, stride });
            for row in 0..seq.rows {
                let moment = row * seq.steps + t;
                for group in 0..groups {
                    let (at, n) = seq.lanes(group, S::LANES);
                    let place = row * stride + at;
                    let d = S::load(reset.add(place));
                    let r = get::<S>(call.kept.add(moment * 4 * units + units + at), n);
                    let h_before = if s == 0 {
                        zero
                    } else {
                        let before = row * seq.steps + prev;
                        get::<S>(call.h.add(before * units + at), n)
                    };
                    let by_r = S::mul(S::mul(d, h_before), S::mul(r, S::sub(one, r)));
                    put::<S>(call.dp.add(moment * 3 * units + units + at), n, by_r);
                    put::<S>(dq.add(row * 3 * units + units + at), n, by_r);
                    S::store(dh.add(place), S::fma(d, r, S::load(dh.add(place))));
                }
            }
        }
        if s > 0 {
            let to = AddTo { to: dh, stride };
            back.add::<S>(0, rows(0), &to);
            back.add::<S>(1, rows(1), &to);
            if after {
                back.add::<S>(2, rows(2), &to);
            }
        }
    }
}
