//! Sizes of maps and numbers of filters, as networks that are scaled round them.

/// Height and width of maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent(pub(super) [usize; 2]);

impl Extent {
    /// An image's.
    pub(super) fn of([height, width, _]: [usize; 3]) -> Self {
        Self([height, width])
    }

    /// After a stride of 2 over maps that were padded for it.
    pub(super) fn halved(self) -> Self {
        Self(self.0.map(|n| n.div_ceil(2)))
    }

    /// ((top, bottom), (left, right)) for a kernel with stride 2: Keras's `correct_pad`.
    pub(super) fn pad(self, kernel: usize) -> [(usize, usize); 2] {
        self.0.map(|n| (kernel / 2 - (1 - n % 2), kernel / 2))
    }
}

/// A number of filters as a multiple of `divisor`, at least `divisor` and not less than nine tenths of what was asked for.
pub(super) fn divisible(filters: f64, divisor: usize) -> usize {
    let n = nearest(filters, divisor);
    if (n as f64) < 0.9 * filters {
        n + divisor
    } else {
        n
    }
}

/// The multiple of `divisor` nearest to a number of filters, at least `divisor`.
pub(super) fn nearest(filters: f64, divisor: usize) -> usize {
    let rounded = (filters + divisor as f64 / 2.0).max(0.0) as usize / divisor * divisor;
    rounded.max(divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_rounded_as_in_keras() {
        // 11.2 filters: 8 would be less than nine tenths.
        assert_eq!(divisible(11.2, 8), 16);
        assert_eq!((divisible(0.1, 8), divisible(18.0, 8)), (8, 24));
        assert_eq!((nearest(11.2, 8), nearest(19.9, 8)), (8, 16));
    }

    #[test]
    fn even_maps_get_less_padding_before() {
        let pads = Extent([7, 8]).pad(5);
        assert_eq!(pads, [(2, 2), (1, 2)]);
        assert_eq!(Extent([7, 8]).halved(), Extent([4, 4]));
    }
}
