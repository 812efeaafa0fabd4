//! The matrix product with any strides on its left operand: every dense layer and its gradients.

use crate::columns::Columns;
use crate::matrix::grid::Grid;
use crate::matrix::packed::{self, PANEL};
use crate::matrix::panels::{Lies, Sweep, aligned};
use crate::matrix::tile::Run;

/// The shape and strides of a [`product`], in elements.
///
/// `C[i·ldc + j] = act(init + Σ_k A[i·a_row + k·a_k] · B[k·ldb + j])` for `i < m`, `j < n`, `k < self.k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// Terms of each sum.
    pub k: usize,
    /// Distance between two rows of A: 1 reads A transposed, less than `k` lets rows overlap.
    pub a_row: usize,
    /// Distance between two terms in a row of A.
    pub a_k: usize,
    /// Distance between two rows of B, at least `n`.
    pub ldb: usize,
    /// Distance between two rows of C, at least `n`.
    pub ldc: usize,
}

/// What each sum starts from.
#[derive(Clone, Copy, Debug)]
pub enum Init<'a> {
    /// Zero.
    Zero,
    /// The value already in C.
    Accumulate,
    /// One value for each column.
    Bias(&'a [f32]),
}

/// What is applied to each sum before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    Linear,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
}

/// One past the last element a walk of `outer` steps of `outer_stride` and `inner` steps of `inner_stride` touches.
pub(crate) fn reach(outer: usize, outer_stride: usize, inner: usize, inner_stride: usize) -> usize {
    if outer == 0 || inner == 0 {
        0
    } else {
        (outer - 1) * outer_stride + (inner - 1) * inner_stride + 1
    }
}

/// Multiplies A by B into C.
///
/// `scratch` is working memory that grows as needed; keep one for each thread. Its content means nothing.
///
/// # Shapes
///
/// A holds `(m-1)·a_row + (k-1)·a_k + 1` elements or more, B `(k-1)·ldb + n`, C `(m-1)·ldc + n`, a bias exactly `n`.
///
/// # Example
///
/// ```
/// use cornu_kernels::product::{Act, Init, Product, product};
/// // A transposed: the weight gradient of a dense layer, added to what is there.
/// let p = Product { m: 2, n: 1, k: 3, a_row: 1, a_k: 2, ldb: 1, ldc: 1 };
/// let (x, dy, mut dw) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 1.0], [10.0, 20.0]);
/// product(&p, &x, &dy, Init::Accumulate, Act::Linear, &mut dw, &mut Vec::new());
/// assert_eq!(dw, [19.0, 32.0]);
/// ```
pub fn product(
    p: &Product,
    a: &[f32],
    b: &[f32],
    init: Init,
    act: Act,
    c: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    product_of(p, &whole(p), a, b, init, act, c, scratch);
}

/// All terms of a plain product.
fn whole(p: &Product) -> [Terms; 1] {
    [Terms {
        a: 0,
        b: 0,
        count: p.k,
    }]
}

/// Consecutive terms of a sum: from which element of A (in the first row) and of B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Offset in A.
    pub a: usize,
    /// Offset in B.
    pub b: usize,
    /// How many; the next is `a_k` further in A and `ldb` in B.
    pub count: usize,
}

/// As [`product`], the terms of each sum lying in several runs; `p.k` is not used.
///
/// # Example
///
/// ```
/// use cornu_kernels::product::{Act, Init, Product, Terms, product_of};
/// // Each of two sequences of three steps, shifted by a step against the other operand.
/// let p = Product { m: 1, n: 1, k: 0, a_row: 1, a_k: 1, ldb: 1, ldc: 1 };
/// let runs = [Terms { a: 0, b: 1, count: 2 }, Terms { a: 3, b: 4, count: 2 }];
/// let (h, d, mut du) = ([1.0, 2.0, 9.0, 3.0, 4.0, 9.0], [7.0, 1.0, 1.0, 7.0, 1.0, 1.0], [0.0]);
/// product_of(&p, &runs, &h, &d, Init::Zero, Act::Linear, &mut du, &mut Vec::new());
/// assert_eq!(du, [10.0]);
/// ```
pub fn product_of(
    p: &Product,
    runs: &[Terms],
    a: &[f32],
    b: &[f32],
    init: Init,
    act: Act,
    c: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    // SAFETY: the elements are the caller's alone.
    unsafe {
        multiply(
            p,
            Factor::Plain,
            runs,
            a,
            b,
            init,
            act,
            c.as_mut_ptr(),
            c.len(),
            scratch,
            &[],
        );
    }
}

/// [`product`] into some columns of a matrix: `p.n` is their number and `p.ldc` the length of the matrix's rows; B and a bias
/// begin with the first of these columns. B may be given transposed.
///
/// # Example
///
/// ```
/// use cornu_kernels::columns::Columns;
/// use cornu_kernels::product::{Act, Factor, Init, Product, product_columns};
/// // [1 2] times the identity, one column at a time.
/// let (a, b, mut c) = ([1.0, 2.0], [1.0, 0.0, 0.0, 1.0], [0.0; 2]);
/// for part in Columns::cut(&mut c, 2, 1) {
///     let p = Product { m: 1, n: 1, k: 2, a_row: 2, a_k: 1, ldb: 2, ldc: 2 };
///     let b = &b[part.first()..];
///     product_columns(&p, &a, (b, Factor::Plain), Init::Zero, Act::Linear, part, &mut Vec::new());
/// }
/// assert_eq!(c, [1.0, 2.0]);
/// ```
pub fn product_columns(
    p: &Product,
    a: &[f32],
    b: (&[f32], Factor),
    init: Init,
    act: Act,
    c: Columns<'_>,
    scratch: &mut Vec<f32>,
) {
    product_before(p, a, b, init, act, c, scratch, &[]);
}

/// [`product_columns`], while memory is asked for what is read `later`, such as what the product is added to.
///
/// # Example
///
/// ```
/// use cornu_kernels::columns::Columns;
/// use cornu_kernels::product::{Act, Factor, Init, Product, product_before};
/// let (a, b, mut c, mut sum) = ([1.0, 2.0], [3.0], [0.0; 2], [10.0, 20.0]);
/// let p = Product { m: 2, n: 1, k: 1, a_row: 1, a_k: 1, ldb: 1, ldc: 1 };
/// let (init, act) = (Init::Zero, Act::Linear);
/// product_before(&p, &a, (&b, Factor::Plain), init, act, Columns::whole(&mut c, 1), &mut Vec::new(), &[&sum]);
/// sum.iter_mut().zip(c).for_each(|(s, c)| *s += c);
/// assert_eq!(sum, [13.0, 26.0]);
/// ```
pub fn product_before(
    p: &Product,
    a: &[f32],
    b: (&[f32], Factor),
    init: Init,
    act: Act,
    mut c: Columns<'_>,
    scratch: &mut Vec<f32>,
    later: &[&[f32]],
) {
    assert_eq!(
        [p.n, p.ldc],
        [c.width(), c.stride()],
        "product: columns of C and the length of its rows"
    );
    let len = reach(p.m, p.ldc, p.n, 1);
    let first = c.at(c.first(), p.n, len);
    // SAFETY: of each row, `n` elements are written, and `at` found these columns to be the caller's alone.
    unsafe {
        multiply(
            p,
            b.1,
            &whole(p),
            a,
            b.0,
            init,
            act,
            first,
            len,
            scratch,
            later,
        );
    }
}

/// How the elements of B lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// Term `k` of column `j` at `k·ldb + j`.
    Plain,
    /// Term `k` of column `j` at `j·ldb + k`, `ldb` being at least `k`: B is its own transpose.
    Transposed,
    /// As [`packed::pack`] leaves it, `ldb` being the terms of a panel; the first column begins a panel.
    Packed,
}

/// # Safety
///
/// Of the `len` elements at `c`, the `n` first of every `ldc` are the caller's alone.
unsafe fn multiply(
    p: &Product,
    factor: Factor,
    runs: &[Terms],
    a: &[f32],
    b: &[f32],
    init: Init,
    act: Act,
    c: *mut f32,
    len: usize,
    scratch: &mut Vec<f32>,
    later: &[&[f32]],
) {
    assert!(
        (factor != Factor::Plain || p.ldb >= p.n) && p.ldc >= p.n,
        "product: rows of B and C need n = {} elements, {p:?}",
        p.n
    );
    for run in runs {
        let reach_a = reach(p.m, p.a_row, run.count, p.a_k);
        assert!(
            reach_a == 0 || a.len() >= run.a + reach_a,
            "product: A has {} elements, too few for {p:?} {run:?}",
            a.len()
        );
        let reach_b = match factor {
            Factor::Plain => reach(run.count, p.ldb, p.n, 1),
            Factor::Transposed => reach(run.count, 1, p.n, p.ldb),
            Factor::Packed => packed::len(p.ldb, p.n),
        };
        assert!(
            reach_b == 0 || b.len() >= run.b + reach_b,
            "product: B has {} elements, too few for {p:?} {run:?}",
            b.len()
        );
    }
    assert!(
        len >= reach(p.m, p.ldc, p.n, 1),
        "product: C has {len} elements, too few for {p:?}"
    );
    if let Init::Bias(bias) = init {
        assert_eq!(bias.len(), p.n, "product: one bias for each column");
    }
    let grid = Grid {
        size: [1, 1, p.m],
        a: [0, 0, p.a_row],
        c: [0, 0, p.ldc],
    };
    let runs: Vec<Run> = runs
        .iter()
        .map(|run| Run {
            a: run.a,
            b: if factor == Factor::Packed {
                run.b * PANEL
            } else {
                run.b
            },
            len: run.count,
        })
        .collect();
    let lies = match factor {
        Factor::Plain => Lies::Rows(p.ldb),
        Factor::Transposed => Lies::Turned(p.ldb),
        Factor::Packed => Lies::Panels(p.ldb),
    };
    let sweep = Sweep::new(grid, &runs, p.a_k, lies, p.n);
    let packed = aligned(scratch, sweep.scratch_len());
    // SAFETY: the rows of the grid are `n` elements each, `ldc` apart, and end before `len`.
    unsafe { sweep.run_at(a, b, init, act, c, packed, later) }
}
