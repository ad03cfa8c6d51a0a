//! The path of a message in one program: a server on a free port, and a client that starts TLS, authenticates and sends a
//! MIME message. Prints the session and the stored message.
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
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_lite::future::zip;
use smtp_async_std::{
    Acceptor, Address, Client, Io, Listener, Stream,
    driver::{self, Connect, Transport},
};
use smtp_examples::{
    exit::{self, Exit, chain},
    roundtrip::{Setting, Side, Transcript},
    site::SameThread,
};
use smtp_proto::Instant;

use runtime::{Runtime, With};

mod runtime;

/// Sends a message to a server in the same process, and shows the session.
#[derive(Clone, Debug, clap::Args)]
struct Flags {}

fn main() -> ExitCode {
    exit::run(
        "roundtrip",
        |With {
             flags: Flags {},
             runtime,
         }| {
            let mut report = String::new();
            let done = run_on(runtime, &mut report);
            print!("{report}");
            Ok(match done {
                Ok(()) => Exit::Success,
                Err(problem) => {
                    eprintln!("roundtrip: {}", chain(problem.as_ref()));
                    Exit::Refused
                }
            })
        },
    )
}

/// Runs server and client on this runtime.
fn run_on(runtime: Runtime, report: &mut String) -> Result<(), Box<dyn Error>> {
    match runtime {
        Runtime::Smol => smol::block_on(run::<smtp_async_std::smol::Runtime>(report)),
        Runtime::AsyncStd => async_std::task::block_on(run::<smtp_async_std::async_std::Runtime>(report)),
    }
}

/// Runs server and client, and writes the report.
async fn run<R>(report: &mut String) -> Result<(), Box<dyn Error>>
where
    R: driver::Runtime<Listener = Acceptor, Transport = Io<Stream>>,
{
    let setting = Setting::<SameThread>::new()?;
    let listener = Listener::bind("127.0.0.1:0")?;
    let address = Address::from(listener.local()?.to_string());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let serving = driver::serve::<R, _>(
        listener.try_into()?,
        Arc::clone(&setting.server),
        setting.options.clone(),
        async {
            let _ = stopped.recv().await;
        },
        Arc::clone(&setting.site),
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
    let (served, sent) = zip(serving, sending).await;
    served?;
    let (client_knows, receipt) = sent?;
    setting.report(&transcript, client_knows.as_ref(), &receipt, report)
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
