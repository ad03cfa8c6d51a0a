//! Streams that can be waited for.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

/// A stream with a socket below, so that it can be waited for: TCP, a Unix socket, or one of your own around them.
///
/// Its descriptor is what is waited on with `poll(2)`. A stream that keeps octets of its own, read or to be written, is
/// fine: it is always asked first, and waited for when it says [`WouldBlock`](io::ErrorKind::WouldBlock). It has to say
/// so of a flush, too, that is not done.
pub trait Socket: Read + Write + AsFd {
    /// Sets whether a read or write that cannot be done at once fails with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) instead of waiting.
    ///
    /// # Errors
    ///
    /// When the system refuses it. The session is lost then.
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;

    /// Says that nothing more will be written, behind what was written. Octets of the peer can still be read.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when it is to be tried again once the stream can be written, and those
    /// of the stream.
    fn shut_down(&mut self) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        Self::set_nonblocking(self, nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Socket for UnixStream {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        Self::set_nonblocking(self, nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl<S: Socket + ?Sized> Socket for Box<S> {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        (**self).set_nonblocking(nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        (**self).shut_down()
    }
}

/// What a stream could not do at once, and is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocked {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Blocked {
    pub(crate) const READ: Self = Self {
        read: true,
        write: false,
    };
    pub(crate) const WRITE: Self = Self {
        read: false,
        write: true,
    };

    /// Waits until the stream can do it, one of the others can be read, or it is `due`. It may also end for no reason:
    /// try again and look at the clock.
    pub(crate) fn wait<'f>(
        self,
        stream: &'f impl AsFd,
        others: impl IntoIterator<Item = BorrowedFd<'f>>,
        due: Option<Instant>,
    ) -> io::Result<()> {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.read);
        flags.set(PollFlags::OUT, self.write);
        // A stream of which nothing is wanted is left out: its end would be reported all the same, again and again.
        let stream = (!flags.is_empty()).then(|| PollFd::new(stream, flags));
        let others = others
            .into_iter()
            .map(|other| PollFd::from_borrowed_fd(other, PollFlags::IN));
        let mut all: Vec<_> = stream.into_iter().chain(others).collect();
        // What no `Timespec` can hold is longer than anything lives.
        let left = due.and_then(|due| Timespec::try_from(due.saturating_duration_since(Instant::now())).ok());
        match poll(&mut all, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The moment that lies so far ahead; `None` when nobody lives to see it.
pub(crate) fn due(limit: Duration) -> Option<Instant> {
    Instant::now().checked_add(limit)
}

/// Whether it is due.
pub(crate) fn is_over(due: Option<Instant>) -> bool {
    due.is_some_and(|due| due <= Instant::now())
}

/// Whether an operation cannot be done at once, and is to be tried again.
pub(crate) fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Does it again as long as signals interrupt it.
pub(crate) fn uninterrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
