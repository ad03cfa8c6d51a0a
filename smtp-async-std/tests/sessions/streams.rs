//! Streams of the caller's, on an executor that knows nothing of them.

use std::{
    io::{self, IoSlice, Read},
    net::{TcpListener, TcpStream},
    pin::Pin,
    task::{Context, Poll},
};

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{
    AsyncWriteExt,
    future::{block_on, or, poll_once, yield_now, zip},
    io::Cursor,
};
use smtp_async_std::{Client, Connection};
use smtp_proto::{
    Step,
    client::ExtensionUse,
    sasl::{Credentials, Mechanism},
    server::{self, Closed, Event, Server},
};

use crate::support::{Mail, answer, bob, client_config, server_config, text};

/// A stream that takes and gives little, and each time only when it is asked again.
#[derive(Debug)]
pub(crate) struct Slow<S> {
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

pub(crate) fn pair(room: usize) -> (Slow<Async<TcpStream>>, Slow<Async<TcpStream>>) {
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

/// A whole session. With `restless`, each wait is dropped after it was polled once.
async fn receive<S>(stream: S, config: server::Config, restless: bool) -> (Vec<Mail>, Closed)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut conn = Connection::new(stream, Server::new(config.into()));
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) if restless => {
                if poll_once(conn.wait(wait)).await.is_none() {
                    yield_now().await;
                }
            }
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break (taken, why),
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    }
}

#[test]
fn a_message_arrives_however_little_the_stream_takes_and_waits_may_be_dropped() {
    let message = text(5000);
    for room in [1, 3, 7, 100, 4096] {
        for (chunking, from_reader) in [
            (ExtensionUse::Never, false),
            (ExtensionUse::Never, true),
            (ExtensionUse::IfOffered, false),
            (ExtensionUse::IfOffered, true),
        ] {
            let (near, far) = pair(room);
            let mut config = client_config();
            config.chunking = chunking;
            let sending = async {
                let mut client = Client::on(near, config).await.unwrap();
                let receipt = if from_reader {
                    client.send_from(bob(), Cursor::new(&message)).await.unwrap()
                } else {
                    client.send(bob(), &message).await.unwrap()
                };
                assert!(receipt.all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = receive(far, server_config(), from_reader);
            let ((), (mails, why)) = block_on(zip(sending, receiving));
            assert_eq!(why, Closed::Quit);
            assert!(mails[0].body == message, "room {room}");
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
fn a_peer_that_never_stops_leaves_the_others_their_turn() {
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
fn what_is_awaited_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let (near, far) = pair(1);
    is_send(&receive(near, server_config(), false));
    is_send(&async move {
        let mut client = Client::on(far, client_config()).await.unwrap();
        client.send(bob(), b"").await.unwrap();
        client.send_from(bob(), futures_lite::io::empty()).await.unwrap();
        client.noop().await.unwrap();
        let ann = Credentials::password("ann", "pencil").start(Mechanism::PLAIN, &Default::default());
        client.authenticate(ann.unwrap()).await.unwrap();
        client.quit().await.unwrap();
    });
}

#[cfg(feature = "smol")]
#[test]
fn a_server_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let listener = <crate::runtimes::Smol as crate::runtimes::Runtime>::listen();
    let session = |session: smtp_async_std::smol::Session| async { session.close().await };
    let never = std::future::pending();
    let options = smtp_async_std::Options::default();
    is_send(&smtp_async_std::serve(
        listener,
        server_config().into(),
        options,
        never,
        session,
    ));
}

/// Without that, a peer would wait for more, and we for the peer.
#[test]
fn a_closed_stream_says_that_nothing_more_comes() {
    fn closes<S: AsyncWrite + Unpin>(stream: impl FnOnce(TcpStream) -> S) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        let mut near = stream(near);
        block_on(near.close()).unwrap();
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
        drop(near);
    }
    #[cfg(feature = "smol")]
    closes(|stream| smol::net::TcpStream::try_from(stream).unwrap());
    #[cfg(feature = "async-std")]
    closes(|stream| smtp_async_std::async_std::Tcp::from(async_std::net::TcpStream::from(stream)));
}
