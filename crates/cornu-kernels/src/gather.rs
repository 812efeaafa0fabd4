//! Rows picked from a table, and rows added to it, by their numbers: an embedding and its gradient.
//!
//! The floor is memory: each row is read and written once. Rows added to one place are added in the order in which they come, so
//! that a sum has one order whoever computes it; threads take disjoint rows of the table, each looking through all numbers, which
//! costs a compare a number and thread.

use crate::simd::{Simd, dispatch};

/// `y[k] = table[index[k]]`, rows of `width` elements; a number out of range gives NaN.
///
/// # Example
///
/// ```
/// let mut y = [0.0; 4];
/// cornu_kernels::gather::rows(2, &[1.0, 2.0, 3.0, 4.0], &[1, 0], &mut y);
/// assert_eq!(y, [3.0, 4.0, 1.0, 2.0]);
/// ```
pub fn rows(width: usize, table: &[f32], index: &[i32], y: &mut [f32]) {
    assert_eq!(y.len(), index.len() * width, "rows: a row for each number");
    if width == 0 {
        return;
    }
    for (y, &i) in y.chunks_exact_mut(width).zip(index) {
        let row = usize::try_from(i).ok().and_then(|i| {
            let start = i.checked_mul(width)?;
            table.get(start..start.checked_add(width)?)
        });
        match row {
            Some(row) => y.copy_from_slice(row),
            None => y.fill(f32::NAN),
        }
    }
}

/// `table[index[k] − first] += x[k]` for the numbers whose rows are in the part of the table that is given, in order.
///
/// # Example
///
/// ```
/// let mut part = [0.0; 2];
/// // The rows 1 and 2 of a table of single numbers.
/// cornu_kernels::gather::add_rows(1, &[1.0, 2.0, 4.0], &[2, 0, 2], 1, &mut part);
/// assert_eq!(part, [0.0, 5.0]);
/// ```
pub fn add_rows(width: usize, x: &[f32], index: &[i32], first: usize, table: &mut [f32]) {
    assert_eq!(
        x.len(),
        index.len() * width,
        "add_rows: a row for each number"
    );
    if width == 0 {
        return;
    }
    let count = table.len() / width;
    let (x, table) = (x.as_ptr(), table.as_mut_ptr());
    dispatch!(add(width: usize, first: usize, count: usize, index: &[i32], x: *const f32, table: *mut f32));
}

/// # Safety
///
/// `x` holds a row of `width` for each number, `table` `count` rows.
#[inline(always)]
unsafe fn add<S: Simd>(
    width: usize,
    first: usize,
    count: usize,
    index: &[i32],
    x: *const f32,
    table: *mut f32,
) {
    let whole = width - width % S::LANES;
    for (k, &i) in index.iter().enumerate() {
        let row = usize::try_from(i).ok().and_then(|i| i.checked_sub(first));
        let Some(row) = row.filter(|&r| r < count) else {
            continue;
        };
        // SAFETY: `k` numbers a row of `x` and `row` one of `table`; offsets stay below `width`.
        unsafe {
            let (x, y) = (x.add(k * width), table.add(row * width));
            for j in (0..whole).step_by(S::LANES) {
                S::store(y.add(j), S::add(S::load(y.add(j)), S::load(x.add(j))));
            }
            let left = width - whole;
            if left > 0 {
                let sum = S::add(
                    S::load_part(y.add(whole), left),
                    S::load_part(x.add(whole), left),
                );
                S::store_part(y.add(whole), left, sum);
            }
        }
    }
}

/// `y[r, k] = table[r, index[r, k]]`: elements of each row of a table, picked by their numbers; a number out of range gives NaN.
///
/// # Example
///
/// ```
/// let mut y = [0.0; 4];
/// cornu_kernels::gather::within(2, &[1.0, 2.0, 3.0, 4.0], &[1, 1, 0, 1], &mut y);
/// assert_eq!(y, [2.0, 2.0, 3.0, 4.0]);
/// ```
pub fn within(rows: usize, table: &[f32], index: &[i32], y: &mut [f32]) {
    assert_eq!(y.len(), index.len(), "within: an element for each number");
    if rows == 0 {
        return;
    }
    let (width, each) = (table.len() / rows, index.len() / rows);
    assert!(
        width * rows == table.len() && each * rows == index.len(),
        "within: {rows} rows"
    );
    for row in 0..rows {
        let table = &table[row * width..(row + 1) * width];
        let part = row * each..(row + 1) * each;
        for (y, &i) in y[part.clone()].iter_mut().zip(&index[part]) {
            let at = usize::try_from(i).ok().and_then(|i| table.get(i));
            *y = at.copied().unwrap_or(f32::NAN);
        }
    }
}

/// `table[r, index[r, k]] += x[r, k]` from zeros, in order; numbers out of range are left out. The transpose of [`within`].
///
/// # Example
///
/// ```
/// let mut counts = [9.0; 3];
/// cornu_kernels::gather::add_within(1, &[1.0; 4], &[0, 2, 2, 7], &mut counts);
/// assert_eq!(counts, [1.0, 0.0, 2.0]);
/// ```
pub fn add_within(rows: usize, x: &[f32], index: &[i32], table: &mut [f32]) {
    assert_eq!(
        x.len(),
        index.len(),
        "add_within: an element for each number"
    );
    table.fill(0.0);
    if rows == 0 {
        return;
    }
    let (width, each) = (table.len() / rows, index.len() / rows);
    assert!(
        width * rows == table.len() && each * rows == index.len(),
        "add_within: {rows} rows"
    );
    for row in 0..rows {
        let table = &mut table[row * width..(row + 1) * width];
        let part = row * each..(row + 1) * each;
        for (x, &i) in x[part.clone()].iter().zip(&index[part]) {
            if let Some(sum) = usize::try_from(i).ok().and_then(|i| table.get_mut(i)) {
                *sum += x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, with_level};

    #[test]
    fn rows_come_back_and_add_up_at_all_levels_and_odd_widths() {
        for level in Level::ALL.into_iter().filter(|l| l.is_available()) {
            for width in [1, 2, 7, 16, 17, 33, 64] {
                let table: Vec<f32> = (0..5 * width).map(|i| i as f32).collect();
                let index = [3, -1, 0, 4, 3, 9, 1];
                let mut y = vec![0.0; index.len() * width];
                rows(width, &table, &index, &mut y);
                let mut sums = vec![1.0; 3 * width];
                with_level(level, || add_rows(width, &y, &index, 1, &mut sums));
                for k in 0..width {
                    assert!(y[width + k].is_nan() && y[5 * width + k].is_nan());
                    assert_eq!(y[k], table[3 * width + k]);
                    assert_eq!(sums[k], 1.0 + table[width + k], "{}", level.name());
                    assert_eq!(sums[width + k], 1.0);
                    assert_eq!(sums[2 * width + k], 1.0 + 2.0 * table[3 * width + k]);
                }
            }
        }
    }
}
