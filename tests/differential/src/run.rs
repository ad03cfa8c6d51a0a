//! Others are run where they may panic and stand still.

use std::{
    panic,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::outcome::Outcome;

/// Returns the result of `read` for `input`.
pub(crate) fn guarded(read: fn(&[u8]) -> Outcome, input: &[u8]) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let input = input.to_vec();
    let spawned = thread::Builder::new()
        .name(OTHERS.into())
        .spawn(move || sender.send(read(&input)));
    spawned.expect("a thread can be started");
    receiver
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|error| match error {
            RecvTimeoutError::Disconnected => Outcome::Panics,
            RecvTimeoutError::Timeout => Outcome::Hangs,
        })
}

/// Hides the messages of panics in other implementations: a panic is an outcome.
pub(crate) fn silence_panics_of_others() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if thread::current().name() != Some(OTHERS) {
            usual(panic);
        }
    }));
}

/// The name of the threads in which others run.
const OTHERS: &str = "another implementation";

/// A call that needs longer than this for a line counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);
