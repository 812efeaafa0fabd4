//! The order of the elements of each row.
//!
//! The floor is n·log n comparisons a row. Numbers are sorted in place, in the output, so that nothing is asked for; equal elements keep
//! their order, so that a row has one result.

use std::cmp::Ordering;

/// Where each row's elements stand in it when they are sorted: `x[y[0]] ≤ x[y[1]] ≤ …`, or `≥` if `descending`. Equal elements keep their
/// order; NaN counts as the largest.
///
/// # Shapes
///
/// `x` and `y` `[rows][n]`.
///
/// # Example
///
/// ```
/// let mut y = [0; 3];
/// cornu_kernels::sort::argsort(3, &[2.0, 7.0, 2.0], false, &mut y);
/// assert_eq!(y, [0, 2, 1]);
/// ```
pub fn argsort(n: usize, x: &[f32], descending: bool, y: &mut [i32]) {
    assert!(
        i32::try_from(n).is_ok(),
        "argsort: rows of at most 2^31-1 elements, received {n}"
    );
    assert_eq!(x.len(), y.len(), "argsort: a number for each element");
    if n == 0 {
        return;
    }
    assert_eq!(x.len() % n, 0, "argsort: whole rows of {n}");
    for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(n)) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = i as i32;
        }
        y.sort_unstable_by(|&a, &b| {
            let values = order(x[a as usize], x[b as usize]);
            let values = if descending { values.reverse() } else { values };
            values.then(a.cmp(&b))
        });
    }
}

/// NaN behind all others.
fn order(a: f32, b: f32) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::argsort;

    #[test]
    fn equal_elements_keep_their_order_and_nan_is_the_largest() {
        let x = [3.0, f32::NAN, -0.0, 0.0, 3.0, f32::NEG_INFINITY];
        let mut y = [0; 6];
        argsort(6, &x, false, &mut y);
        assert_eq!(y, [5, 2, 3, 0, 4, 1]);
        argsort(6, &x, true, &mut y);
        assert_eq!(y, [1, 0, 4, 2, 3, 5]);
    }

    #[test]
    fn rows_are_sorted_by_themselves() {
        let mut y = [0; 6];
        argsort(2, &[2.0, 1.0, 0.0, 5.0, 9.0, -9.0], false, &mut y);
        assert_eq!(y, [1, 0, 0, 1, 1, 0]);
        argsort(0, &[], false, &mut []);
    }
}
