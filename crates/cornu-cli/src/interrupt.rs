//! Ctrl-C once asks the run to finish its step, save and report; twice leaves at once with exit code 130.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::failure::{Failure, Result};

static PRESSED: AtomicUsize = AtomicUsize::new(0);

/// From here on, the first Ctrl-C (or a polite request to end from the system) is only noted.
pub(crate) fn install(quiet: bool) -> Result<()> {
    ctrlc::set_handler(move || {
        if PRESSED.fetch_add(1, Ordering::SeqCst) > 0 {
            // The cursor may be hidden behind a progress bar.
            anstream::eprintln!("\x1b[?25h");
            std::process::exit(130);
        }
        if !quiet {
            anstream::eprintln!(
                "\nstopping after this step, then saving; press Ctrl-C again to quit without"
            );
        }
    })
    .map_err(|e| Failure::other(format!("cannot listen for Ctrl-C: {e}")))
}

/// Whether the user has asked to stop.
pub(crate) fn requested() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}
