//! The whole way of a message in one program: a server on a free port, a MIME message, a client that goes over to TLS,
//! logs in and delivers it, the session as it went over the wire, and the stored message read back.
//!
//! `cargo run --release -p smtp-async-std --example roundtrip`, or `... -- --runtime async-std`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    io::{self, IoSlice},
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::zip;
use smtp_async_std::{Client, Listener, Options, Session, async_std::Tcp, serve};
use smtp_examples::{
    desk::{Desk, Site, Todo},
    exit::{self, chain},
    listen::listen_nonblocking,
    roundtrip::{Knowledge, Setting, Side, Transcript},
};
use smtp_proto::Step;

use runtime::{Runtime, With};

mod runtime;

/// The whole way of a message in one program.
#[derive(Clone, Debug, clap::Args)]
struct Flags {}

fn main() -> ExitCode {
    let With {
        flags: Flags {},
        runtime,
    } = match exit::flags() {
        Ok(flags) => flags,
        Err(code) => return code,
    };
    let mut report = String::new();
    let done = run_on(runtime, &mut report);
    print!("{report}");
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("roundtrip: {}", chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Goes the whole way on this runtime.
fn run_on(runtime: Runtime, report: &mut String) -> Result<(), Box<dyn Error>> {
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    match runtime {
        Runtime::Smol => smol::block_on(async {
            let listener = smol::net::TcpListener::try_from(listen_nonblocking(anywhere)?)?;
            let dial = async |address: SocketAddr| {
                let stream = smol::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(stream)
            };
            run(listener, dial, report).await
        }),
        Runtime::AsyncStd => async_std::task::block_on(async {
            let listener = async_std::net::TcpListener::from(listen_nonblocking(anywhere)?);
            let dial = async |address: SocketAddr| {
                let stream = async_std::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Ok(Tcp::from(stream))
            };
            run(listener, dial, report).await
        }),
    }
}

/// Goes the whole way, and says how it was.
async fn run<L: Listener<Stream: Send + 'static>>(
    listener: L,
    dial: impl AsyncFnOnce(SocketAddr) -> io::Result<L::Stream>,
    report: &mut String,
) -> Result<(), Box<dyn Error>> {
    let setting = Setting::new()?;
    let address = listener.local_addr()?;
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let (site, server_knows) = (Arc::clone(&setting.site), Knowledge::default());
    let serving = serve(
        listener,
        Arc::clone(&setting.server),
        Options::default(),
        async {
            let _ = stopped.recv().await;
        },
        |session| receive(session, Arc::clone(&site), server_knows.clone()),
    );

    let transcript = Transcript::default();
    let sending = async {
        let _stop = stop; // however this ends
        let recorded = Recorded {
            stream: dial(address).await?,
            transcript: transcript.clone(),
        };
        let (config, tls) = (Arc::clone(&setting.client), setting.client_tls.clone());
        let mut client = Client::on_with_tls(recorded, config, tls).await?;
        let client_knows = client.tls().cloned();
        let receipt = client.send(setting.envelope.clone(), &setting.message).await?;
        client.quit().await?;
        Ok::<_, Box<dyn Error>>((client_knows, receipt))
    };
    let (served, sent) = zip(serving, sending).await;
    let (client_knows, receipt) = sent?;
    served?;
    setting.report(
        &transcript,
        client_knows.as_ref(),
        &server_knows,
        &receipt,
        report,
    )
}

/// One session of the server: every message of a user is stored.
async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    mut session: Session<S>,
    site: Arc<Site>,
    knowledge: Knowledge,
) {
    let mut desk = Desk::new(Arc::clone(&site), session.peer().ip());
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
                knowledge.note(session.machine());
                desk.kept(keeping.run(), session.machine_mut());
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}

/// A stream that writes down what goes over it: any stream will do for a client.
struct Recorded<S> {
    stream: S,
    transcript: Transcript,
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let octets = ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.transcript
            .note(Side::Server, buffer.get(..octets).unwrap_or_default());
        Poll::Ready(Ok(octets))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, octets))?;
        self.transcript
            .note(Side::Client, octets.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        let mut left = written;
        for slice in slices {
            let part = slice.get(..left).unwrap_or(slice);
            self.transcript.note(Side::Client, part);
            left -= part.len();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

#[cfg(test)]
#[path = "roundtrip/tests.rs"]
mod tests;
