//! Copies between two strided views: transpose, slice, pad, concatenate, broadcast and reverse are all this.

/// The largest number of axes.
pub const MAX_RANK: usize = 8;

/// Copies every element of a view into another of the same shape: `dst[Σ iₐ·dst_stridesₐ + dst_offset] =
/// src[Σ iₐ·src_stridesₐ + src_offset]`.
///
/// A source stride of 0 repeats, a negative one reverses. Where two destination elements coincide, the later wins.
///
/// # Shapes
///
/// `shape` and both strides have one entry an axis, at most [`MAX_RANK`].
///
/// # Example
///
/// ```
/// use cornu_kernels::copy::strided;
/// let mut t = [0; 6];
/// strided(&[3, 2], &[1, 2, 3, 4, 5, 6], 0, &[1, 3], &mut t, 0, &[2, 1]);
/// assert_eq!(t, [1, 4, 2, 5, 3, 6]);
/// ```
pub fn strided<T: Copy>(
    shape: &[usize],
    src: &[T],
    src_offset: usize,
    src_strides: &[isize],
    dst: &mut [T],
    dst_offset: usize,
    dst_strides: &[isize],
) {
    let rank = shape.len();
    assert!(
        rank <= MAX_RANK,
        "strided: at most {MAX_RANK} axes, received {rank}"
    );
    assert!(
        src_strides.len() == rank && dst_strides.len() == rank,
        "strided: one stride for each of {rank} axes"
    );
    if shape.contains(&0) {
        return;
    }
    check("source", shape, src_offset, src_strides, src.len());
    check("destination", shape, dst_offset, dst_strides, dst.len());
    let axes = simplified(shape, src_strides, dst_strides);
    // SAFETY: every element both views reach is inside its slice: checked above, and simplifying keeps the set.
    unsafe {
        walk(
            &axes,
            src.as_ptr().add(src_offset),
            dst.as_mut_ptr().add(dst_offset),
        );
    };
}

/// One axis of both views.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    src: isize,
    dst: isize,
}

/// Drops axes of size 1, orders axes by destination stride where no two destinations coincide, and joins axes that
/// continue one another.
fn simplified(shape: &[usize], src: &[isize], dst: &[isize]) -> Vec<Axis> {
    let axes = shape
        .iter()
        .zip(src.iter().zip(dst))
        .map(|(&size, (&src, &dst))| Axis { size, src, dst });
    let mut axes: Vec<Axis> = axes.filter(|axis| axis.size > 1).collect();
    let mut sorted = axes.clone();
    sorted.sort_by_key(|axis| std::cmp::Reverse(axis.dst.unsigned_abs()));
    let apart = |pair: &[Axis]| {
        pair[0].dst.unsigned_abs() >= pair[1].size.saturating_mul(pair[1].dst.unsigned_abs())
    };
    if sorted.windows(2).all(apart) && sorted.last().is_none_or(|axis| axis.dst != 0) {
        axes = sorted;
    }
    let mut joined: Vec<Axis> = Vec::with_capacity(axes.len());
    for axis in axes {
        let size = axis.size.cast_signed();
        match joined.last_mut() {
            Some(outer) if outer.src == size * axis.src && outer.dst == size * axis.dst => {
                *outer = Axis {
                    size: outer.size * axis.size,
                    ..axis
                };
            }
            _ => joined.push(axis),
        }
    }
    joined
}

/// Side of the square blocks of a transpose: 16 lines of the source stay cached while they are read across.
const SIDE: usize = 16;

/// # Safety
///
/// Every element that the axes reach from `src` is readable, and from `dst` writable.
unsafe fn walk<T: Copy>(axes: &[Axis], src: *const T, dst: *mut T) {
    // SAFETY: each step is an index below an axis's size.
    unsafe {
        match *axes {
            [] => *dst = *src,
            [
                Axis {
                    size,
                    src: 1,
                    dst: 1,
                },
            ] => std::ptr::copy_nonoverlapping(src, dst, size),
            [axis] => {
                for i in 0..axis.size.cast_signed() {
                    *dst.offset(i * axis.dst) = *src.offset(i * axis.src);
                }
            }
            [outer @ Axis { src: 1, .. }, inner @ Axis { dst: 1, .. }] if inner.src != 1 => {
                for i0 in (0..outer.size).step_by(SIDE) {
                    for j0 in (0..inner.size).step_by(SIDE) {
                        for i in i0..(i0 + SIDE).min(outer.size) {
                            let dst = dst.offset(i.cast_signed() * outer.dst);
                            for j in j0..(j0 + SIDE).min(inner.size) {
                                *dst.add(j) =
                                    *src.offset(i.cast_signed() + j.cast_signed() * inner.src);
                            }
                        }
                    }
                }
            }
            [axis, ref rest @ ..] => {
                for i in 0..axis.size.cast_signed() {
                    walk(rest, src.offset(i * axis.src), dst.offset(i * axis.dst));
                }
            }
        }
    }
}

/// Panics unless the lowest and the highest element of the view are inside.
fn check(what: &str, shape: &[usize], offset: usize, strides: &[isize], len: usize) {
    let (mut low, mut high) = (offset as i128, offset as i128);
    for (&size, &stride) in shape.iter().zip(strides) {
        let span = (size as i128 - 1) * stride as i128;
        if span < 0 {
            low += span;
        } else {
            high += span;
        }
    }
    assert!(
        low >= 0 && high < len as i128,
        "strided: the {what} view {shape:?} of strides {strides:?} at {offset} leaves its {len} elements"
    );
}
