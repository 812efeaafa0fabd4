//! Products with operands rounded to bf16 and sums in f32, by the processor's matrix tiles (AMX) where it has them.
//!
//! A bf16 number is the upper half of a float: the same range, 8 binary digits. Operands are rounded to the nearest, half to even,
//! once, as they are copied together; each product of two is then exact in f32. Denormal operands count as 0.
//!
//! What is computed is the same everywhere, up to the order of additions: where the instructions are missing, operands are rounded in
//! copies and multiplied by the ordinary f32 kernels. That is slower than f32 alone, so that whoever chooses asks [`is_fast`].
//!
//! Numbers that are not finite spread further than in f32: a gradient of weights may be NaN as a whole where one pixel is infinite.
//!
//! Measured on one core of an Intel Xeon (Sapphire Rapids' successor, 2.6 GHz): tiles from the first cache 2.0 to 2.5 TFLOP/s, FMA in
//! f32 0.17.

#[cfg(target_arch = "x86_64")]
mod amx;
mod conv2d;
#[cfg(target_arch = "x86_64")]
mod forward;
#[cfg(target_arch = "x86_64")]
mod pack;
mod portable;
mod product;
#[cfg(target_arch = "x86_64")]
mod sweep;
#[cfg(target_arch = "x86_64")]
mod weight_grad;

pub use conv2d::{forward, forward_columns, weight_grad, weight_grad_channels};
pub use product::{product, product_columns};

/// Whether this thread's kernels have instructions for such products, so that they are faster than in f32.
///
/// # Example
///
/// ```
/// use cornu_kernels::{Level, bf16, with_level};
/// assert!(!with_level(Level::Portable, bf16::is_fast));
/// ```
pub fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    if crate::level() == crate::Level::Avx512 {
        return amx::is_available();
    }
    false
}

/// The nearest bf16 number, half to even; denormal numbers are 0, and what is no number stays none.
///
/// # Example
///
/// ```
/// use cornu_kernels::bf16::round;
/// assert_eq!(round(1.0 + 1.0 / 256.0), 1.0);
/// assert_eq!(round(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0);
/// assert!(round(f32::NAN).is_nan());
/// ```
pub fn round(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    if x.abs() < f32::MIN_POSITIVE {
        return 0.0_f32.copysign(x);
    }
    let bits = x.to_bits();
    f32::from_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
}
