//! The threads on which everything runs.

use std::sync::{Arc, RwLock};

use crate::error::{Error, Kind, Result};

static POOL: RwLock<Option<Arc<rayon::ThreadPool>>> = RwLock::new(None);

/// Sets the number of threads for what follows; without it, all cores are used. Results do not depend on it.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) for 0; [`Kind::Memory`] if the system refuses to start them.
pub fn set_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Err(Error::config(
            "the number of threads must be at least 1, received 0",
        ));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Error::new(Kind::Memory, format!("cannot start {threads} threads: {e}")))?;
    let mut slot = POOL
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    *slot = Some(Arc::new(pool));
    Ok(())
}

/// The instruction set that the kernels use: "avx512", "avx2" or "portable". The environment variable `CORNU_SIMD` lowers it.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) if that variable holds something else.
pub fn instruction_set() -> Result<&'static str> {
    cornu_kernels::init()
        .map(cornu_kernels::Level::name)
        .map_err(|message| Error::config(message).at("CORNU_SIMD"))
}

/// The threads set; none on a thread of a pool, which has its own.
fn pool() -> Option<Arc<rayon::ThreadPool>> {
    if rayon::current_thread_index().is_some() {
        return None;
    }
    POOL.read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone()
}

/// Runs `f` on the threads set.
pub(crate) fn on_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    match pool() {
        Some(pool) => pool.install(f),
        None => f(),
    }
}

/// Has one of the threads set run `f`, when it can.
pub(crate) fn spawn(f: impl FnOnce() + Send + 'static) {
    match pool() {
        Some(pool) => pool.spawn(f),
        None => rayon::spawn(f),
    }
}

/// How many threads there are.
pub fn threads() -> usize {
    match pool() {
        Some(pool) => pool.current_num_threads(),
        None => rayon::current_num_threads(),
    }
}
