//! Ctrl-C: once for a graceful stop, twice for an immediate one (S-14).

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::terminal::say;

const CUT_OFF: i32 = 130;

/// Cancels `stop` at the first SIGINT or SIGTERM, and ends the process at the second.
pub(crate) fn stop_on_signals(stop: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be caught: Ctrl-C will not drain");
        return;
    };
    tokio::spawn(async move {
        let mut count = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            count += 1;
            if count > 1 {
                say("cut off: what was not committed will be made again by the next run");
                std::process::exit(CUT_OFF);
            }
            say("stopping: committing what is on its way (once more to cut it off)");
            stop.cancel();
        }
    });
}
