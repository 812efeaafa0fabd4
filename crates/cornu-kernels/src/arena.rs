//! One aligned block of zeroed memory that a plan lays its buffers out in, and checked views of it as numbers.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;
use std::ptr::NonNull;

use memmap2::MmapMut;

/// Alignment of an [`Arena`] in bytes: a cache line, and the widest vector.
pub const ALIGN: usize = 64;

/// Memory that could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError {
    /// The bytes asked for.
    pub bytes: usize,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the system did not give {} bytes of memory", self.bytes)
    }
}

impl std::error::Error for AllocError {}

/// Zeroed memory, aligned to [`ALIGN`] bytes.
///
/// The system hands out zero pages on first touch, so an arena costs what is used of it.
///
/// # Example
///
/// ```
/// use cornu_kernels::arena::{Arena, as_f32_mut};
/// let mut arena = Arena::new(1024)?;
/// let numbers = as_f32_mut(&mut arena.as_mut_bytes()[128..256]);
/// numbers[0] = 1.0;
/// assert_eq!(numbers.len(), 32);
/// # Ok::<(), cornu_kernels::arena::AllocError>(())
/// ```
pub struct Arena {
    memory: Memory,
    bytes: usize,
}

/// From so many bytes on an arena gets pages of its own, large ones where the system has them: 4 MiB, two of the large ones of x86-64.
/// A core remembers where some thousand pages lie; with 4 KiB each that is less than what a large network goes through, and looking
/// them up again cost 3 to 7 % of its steps.
const MAPPED: usize = if cfg!(miri) { usize::MAX } else { 4 << 20 };

enum Memory {
    /// Of the heap, with bytes to spare before the first aligned one.
    Heap(Heap),
    /// Whole pages.
    Pages(MmapMut),
}

/// A block of the heap.
struct Heap {
    block: NonNull<u8>,
    layout: Layout,
    /// Distance from the block's start to the first aligned byte.
    skip: usize,
}

// SAFETY: it owns its block alone, like a Vec<u8>.
unsafe impl Send for Heap {}
// SAFETY: shared access only reads, like a Vec<u8>.
unsafe impl Sync for Heap {}

impl Heap {
    /// At least `bytes` zeroed bytes from an aligned one on; none where the system has not so many.
    fn new(bytes: usize) -> Option<Heap> {
        // The alignment is made by hand: an aligned request would be zeroed by writing, which touches every page.
        let layout = Layout::from_size_align(bytes.checked_add(ALIGN)?, 1).ok()?;
        // SAFETY: the layout's size is at least ALIGN, so not zero.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let skip = block.as_ptr().align_offset(ALIGN);
        Some(Heap {
            block,
            layout,
            skip,
        })
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: the block came from alloc_zeroed with this layout.
        unsafe { dealloc(self.block.as_ptr(), self.layout) }
    }
}

/// Zeroed pages; none where the system has not so many.
fn pages(bytes: usize) -> Option<MmapMut> {
    let pages = MmapMut::map_anon(bytes).ok()?;
    // A system that does not take the advice gives small pages, which serve as well.
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    Some(pages)
}

impl Arena {
    /// Asks the system for `bytes` zeroed bytes.
    ///
    /// # Errors
    ///
    /// When the size is beyond the address space or the system refuses.
    pub fn new(bytes: usize) -> Result<Arena, AllocError> {
        let memory = if bytes >= MAPPED {
            pages(bytes).map(Memory::Pages)
        } else {
            Heap::new(bytes).map(Memory::Heap)
        };
        let memory = memory.ok_or(AllocError { bytes })?;
        Ok(Arena { memory, bytes })
    }

    /// The number of bytes asked for.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether the arena holds no byte.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The memory.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.memory {
            // SAFETY: skip < ALIGN, so the range lies in the block of bytes + ALIGN zero-initialised bytes, owned by self.
            Memory::Heap(heap) => unsafe {
                std::slice::from_raw_parts(heap.block.as_ptr().add(heap.skip), self.bytes)
            },
            Memory::Pages(pages) => pages,
        }
    }

    /// The memory, to write.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        match &mut self.memory {
            // SAFETY: as in as_bytes, and the borrow of self is exclusive.
            Memory::Heap(heap) => unsafe {
                std::slice::from_raw_parts_mut(heap.block.as_ptr().add(heap.skip), self.bytes)
            },
            Memory::Pages(pages) => pages,
        }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

fn check(bytes: &[u8]) {
    assert!(
        bytes.as_ptr().align_offset(4) == 0 && bytes.len().is_multiple_of(4),
        "arena: {} bytes are not whole aligned 4-byte numbers",
        bytes.len()
    );
}

macro_rules! cast {
    ($shared:ident, $exclusive:ident, $type:ty, $what:literal) => {
        #[doc = concat!("Reads bytes as ", $what, ".\n\n# Panics\n\nUnless start and length are multiples of 4.")]
        pub fn $shared(bytes: &[u8]) -> &[$type] {
            check(bytes);
            // SAFETY: checked above; every bit pattern is a valid number.
            unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / 4) }
        }

        #[doc = concat!("Writes bytes as ", $what, ".\n\n# Panics\n\nUnless start and length are multiples of 4.")]
        pub fn $exclusive(bytes: &mut [u8]) -> &mut [$type] {
            check(bytes);
            // SAFETY: checked above; every bit pattern is valid both ways, and the borrow is exclusive.
            unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / 4) }
        }
    };
}

cast!(as_f32, as_f32_mut, f32, "32-bit floats");
cast!(as_i32, as_i32_mut, i32, "32-bit integers");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_zero_and_of_the_size_asked_for() {
        // Miri would look at the large ones for minutes.
        let large = if cfg!(miri) {
            [2000; 2]
        } else {
            [(4 << 20) - 1, (4 << 20) + 3]
        };
        for bytes in [0, 1, 64, 1000].into_iter().chain(large) {
            let arena = Arena::new(bytes).expect("small");
            assert_eq!(arena.len(), bytes);
            assert_eq!(arena.as_bytes().as_ptr().align_offset(ALIGN), 0);
            assert!(arena.as_bytes().iter().all(|&b| b == 0));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri itself ends where memory does")]
    fn an_impossible_size_is_an_error() {
        assert_eq!(
            Arena::new(usize::MAX).expect_err("too much"),
            AllocError { bytes: usize::MAX }
        );
        assert!(Arena::new(isize::MAX as usize - 4096).is_err());
    }

    #[test]
    #[should_panic(expected = "not whole aligned")]
    fn a_crooked_view_is_refused() {
        let arena = Arena::new(64).expect("small");
        as_f32(&arena.as_bytes()[2..6]);
    }
}
