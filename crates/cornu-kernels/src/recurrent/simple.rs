//! The plain recurrent network: `h' = tanh(p + h·u)`.

use super::sweep::{AddTo, Back, Panels, Rows, Tail, get, multiply, put};
use super::{Backward, Forward, Sequence};
use crate::simd::{Simd, math};

struct Step<'a> {
    call: &'a Forward,
    seq: Sequence,
    t: usize,
    h: *const f32,
    h_next: *mut f32,
    stride: usize,
}

impl<S: Simd> Tail<S, 1> for Step<'_> {
    #[inline(always)]
    unsafe fn start(&self, row: usize, panel: usize) -> [S::F; 1] {
        let (at, n) = self.seq.lanes(panel, S::LANES);
        let moment = row * self.seq.steps + self.t;
        [get::<S>(self.call.p.add(moment * self.seq.units + at), n)]
    }

    #[inline(always)]
    unsafe fn finish(&self, row: usize, panel: usize, [sum]: [S::F; 1]) {
        let (at, n) = self.seq.lanes(panel, S::LANES);
        let moment = row * self.seq.steps + self.t;
        let place = row * self.stride + at;
        let h = if self.call.is_masked(moment) {
            S::load(self.h.add(place))
        } else {
            math::tanh::<S>(sum)
        };
        S::store(self.h_next.add(place), h);
        put::<S>(self.call.h.add(moment * self.seq.units + at), n, h);
    }
}

/// Elements of working memory of [`forward`].
pub(super) fn forward_len(lanes: usize, seq: Sequence) -> usize {
    let groups = seq.units.div_ceil(lanes);
    Panels::len(lanes, groups, seq.units, 1) + 2 * seq.rows * groups * lanes
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
    let stride = groups * S::LANES;
    let (packed, state) = scratch.split_at_mut(Panels::len(S::LANES, groups, units, 1));
    let w = Panels::pack(
        packed,
        S::LANES,
        [groups, units, 1],
        |term, panel, _, lane| {
            let unit = panel * S::LANES + lane;
            if unit < units {
                u[term * units + unit]
            } else {
                0.0
            }
        },
    );
    state.fill(0.0);
    let (h, h_next) = state.split_at_mut(seq.rows * stride);
    let (mut h, mut h_next) = (h.as_mut_ptr(), h_next.as_mut_ptr());
    for s in 0..seq.steps {
        let step = Step {
            call,
            seq,
            t: seq.time(s),
            h,
            h_next,
            stride,
        };
        let rows = Rows {
            at: h,
            stride,
            count: seq.rows,
        };
        multiply::<S, 1, Step<'_>>(w, rows, s == 0, &step);
        (h, h_next) = (h_next, h);
    }
}

/// Elements of working memory of [`backward`].
pub(super) fn backward_len(lanes: usize, seq: Sequence) -> usize {
    let padded = seq.units.next_multiple_of(lanes);
    Back::len(lanes, seq.units, 1) + seq.rows * (padded + seq.units)
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
    let (packed, rest) = scratch.split_at_mut(Back::len(S::LANES, units, 1));
    let back = Back::pack::<S>(packed, u, units, 1);
    rest.fill(0.0);
    let (dh, dq) = rest.split_at_mut(seq.rows * stride);
    let (dh, dq) = (dh.as_mut_ptr(), dq.as_mut_ptr());
    for s in (0..seq.steps).rev() {
        let t = seq.time(s);
        for row in 0..seq.rows {
            let moment = row * seq.steps + t;
            let masked = call.is_masked(moment);
            for group in 0..groups {
                let (at, n) = seq.lanes(group, S::LANES);
                let carry = dh.add(row * stride + at);
                let dy = S::add(
                    S::load(carry),
                    call.upstream::<S>(seq, s, moment, row, at, n),
                );
                let h = get::<S>(call.h.add(moment * units + at), n);
                let slope = S::sub(S::splat(1.0), S::mul(h, h));
                let zero = S::splat(0.0);
                let (dp, stays) = if masked {
                    (zero, dy)
                } else {
                    (S::mul(dy, slope), zero)
                };
                put::<S>(call.dp.add(moment * units + at), n, dp);
                put::<S>(dq.add(row * units + at), n, dp);
                S::store(carry, stays);
            }
        }
        if s > 0 {
            let rows = Rows {
                at: dq,
                stride: units,
                count: seq.rows,
            };
            back.add::<S>(0, rows, &AddTo { to: dh, stride });
        }
    }
}
