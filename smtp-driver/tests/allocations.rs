//! Heap allocations of a client for a message.
#![expect(clippy::unwrap_used, reason = "a panic reports a failed test")]

use std::{
    collections::VecDeque,
    io,
    pin::pin,
    task::{Context, Poll, Waker},
};

use allocation_counter::measure;
use smtp_driver::{
    Client, Transport,
    proto::{
        Instant,
        client::{Config, Tls},
        types::{Envelope, ForwardPath, ReversePath},
    },
};

/// Maximum allocations for a message to one recipient, once the session has sent one.
const LIMIT: u64 = 8;

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
    ready(client.send(bob(), message)).unwrap();
    let envelope = bob();
    let counted = measure(|| {
        let receipt = ready(client.send(envelope, message)).unwrap();
        assert!(receipt.all_accepted());
    });
    assert!(counted.count_total <= LIMIT, "{counted:?}");
}
