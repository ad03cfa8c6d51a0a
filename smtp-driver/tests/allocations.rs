//! Heap allocations for a message, of a client and of a service.
#![expect(clippy::unwrap_used, reason = "a panic reports a failed test")]

use std::{
    collections::VecDeque,
    io,
    pin::pin,
    task::{Context, Poll, Waker},
};

use allocation_counter::measure;
use smtp_driver::{
    About, Accept, Bytes, Client, Service, Transport, converse,
    proto::{
        Instant,
        client::{Config, Tls},
        server,
        types::{Envelope, ForwardPath, Mail, Rcpt, Rejection, ReversePath},
    },
    testing::session,
};

/// Maximum allocations for a message to one recipient, once the session has sent one.
const LIMIT: u64 = 8;

/// Maximum allocations for a message to one recipient that a service receives: the future of the transaction, two paths, the list of
/// recipients, the count of the owners of the octets, and 2 for reading.
const SERVICE_LIMIT: u64 = 7;

/// A server that has each reply ready as soon as the command is written.
#[derive(Debug)]
struct Ready {
    replies: VecDeque<&'static [u8]>,
    in_message: bool,
}

impl Transport for Ready {
    type Error = io::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        let Some(reply) = self.replies.pop_front() else {
            return Poll::Pending;
        };
        sink(reply);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        for line in slices
            .iter()
            .flat_map(|slice| slice.split_inclusive(|octet| *octet == b'\n'))
        {
            let reply: &[u8] = match line {
                b".\r\n" => b"250 ok\r\n",
                _ if self.in_message => continue,
                b"DATA\r\n" => b"354 go on\r\n",
                line if line.starts_with(b"EHLO") => {
                    b"250-mx\r\n250-SIZE\r\n250-8BITMIME\r\n250 PIPELINING\r\n"
                }
                _ => b"250 ok\r\n",
            };
            self.in_message = line == b"DATA\r\n";
            self.replies.push_back(reply);
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
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

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every reply is ready"),
    }
}

fn bob() -> Envelope {
    Envelope::new(ReversePath::parse("alice@client.example").unwrap().into_owned())
        .recipient(ForwardPath::parse("bob@mx.example").unwrap().into_owned())
}

#[test]
fn a_message_to_one_recipient_needs_few_allocations() {
    let mut server = Ready {
        // Room for all, so that only the client allocates.
        replies: VecDeque::with_capacity(16),
        in_message: false,
    };
    server.replies.push_back(b"220 mx\r\n");
    let mut config = Config::new("client.example".parse().unwrap());
    config.tls = Tls::Disabled;
    let mut client = ready(Client::<Ready>::builder(config).on(server)).unwrap();
    let message = b"Subject: x\r\n\r\nHello\r\n".as_slice();
    assert!(ready(client.send(bob(), message)).unwrap().all_accepted());
    let envelope = bob();
    let counted = measure(|| {
        let receipt = ready(client.send(envelope, message)).unwrap();
        assert!(receipt.all_accepted());
    });
    assert!(counted.count_total <= LIMIT, "{counted:?}");
}

/// A client that sends a group of commands or a message for each wake-up of the server.
#[derive(Debug)]
struct Pipelined {
    groups: Vec<&'static [u8]>,
    may_read: bool,
}

impl Transport for Pipelined {
    type Error = io::Error;

    fn poll_read(&mut self, _: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        self.may_read = !self.may_read;
        match self.groups.pop() {
            Some(group) if self.may_read => sink(group),
            Some(group) => {
                self.groups.push(group);
                return Poll::Pending;
            }
            None => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        assert!(
            slices
                .iter()
                .all(|reply| matches!(reply.first(), Some(b'2' | b'3')))
        );
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
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

/// Accepts everything, and keeps nothing.
struct Sink;

impl Service for Sink {
    type Mail = u64;

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<u64, Rejection> {
        Ok(0)
    }

    async fn body(&self, octets: &mut u64, piece: Bytes) -> Result<(), Rejection> {
        *octets += piece.len() as u64;
        Ok(())
    }

    async fn message(&self, octets: &mut u64, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        assert_eq!((*octets, to.len()), (21, 1));
        Ok(Accept::Yes)
    }
}

#[test]
fn a_message_to_a_service_needs_few_allocations() {
    let envelope = b"MAIL FROM:<alice@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n";
    let message = b"Subject: x\r\n\r\nHello\r\n.\r\n";
    let client = Pipelined {
        groups: vec![message, envelope, message, envelope, b"EHLO client.example\r\n"],
        may_read: true,
    };
    let session = session(client, server::Config::new("mx.example".parse().unwrap()));
    let mut session = pin!(converse(session, &Sink, None));
    let mut poll = || {
        let polled = session.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    };
    // The greeting, EHLO, and a message.
    (0..4).for_each(|_| poll());
    let counted = measure(|| (0..2).for_each(|_| poll()));
    assert!(counted.count_total <= SERVICE_LIMIT, "{counted:?}");
}
