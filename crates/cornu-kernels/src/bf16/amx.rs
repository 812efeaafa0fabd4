//! The matrix tiles: whether the machine and the system lend them, and the micro-kernel.
//!
//! Eight registers of 16 rows by 64 bytes. Four hold sums, 32 rows by 32 columns of the result; two hold 32 rows of A, 32 terms each;
//! two hold 32 columns of B, whose terms lie in pairs. A step of 32 terms is four loads and four products of 16 cycles each, so that
//! the loads hide where at least one operand is in the first cache.
//!
//! The intrinsics are not stable yet, hence assembly.

use core::arch::asm;
use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::sync::OnceLock;

/// Rows of a tile, and columns of a tile of sums.
pub(super) const SIDE: usize = 16;
/// Terms of a tile.
pub(super) const TERMS: usize = 32;
/// Bytes of a tile.
pub(super) const BYTES: usize = 1024;

/// Whether tiles, their bf16 product and the conversion to bf16 are there, and the system lends them to this process.
pub(super) fn is_available() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| has_instructions() && is_permitted())
}

fn has_instructions() -> bool {
    // The first is how the processor says that XGETBV and leaf 7 are there; the others are its bits for AVX-512 and tiles.
    let has = |word: u32, bit: u32| word >> bit & 1 == 1;
    let leaves = __cpuid(0).eax;
    if leaves < 7 || !has(__cpuid(1).ecx, 27) || !is_x86_feature_detected!("avx512bf16") {
        return false;
    }
    let tiles = __cpuid_count(7, 0).edx;
    #[target_feature(enable = "xsave")]
    unsafe fn saved() -> u64 {
        // SAFETY: the caller found the instruction.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: bit 27 said that the system has enabled the instruction.
    let saved = unsafe { saved() };
    has(tiles, 22) && has(tiles, 24) && saved >> 17 & 3 == 3
}

/// Asks Linux for the tiles' state, which it keeps for those alone who ask.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const REQUEST_PERMISSION: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: a system call that reads two numbers and writes no memory; it changes rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

#[repr(C, align(64))]
struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

/// This thread's tiles, all of full size; given back when dropped.
pub(super) struct Tiles(());

impl Tiles {
    /// # Safety
    ///
    /// The tiles are available.
    pub(super) unsafe fn new() -> Tiles {
        let mut config = Config {
            palette: 1,
            start: 0,
            reserved: [0; 14],
            bytes: [0; 16],
            rows: [0; 16],
        };
        config.bytes[..8].fill(64);
        config.rows[..8].fill(16);
        // SAFETY: the caller has the tiles; 64 bytes are read that lie here.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, readonly)) };
        Tiles(())
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: whoever made this had the tiles.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Where 32 terms of A and B lie, in bytes from where the tile's rows and columns begin.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Chunk {
    pub(super) a: usize,
    pub(super) b: usize,
}

/// Sums of one or two tiles of rows by one or two of columns.
///
/// # Safety
///
/// The tiles are configured. For each chunk, `a[i] + chunk.a` begins 16 rows of 64 readable bytes, `a_row` bytes apart, and
/// `b[j] + chunk.b` 1024 readable bytes. `sums` holds four tiles: of `(i, j)` at `2·i + j`.
pub(super) type Kernel =
    unsafe fn(a: [*const u8; 2], a_row: usize, b: [*const u8; 2], chunks: &[Chunk], sums: *mut f32);

macro_rules! kernel {
    ($name:ident, $zero:literal, $steps:literal, $store:literal) => {
        pub(super) unsafe fn $name(
            a: [*const u8; 2],
            a_row: usize,
            b: [*const u8; 2],
            chunks: &[Chunk],
            sums: *mut f32,
        ) {
            // SAFETY: as the type says.
            unsafe {
                asm!(
                    $zero,
                    "2:",
                    "cmp {at}, {end}",
                    "je 3f",
                    "mov {x}, [{at}]",
                    "mov {y}, [{at} + 8]",
                    $steps,
                    "add {at}, 16",
                    "jmp 2b",
                    "3:",
                    $store,
                    at = inout(reg) chunks.as_ptr() => _,
                    end = in(reg) chunks.as_ptr_range().end,
                    x = out(reg) _,
                    y = out(reg) _,
                    z = out(reg) _,
                    a0 = in(reg) a[0],
                    a1 = in(reg) a[1],
                    row = in(reg) a_row,
                    b0 = in(reg) b[0],
                    b1 = in(reg) b[1],
                    sums = in(reg) sums,
                    line = in(reg) 64_usize,
                    options(nostack)
                );
            }
        }
    };
}

kernel!(
    two_by_two,
    "tilezero tmm0
     tilezero tmm1
     tilezero tmm2
     tilezero tmm3",
    "lea {z}, [{b0} + {y}]
     tileloadd tmm6, [{z} + {line}]
     lea {z}, [{a0} + {x}]
     tileloadd tmm4, [{z} + {row}]
     tdpbf16ps tmm0, tmm4, tmm6
     lea {z}, [{b1} + {y}]
     tileloadd tmm7, [{z} + {line}]
     tdpbf16ps tmm1, tmm4, tmm7
     lea {z}, [{a1} + {x}]
     tileloadd tmm5, [{z} + {row}]
     tdpbf16ps tmm2, tmm5, tmm6
     tdpbf16ps tmm3, tmm5, tmm7",
    "tilestored [{sums} + {line}], tmm0
     tilestored [{sums} + {line} + 1024], tmm1
     tilestored [{sums} + {line} + 2048], tmm2
     tilestored [{sums} + {line} + 3072], tmm3"
);

kernel!(
    two_by_one,
    "tilezero tmm0
     tilezero tmm2",
    "lea {z}, [{b0} + {y}]
     tileloadd tmm6, [{z} + {line}]
     lea {z}, [{a0} + {x}]
     tileloadd tmm4, [{z} + {row}]
     tdpbf16ps tmm0, tmm4, tmm6
     lea {z}, [{a1} + {x}]
     tileloadd tmm5, [{z} + {row}]
     tdpbf16ps tmm2, tmm5, tmm6
     /* {b1} */",
    "tilestored [{sums} + {line}], tmm0
     tilestored [{sums} + {line} + 2048], tmm2"
);

kernel!(
    one_by_two,
    "tilezero tmm0
     tilezero tmm1",
    "lea {z}, [{a0} + {x}]
     tileloadd tmm4, [{z} + {row}]
     lea {z}, [{b0} + {y}]
     tileloadd tmm6, [{z} + {line}]
     tdpbf16ps tmm0, tmm4, tmm6
     lea {z}, [{b1} + {y}]
     tileloadd tmm7, [{z} + {line}]
     tdpbf16ps tmm1, tmm4, tmm7
     /* {a1} */",
    "tilestored [{sums} + {line}], tmm0
     tilestored [{sums} + {line} + 1024], tmm1"
);

kernel!(
    one_by_one,
    "tilezero tmm0",
    "lea {z}, [{a0} + {x}]
     tileloadd tmm4, [{z} + {row}]
     lea {z}, [{b0} + {y}]
     tileloadd tmm6, [{z} + {line}]
     tdpbf16ps tmm0, tmm4, tmm6
     /* {a1} {b1} */",
    "tilestored [{sums} + {line}], tmm0"
);

/// The kernel of so many tiles of rows and of columns.
pub(super) fn kernel(rows: usize, columns: usize) -> Kernel {
    match (rows, columns) {
        (2, 2) => two_by_two,
        (2, _) => two_by_one,
        (_, 2) => one_by_two,
        _ => one_by_one,
    }
}
