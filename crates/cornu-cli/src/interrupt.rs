//! Ctrl-C once asks a run to end in good order; twice leaves at once with exit code 130.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::failure::{Failure, Result};
use crate::screen::{Screen, Voice};

static PRESSED: AtomicUsize = AtomicUsize::new(0);

/// From here on, the first Ctrl-C (or a polite request to end from the system) is only noted and answered with a word.
pub(crate) fn install(screen: Screen, word: &'static str) -> Result<()> {
    ctrlc::set_handler(move || {
        if PRESSED.fetch_add(1, Ordering::SeqCst) > 0 {
            // The cursor may be hidden behind a progress bar.
            anstream::eprintln!("\x1b[?25h");
            std::process::exit(130);
        }
        if screen.voice != Voice::Quiet {
            anstream::eprintln!("\n{word}");
        }
    })
    .map_err(|e| Failure::other(format!("cannot listen for Ctrl-C: {e}")))
}

/// Whether the user has asked to stop.
pub(crate) fn requested() -> bool {
    PRESSED.load(Ordering::SeqCst) > 0
}
