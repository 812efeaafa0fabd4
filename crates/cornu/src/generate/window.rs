//! The stretch of a sequence that a model sees: all of it, or a window that slides on when its places are full.

/// As many places as the model has; the last `overlap` numbers of a full window begin the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) places: usize,
    pub(super) overlap: usize,
}

impl Window {
    /// The first place of the window at whose end a place of the sequence is judged.
    pub(super) fn begin(self, place: usize) -> usize {
        let way = self.places - self.overlap;
        match place.checked_sub(self.places) {
            None => 0,
            Some(beyond) => (beyond / way + 1) * way,
        }
    }
}

#[test]
fn a_full_window_leaves_its_end_to_the_next() {
    let window = Window {
        places: 5,
        overlap: 2,
    };
    let begins: Vec<usize> = (0..12).map(|place| window.begin(place)).collect();
    assert_eq!(begins, [0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 9]);
}
