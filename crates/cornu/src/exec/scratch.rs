//! One growing work buffer a thread, for kernels that pack or pad their operands.

use std::cell::RefCell;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends this thread's buffer. Not to be nested: kernels do not call each other through here.
pub(crate) fn with<R>(f: impl FnOnce(&mut Vec<f32>) -> R) -> R {
    SCRATCH.with_borrow_mut(f)
}
