//! The whole way of a message in one program: a server on a free port, a MIME message, a client that uses STARTTLS,
//! logs in and delivers it, the octets of the session, and the stored message read back.
//!
//! `cargo run --release -p smtp-async-std --example roundtrip`, or `... -- --runtime async-std`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    io,
    net::Ipv4Addr,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_lite::future::zip;
use smtp_async_std::{
    Acceptor, Address, Client, Io, Listener, ServeOptions, Session, Stream,
    driver::{self, Connect, Transport},
};
use smtp_examples::{
    desk::{Desk, Site, Todo},
    exit::{self, chain},
    roundtrip::{Knowledge, Setting, Side, Transcript},
};
use smtp_proto::{Instant, Step};

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
    match runtime {
        Runtime::Smol => smol::block_on(run::<smtp_async_std::smol::Runtime>(report)),
        Runtime::AsyncStd => async_std::task::block_on(run::<smtp_async_std::async_std::Runtime>(report)),
    }
}

/// Goes the whole way, and reports it.
async fn run<R>(report: &mut String) -> Result<(), Box<dyn Error>>
where
    R: driver::Runtime<Listener = Acceptor, Transport = Io<Stream>>,
{
    let setting = Setting::new()?;
    let listener = Listener::bind("127.0.0.1:0")?;
    let address = Address::from(listener.local()?.to_string());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let (site, server_knows) = (Arc::clone(&setting.site), Knowledge::default());
    let serving = driver::serve_sessions::<R, _>(
        listener.try_into()?,
        Arc::clone(&setting.server),
        ServeOptions::default(),
        async {
            let _ = stopped.recv().await;
        },
        |session| receive(session, Arc::clone(&site), server_knows.clone()),
    );

    let transcript = Transcript::default();
    let sending = async {
        let _stop = stop; // however this ends
        let recorded = Recorded {
            transport: Io::connect(&address, Duration::from_secs(10)).await?,
            transcript: transcript.clone(),
        };
        let builder = Client::builder(Arc::clone(&setting.client)).starttls(setting.client_tls.clone());
        let mut client = builder.on(recorded).await?;
        let client_knows = client.tls().cloned();
        let receipt = client.send(setting.envelope.clone(), &setting.message).await?;
        client.quit().await?;
        Ok::<_, Box<dyn Error>>((client_knows, receipt))
    };
    let ((), sent) = zip(serving, sending).await;
    let (client_knows, receipt) = sent?;
    setting.report(
        &transcript,
        client_knows.as_ref(),
        &server_knows,
        &receipt,
        report,
    )
}

/// Runs one session of the server: every message of a user is stored.
async fn receive(mut session: Session, site: Arc<Site>, knowledge: Knowledge) {
    // A peer on a Unix socket is on this computer.
    let peer = session.peer().ip().unwrap_or(Ipv4Addr::LOCALHOST.into());
    let mut desk = Desk::new(Arc::clone(&site), peer);
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
                knowledge.note(session.machine());
                desk.kept(keeping.run(), session.machine_mut());
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}

/// A transport that records the octets: a client runs on any transport.
struct Recorded {
    transport: Io<Stream>,
    transcript: Transcript,
}

impl Transport for Recorded {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let transcript = &self.transcript;
        self.transport.poll_read(cx, &mut |octets| {
            transcript.note(Side::Server, octets);
            sink(octets);
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let written = ready!(self.transport.poll_write(cx, slices))?;
        let mut left = written;
        for slice in slices {
            let part = slice.get(..left).unwrap_or(slice);
            self.transcript.note(Side::Client, part);
            left -= part.len();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport.poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        self.transport.now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.transport.poll_deadline(cx, at)
    }
}

#[cfg(test)]
#[path = "roundtrip/tests.rs"]
mod tests;
