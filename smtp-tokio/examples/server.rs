//! A small mail server on tokio: accepts mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-tokio --example server -- --help`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{io, net::Ipv4Addr, process::ExitCode, sync::Arc};

use smtp_examples::{
    desk::{Desk, Site, Todo},
    exit::{self, Exit},
    serve::Flags,
};
use smtp_proto::{Step, Wait};
use smtp_tokio::{Listener, Peer, Session, serve_sessions};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::{self, JoinSet},
};

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match exit::flags::<Flags>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    match run(flags).await {
        Ok(()) => Exit::Success.into(),
        Err(problem) => {
            eprintln!("server: {problem}");
            Exit::Usage.into()
        }
    }
}

async fn run(flags: Flags) -> Result<(), String> {
    // Before the server announces itself, so that no signal is missed.
    let cannot = |error: io::Error| format!("cannot listen for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let site = Arc::new(Site::new(flags)?);
    let (stop, stopped) = watch::channel(());
    let mut listeners = JoinSet::new();
    for endpoint in site.flags.endpoints() {
        let config = site.flags.config(endpoint.protocol, site.users())?;
        let options = site.flags.options(endpoint);
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", endpoint.address);
        let listener = Listener::bind(endpoint.address).map_err(cannot)?;
        if let Peer::Ip(address) = listener.local().map_err(cannot)? {
            println!("{}", endpoint.announcement(address));
        }
        let mut stopped = stopped.clone();
        let site = Arc::clone(&site);
        listeners.spawn(async move {
            let stop = async move { drop(stopped.changed().await) };
            let session = |session| converse(session, endpoint.implicit_tls, Arc::clone(&site));
            serve_sessions(listener, config, options, stop, session).await
        });
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    drop(stop);
    while let Some(ended) = listeners.join_next().await {
        ended
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Runs a session.
async fn converse(mut session: Session, implicit_tls: bool, site: Arc<Site>) {
    // A peer on a Unix socket is on this computer.
    let peer = session.peer().ip().unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut desk = Desk::new(Arc::clone(&site), peer);
    if let (true, Some(tls)) = (implicit_tls, &site.tls) {
        session.start_implicit_tls(tls);
    }
    loop {
        let todo = match turn(&mut session, &mut desk) {
            Ok(todo) => todo,
            Err(wait) => {
                session.wait(wait).await;
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Keep(keeping), _) => {
                // It waits for the disk, so it must not block other sessions.
                if let Ok(kept) = task::spawn_blocking(move || keeping.run()).await {
                    desk.kept(kept, session.machine_mut());
                }
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}

/// Does the next step, up to a wait.
fn turn(session: &mut Session, desk: &mut Desk) -> Result<Todo, Wait> {
    let (step, server) = session.poll();
    match step {
        Step::Event(event) => Ok(desk.handle(event, server)),
        Step::Wait(wait) => Err(wait),
    }
}
