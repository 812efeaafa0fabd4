//! Scaled dot-product attention of one head, forward and backward, a block of rows at a time.
//!
//! A block of query rows meets all keys that it may see: its scores (at most `BLOCK` rows) stay in the second cache, become
//! probabilities there, and are multiplied by the values; no table of all scores is kept. The backward pass computes them again
//! from each row's largest score and sum, which is cheaper than to keep them. With a causal mask a block looks no further than its
//! last row, which leaves out nearly half of the work. The floor is that of the products: 2 forward and 5 backward of
//! `rows · keys · width` multiply-adds, of which the causal mask leaves `(1 + BLOCK/rows) / 2`.

use crate::product::{Act, Init, Product, product};
use crate::simd::{Simd, dispatch, math};

/// Query rows that are worked on together.
const BLOCK: usize = 64;

/// What a score becomes that a mask forbids: as good as nothing beside any other, and yet rows without any other stay numbers.
pub const FORBIDDEN: f32 = -1e9;

/// The sizes of one head's operands, which may lie between those of other heads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// Query rows.
    pub queries: usize,
    /// Key and value rows.
    pub keys: usize,
    /// Width of queries and keys.
    pub width: usize,
    /// Width of values.
    pub value_width: usize,
    /// Distance between two rows of queries and between two of keys.
    pub stride: usize,
    /// Distance between two rows of values.
    pub value_stride: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// Whether query `i` sees keys up to `i` alone.
    pub causal: bool,
}

/// Which scores count: bytes `[queries][keys]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Masks<'a> {
    /// 0 where a query may not see a key.
    pub allowed: Option<&'a [u8]>,
    /// 0 where dropout drops a probability; the others are multiplied by the number.
    pub kept: Option<(&'a [u8], f32)>,
}

impl Head {
    /// Keys that the rows `..end` may see.
    fn visible(&self, end: usize) -> usize {
        if self.causal {
            end.min(self.keys)
        } else {
            self.keys
        }
    }

    fn check(&self, masks: &Masks<'_>, q: &[f32], k: &[f32], v: &[f32]) {
        let reach = |rows: usize, stride: usize, width: usize| match rows {
            0 => 0,
            n => (n - 1) * stride + width,
        };
        assert!(
            self.stride >= self.width && self.value_stride >= self.value_width,
            "attention: rows overlap: {self:?}"
        );
        assert!(
            q.len() >= reach(self.queries, self.stride, self.width)
                && k.len() >= reach(self.keys, self.stride, self.width)
                && v.len() >= reach(self.keys, self.value_stride, self.value_width),
            "attention: {self:?} of {}, {} and {} elements",
            q.len(),
            k.len(),
            v.len()
        );
        let table = self.queries * self.keys;
        assert!(
            masks.allowed.is_none_or(|m| m.len() == table)
                && masks.kept.is_none_or(|(m, _)| m.len() == table),
            "attention: a mask has a byte for each of {table} scores"
        );
    }
}

/// Working memory, kept from call to call: a growing buffer for each purpose.
#[derive(Debug, Default)]
pub struct Scratch {
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
    slopes: Vec<f32>,
    product: Vec<f32>,
}

fn grown(x: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if x.len() < len {
        x.resize(len, 0.0);
    }
    &mut x[..len]
}

/// Rows turned into columns: `[rows][width]` of stride `stride` to `[width][rows]`.
fn turned(x: &[f32], rows: usize, width: usize, stride: usize, y: &mut [f32]) {
    for (i, row) in x.chunks(stride).take(rows).enumerate() {
        for (j, &v) in row[..width].iter().enumerate() {
            y[j * rows + i] = v;
        }
    }
}

/// `o = softmax(scale · q·kᵀ) · v`; `stats` receives each row's largest score and the inverse of its sum of exponentials.
///
/// # Shapes
///
/// `q`, `o` `[queries]`, `k`, `v` `[keys]` rows as [`Head`] says; `stats` `[queries][2]`.
pub fn forward(
    head: &Head,
    masks: &Masks<'_>,
    (q, k, v): (&[f32], &[f32], &[f32]),
    o: &mut [f32],
    stats: &mut [f32],
    scratch: &mut Scratch,
) {
    head.check(masks, q, k, v);
    assert_eq!(
        stats.len(),
        2 * head.queries,
        "attention: two numbers a row"
    );
    let (n, width) = (head.keys, head.width);
    let columns = grown(&mut scratch.keys, n * width);
    turned(k, n, width, head.stride, columns);
    for start in (0..head.queries).step_by(BLOCK) {
        let end = (start + BLOCK).min(head.queries);
        let (rows, seen) = (end - start, head.visible(end));
        let scores = grown(&mut scratch.scores, rows * seen);
        let p = head.scores(rows, seen);
        let (zero, linear) = (Init::Zero, Act::Linear);
        product(
            &p,
            &q[start * head.stride..],
            columns,
            zero,
            linear,
            scores,
            &mut scratch.product,
        );
        let stats = &mut stats[2 * start..2 * end];
        dispatch!(weigh(head: &Head, masks: &Masks<'_>, start: usize, seen: usize, scores: &mut [f32], stats: &mut [f32]));
        let p = Product {
            m: rows,
            n: head.value_width,
            k: seen,
            a_row: seen,
            a_k: 1,
            ldb: head.value_stride,
            ldc: head.value_stride,
        };
        let o = &mut o[start * head.value_stride..];
        product(&p, scores, v, zero, linear, o, &mut scratch.product);
        for (row, stat) in o.chunks_mut(head.value_stride).zip(stats.chunks_exact(2)) {
            for x in &mut row[..head.value_width] {
                *x *= stat[1];
            }
        }
    }
}

/// The gradients of `q`, `k` and `v` from that of `o`, with the `stats` that [`forward`] left.
///
/// # Shapes
///
/// As [`forward`]; each gradient lies as what it belongs to.
pub fn backward(
    head: &Head,
    masks: &Masks<'_>,
    (q, k, v): (&[f32], &[f32], &[f32]),
    (stats, grad): (&[f32], &[f32]),
    (dq, dk, dv): (&mut [f32], &mut [f32], &mut [f32]),
    scratch: &mut Scratch,
) {
    head.check(masks, q, k, v);
    head.check(masks, dq, dk, dv);
    assert_eq!(
        stats.len(),
        2 * head.queries,
        "attention: two numbers a row"
    );
    let n = head.keys;
    let key_columns = grown(&mut scratch.keys, n * head.width);
    turned(k, n, head.width, head.stride, key_columns);
    let value_columns = grown(&mut scratch.values, n * head.value_width);
    turned(v, n, head.value_width, head.value_stride, value_columns);
    for row in dk.chunks_mut(head.stride).take(n) {
        row[..head.width].fill(0.0);
    }
    for row in dv.chunks_mut(head.value_stride).take(n) {
        row[..head.value_width].fill(0.0);
    }
    for start in (0..head.queries).step_by(BLOCK) {
        let end = (start + BLOCK).min(head.queries);
        let (rows, seen) = (end - start, head.visible(end));
        let scores = grown(&mut scratch.scores, rows * seen);
        let slopes = grown(&mut scratch.slopes, rows * seen);
        let work = &mut scratch.product;
        let (zero, linear) = (Init::Zero, Act::Linear);
        let q = &q[start * head.stride..];
        let grad = &grad[start * head.value_stride..];
        product(
            &head.scores(rows, seen),
            q,
            key_columns,
            zero,
            linear,
            scores,
            work,
        );
        let p = Product {
            k: head.value_width,
            a_row: head.value_stride,
            ..head.scores(rows, seen)
        };
        product(&p, grad, value_columns, zero, linear, slopes, work);
        let stats = &stats[2 * start..2 * end];
        dispatch!(unweigh(head: &Head, masks: &Masks<'_>, start: usize, seen: usize, stats: &[f32], scores: &mut [f32], slopes: &mut [f32]));
        // What each key receives: sums over the rows of the block, added to those of earlier blocks.
        let p = Product {
            m: seen,
            n: head.value_width,
            k: rows,
            a_row: 1,
            a_k: seen,
            ldb: head.value_stride,
            ldc: head.value_stride,
        };
        product(&p, scores, grad, Init::Accumulate, linear, dv, work);
        let p = Product {
            n: head.width,
            ldb: head.stride,
            ldc: head.stride,
            ..p
        };
        product(&p, slopes, q, Init::Accumulate, linear, dk, work);
        let p = Product {
            m: rows,
            n: head.width,
            k: seen,
            a_row: seen,
            a_k: 1,
            ldb: head.stride,
            ldc: head.stride,
        };
        product(
            &p,
            slopes,
            k,
            zero,
            linear,
            &mut dq[start * head.stride..],
            work,
        );
    }
}

impl Head {
    /// Some rows of queries times the keys' columns.
    fn scores(&self, rows: usize, seen: usize) -> Product {
        Product {
            m: rows,
            n: seen,
            k: self.width,
            a_row: self.stride,
            a_k: 1,
            ldb: self.keys,
            ldc: seen,
        }
    }
}

/// One row of a table of scores, with what is allowed and kept in it.
#[derive(Clone, Copy)]
struct Row<'a> {
    /// Scores that count; the others are 0.
    limit: usize,
    seen: usize,
    scale: f32,
    allowed: Option<&'a [u8]>,
    kept: Option<(&'a [u8], f32)>,
}

impl<'a> Row<'a> {
    fn new(head: &Head, masks: &Masks<'a>, row: usize, seen: usize) -> Self {
        let of = |mask: &'a [u8]| &mask[row * head.keys..][..seen];
        Self {
            limit: if head.causal {
                (row + 1).min(seen)
            } else {
                seen
            },
            seen,
            scale: head.scale,
            allowed: masks.allowed.map(of),
            kept: masks.kept.map(|(mask, by)| (of(mask), by)),
        }
    }

    /// The scores from `j` on, scaled; −∞ past the limit.
    ///
    /// # Safety
    ///
    /// `p` is readable for `seen` elements; `j < limit`.
    #[inline(always)]
    unsafe fn scores<S: Simd>(&self, p: *const f32, j: usize) -> S::F {
        // SAFETY: the vector, or its part, ends within `seen`.
        unsafe {
            let left = self.seen - j;
            let x = if left >= S::LANES {
                S::load(p.add(j))
            } else {
                S::load_part(p.add(j), left)
            };
            let mut x = S::mul(x, S::splat(self.scale));
            if let Some(mask) = self.allowed {
                x = S::select(zeros::<S>(mask, j), S::splat(FORBIDDEN), x);
            }
            if j + S::LANES > self.limit {
                let lane = S::to_float(S::iota());
                let inside = S::lt(lane, S::splat((self.limit - j) as f32));
                x = S::select(inside, x, S::splat(f32::NEG_INFINITY));
            }
            x
        }
    }

    /// What dropout multiplies the probabilities from `j` on by.
    ///
    /// # Safety
    ///
    /// The level is available; `j < seen`.
    #[inline(always)]
    unsafe fn dropped<S: Simd>(&self, x: S::F, j: usize) -> S::F {
        // SAFETY: the caller has the level.
        unsafe {
            match self.kept {
                Some((mask, by)) => {
                    S::select(zeros::<S>(mask, j), S::splat(0.0), S::mul(x, S::splat(by)))
                }
                None => x,
            }
        }
    }

    /// # Safety
    ///
    /// `p` is writable for `seen` elements; `j < seen`.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, p: *mut f32, j: usize, x: S::F) {
        let left = self.seen - j;
        // SAFETY: the vector, or its part, ends within `seen`.
        unsafe {
            if left >= S::LANES {
                S::store(p.add(j), x);
            } else {
                S::store_part(p.add(j), left, x);
            }
        }
    }
}

/// Where the bytes from `j` on are 0; past the end they count as 0.
///
/// # Safety
///
/// The level is available.
#[inline(always)]
unsafe fn zeros<S: Simd>(mask: &[u8], j: usize) -> S::M {
    // SAFETY: a whole vector of bytes is there, or a copy with room for one.
    unsafe {
        let bytes = if mask.len() - j >= S::LANES {
            S::load_bytes(mask.as_ptr().add(j))
        } else {
            let mut end = [0u8; 16];
            end[..mask.len() - j].copy_from_slice(&mask[j..]);
            S::load_bytes(end.as_ptr())
        };
        S::ieq(bytes, S::isplat(0))
    }
}

/// The lanes folded into one number.
///
/// # Safety
///
/// The level is available.
#[inline(always)]
unsafe fn fold<S: Simd>(v: S::F, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; 16];
    // SAFETY: no vector is wider.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    let mut width = S::LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

/// Scores become exponentials, dropped where dropout drops, and `stats` what they are to be multiplied by.
///
/// # Safety
///
/// `scores` holds `seen` elements for each two of `stats`.
#[inline(always)]
unsafe fn weigh<S: Simd>(
    head: &Head,
    masks: &Masks<'_>,
    start: usize,
    seen: usize,
    scores: &mut [f32],
    stats: &mut [f32],
) {
    for (r, (scores, stat)) in scores
        .chunks_exact_mut(seen.max(1))
        .zip(stats.chunks_exact_mut(2))
        .enumerate()
    {
        let row = Row::new(head, masks, start + r, seen);
        let p = scores.as_mut_ptr();
        // SAFETY: `p` holds `seen` elements, and offsets stay below.
        unsafe {
            let mut largest = S::splat(f32::NEG_INFINITY);
            for j in (0..row.limit).step_by(S::LANES) {
                largest = S::max(largest, row.scores::<S>(p, j));
            }
            let larger = |a: f32, b: f32| if a >= b || a.is_nan() { a } else { b };
            let largest = fold::<S>(largest, larger);
            let most = S::splat(largest);
            let mut sum = S::splat(0.0);
            let mut j = 0;
            while j < row.limit {
                let e = math::exp::<S>(S::sub(row.scores::<S>(p, j), most));
                sum = S::add(sum, e);
                row.store::<S>(p, j, row.dropped::<S>(e, j));
                j += S::LANES;
            }
            while j < seen {
                row.store::<S>(p, j, S::splat(0.0));
                j += S::LANES;
            }
            stat[0] = largest;
            stat[1] = 1.0 / fold::<S>(sum, |a, b| a + b);
        }
    }
}

/// Scores become probabilities as dropout left them, and `slopes`, the gradients of those, become the gradients of the products.
///
/// # Safety
///
/// `scores` and `slopes` hold `seen` elements for each two of `stats`.
#[inline(always)]
unsafe fn unweigh<S: Simd>(
    head: &Head,
    masks: &Masks<'_>,
    start: usize,
    seen: usize,
    stats: &[f32],
    scores: &mut [f32],
    slopes: &mut [f32],
) {
    let rows = scores
        .chunks_exact_mut(seen.max(1))
        .zip(slopes.chunks_exact_mut(seen.max(1)));
    for (r, ((scores, slopes), stat)) in rows.zip(stats.chunks_exact(2)).enumerate() {
        let row = Row::new(head, masks, start + r, seen);
        let (p, d) = (scores.as_mut_ptr(), slopes.as_mut_ptr());
        let (most, inverse) = (stat[0], stat[1]);
        // SAFETY: `p` and `d` hold `seen` elements, and offsets stay below.
        unsafe {
            let (most, inverse) = (S::splat(most), S::splat(inverse));
            let load = |p: *mut f32, j: usize| {
                if seen - j >= S::LANES {
                    S::load(p.add(j))
                } else {
                    S::load_part(p.add(j), seen - j)
                }
            };
            let mut along = S::splat(0.0);
            let mut j = 0;
            while j < row.limit {
                let e = math::exp::<S>(S::sub(row.scores::<S>(p, j), most));
                let e = S::mul(e, inverse);
                let slope = row.dropped::<S>(load(d, j), j);
                along = S::fma(e, slope, along);
                row.store::<S>(p, j, e);
                row.store::<S>(d, j, slope);
                j += S::LANES;
            }
            while j < seen {
                row.store::<S>(p, j, S::splat(0.0));
                j += S::LANES;
            }
            let along = S::splat(fold::<S>(along, |a, b| a + b));
            let scale = S::splat(head.scale);
            for j in (0..seen).step_by(S::LANES) {
                let e = load(p, j);
                // Past the limit the probability is 0; the slope there may be anything finite.
                let slope = S::mul(S::mul(e, S::sub(load(d, j), along)), scale);
                let slope = match row.allowed {
                    // A forbidden score was replaced by a number that depends on nothing.
                    Some(mask) => S::select(zeros::<S>(mask, j), S::splat(0.0), slope),
                    None => slope,
                };
                row.store::<S>(d, j, slope);
                row.store::<S>(p, j, row.dropped::<S>(e, j));
            }
        }
    }
}
