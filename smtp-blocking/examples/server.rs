//! A small mail server on threads: receives mail over SMTP and LMTP, and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-blocking --example server -- --help`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{io, process::ExitCode, sync::Arc, thread};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use smtp_blocking::{Session, ShutdownHandle, proto::Step, serve_sessions};
use smtp_examples::{
    desk::{Desk, Site, Todo},
    exit::{self, Exit},
    listen::listen,
    serve::{Endpoint, Flags},
};

fn main() -> ExitCode {
    let flags = match exit::flags::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    match run(flags) {
        Ok(()) => Exit::Success.into(),
        Err(problem) => {
            eprintln!("server: {problem}");
            Exit::Usage.into()
        }
    }
}

fn run(flags: Flags) -> Result<(), String> {
    // First, because a signal may arrive as soon as the server is known to run.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|error| format!("cannot listen for signals: {error}"))?;
    let site = Arc::new(Site::new(flags)?);
    let stop = ShutdownHandle::new();
    let mut listeners = Vec::new();
    for endpoint in site.flags.endpoints() {
        let config = site.flags.config(endpoint.protocol, site.users())?;
        let options = site.flags.options(endpoint);
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", endpoint.address);
        let listener = listen(endpoint.address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        println!("{}", endpoint.announcement(address));
        let (site, stop) = (Arc::clone(&site), stop.clone());
        listeners.push(thread::spawn(move || {
            let session = move |session| converse(session, endpoint, &site);
            serve_sessions(listener, config, options, stop, session)
        }));
    }
    signals.forever().next();
    stop.shut_down();
    for listener in listeners {
        let served = listener.join().map_err(|_| "a listener panicked")?;
        served.map_err(|error| format!("cannot serve: {error}"))?;
    }
    Ok(())
}

/// One session, in a thread of its own.
fn converse(mut session: Session, endpoint: Endpoint, site: &Arc<Site>) {
    let Some(peer) = session.peer().ip() else {
        return;
    };
    let mut desk = Desk::new(Arc::clone(site), peer);
    if let (true, Some(tls)) = (endpoint.implicit_tls, &site.tls) {
        session.start_implicit_tls(tls);
    }
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => desk.handle(event, server),
            Step::Wait(wait) => {
                session.wait(wait);
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            // This waits for the disk, and delays no other session.
            (Todo::Keep(keeping), _) => {
                desk.kept(keeping.run(), session.machine_mut());
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close();
}
