//! Bytes of an arena as the elements a kernel reads and writes.

use std::ops::Range;

use cornu_kernels::arena;
use smallvec::SmallVec;

use super::states::States;
use crate::graph::ops::{View, ViewMut};
use crate::shape::DType;
use crate::tensor::{Data, Tensor};

/// What a run is given beside its states.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) feeds: &'a [&'a Tensor],
    pub(super) prepared: &'a States,
}

/// A list that is short as a rule.
pub(super) type Few<T> = SmallVec<[T; 8]>;

// An empty slice of bytes need not be aligned, so it is no slice of floats to the kernels' checks.

pub(super) fn floats(bytes: &[u8]) -> &[f32] {
    if bytes.is_empty() {
        &[]
    } else {
        arena::as_f32(bytes)
    }
}

pub(super) fn floats_mut(bytes: &mut [u8]) -> &mut [f32] {
    if bytes.is_empty() {
        &mut []
    } else {
        arena::as_f32_mut(bytes)
    }
}

pub(super) fn view(bytes: &[u8], dtype: DType) -> View<'_> {
    match dtype {
        DType::F32 => View::F32(floats(bytes)),
        DType::I32 if bytes.is_empty() => View::I32(&[]),
        DType::I32 => View::I32(arena::as_i32(bytes)),
        DType::U8 => View::U8(bytes),
    }
}

pub(super) fn view_mut(bytes: &mut [u8], dtype: DType) -> ViewMut<'_> {
    match dtype {
        DType::F32 => ViewMut::F32(floats_mut(bytes)),
        DType::I32 if bytes.is_empty() => ViewMut::I32(&mut []),
        DType::I32 => ViewMut::I32(arena::as_i32_mut(bytes)),
        DType::U8 => ViewMut::U8(bytes),
    }
}

/// A feed, or rows of it.
pub(super) fn feed_view<'a>(feed: &'a Tensor, rows: Option<&Range<usize>>) -> View<'a> {
    let row = feed.shape().row();
    let cut = rows.map_or(0..feed.data().len(), |r| r.start * row..r.end * row);
    match feed.data() {
        Data::F32(x) => View::F32(&x[cut]),
        Data::I32(x) => View::I32(&x[cut]),
        Data::U8(x) => View::U8(&x[cut]),
    }
}

/// Splits disjoint ascending ranges, (offset, bytes), out of a buffer.
pub(super) fn carve(
    mut rest: &mut [u8],
    ranges: impl Iterator<Item = (usize, usize)>,
) -> Few<&mut [u8]> {
    let mut at = 0;
    ranges
        .map(|(offset, len)| {
            let (_, tail) = std::mem::take(&mut rest).split_at_mut(offset - at);
            let (piece, tail) = tail.split_at_mut(len);
            rest = tail;
            at = offset + len;
            piece
        })
        .collect()
}
