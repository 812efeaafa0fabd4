//! The instruction set a kernel runs with: the best of the machine, lowered by `CORNU_SIMD`, overridden by tests.

use std::cell::Cell;
use std::sync::OnceLock;

/// A family of instructions that every kernel is written for.
///
/// # Example
///
/// ```
/// use cornu_kernels::{Level, level, with_level};
/// assert!(level().is_available());
/// assert_eq!(with_level(Level::Portable, level), Level::Portable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Plain Rust, on any machine; no fused multiply-add.
    Portable,
    /// 128-bit vectors of 64-bit Arm. Not written yet: such machines run the portable loops, which compilers turn into
    /// these vectors in part.
    Neon,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors (foundation, byte/word, doubleword/quadword and vector-length extensions).
    Avx512,
}

impl Level {
    /// All levels, slowest first.
    pub const ALL: [Level; 4] = [Level::Portable, Level::Neon, Level::Avx2, Level::Avx512];

    /// The name that `CORNU_SIMD` uses.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether this machine can run the level.
    pub fn is_available(self) -> bool {
        match self {
            Level::Portable => true,
            Level::Neon => false,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 | Level::Avx512 => false,
        }
    }

    /// The best level of this machine, whatever `CORNU_SIMD` says.
    pub fn best() -> Level {
        let mut best = Level::Portable;
        for level in Level::ALL {
            if level.is_available() {
                best = level;
            }
        }
        best
    }
}

static CHOSEN: OnceLock<Result<Level, String>> = OnceLock::new();

thread_local! {
    static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
}

/// Reads `CORNU_SIMD` and decides the level of the process; a program calls this once at its start.
///
/// # Errors
///
/// When `CORNU_SIMD` is not one of `portable`, `neon`, `avx2`, `avx512`, or names a level the machine lacks.
///
/// # Example
///
/// ```
/// let level = cornu_kernels::init()?;
/// assert!(level.is_available());
/// # Ok::<(), String>(())
/// ```
pub fn init() -> Result<Level, String> {
    CHOSEN
        .get_or_init(|| choose(std::env::var_os("CORNU_SIMD")))
        .clone()
}

fn choose(wanted: Option<std::ffi::OsString>) -> Result<Level, String> {
    let Some(wanted) = wanted else {
        return Ok(Level::best());
    };
    let text = wanted.to_string_lossy();
    let Some(level) = Level::ALL.into_iter().find(|level| level.name() == text) else {
        return Err(format!(
            "CORNU_SIMD expects portable, neon, avx2 or avx512, received {text:?}"
        ));
    };
    if level.is_available() {
        Ok(level)
    } else {
        Err(format!(
            "CORNU_SIMD asks for {text}, which this machine lacks; its best level is {}",
            Level::best().name()
        ))
    }
}

/// The level kernels run with on this thread.
///
/// A process that never called [`init`] gets the same choice here; if `CORNU_SIMD` was wrong the machine's best level
/// serves, and `init` still returns the error to whoever asks.
#[inline]
pub fn level() -> Level {
    match FORCED.get() {
        Some(level) => level,
        None => match CHOSEN.get_or_init(|| choose(std::env::var_os("CORNU_SIMD"))) {
            Ok(level) => *level,
            Err(_) => Level::best(),
        },
    }
}

/// Runs `f` with every kernel called on this thread at `level`.
///
/// # Panics
///
/// When the machine lacks the level.
pub fn with_level<T>(level: Level, f: impl FnOnce() -> T) -> T {
    assert!(
        level.is_available(),
        "with_level: this machine lacks {}",
        level.name()
    );
    struct Restore(Option<Level>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FORCED.set(self.0);
        }
    }
    let _restore = Restore(FORCED.replace(Some(level)));
    f()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_or_missing_level_is_an_error() {
        assert!(
            choose(Some("sse9".into()))
                .expect_err("unknown")
                .contains("sse9")
        );
        let absent = if cfg!(target_arch = "x86_64") {
            "neon"
        } else {
            "avx2"
        };
        assert!(
            choose(Some(absent.into()))
                .expect_err("absent")
                .contains("lacks")
        );
        assert_eq!(choose(Some("portable".into())), Ok(Level::Portable));
        assert_eq!(choose(None), Ok(Level::best()));
    }

    #[test]
    fn an_override_ends_with_its_closure_even_by_panic() {
        let before = level();
        let caught =
            std::panic::catch_unwind(|| with_level(Level::Portable, || panic!("on purpose")));
        assert!(caught.is_err());
        assert_eq!(level(), before);
    }
}
