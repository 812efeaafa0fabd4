//! One matrix product on several threads.

use cornu_kernels::bf16;
use cornu_kernels::columns::Columns;
use cornu_kernels::packed;
use cornu_kernels::product::{Act, Factor, Init, Product, product_columns};

use super::{parallel, scratch};

/// Columns of rounded operands that are packed together.
const COLUMNS: usize = if cfg!(test) { 2 } else { 128 };

/// Rows of rounded operands that are multiplied together.
const ROWS: usize = if cfg!(test) { 2 } else { 32 };

/// [`product`] on several threads if `parallel`, which take rows or columns each, so that the larger of A and B is read once.
///
/// The rows of C lie one behind the other. Where operands are `rounded` to bf16, threads take fewer and larger pieces, each of which
/// packs B for itself.
pub(crate) fn shared(
    parallel: bool,
    rounded: bool,
    p: &Product,
    a: &[f32],
    b: (&[f32], Factor),
    init: Init<'_>,
    act: Act,
    c: &mut [f32],
) {
    debug_assert_eq!(p.n, p.ldc, "the rows of C lie one behind the other");
    let (b, factor) = b;
    let kernel = if rounded {
        bf16::product_columns
    } else {
        product_columns
    };
    // What is turned is cut as it is copied together, by columns.
    if p.m < p.n || factor == Factor::Transposed {
        let block = if rounded {
            let block = parallel::many_rows(parallel, p.n, p.m * p.k);
            block.next_multiple_of(COLUMNS).min(p.n)
        } else {
            // Few rows wait for B rather than for the multipliers. Whole vectors of the widest tile each, or of half of it.
            let block = parallel::rows(parallel, p.n, p.m.max(8) * p.k);
            let whole = factor == Factor::Packed || block <= packed::PANEL;
            let panels = if whole { 1 } else { 2 };
            block.next_multiple_of(panels * packed::PANEL)
        };
        let columns = Columns::cut(c, p.n, block);
        parallel::each(parallel, columns, |_, c| {
            let (start, n) = (c.first(), c.width());
            let init = match init {
                Init::Bias(bias) => Init::Bias(&bias[start..start + n]),
                init => init,
            };
            let p = Product { n, ..*p };
            let first = match factor {
                Factor::Plain => start,
                Factor::Transposed | Factor::Packed => start * p.ldb,
            };
            let b = (&b[first.min(b.len())..], factor);
            scratch::with(|s| kernel(&p, a, b, init, act, c, s));
        });
    } else {
        let block = if rounded {
            parallel::many_rows(parallel, p.m, p.n * p.k).next_multiple_of(ROWS)
        } else {
            parallel::tall_rows(parallel, p.m, p.n * p.k)
        };
        parallel::chunks(parallel, c, block * p.n, |i, c| {
            let p = Product {
                m: c.len() / p.n,
                ..*p
            };
            let a = &a[(i * block * p.a_row).min(a.len())..];
            let c = Columns::whole(c, p.n);
            scratch::with(|s| kernel(&p, a, (b, factor), init, act, c, s));
        });
    }
}
