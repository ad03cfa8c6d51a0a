//! The path of a message in one program: a server on a free port, and a client that starts TLS, authenticates and sends a
//! MIME message. Prints the session and the stored message.
//!
//! `cargo run --release -p smtp-tokio --example roundtrip`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    io::{self, IoSlice},
    net::Ipv4Addr,
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, ready},
};

use smtp_examples::{
    exit::chain,
    roundtrip::{Setting, Side, Transcript},
    site::SameThread,
};
use smtp_tokio::{Client, Io, Listener, Peer, serve_until};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};

#[tokio::main]
async fn main() -> ExitCode {
    let mut report = String::new();
    let done = run(&mut report).await;
    print!("{report}");
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("roundtrip: {}", chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Runs server and client, and writes the report.
async fn run(report: &mut String) -> Result<(), Box<dyn Error>> {
    let setting = Setting::<SameThread>::new()?;
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let Peer::Ip(address) = listener.local()? else {
        return Err("the listener has no address".into());
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve_until(
        listener,
        Arc::clone(&setting.server),
        setting.options.clone(),
        async { drop(stopped.await) },
        Arc::clone(&setting.site),
    ));

    let transcript = Transcript::default();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let recorded = Recorded {
        stream,
        transcript: transcript.clone(),
    };
    let (config, tls) = (Arc::clone(&setting.client), setting.client_tls.clone());
    let mut client = Client::builder(config)
        .starttls(tls)
        .on(Io::new(recorded))
        .await?;
    let client_knows = client.tls().cloned();
    let receipt = client.send(setting.envelope.clone(), &setting.message).await?;
    client.quit().await?;
    drop(stop);
    serving.await??;
    setting.report(&transcript, client_knows.as_ref(), &receipt, report)
}

/// A stream that records its octets. A client can use any stream.
struct Recorded {
    stream: TcpStream,
    transcript: Transcript,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.transcript
            .note(Side::Server, buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorded {
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

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
#[path = "roundtrip/tests.rs"]
mod tests;
