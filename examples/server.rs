//! A small mail server: accepts mail over SMTP and LMTP, and stores it in a Maildir. Each runtime runs the same service.
//!
//! `cargo run --release -p examples --example server -- --help`

use std::{process::ExitCode, sync::mpsc};

use examples::{
    exit::{self, Exit},
    runtime::{Runtime, Start},
    serve::Flags,
    site::Disk,
    start_on,
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use smtp_driver::ShutdownHandle;

fn main() -> ExitCode {
    exit::run("server", |flags: Flags| match flags.runtime {
        Runtime::Tokio => {
            let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
            let _entered = runtime.enter();
            let disk: Disk = |work| Box::pin(async { tokio::task::spawn_blocking(work).await? });
            run(&flags, start_on!(smtp_tokio::Runtime), disk)
        }
        Runtime::Smol => {
            let disk: Disk = |work| Box::pin(smol::unblock(work));
            run(&flags, start_on!(smtp_async_std::smol::Runtime), disk)
        }
        Runtime::AsyncStd => {
            let disk: Disk = |work| Box::pin(async_std::task::spawn_blocking(work));
            run(&flags, start_on!(smtp_async_std::async_std::Runtime), disk)
        }
        Runtime::Blocking => {
            let disk: Disk = |work| Box::pin(async { work() }); // each session has its own thread
            run(&flags, start_on!(smtp_blocking::Runtime), disk)
        }
    })
}

/// Serves until a signal arrives, then until the sessions have ended.
fn run(flags: &Flags, start: Start, disk: Disk) -> Result<Exit, String> {
    // Register first, so that no signal is missed after the server announces itself.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("cannot listen for signals: {error}"))?;
    let (site, listeners) = flags.open(disk)?;
    let (stop, (done, served)) = (ShutdownHandle::new(), mpsc::channel());
    for bound in listeners {
        start(bound, site.clone(), stop.clone(), done.clone());
    }
    drop(done);
    signals.forever().next();
    stop.shut_down();
    for result in served {
        result.map_err(|error| format!("cannot serve: {error}"))?;
    }
    Ok(Exit::Success)
}
