//! Exponentials, logarithms and their kin on whole vectors, to a few units in the last place.
//!
//! Each reduces its argument to a short interval, runs a polynomial there and scales back, without a branch. NaN goes
//! through, infinities give limits, and results below the smallest normal number lose bits gracefully.
//!
//! # Source
//!
//! Polynomials of `exp`, `ln`, `tanh`, `sin` and `cos`: S. L. Moshier, Cephes mathematical library, single precision.

use super::Simd;

/// `c[0]·xⁿ + ... + c[n]`
#[inline(always)]
unsafe fn polynomial<S: Simd, const N: usize>(x: S::F, c: [f32; N]) -> S::F {
    let mut y = S::splat(c[0]);
    for &c in &c[1..] {
        y = S::fma(y, x, S::splat(c));
    }
    y
}

#[inline(always)]
pub(crate) unsafe fn abs<S: Simd>(x: S::F) -> S::F {
    S::float(S::iand(S::bits(x), S::isplat(0x7FFF_FFFF)))
}

/// `magnitude`, which is not negative, with the sign of `sign`.
#[inline(always)]
pub(crate) unsafe fn with_sign<S: Simd>(magnitude: S::F, sign: S::F) -> S::F {
    S::float(S::ior(
        S::bits(magnitude),
        S::iand(S::bits(sign), S::isplat(0x8000_0000)),
    ))
}

/// `(p, n)` with `eˣ = (1 + p)·2ⁿ` and `p` accurate near 0.
#[inline(always)]
unsafe fn exp_parts<S: Simd>(x: S::F) -> (S::F, S::F) {
    let n = S::round(S::mul(x, S::splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first so short that its product with n is exact.
    let r = S::fma(n, S::splat(-0.693_359_375), x);
    let r = S::fma(n, S::splat(2.121_944_4e-4), r);
    let y = polynomial::<S, 6>(
        r,
        [
            1.987_569_15e-4,
            1.398_199_95e-3,
            8.333_451_9e-3,
            4.166_579_6e-2,
            0.166_666_65,
            0.5,
        ],
    );
    (S::fma(y, S::mul(r, r), r), n)
}

#[inline(always)]
pub(crate) unsafe fn exp<S: Simd>(x: S::F) -> S::F {
    // Beyond these the result is 0 or infinite in any case.
    let x = S::at_least(S::at_most(x, S::splat(89.0)), S::splat(-104.0));
    let (p, n) = exp_parts::<S>(x);
    S::scale(S::add(p, S::splat(1.0)), n)
}

#[inline(always)]
pub(crate) unsafe fn expm1<S: Simd>(x: S::F) -> S::F {
    let x = S::at_least(S::at_most(x, S::splat(89.0)), S::splat(-20.0));
    let (p, n) = exp_parts::<S>(x);
    // (1 + p)·2ⁿ − 1 = (p + (1 − 2⁻ⁿ))·2ⁿ; the exponent of 2⁻¹²⁸ comes out as 0, which is near enough.
    let back = S::float(S::shl::<23>(S::isub(S::isplat(127), S::to_int(n))));
    let back = S::select(S::eq(n, S::splat(128.0)), S::splat(0.0), back);
    let y = S::scale(S::add(p, S::sub(S::splat(1.0), back)), n);
    // Below this x² / 2 is lost beside x, and the sum above would lose the sign of zero.
    S::select(S::lt(abs::<S>(x), S::splat(1e-8)), x, y)
}

#[inline(always)]
pub(crate) unsafe fn ln<S: Simd>(x: S::F) -> S::F {
    let tiny = S::lt(x, S::splat(f32::MIN_POSITIVE));
    let y = S::select(tiny, S::mul(x, S::splat(8_388_608.0)), x);
    let bits = S::bits(y);
    // The exponent that leaves a mantissa between √½ and √2.
    let e = S::sar::<23>(S::isub(bits, S::isplat(0x3F35_04F3)));
    let m = S::sub(S::float(S::isub(bits, S::shl::<23>(e))), S::splat(1.0));
    let e = S::sub(
        S::to_float(e),
        S::select(tiny, S::splat(23.0), S::splat(0.0)),
    );
    let z = S::mul(m, m);
    let p = polynomial::<S, 9>(
        m,
        [
            7.037_683_6e-2,
            -0.115_146_1,
            0.116_769_98,
            -0.124_201_41,
            0.142_493_23,
            -0.166_680_57,
            0.200_007_15,
            -0.249_999_94,
            0.333_333_3,
        ],
    );
    let p = S::mul(S::mul(p, m), z);
    let p = S::fma(e, S::splat(-2.121_944_4e-4), p);
    let p = S::fma(z, S::splat(-0.5), p);
    let y = S::fma(e, S::splat(0.693_359_375), S::add(m, p));
    let zero = S::splat(0.0);
    let y = S::select(S::eq(x, zero), S::splat(f32::NEG_INFINITY), y);
    // Infinity stays, and so does NaN; negative numbers have no logarithm.
    let y = S::select(S::lt(x, S::splat(f32::INFINITY)), y, x);
    S::select(S::lt(x, zero), S::splat(f32::NAN), y)
}

#[inline(always)]
pub(crate) unsafe fn ln_1p<S: Simd>(x: S::F) -> S::F {
    // ln u · x / (u − 1) takes back what rounding 1 + x to u lost (W. Kahan).
    let u = S::add(S::splat(1.0), x);
    let d = S::sub(u, S::splat(1.0));
    let y = S::mul(ln::<S>(u), S::div(x, d));
    let y = S::select(S::eq(d, S::splat(0.0)), x, y);
    S::select(S::eq(x, S::splat(f32::INFINITY)), x, y)
}

/// `x` to the power of `quarters / 4`, a number that is not whole, from square roots: `|quarters| < 8`.
#[inline(always)]
pub(crate) unsafe fn quarter_power<S: Simd>(x: S::F, quarters: i32) -> S::F {
    let infinity = S::splat(f32::INFINITY);
    // As the scalar function has it, the infinite negative number counts as positive, and so does the negative zero.
    let x = S::select(S::eq(x, S::splat(f32::NEG_INFINITY)), infinity, x);
    let x = S::add(x, S::splat(0.0));
    let half = S::sqrt(x);
    let mut y = S::splat(1.0);
    for (bit, factor) in [S::sqrt(half), half, x].into_iter().enumerate() {
        if quarters.unsigned_abs() >> bit & 1 == 1 {
            y = S::mul(y, factor);
        }
    }
    if quarters < 0 {
        y = S::div(S::splat(1.0), y);
    }
    y
}

#[inline(always)]
pub(crate) unsafe fn tanh<S: Simd>(x: S::F) -> S::F {
    let a = abs::<S>(x);
    let z = S::mul(x, x);
    let p = polynomial::<S, 5>(
        z,
        [
            -5.704_988_7e-3,
            2.063_908_9e-2,
            -5.373_971_6e-2,
            0.133_314_42,
            -0.333_332_82,
        ],
    );
    let near = S::fma(S::mul(p, z), x, x);
    let e = exp::<S>(S::add(a, a));
    let far = S::sub(
        S::splat(1.0),
        S::div(S::splat(2.0), S::add(e, S::splat(1.0))),
    );
    S::select(S::lt(a, S::splat(0.625)), near, with_sign::<S>(far, x))
}

#[inline(always)]
pub(crate) unsafe fn sigmoid<S: Simd>(x: S::F) -> S::F {
    // The exponential of the negative magnitude cannot overflow.
    let e = exp::<S>(S::sub(S::splat(0.0), abs::<S>(x)));
    let one = S::splat(1.0);
    S::div(S::select(S::lt(x, S::splat(0.0)), e, one), S::add(one, e))
}

#[inline(always)]
pub(crate) unsafe fn softplus<S: Simd>(x: S::F) -> S::F {
    let e = exp::<S>(S::sub(S::splat(0.0), abs::<S>(x)));
    S::add(S::relu(x), ln_1p::<S>(e))
}

/// The largest magnitude whose reduction by multiples of π/2 is exact enough.
pub(crate) const TRIG_LIMIT: f32 = 8192.0;

/// Sine, or with `quarter = 1` cosine, for magnitudes up to [`TRIG_LIMIT`].
#[inline(always)]
pub(crate) unsafe fn sine<S: Simd>(x: S::F, quarter: u32) -> S::F {
    let n = S::round(S::mul(x, S::splat(std::f32::consts::FRAC_2_PI)));
    // π/2 in three parts, the first two so short that their products with n are exact.
    let r = S::fma(n, S::splat(-1.570_312_5), x);
    let r = S::fma(n, S::splat(-4.837_513e-4), r);
    let r = S::fma(n, S::splat(-7.549_789_95e-8), r);
    let q = S::iadd(S::to_int(n), S::isplat(quarter));
    let z = S::mul(r, r);
    let p = polynomial::<S, 3>(z, [-1.951_529_6e-4, 8.332_161e-3, -0.166_666_55]);
    let sin = S::fma(S::mul(p, z), r, r);
    let p = polynomial::<S, 3>(z, [2.443_315_7e-5, -1.388_731_6e-3, 4.166_664_6e-2]);
    let cos = S::fma(S::mul(z, z), p, S::fma(z, S::splat(-0.5), S::splat(1.0)));
    let odd = S::ieq(S::iand(q, S::isplat(1)), S::isplat(1));
    let y = S::select(odd, cos, sin);
    let negative = S::shl::<30>(S::iand(q, S::isplat(2)));
    S::float(S::ixor(S::bits(y), negative))
}

#[inline(always)]
pub(crate) unsafe fn erf<S: Simd>(x: S::F) -> S::F {
    // Two fits: an odd polynomial near 0, and 1 − exp of a polynomial beyond, constant from 4 on.
    let t = S::at_most(abs::<S>(x), S::splat(4.0));
    let s = S::mul(t, t);
    let near = polynomial::<S, 6>(
        s,
        [
            -5.967_617e-4,
            4.991_194_2e-3,
            -2.676_813_5e-2,
            0.112_819_925,
            -0.376_125_34,
            0.128_379_17,
        ],
    );
    let near = S::fma(near, x, x);
    let far = polynomial::<S, 7>(
        t,
        [
            -1.728_534_7e-5,
            3.831_971_3e-4,
            -3.883_964_4e-3,
            2.425_462_2e-2,
            -0.106_777_88,
            -0.634_846_7,
            -0.128_717_51,
        ],
    );
    let far = S::sub(S::splat(1.0), exp::<S>(S::sub(S::mul(far, t), t)));
    S::select(S::lt(t, S::splat(0.921_875)), near, with_sign::<S>(far, x))
}
