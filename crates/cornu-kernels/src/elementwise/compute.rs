//! One vector loop for each instruction, over tiles that stay in the innermost cache.

use super::{Binary, Instr, Unary};
use crate::simd::{Simd, dispatch, math};

/// Elements of a tile: 2 KiB, so that a dozen registers share the first cache.
pub(super) const TILE: usize = 512;

/// Runs an instruction that neither loads nor stores on the first `n` elements of its registers.
///
/// `at[r]` is where the tile of register `r` is; that of the register written will be `to`.
pub(super) fn compute(instr: Instr, n: usize, to: *mut f32, at: &mut [*const f32]) {
    dispatch!(loops(instr: Instr, n: usize, to: *mut f32, at: &mut [*const f32]));
}

/// # Safety
///
/// Each register read has its tile at `at`, readable up to the next multiple of the vector length; as much can be written
/// at `to`, which may be one of the tiles read but does not overlap another.
#[inline(always)]
unsafe fn loops<S: Simd>(instr: Instr, n: usize, to: *mut f32, at: &mut [*const f32]) {
    // SAFETY: n is at most TILE, a multiple of every vector length, so loops over whole vectors stay inside tiles.
    unsafe {
        macro_rules! each {
            ($dst:expr, |$i:ident| $value:expr) => {{
                let mut $i = 0;
                while $i < n {
                    let value = $value;
                    S::store(to.add($i), value);
                    $i += S::LANES;
                }
                at[usize::from($dst)] = to;
            }};
        }
        let tile = |r: u8| at[usize::from(r)];
        let zero = S::splat(0.0);
        let one = S::splat(1.0);
        match instr {
            Instr::Const { dst, value } => each!(dst, |i| S::splat(value)),
            Instr::Unary { op, dst, a } => {
                let a = tile(a);
                macro_rules! unary {
                    (|$x:ident| $value:expr) => {
                        each!(dst, |i| {
                            let $x = S::load(a.add(i));
                            $value
                        })
                    };
                }
                match op {
                    Unary::Neg => unary!(|x| S::float(S::ixor(S::bits(x), S::isplat(0x8000_0000)))),
                    Unary::Abs => unary!(|x| math::abs::<S>(x)),
                    Unary::Sign => unary!(|x| {
                        let number = S::or(S::lt(x, zero), S::lt(zero, x));
                        S::select(number, math::with_sign::<S>(one, x), x)
                    }),
                    Unary::Square => unary!(|x| S::mul(x, x)),
                    Unary::Sqrt => unary!(|x| S::sqrt(x)),
                    Unary::Rsqrt => unary!(|x| S::div(one, S::sqrt(x))),
                    Unary::Reciprocal => unary!(|x| S::div(one, x)),
                    Unary::Exp => unary!(|x| math::exp::<S>(x)),
                    Unary::Expm1 => unary!(|x| math::expm1::<S>(x)),
                    Unary::Log => unary!(|x| math::ln::<S>(x)),
                    Unary::Log1p => unary!(|x| math::ln_1p::<S>(x)),
                    Unary::Tanh => unary!(|x| math::tanh::<S>(x)),
                    Unary::Sigmoid => unary!(|x| math::sigmoid::<S>(x)),
                    Unary::Relu => unary!(|x| S::relu(x)),
                    Unary::Softplus => unary!(|x| math::softplus::<S>(x)),
                    Unary::Floor => unary!(|x| S::floor(x)),
                    Unary::Ceil => unary!(|x| S::ceil(x)),
                    Unary::Round => unary!(|x| S::round(x)),
                    Unary::Sin => unary!(|x| trigonometric::<S>(x, 0)),
                    Unary::Cos => unary!(|x| trigonometric::<S>(x, 1)),
                    Unary::Erf => unary!(|x| math::erf::<S>(x)),
                    Unary::IsFinite => unary!(|x| {
                        let finite = S::le(math::abs::<S>(x), S::splat(f32::MAX));
                        S::select(finite, one, zero)
                    }),
                    Unary::Not => unary!(|x| S::select(S::eq(x, zero), one, zero)),
                }
            }
            Instr::Binary { op, dst, a, b } => {
                let (a, b) = (tile(a), tile(b));
                macro_rules! binary {
                    (|$x:ident, $y:ident| $value:expr) => {
                        each!(dst, |i| {
                            let ($x, $y) = (S::load(a.add(i)), S::load(b.add(i)));
                            $value
                        })
                    };
                }
                match op {
                    Binary::Add => binary!(|x, y| S::add(x, y)),
                    Binary::Sub => binary!(|x, y| S::sub(x, y)),
                    Binary::Mul => binary!(|x, y| S::mul(x, y)),
                    Binary::Div => binary!(|x, y| S::div(x, y)),
                    Binary::Max => binary!(|x, y| S::max(x, y)),
                    Binary::Min => binary!(|x, y| S::min(x, y)),
                    Binary::Pow => match quarters(std::slice::from_raw_parts(b, n)) {
                        Some(quarters) => each!(dst, |i| {
                            math::quarter_power::<S>(S::load(a.add(i)), quarters)
                        }),
                        // A vector version of any power needs the logarithm to twice the precision; rare enough to go one by one.
                        None => {
                            for i in 0..n {
                                *to.add(i) = (*a.add(i)).powf(*b.add(i));
                            }
                            at[usize::from(dst)] = to;
                        }
                    },
                    Binary::Atan2 => {
                        for i in 0..n {
                            *to.add(i) = (*a.add(i)).atan2(*b.add(i));
                        }
                        at[usize::from(dst)] = to;
                    }
                    Binary::Eq => binary!(|x, y| S::select(S::eq(x, y), one, zero)),
                    Binary::Ne => binary!(|x, y| S::select(S::eq(x, y), zero, one)),
                    Binary::Lt => binary!(|x, y| S::select(S::lt(x, y), one, zero)),
                    Binary::Le => binary!(|x, y| S::select(S::le(x, y), one, zero)),
                    Binary::Gt => binary!(|x, y| S::select(S::lt(y, x), one, zero)),
                    Binary::Ge => binary!(|x, y| S::select(S::le(y, x), one, zero)),
                    Binary::And => binary!(|x, y| {
                        let untrue = S::or(S::eq(x, zero), S::eq(y, zero));
                        S::select(untrue, zero, one)
                    }),
                    Binary::Or => binary!(|x, y| {
                        let untrue = S::and(S::eq(x, zero), S::eq(y, zero));
                        S::select(untrue, zero, one)
                    }),
                }
            }
            Instr::Fma { dst, a, b, c } => {
                let (a, b, c) = (tile(a), tile(b), tile(c));
                each!(dst, |i| S::fma(
                    S::load(a.add(i)),
                    S::load(b.add(i)),
                    S::load(c.add(i))
                ));
            }
            Instr::Select { dst, cond, a, b } => {
                let (cond, a, b) = (tile(cond), tile(a), tile(b));
                each!(dst, |i| {
                    let untrue = S::eq(S::load(cond.add(i)), zero);
                    S::select(untrue, S::load(b.add(i)), S::load(a.add(i)))
                });
            }
            Instr::Load { .. } | Instr::Store { .. } => unreachable!("memory is the caller's part"),
        }
    }
}

/// The quarters of a power that is the same for all elements, not whole, and small: local response normalisation has ¾.
fn quarters(powers: &[f32]) -> Option<i32> {
    let first = *powers.first()?;
    let quarters = first * 4.0;
    let fits = quarters.fract() == 0.0 && first.fract() != 0.0 && quarters.abs() < 8.0;
    (fits && powers.iter().all(|&p| p == first)).then_some(quarters as i32)
}

/// Sine, or cosine where `quarter` is 1; arguments too large for the fast reduction go through double precision.
#[inline(always)]
unsafe fn trigonometric<S: Simd>(x: S::F, quarter: u32) -> S::F {
    // SAFETY: the caller has the level; the array has room for the widest vector.
    unsafe {
        let y = math::sine::<S>(x, quarter);
        let large = S::lt(S::splat(math::TRIG_LIMIT), math::abs::<S>(x));
        if !S::any(large) {
            return y;
        }
        let (mut from, mut to) = ([0.0_f32; 16], [0.0_f32; 16]);
        S::store(from.as_mut_ptr(), x);
        for (to, from) in to.iter_mut().zip(from).take(S::LANES) {
            let from = f64::from(from);
            *to = if quarter == 1 { from.cos() } else { from.sin() } as f32;
        }
        S::select(large, S::load(to.as_ptr()), y)
    }
}
