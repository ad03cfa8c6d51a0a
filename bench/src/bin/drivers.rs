//! Servers of `smtp-driver` on a transport in memory: a bare `Connection`, a `Session` of a server with the same loop, and
//! a `Service` that does nothing. Used as `instructions`, and a program of its own, so that the code of neither depends on the
//! other.

use std::{
    cell::RefCell,
    future::{pending, poll_fn},
    hint::black_box,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::{Pin, pin},
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use smtp_bench::{Case, EHLO, MESSAGE, Round, Session};
use smtp_proto::{
    Instant, Step,
    server::{Config, Event, Server},
    types::{Mail, Rcpt, Rejection},
};
use smtp_tokio::{
    About, Accept, Bytes, Peer, ServeOptions, Service,
    driver::{self, Connection, Runtime, Transport},
};

/// The next transaction goes with the end of the message (RFC 2920 section 3.1).
const ENVELOPE: &str = "MAIL FROM:<alice.miller@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";

const CASES: &[Case] = &[
    Case {
        name: "driver/connection/smtp-driver",
        unit: "message",
        start: || message(Box::pin(bare(Session::config()))),
    },
    Case {
        name: "driver/session/smtp-driver",
        unit: "message",
        start: || message(session(Session::config())),
    },
    Case {
        name: "driver/service/smtp-driver",
        unit: "message",
        start: || message(service(Session::config())),
    },
];

fn main() -> ExitCode {
    smtp_bench::run(CASES)
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A message to one recipient for each wake-up, pipelined.
fn message(mut task: Task) -> Round {
    let mut poll = move || {
        let mut context = Context::from_waker(Waker::noop());
        assert!(task.as_mut().poll(&mut context).is_pending(), "the session ended");
    };
    // The greeting, EHLO, and the first envelope.
    (0..3).for_each(|_| poll());
    Box::new(move || {
        poll();
        1
    })
}

/// A client that says one thing for each wake-up of the server.
#[derive(Debug)]
struct Client {
    next: Next,
    may_read: bool,
    message: String,
}

#[derive(Debug)]
enum Next {
    Hello,
    Envelope,
    Message,
}

impl Client {
    fn new() -> Self {
        Self {
            next: Next::Hello,
            may_read: false,
            message: [MESSAGE, ENVELOPE].concat(),
        }
    }
}

impl Transport for Client {
    type Error = io::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        self.may_read = !self.may_read;
        if self.may_read {
            return Poll::Pending;
        }
        let (said, next) = match self.next {
            Next::Hello => (EHLO, Next::Envelope),
            Next::Envelope => (ENVELOPE, Next::Message),
            Next::Message => (&*self.message, Next::Message),
        };
        sink(black_box(said).as_bytes());
        self.next = next;
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        let replies = black_box(slices);
        assert!(
            replies
                .iter()
                .all(|reply| matches!(reply.first(), Some(b'2' | b'3'))),
            "the server refused something"
        );
        Poll::Ready(Ok(replies.iter().map(|reply| reply.len()).sum()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_deadline(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

/// The loop of a connection that accepts everything.
async fn bare(config: Arc<Config>) {
    let mut connection = Connection::new(Client::new(), Server::new(config));
    loop {
        let (step, server) = connection.poll();
        match step {
            Step::Wait(wait) => connection.wait(wait).await,
            Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
            Step::Event(Event::Closed(_)) => return connection.close().await,
            Step::Event(other) => drop(server.proceed(other)),
        }
    }
}

/// The task of a session of a server, which has the same loop.
fn session(config: Arc<Config>) -> Task {
    let (listener, options) = (listener(), ServeOptions::default());
    spawned(driver::serve_sessions::<InMemory, _>(
        listener,
        config,
        options,
        pending(),
        |mut session| async move {
            loop {
                let (step, server) = session.poll();
                match step {
                    Step::Wait(wait) => session.wait(wait).await,
                    Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
                    Step::Event(Event::Closed(_)) => return session.close().await,
                    Step::Event(other) => drop(server.proceed(other)),
                }
            }
        },
    ))
}

/// The task of a session of a server, whose service does nothing.
fn service(config: Arc<Config>) -> Task {
    let (listener, options) = (listener(), ServeOptions::default());
    spawned(driver::serve::<InMemory, _>(
        listener,
        config,
        options,
        pending(),
        Arc::new(Sink),
    ))
}

/// The task of the first session that this server spawns.
fn spawned(serving: impl Future + 'static) -> Task {
    let mut serving = Box::pin(serving);
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(&mut serving).poll(&mut context).is_pending());
    let mut session = SPAWNED.take().expect("a session was spawned");
    Box::pin(poll_fn(move |cx| {
        // The server is dropped with the task.
        let _ = &serving;
        session.as_mut().poll(cx)
    }))
}

/// Accepts everything.
struct Sink;

impl Service for Sink {
    type Mail = ();

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn body(&self, (): &mut (), octets: Bytes) -> Result<(), Rejection> {
        black_box(&octets);
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

thread_local! {
    static SPAWNED: RefCell<Option<Task>> = const { RefCell::new(None) };
}

/// A listener that accepts one client.
fn listener() -> RefCell<Option<Client>> {
    RefCell::new(Some(Client::new()))
}

/// A runtime that accepts one client.
struct InMemory;

impl Runtime for InMemory {
    type Listener = RefCell<Option<Client>>;
    type Transport = Client;

    async fn accept(listener: &Self::Listener) -> io::Result<(Client, Peer, Peer)> {
        let client = listener.borrow_mut().take();
        let peer = Peer::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 25)));
        match client {
            Some(client) => Ok((client, peer, peer)),
            None => pending().await,
        }
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        SPAWNED.set(Some(Box::pin(task)));
    }

    async fn sleep(_: Duration) {
        pending().await
    }
}
