//! The transport on streams that are played by the test.

use std::{collections::VecDeque, future::poll_fn, task::Waker};

use futures_lite::future::{block_on, poll_once};

use super::*;

/// A stream that gives `reads` in their order, then nothing more for now, and notes the room of each read.
#[derive(Debug, Default)]
struct Played {
    reads: VecDeque<usize>,
    rooms: Vec<usize>,
    /// Writes are accepted up to this number of octets.
    accepts: usize,
    flushes: VecDeque<Poll<()>>,
    closed: bool,
}

impl AsyncRead for Played {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        self.rooms.push(room.len());
        let Some(octets) = self.reads.pop_front() else {
            return Poll::Pending;
        };
        Poll::Ready(Ok(octets.min(room.len())))
    }
}

impl AsyncWrite for Played {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len().min(self.accepts)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let octets: usize = slices.iter().map(|slice| slice.len()).sum();
        Poll::Ready(Ok(octets.min(self.accepts)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes.pop_front().unwrap_or(Poll::Ready(())).map(Ok)
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        Poll::Ready(Ok(()))
    }
}

fn played(reads: impl IntoIterator<Item = usize>) -> Io<Played> {
    Io::new(Played {
        reads: reads.into_iter().collect(),
        accepts: usize::MAX,
        ..Played::default()
    })
}

fn read(io: &mut Io<Played>) -> Poll<usize> {
    let mut octets = 0;
    let read = io.poll_read(&mut Context::from_waker(Waker::noop()), &mut |part| {
        octets += part.len();
    });
    read.map(|read| {
        read.unwrap();
        octets
    })
}

fn write(io: &mut Io<Played>, slices: &[&[u8]]) -> Poll<usize> {
    let written = io.poll_write(&mut Context::from_waker(Waker::noop()), slices);
    written.map(Result::unwrap)
}

#[test]
fn reads_are_large_while_there_is_much_to_read() {
    let mut io = played([100, 2048, 16384, 65536, 1000, 0]);
    for octets in [100, 2048, 16384, 65536, 1000, 0] {
        assert_eq!(read(&mut io), Poll::Ready(octets));
    }
    assert_eq!(io.get_ref().rooms, [2048, 2048, 16384, 65536, 65536, 2048]);
}

#[test]
fn a_stream_that_is_always_ready_leaves_others_their_turn() {
    let mut io = played([1; 200]);
    let mut reads = 0;
    while read(&mut io).is_ready() {
        reads += 1;
    }
    assert_eq!(reads, 64);
    assert!(read(&mut io).is_ready());
}

#[test]
fn a_pause_begins_a_new_turn() {
    let mut io = played([1; 60]);
    while read(&mut io).is_ready() {}
    io.get_mut().reads.extend([1; 60]);
    for _ in 0..60 {
        assert!(read(&mut io).is_ready());
    }
}

#[test]
fn octets_have_left_once_they_are_flushed() {
    let mut io = played([]);
    io.stream.accepts = 5;
    io.stream.flushes = [Poll::Pending, Poll::Pending, Poll::Ready(())].into();
    assert!(write(&mut io, &[b"abc", b"def"]).is_pending());
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(refused)) = io.poll_shutdown(&mut cx) else {
        panic!("octets that count as not sent would arrive");
    };
    assert_eq!(refused.kind(), io::ErrorKind::WriteZero);
    assert!(write(&mut io, &[b"abc", b"def"]).is_pending());
    assert_eq!(write(&mut io, &[b"abc", b"def"]), Poll::Ready(5));
    assert_eq!(write(&mut io, &[b"f"]), Poll::Ready(1));
    assert!(io.poll_shutdown(&mut cx).is_ready() && io.get_ref().closed);
}

#[test]
fn the_last_deadline_counts() {
    const EARLY: Duration = Duration::from_millis(20);
    const LATE: Duration = Duration::from_millis(60);
    let at = |time: Duration| Instant::after_origin(time);
    for times in [&[LATE, EARLY], &[EARLY, LATE]] {
        let mut io = played([]);
        let last = times[1];
        block_on(async {
            for time in times {
                let early = poll_once(poll_fn(|cx| io.poll_deadline(cx, at(*time)))).await;
                assert!(early.is_none() || io.now() >= at(*time));
            }
            poll_fn(|cx| io.poll_deadline(cx, at(last))).await;
        });
        assert!(io.now() >= at(last));
        // It has passed for good.
        assert!(block_on(poll_once(poll_fn(|cx| io.poll_deadline(cx, at(EARLY))))).is_some());
    }
}

#[test]
fn a_far_deadline_does_not_overflow_the_clock() {
    let mut io = played([]);
    let never = Instant::after_origin(Duration::MAX);
    assert!(block_on(poll_once(poll_fn(|cx| io.poll_deadline(cx, never)))).is_none());
}

#[test]
fn a_reader_is_the_source_of_a_message() {
    let mut reader = Reader(&b"Hello"[..]);
    let mut room = [0; 3];
    let mut cx = Context::from_waker(Waker::noop());
    for octets in [3, 2, 0] {
        let filled = reader.poll_fill(&mut cx, &mut room);
        assert!(matches!(filled, Poll::Ready(Ok(filled)) if filled == octets));
    }
}
