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
    let mut index = [0; MAX_RANK];
    let (mut s, mut d) = (src_offset.cast_signed(), dst_offset.cast_signed());
    loop {
        dst[d.cast_unsigned()] = src[s.cast_unsigned()];
        let mut axis = rank;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            s += src_strides[axis];
            d += dst_strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            s -= src_strides[axis] * shape[axis].cast_signed();
            d -= dst_strides[axis] * shape[axis].cast_signed();
            index[axis] = 0;
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
