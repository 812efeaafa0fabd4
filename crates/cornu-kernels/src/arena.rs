//! One aligned block of zeroed memory that a plan lays its buffers out in, and checked views of it as numbers.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;
use std::ptr::NonNull;

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
    block: NonNull<u8>,
    layout: Layout,
    /// Distance from the block's start to the first aligned byte.
    skip: usize,
    bytes: usize,
}

// SAFETY: an arena owns its block alone, like a Vec<u8>.
unsafe impl Send for Arena {}
// SAFETY: shared access only reads, like a Vec<u8>.
unsafe impl Sync for Arena {}

impl Arena {
    /// Asks the system for `bytes` zeroed bytes.
    ///
    /// # Errors
    ///
    /// When the size is beyond the address space or the system refuses.
    pub fn new(bytes: usize) -> Result<Arena, AllocError> {
        let error = AllocError { bytes };
        // The alignment is made by hand: an aligned request would be zeroed by writing, which touches every page.
        let padded = bytes.checked_add(ALIGN).ok_or(error)?;
        let layout = Layout::from_size_align(padded, 1).map_err(|_| error)?;
        // SAFETY: the layout's size is at least ALIGN, so not zero.
        let block = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(error)?;
        let skip = block.as_ptr().align_offset(ALIGN);
        Ok(Arena {
            block,
            layout,
            skip,
            bytes,
        })
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
        // SAFETY: skip < ALIGN, so the range lies in the block of bytes + ALIGN zero-initialised bytes, owned by self.
        unsafe { std::slice::from_raw_parts(self.block.as_ptr().add(self.skip), self.bytes) }
    }

    /// The memory, to write.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        // SAFETY: as in as_bytes, and the borrow of self is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.block.as_ptr().add(self.skip), self.bytes) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the block came from alloc_zeroed with this layout.
        unsafe { dealloc(self.block.as_ptr(), self.layout) }
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
        for bytes in [0, 1, 64, 1000] {
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
