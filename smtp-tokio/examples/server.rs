//! A small mail server on tokio: takes mail over SMTP and LMTP and stores it in a Maildir.
//!
//! `cargo run --release -p smtp-tokio --example server -- --help`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

use std::{io, net::IpAddr, process::ExitCode, sync::Arc};

use smtp_examples::{
    exit::{self, Exit},
    serve::{self, Endpoint, Flags},
    store::{self, Incoming, Store},
    users::{Attempt, Users},
};
use smtp_proto::{
    Step,
    sasl::Progress,
    server::{Event, Server},
    trace::{Received, ReturnPath},
    types::{ForwardPath, Rejection, ReversePath},
};
use smtp_tokio::{Options, Session, rustls::ServerConfig, serve};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::{self, JoinSet},
};

/// What all sessions share.
struct Site {
    flags: Flags,
    tls: Option<Arc<ServerConfig>>,
    store: Store,
    users: Users,
}

/// The transaction in hand.
#[derive(Default)]
struct Transaction {
    reverse_path: Option<ReversePath<'static>>,
    recipients: Vec<ForwardPath<'static>>,
    message: Option<Incoming>,
    /// The name of the message in the store, once it is there.
    kept: Option<String>,
}

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
    // Before anybody can know that this is running: a signal must not come too early.
    let cannot = |error: io::Error| format!("cannot listen for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let (tls, users) = (flags.tls()?, flags.users()?);
    let store = flags.store()?;
    let site = Arc::new(Site {
        flags,
        tls,
        store,
        users,
    });
    let (stop, stopped) = watch::channel(());
    let mut listeners = JoinSet::new();
    for endpoint in site.flags.endpoints() {
        let config = site.flags.config(endpoint.protocol, &site.users)?;
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", endpoint.address);
        let listener = TcpListener::bind(endpoint.address).await.map_err(cannot)?;
        println!(
            "{}",
            endpoint.announcement(listener.local_addr().map_err(cannot)?)
        );
        let mut options = Options::default();
        options.connections = site.flags.max_connections;
        options.per_peer = site.flags.max_connections;
        options.implicit_tls = endpoint.implicit_tls;
        let mut stopped = stopped.clone();
        let site = Arc::clone(&site);
        listeners.spawn(async move {
            let stop = async move { drop(stopped.changed().await) };
            serve(listener, config, options, stop, |session| {
                converse(session, endpoint, Arc::clone(&site))
            })
            .await
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

/// One session.
async fn converse(mut session: Session, endpoint: Endpoint, site: Arc<Site>) {
    let (mut transaction, mut attempt) = (Transaction::default(), Attempt::default());
    if let (true, Some(tls)) = (endpoint.implicit_tls, &site.tls) {
        session.begin_tls(tls).await;
    }
    let peer = session.peer().ip().to_canonical();
    loop {
        let (step, server) = session.poll();
        let event = match step {
            Step::Event(event) => event,
            Step::Wait(wait) => {
                session.wait(wait).await;
                continue;
            }
        };
        // The machine gives tickets out and takes them back within this loop: none is ever stale.
        let answered = match event {
            Event::Auth {
                mechanism,
                claim,
                ticket,
            } => {
                let progress = site.users.judge(mechanism, claim, server.tls(), &mut attempt);
                if progress == Progress::Refused {
                    eprintln!("{}", attempt.failure(mechanism, peer));
                }
                server.answer_auth(ticket, progress)
            }
            Event::AuthFailed(why) => {
                eprintln!("{}", std::mem::take(&mut attempt).end(why, peer));
                Ok(())
            }
            Event::Mail { mail, ticket } => {
                transaction = Transaction::default();
                transaction.reverse_path = Some(mail.reverse_path().clone().into_owned());
                server.accept(ticket)
            }
            Event::Recipient { rcpt, ticket } => {
                match site.flags.judge(rcpt.forward_path(), server.identity()) {
                    Ok(()) => {
                        transaction
                            .recipients
                            .push(rcpt.forward_path().clone().into_owned());
                        server.accept(ticket)
                    }
                    Err(rejection) => server.reject(ticket, rejection),
                }
            }
            Event::Message { ticket } => match begin(&site, &transaction, server, peer) {
                Ok(message) => {
                    transaction.message = Some(message);
                    server.accept(ticket)
                }
                Err(error) => {
                    eprintln!("cannot store: {error}");
                    server.reject(ticket, serve::not_stored())
                }
            },
            Event::Body(octets) => {
                if let Some(Err(error)) = transaction.message.as_mut().map(|message| message.write(octets)) {
                    eprintln!("cannot store: {error}");
                    transaction.message = None;
                    let _ = server.fail_body(serve::not_stored());
                }
                Ok(())
            }
            Event::Verdict { ticket, .. } => match keep(&site, &mut transaction).await {
                Ok(id) => server.accept_with(ticket, serve::stored_as(&id)),
                Err(rejection) => server.reject(ticket, rejection),
            },
            Event::StartTls(upgrade) => {
                if let Some(tls) = &site.tls {
                    session.start_tls(upgrade, tls).await;
                }
                Ok(())
            }
            Event::Expand { ticket, .. } => server.reject(ticket, serve::no_lists()),
            Event::Reset(_) => {
                transaction = Transaction::default();
                Ok(())
            }
            Event::Closed(_) => break,
            other => other.into_ticket().map_or(Ok(()), |ticket| server.accept(ticket)),
        };
        if let Err(stale) = answered {
            eprintln!("{stale}");
        }
    }
    session.close().await;
}

/// Opens the store for a message, with its trace lines on top.
fn begin(site: &Site, transaction: &Transaction, server: &Server, peer: IpAddr) -> io::Result<Incoming> {
    let missing = || io::Error::other("a message without hello or sender");
    let reverse_path = transaction.reverse_path.as_ref().ok_or_else(missing)?;
    let (_, hello) = server.hello().ok_or_else(missing)?;
    let host = &server.config().hostname;
    let mut received = Received::new(hello, peer, host, server.protocol_name(), store::unix_time());
    if let [recipient] = transaction.recipients.as_slice() {
        received = received.with_recipient(recipient);
    }
    if let Some(facts) = server.tls() {
        received = received.with_tls(facts);
    }
    site.store
        .begin(&format!("{}{received}", ReturnPath(reverse_path)))
}

/// Keeps the message for good: once in SMTP, once for each recipient in LMTP.
async fn keep(site: &Site, transaction: &mut Transaction) -> Result<String, Rejection> {
    if transaction.message.as_ref().is_some_and(Incoming::is_looping) {
        return Err(Rejection::LOOP);
    }
    let (message, kept) = (transaction.message.take(), transaction.kept.clone());
    let store = site.store.clone();
    // It waits for the disk, so it must not hold up other sessions.
    let keeping = task::spawn_blocking(move || match (message, kept) {
        (Some(message), _) => message.keep(),
        (None, Some(id)) => store.keep_copy(&id),
        (None, None) => Err(io::Error::other("the message is not there")),
    });
    match keeping.await.map_err(io::Error::other).flatten() {
        Ok(id) => {
            transaction.kept.get_or_insert_with(|| id.clone());
            Ok(id)
        }
        Err(error) => {
            eprintln!("cannot store: {error}");
            Err(serve::not_stored())
        }
    }
}
