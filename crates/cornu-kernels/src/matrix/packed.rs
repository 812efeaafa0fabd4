//! A right operand copied together once, for many products: panels of 32 columns, one behind the other, each term by term.
//!
//! A product reads such a panel along, whatever its columns lie in, and need not copy it anew. What is packed holds as many elements as
//! the matrix, with columns up to a multiple of 32.

use super::pack::{pack_rows, turn};
use super::panels::Panel;
use super::tile::{self, Run};
use crate::product::{Factor, reach};

/// Columns of a panel, whatever the level.
pub const PANEL: usize = 32;

/// Elements of a packed matrix of so many terms and columns.
pub fn len(terms: usize, columns: usize) -> usize {
    terms * columns.next_multiple_of(PANEL)
}

/// Packs the panels from `first` on that fill `to`; several threads may take some panels each.
///
/// # Shapes
///
/// `b` holds `terms` rows of `columns` elements, `ldb` apart, or is their transpose; `to` is `[panels][terms][32]`.
///
/// # Example
///
/// ```
/// use cornu_kernels::packed;
/// use cornu_kernels::product::Factor;
/// let mut panels = [9.0; 64];
/// packed::pack(2, 3, (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], Factor::Plain), 3, 0, &mut panels);
/// assert_eq!((&panels[..4], &panels[32..36]), (&[1.0, 2.0, 3.0, 0.0][..], &[4.0, 5.0, 6.0, 0.0][..]));
/// ```
///
/// # Panics
///
/// Where lengths do not fit, or `b` is packed already.
pub fn pack(
    terms: usize,
    columns: usize,
    (b, factor): (&[f32], Factor),
    ldb: usize,
    first: usize,
    to: &mut [f32],
) {
    let panel = terms * PANEL;
    let reach = match factor {
        Factor::Plain => reach(terms, ldb, columns, 1),
        Factor::Transposed => reach(columns, ldb, terms, 1),
        Factor::Packed => panic!("packed::pack: is packed already"),
    };
    assert!(
        b.len() >= reach
            && to.len().is_multiple_of(panel.max(1))
            && first * panel + to.len() <= len(terms, columns),
        "packed::pack: {} elements for {terms} terms of {columns} columns, {} from panel {first}",
        b.len(),
        to.len()
    );
    if to.is_empty() {
        return;
    }
    let vectors = PANEL / tile::current().lanes;
    let panels: Vec<Panel> = (first..first + to.len() / panel)
        .map(|i| Panel::new(i * PANEL, (columns - i * PANEL).min(PANEL), vectors))
        .collect();
    if factor == Factor::Transposed {
        let run = Run {
            a: 0,
            b: 0,
            len: terms,
        };
        turn(b, &run, ldb, &panels, to, 0, terms);
    } else {
        // SAFETY: the rows of B were found to be there, and `to` has all terms of these panels.
        unsafe { pack_rows(b, ldb, terms, &panels, to, 0, terms) };
    }
}
