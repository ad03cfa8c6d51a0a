//! A small mail server on threads: accepts mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-blocking --example server -- --help`

use std::{process::ExitCode, thread};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use smtp_blocking::{ShutdownHandle, serve_until};
use smtp_examples::{
    exit::{self, Exit},
    serve::{Bound, Flags},
    site::SameThread,
};

fn main() -> ExitCode {
    exit::run("server", run)
}

fn run(flags: Flags) -> Result<Exit, String> {
    // Before the server announces itself, so that no signal is missed.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("cannot listen for signals: {error}"))?;
    let (site, listeners) = flags.open::<SameThread>()?;
    let (stop, mut servers) = (ShutdownHandle::new(), Vec::new());
    for Bound {
        listener,
        config,
        options,
    } in listeners
    {
        let (stop, site) = (stop.clone(), site.clone());
        servers.push(thread::spawn(move || {
            serve_until(listener, config, options, stop, site)
        }));
    }
    signals.forever().next();
    stop.shut_down();
    for server in servers {
        let served = server.join().map_err(|_| "a listener panicked")?;
        served.map_err(|error| format!("cannot serve: {error}"))?;
    }
    Ok(Exit::Success)
}
