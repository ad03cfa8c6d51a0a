//! Streams of the caller's, on an executor that does not know them.

use std::{
    future::poll_fn,
    io::{self, IoSlice, Read, Write},
    net::{TcpListener, TcpStream},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_io::Async;
use futures_lite::{
    AsyncRead, AsyncWrite,
    future::{block_on, or, poll_once, yield_now},
};
use smtp_async_std::{
    Client, Connection, Io, Reader, Stream,
    driver::{Connect, Transport},
};
use smtp_proto::{
    Step,
    sasl::{Credentials, Mechanism},
    server::{self, Closed, Event, Server},
};

use crate::support::{Mail, Mailbox, bob, client_config, server_config};

/// A stream that accepts and returns few octets at a time, and accepts them only at the second call.
#[derive(Debug)]
struct Slow<S> {
    stream: S,
    room: usize,
    paused: bool,
}

impl<S> Slow<S> {
    fn pause(&mut self, context: &Context<'_>) -> bool {
        self.paused = !self.paused;
        if self.paused {
            context.waker().wake_by_ref();
        }
        self.paused
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Slow<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let room = self.room.min(buffer.len());
        Pin::new(&mut self.stream).poll_read(context, &mut buffer[..room])
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Slow<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.pause(context) {
            return Poll::Pending;
        }
        let room = self.room.min(octets.len());
        Pin::new(&mut self.stream).poll_write(context, &octets[..room])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write(context, slices.first().map_or(&[], |slice| slice))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(context)
    }
}

fn pair(room: usize) -> (Slow<Async<TcpStream>>, Slow<Async<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let slow = |stream: TcpStream| {
        stream.set_nodelay(true).unwrap();
        Slow {
            stream: Async::new(stream).unwrap(),
            room,
            paused: false,
        }
    };
    (slow(near), slow(far))
}

/// Runs a whole session. With `restless`, each wait is dropped after it was polled once.
async fn receive<S>(stream: S, config: server::Config, restless: bool) -> (Vec<Mail>, Closed)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(Io::new(stream), Server::new(config.into()));
    let mut mailbox = Mailbox::default();
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) if restless => {
                if poll_once(conn.wait(wait)).await.is_none() {
                    yield_now().await;
                }
            }
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break (mailbox.mails, why),
            Step::Event(event) => mailbox.see(event, server),
        }
    }
}

/// A client that never stops, on a stream that is always ready.
struct Restless;

impl AsyncRead for Restless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let words = b"NOOP\r\n";
        buffer[..words.len()].copy_from_slice(words);
        Poll::Ready(Ok(words.len()))
    }
}

impl AsyncWrite for Restless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_peer_that_never_stops_leaves_others_their_turn() {
    let mut config = server_config();
    config.early_talker = server::EarlyTalker::Tolerate;
    config.limits.max_idle_commands = u32::MAX;
    let for_ever = async { panic!("{:?}", receive(Restless, config, false).await) };
    let others = async {
        for _ in 0..100 {
            yield_now().await;
        }
    };
    block_on(or(for_ever, others));
}

#[test]
fn futures_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    is_send(&Client::builder(client_config()).connect("mx.example:25"));
    let (near, far) = pair(1);
    is_send(&receive(near, server_config(), false));
    is_send(&async move {
        let mut client = Client::builder(client_config()).on(Io::new(far)).await.unwrap();
        let _ = client.send(bob(), b"").await.unwrap();
        let _ = client
            .send_from(bob(), Reader(futures_lite::io::empty()))
            .await
            .unwrap();
        client.noop().await.unwrap();
        let ann = Credentials::password("ann", "pencil").start(Mechanism::PLAIN, &Default::default());
        client.authenticate(ann.unwrap()).await.unwrap();
        client.quit().await.unwrap();
    });
}

/// Otherwise the peer would wait for more, and this side for the peer.
#[test]
fn closing_a_stream_ends_the_input_of_the_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    block_on(async {
        let mut near = Io::<Stream>::connect(&address.into(), PATIENCE).await.unwrap();
        let (mut far, _) = listener.accept().unwrap();
        poll_fn(|cx| near.poll_shutdown(cx)).await.unwrap();
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    });
}

/// A read that found less than it had room for is followed by a wait, not by a read, and misses nothing.
#[test]
fn nothing_is_missed_by_a_stream_that_was_drained() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    block_on(async {
        let mut near = Io::<Stream>::connect(&address.into(), PATIENCE).await.unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let read = async |near: &mut Io<Stream>| {
            let mut octets = 0;
            poll_fn(|cx| near.poll_read(cx, &mut |part| octets += part.len()))
                .await
                .unwrap();
            octets
        };
        for octets in [1, 100, 2048, 1, 3000] {
            // Sometimes it is there before the stream waits for it.
            far.write_all(&vec![b'x'; octets]).unwrap();
            let mut received = 0;
            while received < octets {
                received += read(&mut near).await;
            }
            assert_eq!(received, octets);
            // Input may also arrive while the stream waits.
            assert!(poll_once(read(&mut near)).await.is_none());
            far.write_all(b"y").unwrap();
            assert_eq!(read(&mut near).await, 1);
        }
        drop(far);
        assert_eq!(read(&mut near).await, 0);
        assert_eq!(read(&mut near).await, 0);
    });
}

const PATIENCE: Duration = Duration::from_secs(20);
