//! A small mail server on smol or async-std: takes mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-async-std --example server -- --help`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{io, net::SocketAddr, process::ExitCode, sync::Arc};

use async_signal::{Signal, Signals};
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::StreamExt;
use smtp_async_std::{Listener, Session, async_std::Tcp, serve};
use smtp_examples::{
    desk::{Desk, Keeping, Kept, Site, Todo},
    exit::{self, Exit},
    listen::listen_nonblocking,
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
        Runtime::Smol => smol::block_on(run::<Smol>(flags)),
        Runtime::AsyncStd => async_std::task::block_on(run::<AsyncStd>(flags)),
    };
    match done {
        Ok(()) => Exit::Success.into(),
        Err(problem) => {
            eprintln!("server: {problem}");
            Exit::Usage.into()
        }
    }
}

/// What differs between the runtimes.
trait Platform: 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    type Listener: Listener<Stream = Self::Stream> + Send + Sync + 'static;

    fn listen(address: SocketAddr) -> io::Result<Self::Listener>;

    /// Runs this in the background.
    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T>;

    /// Runs what waits for the disk where it does not hold up other sessions.
    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send;
}

struct Smol;

impl Platform for Smol {
    type Stream = smol::net::TcpStream;
    type Listener = smol::net::TcpListener;

    fn listen(address: SocketAddr) -> io::Result<Self::Listener> {
        listen_nonblocking(address)?.try_into()
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        smol::spawn(task)
    }

    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send {
        smol::unblock(|| keeping.run())
    }
}

struct AsyncStd;

impl Platform for AsyncStd {
    type Stream = Tcp;
    type Listener = async_std::net::TcpListener;

    fn listen(address: SocketAddr) -> io::Result<Self::Listener> {
        listen_nonblocking(address).map(Into::into)
    }

    fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> {
        async_std::task::spawn(task)
    }

    fn keep(keeping: Box<Keeping>) -> impl Future<Output = Kept> + Send {
        async_std::task::spawn_blocking(|| keeping.run())
    }
}

async fn run<P: Platform>(flags: Flags) -> Result<(), String> {
    // Before anybody can know that this is running: a signal must not come too early.
    let mut signals = Signals::new([Signal::Int, Signal::Term])
        .map_err(|error| format!("cannot listen for signals: {error}"))?;
    let site = Arc::new(Site::new(flags)?);
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let mut listeners = Vec::new();
    for endpoint in site.flags.endpoints() {
        let config = site.flags.config(endpoint.protocol, site.users())?;
        let options = site.flags.options(endpoint);
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", endpoint.address);
        let listener = P::listen(endpoint.address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        println!("{}", endpoint.announcement(address));
        let stopped = stopped.clone();
        let site = Arc::clone(&site);
        listeners.push(P::spawn(async move {
            let stop = async move {
                let _ = stopped.recv().await;
            };
            let session = |session| converse::<P>(session, endpoint, Arc::clone(&site));
            serve(listener, config, options, stop, session).await
        }));
    }
    signals.next().await;
    drop(stop);
    for listener in listeners {
        listener.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// One session.
async fn converse<P: Platform>(mut session: Session<P::Stream>, endpoint: Endpoint, site: Arc<Site>) {
    let mut desk = Desk::new(Arc::clone(&site), session.peer().ip());
    if let (true, Some(tls)) = (endpoint.implicit_tls, &site.tls) {
        session.start_implicit_tls(tls).await;
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
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls).await,
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
