//! The driver without the standard library: a client sends a message to a server through two queues.

use alloc::{boxed::Box, collections::VecDeque, rc::Rc, vec::Vec};
use core::{
    cell::RefCell,
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use smtp_driver::{Client, Connection, StreamError, Transport};
use smtp_proto::{
    Instant, Step, client,
    server::{self, Event, Server},
    types::{ClientName, Envelope, Host},
};

const MESSAGE: &[u8] = b"Subject: hi\r\n\r\n.hello\r\n";

/// Polls of both sides until the session must be over.
const MAX_POLLS: usize = 1000;

/// One direction of a connection.
#[derive(Default)]
struct Queue {
    octets: VecDeque<u8>,
    closed: bool,
}

/// One end of a connection in memory. Its clock stands still.
struct Pipe {
    input: Rc<RefCell<Queue>>,
    output: Rc<RefCell<Queue>>,
}

/// A failure of the driver.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the driver failed")
    }
}

impl core::error::Error for Failed {}

impl From<StreamError> for Failed {
    fn from(_: StreamError) -> Self {
        Self
    }
}

impl Transport for Pipe {
    type Error = Failed;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<Result<(), Failed>> {
        let mut queue = self.input.borrow_mut();
        if queue.octets.is_empty() && !queue.closed {
            return Poll::Pending;
        }
        sink(queue.octets.make_contiguous());
        queue.octets.clear();
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<Result<usize, Failed>> {
        let mut queue = self.output.borrow_mut();
        let before = queue.octets.len();
        slices.iter().for_each(|octets| queue.octets.extend(*octets));
        Poll::Ready(Ok(queue.octets.len() - before))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        self.output.borrow_mut().closed = true;
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn poll_deadline(&mut self, _: &mut Context<'_>, _: Instant) -> Poll<()> {
        Poll::Pending
    }
}

/// Sends a message from a client to a server, and checks that it arrived. Returns `None` if something failed.
pub(crate) fn run() -> Option<()> {
    let (there, back) = (Rc::default(), Rc::default());
    let near = Pipe {
        input: Rc::clone(&back),
        output: Rc::clone(&there),
    };
    let far = Pipe {
        input: there,
        output: back,
    };
    let config = server::Config::new(Host::parse("mx.example").ok()?);
    let server = Connection::new(far, Server::new(config.into()));
    let mut send: Pin<Box<dyn Future<Output = Option<()>>>> = Box::pin(send(near));
    let mut serve = Box::pin(serve(server));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut sent, mut served) = (Poll::Pending, Poll::Pending);
    for _ in 0..MAX_POLLS {
        if sent.is_pending() {
            sent = send.as_mut().poll(&mut cx);
        }
        if served.is_pending() {
            served = serve.as_mut().poll(&mut cx);
        }
        if let (Poll::Ready(Some(())), Poll::Ready(message)) = (&sent, &served) {
            return (message == MESSAGE).then_some(());
        }
    }
    None
}

async fn send(pipe: Pipe) -> Option<()> {
    let mut config = client::Config::new(ClientName::parse("client.example").ok()?);
    config.tls = client::Tls::Disabled;
    let mut client = Client::<Pipe>::builder(config).on(pipe).await.ok()?;
    let envelope = Envelope::parse("alice@client.example", ["bob@mx.example"]).ok()?;
    let receipt = client.send(envelope, MESSAGE).await.ok()?;
    if !receipt.all_accepted() {
        return None;
    }
    client.quit().await.ok()
}

/// Serves one session, and returns the content that arrived.
async fn serve(mut connection: Connection<Pipe, Server>) -> Vec<u8> {
    let mut message = Vec::new();
    loop {
        let (step, server) = connection.poll();
        match step {
            Step::Wait(wait) => connection.wait(wait).await,
            Step::Event(Event::Body(octets)) => message.extend_from_slice(octets),
            Step::Event(Event::EndOfData { ticket, .. }) => drop(server.accept(ticket)),
            Step::Event(Event::Closed(_)) => {
                connection.close().await;
                return message;
            }
            Step::Event(other) => drop(server.proceed(other)),
        }
    }
}
