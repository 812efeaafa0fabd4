//! One growing work buffer a thread, for kernels that pack or pad their operands.

use std::cell::RefCell;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends this thread's buffer. A loan within a loan gets a buffer of its own; the larger of the two is kept.
pub(crate) fn with<R>(f: impl FnOnce(&mut Vec<f32>) -> R) -> R {
    let mut buffer = SCRATCH.take();
    let result = f(&mut buffer);
    SCRATCH.with_borrow_mut(|kept| {
        if kept.len() < buffer.len() {
            *kept = buffer;
        }
    });
    result
}

/// As [`with`], so many elements that begin on a cache line; what they hold means nothing.
pub(crate) fn aligned<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    const LINE: usize = 64;
    with(|buffer| {
        if buffer.len() < len + LINE / 4 {
            buffer.resize(len + LINE / 4, 0.0);
        }
        let skip = buffer.as_ptr().align_offset(LINE).min(LINE / 4);
        f(&mut buffer[skip..skip + len])
    })
}
