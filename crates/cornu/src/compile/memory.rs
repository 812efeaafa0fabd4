//! Pass: where each value lives. Values that are never alive together share a place.

use cornu_kernels::arena::ALIGN;

/// A value that needs a place from tick `first` to tick `last`, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) bytes: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// Bytes rounded up to whole cache lines.
pub(super) fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN)
}

/// An offset for each demand, and the bytes that all of them need together.
///
/// The largest first, each at the lowest place that is free for its whole life: simple, and in practice within a few per cent
/// of the sum of what is alive at once.
pub(super) fn place(demands: &[Demand]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(demands[i].bytes), demands[i].first, i));
    let mut offsets = vec![0; demands.len()];
    // Placed demands, kept sorted by offset.
    let mut placed: Vec<usize> = Vec::with_capacity(demands.len());
    let mut total = 0;
    for i in order {
        let want = aligned(demands[i].bytes);
        let mut at = 0;
        for &j in &placed {
            let together =
                demands[i].first <= demands[j].last && demands[j].first <= demands[i].last;
            if !together {
                continue;
            }
            if at + want <= offsets[j] {
                break;
            }
            at = at.max(offsets[j] + aligned(demands[j].bytes));
        }
        offsets[i] = at;
        total = total.max(at + want);
        let position = placed.partition_point(|&j| offsets[j] <= at);
        placed.insert(position, i);
    }
    (offsets, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_alive_together_never_overlap() {
        let mut seed = 7u64;
        let mut next = |n: usize| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as usize % n
        };
        for _ in 0..200 {
            let demands: Vec<Demand> = (0..=next(40))
                .map(|_| {
                    let first = next(30);
                    Demand {
                        bytes: next(5000),
                        first,
                        last: first + next(10),
                    }
                })
                .collect();
            let (offsets, total) = place(&demands);
            for (i, a) in demands.iter().enumerate() {
                assert_eq!(offsets[i] % ALIGN, 0);
                assert!(offsets[i] + a.bytes <= total);
                for (j, b) in demands.iter().enumerate().skip(i + 1) {
                    let together = a.first <= b.last && b.first <= a.last;
                    let apart =
                        offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
                    assert!(
                        !together || apart,
                        "{a:?} at {} and {b:?} at {}",
                        offsets[i],
                        offsets[j]
                    );
                }
            }
        }
    }

    #[test]
    fn a_place_is_used_again() {
        let d = |first, last| Demand {
            bytes: 64,
            first,
            last,
        };
        assert_eq!(place(&[d(0, 1), d(2, 3), d(4, 5)]).1, 64);
    }
}
