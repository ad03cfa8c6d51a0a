//! Transports of the application: boxed, borrowed, and with a clock that counts.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use smtp_driver::{
    Client, Transport,
    proto::Instant,
    testing::{Duplex, Network, join},
};

use crate::support::{bob, client_config, receive, server_config};

/// Counts the reads of the clock.
struct Counting {
    stream: Duplex,
    reads: Arc<AtomicUsize>,
}

impl Transport for Counting {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        self.stream.poll_read(cx, sink)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        self.stream.poll_write(cx, slices)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.stream.now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.stream.poll_deadline(cx, at)
    }
}

#[test]
fn a_client_reads_the_clock_once_for_each_wait() {
    let network = Network::new();
    let (stream, far) = network.pair();
    let reads = Arc::default();
    let near = Counting {
        stream,
        reads: Arc::clone(&reads),
    };
    let sending = async {
        let mut client = Client::<Counting>::builder(client_config())
            .on(near)
            .await
            .unwrap();
        reads.store(0, Ordering::Relaxed);
        assert!(client.send(bob(), "Hello\r\n").await.unwrap().all_accepted());
        // At the beginning, after the replies to the envelope, for the message, after writing it, and after its reply.
        assert_eq!(reads.load(Ordering::Relaxed), 5);
        reads.store(0, Ordering::Relaxed);
        client.noop().await.unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    };
    network.block_on(join(sending, receive(far, server_config())));
}

#[test]
fn a_transport_may_be_boxed_or_borrowed() {
    async fn send(transport: impl Transport<Error = io::Error>) {
        let mut client = Client::<Duplex>::builder(client_config())
            .on(transport)
            .await
            .unwrap();
        assert!(client.send(bob(), "Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    }
    let network = Network::new();
    let (near, far) = network.pair();
    let any: Box<dyn Transport<Error = io::Error> + Send> = Box::new(near);
    let ((), received) = network.block_on(join(send(any), receive(far, server_config())));
    assert_eq!(received.mails.len(), 1);
    let (mut near, far) = network.pair();
    let ((), received) = network.block_on(join(send(&mut near), receive(far, server_config())));
    assert_eq!(received.mails.len(), 1);
    assert!(near.control().is_shut_down());
}
