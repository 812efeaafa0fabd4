//! The micro-kernel: a block of the result small enough for registers, fed by broadcasts of A and vectors of B.
//!
//! `acc[r][v] += broadcast(A[row r, k]) · B[k][v]`, over runs ([`Run`]) of consecutive `k`. The floor is two fused
//! multiply-adds a cycle: a tile of R rows and V vectors does R·V of them for R + V loads, so 13 × 2 and 6 × 4 leave the
//! load ports half idle. Eight sums in flight hide the latency; smaller tiles only serve remainders. Measured with
//! AVX-512 on one core of an Emerald Rapids server (register peak 179 to 192 GFLOP/s): 140 to 170 inside a product or a
//! convolution whose operands fit the second cache; a third-cache or memory-bound shape has that bound instead.
#![allow(
    unsafe_op_in_unsafe_fn,
    reason = "the contract of the whole file is that of Block, stated there"
)]

use crate::simd::Simd;

/// Consecutive terms of a sum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Offset of the first term in A, added to the row's own.
    pub(crate) a: usize,
    /// Offset of the first row of B.
    pub(crate) b: usize,
    /// Number of terms.
    pub(crate) len: usize,
}

/// What a sum starts from, as the tile sees it.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    Accumulate,
    /// One value for each column of the tile.
    Bias(*const f32),
}

/// The most rows any level's tile has.
pub(crate) const MAX_ROWS: usize = 14;

/// One call of a micro-kernel.
///
/// # Safety
///
/// For each of the tile's rows `r`, each run and each of its terms `k`, `a + a_rows[r] + run.a + k·a_k` is readable and
/// `b + run.b + k·ldb` is readable for the tile's full width; `c + c_rows[r]` is writable for `cols` elements; a bias is
/// readable for `cols` elements. In a `cols` micro-kernel, `a_rows[r] = a_rows[0] + r`.
pub(crate) struct Block<'a> {
    pub(crate) a: *const f32,
    pub(crate) b: *const f32,
    pub(crate) c: *mut f32,
    pub(crate) a_rows: [usize; MAX_ROWS],
    pub(crate) c_rows: [usize; MAX_ROWS],
    pub(crate) runs: &'a [Run],
    pub(crate) a_k: usize,
    pub(crate) ldb: usize,
    /// Columns to store, at most the tile's width and more than the width less one vector.
    pub(crate) cols: usize,
    pub(crate) start: Start,
    pub(crate) relu: bool,
}

/// A micro-kernel of one size.
pub(crate) type Kernel = unsafe fn(&Block);

/// How a micro-kernel walks A.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// Terms are adjacent, rows anywhere.
    Rows,
    /// Rows are adjacent, terms `a_k` apart.
    Cols,
    /// Both anywhere.
    Any,
}

/// The micro-kernels of a level.
pub(crate) struct Tiles {
    /// Floats in a vector.
    pub(crate) lanes: usize,
    /// The most rows of a tile that is `v + 1` vectors wide; 0 where there is no such tile.
    pub(crate) max_rows: [usize; 4],
    /// Kernel for a walk, width in vectors − 1, rows − 1.
    pub(crate) get: fn(Walk, usize, usize) -> Kernel,
}

#[inline(always)]
unsafe fn tile<S: Simd, const R: usize, const V: usize, const WALK: u8>(block: &Block) {
    let w = S::LANES;
    let last = block.cols - (V - 1) * w;
    let full = last == w;
    let mut acc = [[S::splat(0.0); V]; R];
    match block.start {
        Start::Zero => {}
        Start::Accumulate => {
            for r in 0..R {
                let c = block.c.add(block.c_rows[r]).cast_const();
                for v in 0..V {
                    acc[r][v] = if v + 1 < V || full {
                        S::load(c.add(v * w))
                    } else {
                        S::load_part(c.add(v * w), last)
                    };
                }
            }
        }
        Start::Bias(bias) => {
            for v in 0..V {
                let bias = if v + 1 < V || full {
                    S::load(bias.add(v * w))
                } else {
                    S::load_part(bias.add(v * w), last)
                };
                for r in 0..R {
                    acc[r][v] = bias;
                }
            }
        }
    }
    if !matches!(block.start, Start::Accumulate) {
        // The result is written once at the end; asking for its lines now hides their way through the sums.
        for r in 0..R {
            for v in 0..V {
                S::prefetch(
                    block
                        .c
                        .add(block.c_rows[r])
                        .cast_const()
                        .wrapping_add(v * w),
                );
            }
        }
    }
    let mut rows = [core::ptr::null(); R];
    for r in 0..R {
        rows[r] = block.a.add(block.a_rows[r]);
    }
    let ldb = block.ldb;
    for run in block.runs {
        let mut b = block.b.add(run.b);
        if WALK == 0 {
            let mut k = run.a;
            let end = run.a + run.len;
            while k + 3 <= end {
                for u in 0..3 {
                    step::<S, R, V>(&mut acc, b.add(u * ldb), |r| *rows[r].add(k + u));
                }
                b = b.add(3 * ldb);
                k += 3;
            }
            while k < end {
                step::<S, R, V>(&mut acc, b, |r| *rows[r].add(k));
                b = b.add(ldb);
                k += 1;
            }
        } else if WALK == 1 {
            let mut a = rows[0].add(run.a);
            for _ in 0..run.len {
                step::<S, R, V>(&mut acc, b, |r| *a.add(r));
                b = b.wrapping_add(ldb);
                a = a.wrapping_add(block.a_k);
            }
        } else {
            let mut k = run.a;
            for _ in 0..run.len {
                step::<S, R, V>(&mut acc, b, |r| *rows[r].add(k));
                b = b.wrapping_add(ldb);
                k += block.a_k;
            }
        }
    }
    for r in 0..R {
        let c = block.c.add(block.c_rows[r]);
        for v in 0..V {
            let value = if block.relu {
                S::relu(acc[r][v])
            } else {
                acc[r][v]
            };
            if v + 1 < V || full {
                S::store(c.add(v * w), value);
            } else {
                S::store_part(c.add(v * w), last, value);
            }
        }
    }
}

#[inline(always)]
unsafe fn step<S: Simd, const R: usize, const V: usize>(
    acc: &mut [[S::F; V]; R],
    b: *const f32,
    a: impl Fn(usize) -> f32,
) {
    let mut row = [S::splat(0.0); V];
    for v in 0..V {
        row[v] = S::load(b.add(v * S::LANES));
    }
    for r in 0..R {
        let factor = S::splat(a(r));
        for v in 0..V {
            acc[r][v] = S::fma(factor, row[v], acc[r][v]);
        }
    }
}

/// Stamps the micro-kernels of one level.
macro_rules! tiles {
    ($level:ident, $simd:ty, [$($feature:meta)?], $max:expr, $(($v:literal: $($r:literal)*))*) => {
        pub(crate) mod $level {
            use super::*;

            $(#[$feature])?
            unsafe fn kernel<const R: usize, const V: usize, const WALK: u8>(block: &Block) {
                tile::<$simd, R, V, WALK>(block);
            }

            fn walk<const WALK: u8>(v: usize, r: usize) -> Kernel {
                match (v, r) {
                    $($(($v, $r) => kernel::<$r, $v, WALK>,)*)*
                    _ => panic!("a tile of {r} rows and {v} vectors does not exist"),
                }
            }

            fn get(walk_: Walk, v: usize, r: usize) -> Kernel {
                match walk_ {
                    Walk::Rows => walk::<0>(v, r),
                    Walk::Cols => walk::<1>(v, r),
                    Walk::Any => walk::<2>(v, r),
                }
            }

            pub(crate) static TILES: Tiles = Tiles { lanes: <$simd>::LANES, max_rows: $max, get };
        }
    };
}

#[cfg(target_arch = "x86_64")]
tiles!(avx512, crate::simd::avx512::Avx512,
    [target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")],
    [14, 13, 8, 6],
    (1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    (2: 1 2 3 4 5 6 7 8 9 10 11 12 13)
    (3: 1 2 3 4 5 6 7 8)
    (4: 1 2 3 4 5 6));

#[cfg(target_arch = "x86_64")]
tiles!(avx2, crate::simd::avx2::Avx2,
    [target_feature(enable = "avx2,fma")],
    [12, 6, 4, 0],
    (1: 1 2 3 4 5 6 7 8 9 10 11 12)
    (2: 1 2 3 4 5 6)
    (3: 1 2 3 4));

tiles!(portable, crate::simd::portable::Portable, [], [4, 4, 0, 0], (1: 1 2 3 4) (2: 1 2 3 4));

/// The micro-kernels of the current level.
pub(crate) fn current() -> &'static Tiles {
    match crate::level() {
        #[cfg(target_arch = "x86_64")]
        crate::Level::Avx512 => &avx512::TILES,
        #[cfg(target_arch = "x86_64")]
        crate::Level::Avx2 => &avx2::TILES,
        _ => &portable::TILES,
    }
}
