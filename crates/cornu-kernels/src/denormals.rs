//! Numbers too small for the normal format are 0 while networks are computed.
//!
//! The running means of an optimizer decay towards 0 by a factor a step; below 1.2e-38 each operation on such a *denormal*
//! number takes a core some 150 cycles instead of half a one. A small dense network trained 1.5 times slower for them.
//! TensorFlow rounds them to 0 as well.

/// Runs `f` on this thread with denormal operands and results taken as 0, where the processor can (x86-64, AArch64).
///
/// Afterwards the thread is as it was before, also when `f` panics. Threads that `f` starts are not touched.
///
/// # Example
///
/// ```
/// use std::hint::black_box;
/// let tiny = || black_box(black_box(1e-20_f32) * black_box(1e-20_f32));
/// let before = tiny();
/// assert_eq!(before, 1e-40);
/// let inside = cornu_kernels::denormals::flushed(tiny);
/// assert!(inside == 0.0 || inside == before);
/// assert_eq!(tiny(), before);
/// ```
pub fn flushed<R>(f: impl FnOnce() -> R) -> R {
    struct Restored(control::Word);
    impl Drop for Restored {
        fn drop(&mut self) {
            control::set(self.0);
        }
    }
    let now = control::get();
    if now | control::FLUSH == now {
        return f();
    }
    let restored = Restored(now);
    control::set(now | control::FLUSH);
    let result = f();
    drop(restored);
    result
}

/// The register that says how a thread computes.
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod control {
    use std::arch::asm;

    pub(super) type Word = u32;

    /// Results flushed to zero, operands taken as zero.
    pub(super) const FLUSH: Word = 1 << 15 | 1 << 6;

    pub(super) fn get() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores the control word into four bytes that are ours.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub(super) fn set(word: Word) {
        // SAFETY: the word is one that was read here, with at most the two bits of FLUSH changed: rounding and exceptions
        // stay. Compiled code may then find 0 where it would have found a denormal number, and no code relies on the latter.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
mod control {
    use std::arch::asm;

    pub(super) type Word = u64;

    /// Operands and results flushed to zero.
    pub(super) const FLUSH: Word = 1 << 24;

    pub(super) fn get() -> Word {
        let word: Word;
        // SAFETY: reads a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word
    }

    pub(super) fn set(word: Word) {
        // SAFETY: the word is one that was read here, with at most the bit of FLUSH changed; see x86-64.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod control {
    pub(super) type Word = u32;
    pub(super) const FLUSH: Word = 0;

    pub(super) fn get() -> Word {
        0
    }

    pub(super) fn set(_: Word) {}
}

#[cfg(test)]
mod tests {
    use super::flushed;
    use std::hint::black_box;

    /// Not inlined: a compiler may move a product out of `flushed`, having no word for how a thread computes.
    #[inline(never)]
    fn tiny() -> f32 {
        product(1e-20, 1e-20)
    }

    #[inline(never)]
    fn product(a: f32, b: f32) -> f32 {
        black_box(black_box(a) * black_box(b))
    }

    #[test]
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    fn small_results_and_operands_are_zero_inside_only() {
        let small = tiny();
        assert!(small > 0.0);
        let (result, operand, nested) = flushed(|| (tiny(), product(small, 1e10), flushed(tiny)));
        assert_eq!([result, operand, nested], [0.0; 3]);
        assert!(tiny() > 0.0);
    }

    #[test]
    fn a_panic_leaves_the_thread_as_it_was() {
        let panicked = std::panic::catch_unwind(|| flushed(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert!(tiny() > 0.0);
    }
}
