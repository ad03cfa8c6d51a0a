//! The path of a message in one program: a server on a free port, and a client that starts TLS, authenticates and sends a
//! MIME message. Prints the session and the stored message.
//!
//! `cargo run --release -p smtp-blocking --example roundtrip`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll},
    thread,
};

use smtp_blocking::{Client, Io, ShutdownHandle, driver::Transport, proto::Instant, serve_until};
use smtp_examples::{
    exit::chain,
    roundtrip::{Setting, Side, Transcript},
    site::SameThread,
};

fn main() -> ExitCode {
    let mut report = String::new();
    let done = run(&mut report);
    print!("{report}");
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("roundtrip: {}", chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Sends the message, and reports the session.
fn run(report: &mut String) -> Result<(), Box<dyn Error>> {
    let setting = Setting::<SameThread>::new()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let stop = ShutdownHandle::new();
    let (config, options) = (Arc::clone(&setting.server), setting.options.clone());
    let (stopped, site) = (stop.clone(), Arc::clone(&setting.site));
    let serving = thread::spawn(move || serve_until(listener, config, options, stopped, site));

    let transcript = Transcript::default();
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let recorded = Recorded {
        stream: Io::new(stream),
        transcript: transcript.clone(),
    };
    let builder = Client::builder(Arc::clone(&setting.client)).starttls(setting.client_tls.clone());
    let mut client = builder.on(recorded)?;
    let client_knows = client.tls().cloned();
    let receipt = client.send(setting.envelope.clone(), &setting.message)?;
    client.quit()?;
    stop.shut_down();
    serving.join().map_err(|_| "the server panicked")??;
    setting.report(&transcript, client_knows.as_ref(), &receipt, report)
}

/// A stream with a transcript of all octets: a client runs on any transport.
struct Recorded {
    stream: Io<TcpStream>,
    transcript: Transcript,
}

impl Transport for Recorded {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        self.stream.poll_read(cx, &mut |octets| {
            self.transcript.note(Side::Server, octets);
            sink(octets);
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let written = self.stream.poll_write(cx, slices);
        if let Poll::Ready(Ok(mut left)) = written {
            for slice in slices {
                let part = slice.get(..left).unwrap_or(slice);
                self.transcript.note(Side::Client, part);
                left -= part.len();
            }
        }
        written
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        self.stream.now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.stream.poll_deadline(cx, at)
    }
}

#[cfg(test)]
#[path = "roundtrip/tests.rs"]
mod tests;
