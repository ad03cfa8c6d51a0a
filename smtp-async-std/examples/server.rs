//! A small mail server on smol or async-std: receives mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-async-std --example server -- --help`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{io, net::Ipv4Addr, process::ExitCode, sync::Arc};

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use smol::LocalExecutor;
use smtp_async_std::{Acceptor, Io, Listener, Peer, Session, ShutdownHandle, Stream, driver};
use smtp_examples::{
    desk::{Desk, Keeping, Kept, Site, Todo},
    exit::{self, Exit},
    serve::{Endpoint, Flags},
};
use smtp_proto::Step;

use runtime::{Runtime, With};

mod runtime;

fn main() -> ExitCode {
    let With { flags, runtime } = match exit::flags::<With<Flags>>() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    let done = match runtime {
        Runtime::Smol => smol::block_on(run::<smtp_async_std::smol::Runtime>(flags)),
        Runtime::AsyncStd => async_std::task::block_on(run::<smtp_async_std::async_std::Runtime>(flags)),
    };
    match done {
        Ok(()) => Exit::Success.into(),
        Err(problem) => {
            eprintln!("server: {problem}");
            Exit::Usage.into()
        }
    }
}

/// The differences between the runtimes.
trait Platform: driver::Runtime<Listener = Acceptor, Transport = Io<Stream>> {
    /// Writes to the disk in a thread where it does not block other sessions.
    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send;
}

impl Platform for smtp_async_std::smol::Runtime {
    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send {
        smol::unblock(|| keeping.run())
    }
}

impl Platform for smtp_async_std::async_std::Runtime {
    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send {
        async_std::task::spawn_blocking(|| keeping.run())
    }
}

async fn run<P: Platform>(flags: Flags) -> Result<(), String> {
    // First of all: nobody can know yet that the server runs, so no signal comes too early.
    let mut signals = Signals::new([Signal::Int, Signal::Term])
        .map_err(|error| format!("cannot listen for signals: {error}"))?;
    let site = Arc::new(Site::new(flags)?);
    let stop = ShutdownHandle::new();
    let (listeners, mut serving) = (LocalExecutor::new(), Vec::new());
    for endpoint in site.flags.endpoints() {
        let config = site.flags.config(endpoint.protocol, site.users())?;
        let options = site.flags.options(endpoint);
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", endpoint.address);
        let listener = Listener::bind(endpoint.address).map_err(cannot)?;
        if let Peer::Ip(address) = listener.local().map_err(cannot)? {
            println!("{}", endpoint.announcement(address));
        }
        let acceptor = Acceptor::try_from(listener).map_err(cannot)?;
        let (stop, site) = (stop.clone(), Arc::clone(&site));
        serving.push(listeners.spawn(async move {
            let session = |session| converse::<P>(session, endpoint, Arc::clone(&site));
            driver::serve_sessions::<P, _>(acceptor, config, options, stop, session).await;
        }));
    }
    let until_stopped = async {
        signals.next().await;
        stop.shut_down();
        for server in serving {
            server.await;
        }
    };
    // Sessions run on the executor of the runtime.
    listeners.run(until_stopped).await;
    Ok(())
}

/// Runs one session.
async fn converse<P: Platform>(mut session: Session, endpoint: Endpoint, site: Arc<Site>) {
    // A peer on a Unix socket is on this computer.
    let peer = session.peer().ip().unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut desk = Desk::new(Arc::clone(&site), peer);
    if let (true, Some(tls)) = (endpoint.implicit_tls, &site.tls) {
        session.start_implicit_tls(tls);
    }
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => desk.handle(event, server),
            Step::Wait(wait) => {
                session.wait(wait).await;
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Keep(keeping), _) => {
                let kept = P::keep(keeping).await;
                desk.kept(kept, session.machine_mut());
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}
