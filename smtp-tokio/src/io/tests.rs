use std::sync::Arc;

use smtp_proto::{
    Deadline, Step,
    server::{Config, Event, Server},
    types::Host,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::Connection;

fn connection() -> (DuplexStream, Connection<DuplexStream, Server>) {
    let (near, far) = duplex(100_000);
    let config = Config::new(Host::parse("mx.example").unwrap().into_owned());
    (near, Connection::new(Io::new(far), Server::new(Arc::new(config))))
}

/// Runs the session until it waits for the peer, and returns its deadline.
async fn settle(conn: &mut Connection<DuplexStream, Server>) -> Option<Deadline> {
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Event(event) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
            Step::Wait(wait) => tokio::select! {
                biased;
                () = conn.wait(wait) => {}
                () = tokio::task::yield_now() => return wait.deadline,
            },
        }
    }
}

fn timer(conn: &Connection<DuplexStream, Server>) -> time::Instant {
    conn.transport().sleep.as_ref().unwrap().deadline()
}

#[tokio::test(start_paused = true)]
async fn a_timer_serves_many_deadlines_and_misses_no_deadline() {
    let (mut peer, mut conn) = connection();
    // Each command moves the deadline on; the timer is not reset.
    settle(&mut conn).await;
    let set = timer(&conn);
    for _ in 0..2 {
        time::advance(Duration::from_secs(100)).await;
        peer.write_all(b"EHLO c\r\n").await.unwrap();
        settle(&mut conn).await;
    }
    assert_eq!(timer(&conn), set);
    // 200 seconds have passed, and 300 are left.
    let begin = time::Instant::now();
    loop {
        match conn.poll().0 {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(_)) => break,
            Step::Event(_) => {}
        }
    }
    assert_eq!(begin.elapsed().as_secs(), 300);
    drop(conn);
    let mut said = String::new();
    peer.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("\r\n421 4.4.2 "), "{said}");
}

/// A stream that fills each read, and flushes when the test permits it.
#[derive(Debug, Default)]
struct Buffered {
    /// Octets left to be read.
    left: usize,
    /// The free room of each read.
    rooms: Vec<usize>,
    written: usize,
    flushes: bool,
    shut_down: bool,
}

impl AsyncRead for Buffered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.rooms.push(buffer.remaining());
        let octets = self.left.min(buffer.remaining());
        buffer.put_slice(&vec![b'x'; octets]);
        self.left -= octets;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Buffered {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.written += octets.len();
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flushes {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shut_down = true;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn reads_are_large_while_there_is_much_to_read() {
    let mut io = Io::new(Buffered {
        left: 16_384 + 65_536 + 20_000 + 5,
        ..Buffered::default()
    });
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    let mut reads = Vec::new();
    for _ in 0..5 {
        let read = io.poll_read(cx, &mut |octets| reads.push(octets.len()));
        assert!(matches!(read, Poll::Ready(Ok(()))));
    }
    assert_eq!(reads, [16_384, 65_536, 20_005, 0, 0]);
    assert_eq!(io.get_ref().rooms, [16_384, 65_536, 65_536, 65_536, 16_384]);
}

#[test]
fn octets_have_left_once_they_are_flushed() {
    let mut io = Io::new(Buffered::default());
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    assert!(io.poll_write(cx, &[b"one"]).is_pending());
    // The same octets are passed again, with others after them, and are not written twice.
    assert!(io.poll_write(cx, &[b"one", b"two"]).is_pending());
    assert_eq!(io.get_ref().written, 3);
    io.get_mut().flushes = true;
    let written = io.poll_write(cx, &[b"one", b"two"]);
    assert!(matches!(written, Poll::Ready(Ok(3))), "{written:?}");
    let written = io.poll_write(cx, &[b"two"]);
    assert!(matches!(written, Poll::Ready(Ok(3))), "{written:?}");
    assert_eq!(io.get_ref().written, 6);
}

#[test]
fn abandoned_octets_do_not_arrive_with_the_shutdown() {
    let mut io = Io::new(Buffered::default());
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    assert!(io.poll_write(cx, &[b"one"]).is_pending());
    io.get_mut().flushes = true;
    assert!(matches!(io.poll_shutdown(cx), Poll::Ready(Err(_))));
    assert!(!io.get_ref().shut_down);
}
