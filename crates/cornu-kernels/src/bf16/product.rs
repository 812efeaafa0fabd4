//! The matrix product of rounded operands: every element of B is packed once, right before all rows of A meet it.

use super::portable;
use crate::columns::Columns;
use crate::product::{Act, Factor, Init, Product, reach};

/// As [`product`](crate::product::product), of operands rounded to bf16.
///
/// # Example
///
/// ```
/// use cornu_kernels::bf16::product;
/// use cornu_kernels::product::{Act, Factor, Init, Product};
/// let p = Product { m: 1, n: 1, k: 2, a_row: 2, a_k: 1, ldb: 1, ldc: 1 };
/// let (a, b, mut c) = ([1.0 + 1.0 / 512.0, 2.0], [3.0, 4.0], [0.0]);
/// product(&p, &a, (&b, Factor::Plain), Init::Zero, Act::Linear, &mut c, &mut Vec::new());
/// assert_eq!(c, [11.0]);
/// ```
pub fn product(
    p: &Product,
    a: &[f32],
    b: (&[f32], Factor),
    init: Init<'_>,
    act: Act,
    c: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    assert_eq!(
        p.n, p.ldc,
        "bf16::product: the rows of C lie one behind the other"
    );
    if p.m > 0 && p.n > 0 {
        let c = Columns::whole(&mut c[..p.m * p.n], p.n);
        product_columns(p, a, b, init, act, c, scratch);
    }
}

/// As [`product_columns`](crate::product::product_columns), of operands rounded to bf16.
pub fn product_columns(
    p: &Product,
    a: &[f32],
    b: (&[f32], Factor),
    init: Init<'_>,
    act: Act,
    c: Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    assert_eq!(
        [p.n, p.ldc],
        [c.width(), c.stride()],
        "bf16::product: columns of C and the length of its rows"
    );
    let of_b = match b.1 {
        Factor::Plain => reach(p.k, p.ldb, p.n, 1),
        Factor::Transposed => reach(p.n, p.ldb, p.k, 1),
        Factor::Packed => panic!("bf16::product: packs B itself"),
    };
    assert!(
        a.len() >= reach(p.m, p.a_row, p.k, p.a_k) && b.0.len() >= of_b,
        "bf16::product: {} elements of A and {} of B, too few for {p:?}",
        a.len(),
        b.0.len()
    );
    if let Init::Bias(bias) = init {
        assert_eq!(bias.len(), p.n, "bf16::product: one bias for each column");
    }
    if p.m == 0 || p.n == 0 {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if super::is_fast()
        && p.k > 0
        && (p.a_k == 1 || p.a_row == 1 && b.1 == Factor::Plain && act == Act::Linear)
    {
        let mut c = c;
        let first = c.at(c.first(), p.n, reach(p.m, p.ldc, p.n, 1));
        // SAFETY: the instructions are there; operands were checked, and `at` found the columns to be the caller's.
        unsafe {
            if p.a_k == 1 {
                fast::of_rows(p, a, b, init, act, first, scratch);
            } else {
                fast::of_columns(p, a, b.0, init, first, scratch);
            }
        }
        return;
    }
    portable::product_columns(p, a, b, init, act, c, scratch);
}

#[cfg(target_arch = "x86_64")]
mod fast {
    use super::super::amx::{BYTES, SIDE, TERMS, Tiles};
    use super::super::pack;
    use super::super::sweep::{Block, DEPTH, Run, Strip, Sweep, blocks, floats, line};
    use super::super::weight_grad::{self, Operands};
    use crate::conv2d::Conv2d;
    use crate::matrix::panels::aligned;
    use crate::product::{Act, Factor, Init, Product};

    /// Columns that are packed at a time: rows of B are read in pieces of 512 bytes.
    const WIDTH: usize = 128;

    /// A given by rows.
    ///
    /// # Safety
    ///
    /// The instructions are there, operands are long enough, and the `n` first of every `ldc` floats of C are the caller's.
    pub(super) unsafe fn of_rows(
        p: &Product,
        a: &[f32],
        (b, factor): (&[f32], Factor),
        init: Init<'_>,
        act: Act,
        c: *mut f32,
        scratch: &mut Vec<f32>,
    ) {
        let a_row = line(p.k);
        let strips: Vec<Strip> = (0..p.m)
            .step_by(SIDE)
            .map(|first| Strip {
                a: first * a_row,
                rows: (p.m - first).min(SIDE),
                c: std::array::from_fn(|r| (first + r) * p.ldc),
            })
            .collect();
        let panel = DEPTH * BYTES / 2;
        let rows = floats(strips.len() * SIDE * a_row);
        let packed = floats(WIDTH / SIDE * panel);
        let (rows, packed) = aligned(scratch, rows + packed).split_at_mut(rows);
        let (rows, packed): (*mut u16, *mut u16) =
            (rows.as_mut_ptr().cast(), packed.as_mut_ptr().cast());
        for row in 0..p.m {
            let from = &a[row * p.a_row..][..p.k];
            // SAFETY: rows have room for whole chunks.
            unsafe { pack::round(from.as_ptr(), rows.add(row * a_row), p.k) };
        }
        // SAFETY: the caller has the tiles.
        let tiles = unsafe { Tiles::new() };
        let blocks = blocks(&[Run { a: 0, len: p.k }]);
        for (i, block) in blocks.iter().enumerate() {
            let chunks = Block {
                first: 0,
                ..block.clone()
            };
            let chunks = chunks.gathered();
            for first in (0..p.n).step_by(WIDTH) {
                let columns = (p.n - first).min(WIDTH);
                for chunk in 0..chunks.len() {
                    let term = block.first + chunk * TERMS;
                    let terms = (p.k - term).min(TERMS);
                    for column in (0..columns).step_by(SIDE) {
                        let some = columns - column;
                        // SAFETY: the terms and columns are in B, the tile in a panel.
                        unsafe {
                            let to = packed.add(column / SIDE * panel + chunk * BYTES / 2);
                            match factor {
                                Factor::Plain => {
                                    let from = b.as_ptr().add(term * p.ldb + first);
                                    let rows: [*const f32; TERMS] = std::array::from_fn(|k| {
                                        if k < terms {
                                            from.wrapping_add(k * p.ldb)
                                        } else {
                                            std::ptr::null()
                                        }
                                    });
                                    pack::paired(&rows, column, some, to);
                                }
                                _ => {
                                    let from = b.as_ptr().add((first + column) * p.ldb + term);
                                    pack::paired_of_turned(from, p.ldb, some.min(SIDE), terms, to);
                                }
                            }
                        }
                    }
                }
                let sweep = Sweep {
                    a: rows.wrapping_add(block.first),
                    a_row,
                    strips: &strips,
                    chunks: &chunks,
                    b: packed,
                    panel,
                    columns,
                };
                let init = match init {
                    _ if i > 0 => Init::Accumulate,
                    Init::Bias(bias) => Init::Bias(&bias[first..][..columns]),
                    other => other,
                };
                let act = if i + 1 == blocks.len() {
                    act
                } else {
                    Act::Linear
                };
                // SAFETY: rows and panels were packed; the columns of C are the caller's.
                unsafe { sweep.run(&tiles, init, act, c.add(first)) };
            }
        }
    }

    /// A given by columns: its transpose, row by row, as the gradient of a weight has it.
    ///
    /// # Safety
    ///
    /// As [`of_rows`].
    pub(super) unsafe fn of_columns(
        p: &Product,
        a: &[f32],
        b: &[f32],
        init: Init<'_>,
        c: *mut f32,
        scratch: &mut Vec<f32>,
    ) {
        // A convolution of one line by a kernel of one pixel.
        let g = Conv2d {
            in_h: 1,
            in_w: p.k,
            in_c: p.m,
            out_h: 1,
            out_w: p.k,
            out_c: p.n,
            k_h: 1,
            k_w: 1,
            stride: [1, 1],
            pad: [0, 0],
            lhs_dilation: [1, 1],
            rhs_dilation: [1, 1],
            groups: 1,
        };
        let of = Operands {
            x: a,
            dy: b,
            steps: [0, 0, p.a_k],
            pixel: p.ldb,
            row: p.ldc,
        };
        // SAFETY: as the caller says.
        unsafe { weight_grad::run(&g, 1, of, 0..p.m, init, c, scratch) };
    }
}
