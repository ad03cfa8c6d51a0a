//! The whole way of a message in one program: a server on a free port, a MIME message, a client that goes over to TLS,
//! logs in and delivers it, the session as it went over the wire, and the stored message read back.
//!
//! `cargo run --release -p smtp-tokio --example roundtrip`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, IoSlice},
    net::Ipv4Addr,
    pin::Pin,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use smtp_examples::{
    roundtrip::{self, Setting, Side, Transcript},
    store::{self, Incoming, Store},
    users::Attempt,
};
use smtp_proto::{
    Step,
    server::{Event, Server},
    trace::{Received, ReturnPath},
    types::{Envelope, ForwardPath, ReversePath},
};
use smtp_tokio::{Client, Options, Session, serve};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
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
            eprintln!("roundtrip: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Goes the whole way, and says how it was.
async fn run(report: &mut String) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::maildir(folder.path())?;

    let setting = Setting::new()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let site = Arc::new(Site {
        setting: setting.clone(),
        store,
        kept: Arc::clone(&kept),
    });
    let serving = tokio::spawn(serve(
        listener,
        Arc::clone(&setting.server),
        Options::default(),
        async { drop(stopped.await) },
        move |session| receive(session, Arc::clone(&site)),
    ));

    let message = roundtrip::message()?;
    let transcript = Transcript::default();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let recorded = Recorded {
        stream,
        transcript: transcript.clone(),
    };
    let mut client = Client::on_with_tls(recorded, setting.client, setting.client_tls).await?;
    let client_knows = roundtrip::client_knows(client.tls());
    let envelope =
        Envelope::new(ReversePath::parse("alice@client.example")?).to(ForwardPath::parse("bob@mx.example")?);
    let receipt = client.send(envelope, &message).await?;
    client.quit().await?;
    drop(stop);
    serving.await??;

    writeln!(report, "The session:\n\n{transcript}")?;
    if !receipt.all_accepted() {
        return Err("the message was not accepted".into());
    }
    let ids = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let [(id, server_knows)] = ids.as_slice() else {
        return Err("one message was sent, but not one was stored".into());
    };
    let stored = fs::read(folder.path().join("new").join(id))?;
    let received = roundtrip::received(&stored);
    writeln!(report, "What both sides know:\n")?;
    writeln!(report, "client:     {client_knows}")?;
    writeln!(report, "server:     {server_knows}")?;
    writeln!(report, "{received}\n")?;
    let (sent, kept) = (message.len(), stored.len());
    writeln!(report, "What arrived ({sent} octets sent, {kept} stored):\n")?;
    writeln!(report, "{}", roundtrip::describe(&stored)?)?;
    if !received.contains(" with ESMTPSA") {
        return Err("the message was not taken from a user under TLS".into());
    }
    if !stored.ends_with(&message) {
        return Err("the stored message is not the one that was sent".into());
    }
    writeln!(
        report,
        "Behind its trace lines the stored message equals the one that was sent, octet by octet."
    )?;
    Ok(())
}

/// What the sessions of the server share.
struct Site {
    setting: Setting,
    store: Store,
    /// The name of each message in the store, and what was known of its session.
    kept: Arc<Mutex<Vec<(String, String)>>>,
}

/// One session of the server: every message of a user is stored.
async fn receive(mut session: Session, site: Arc<Site>) {
    let (mut from, mut message) = (ReversePath::Null, None);
    let mut attempt = Attempt::default();
    let peer = session.peer().ip();
    loop {
        let (step, server) = session.poll();
        let answered = match step {
            Step::Wait(wait) => {
                session.wait(wait).await;
                continue;
            }
            Step::Event(Event::StartTls(upgrade)) => {
                session.start_tls(upgrade, &site.setting.server_tls).await;
                continue;
            }
            Step::Event(Event::Auth {
                mechanism,
                claim,
                ticket,
            }) => {
                let users = &site.setting.users;
                let progress = users.judge(mechanism, claim, server.tls(), &mut attempt);
                server.answer_auth(ticket, progress)
            }
            Step::Event(Event::Mail { mail, ticket }) => {
                from = mail.reverse_path().clone().into_owned();
                server.accept(ticket)
            }
            Step::Event(Event::Message { ticket }) => {
                message = trace(server, &from, peer).and_then(|trace| site.store.begin(&trace).ok());
                server.accept(ticket)
            }
            Step::Event(Event::Body(octets)) => {
                if message
                    .as_mut()
                    .is_some_and(|message: &mut Incoming| message.write(octets).is_err())
                {
                    message = None;
                }
                Ok(())
            }
            Step::Event(Event::Verdict { ticket, .. }) => match message.take().map(Incoming::keep) {
                Some(Ok(id)) => {
                    let said = smtp_examples::serve::stored_as(&id);
                    let mut kept = site.kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push((id, roundtrip::server_knows(server)));
                    server.accept_with(ticket, said)
                }
                _ => server.reject(ticket, smtp_examples::serve::not_stored()),
            },
            Step::Event(Event::Closed(_)) => break,
            Step::Event(other) => other.into_ticket().map_or(Ok(()), |ticket| server.accept(ticket)),
        };
        if let Err(stale) = answered {
            eprintln!("{stale}");
        }
    }
    session.close().await;
}

/// The lines that go on top of a message.
fn trace(server: &Server, from: &ReversePath<'_>, peer: std::net::IpAddr) -> Option<String> {
    let (_, hello) = server.hello()?;
    let host = &server.config().hostname;
    let mut received = Received::new(hello, peer, host, server.protocol_name(), store::unix_time());
    if let Some(facts) = server.tls() {
        received = received.with_tls(facts);
    }
    Some(format!("{}{received}", ReturnPath(from)))
}

/// A stream that writes down what goes over it: any stream will do for a client.
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
