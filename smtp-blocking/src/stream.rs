//! A stream that may change to TLS.

use std::{
    io::{self, IoSlice, Read, Write},
    os::fd::{AsFd, BorrowedFd},
};

#[cfg(feature = "rustls")]
use smtp_rustls::rustls;

use crate::Socket;
#[cfg(feature = "rustls")]
use crate::socket::{Blocked, uninterrupted, would_block};

/// A stream in clear, or under TLS once the handshake is done.
#[derive(Debug)]
pub struct Stream<S> {
    socket: S,
    state: State,
}

#[derive(Debug)]
enum State {
    Clear,
    #[cfg(feature = "rustls")]
    Tls(Box<rustls::Connection>),
    /// A handshake has failed. Nothing may be said or heard any more.
    #[cfg(feature = "rustls")]
    Gone,
}

impl<S> Stream<S> {
    /// A stream without TLS of its own. It may well be one that is encrypted otherwise.
    pub const fn clear(stream: S) -> Self {
        Self {
            socket: stream,
            state: State::Clear,
        }
    }

    /// The stream below; `None` after a handshake that failed.
    pub const fn inner(&self) -> Option<&S> {
        match &self.state {
            State::Clear => Some(&self.socket),
            #[cfg(feature = "rustls")]
            State::Tls(_) => Some(&self.socket),
            #[cfg(feature = "rustls")]
            State::Gone => None,
        }
    }
}

/// What came of a step of a handshake.
#[cfg(feature = "rustls")]
pub(crate) enum Shake {
    Done,
    /// There may be more to do at once.
    Again,
    Blocked(Blocked),
}

#[cfg(feature = "rustls")]
impl<S: Socket> Stream<S> {
    /// Goes over from clear to TLS, the handshake of which is still to be done.
    pub(crate) fn begin(&mut self, connection: rustls::Connection) -> io::Result<()> {
        if !matches!(self.state, State::Clear) {
            return Err(io::Error::other("the stream is not in clear"));
        }
        self.state = State::Tls(Box::new(connection));
        Ok(())
    }

    /// Gives the stream up: the peer finds it closed, and what it says is not heard.
    pub(crate) fn give_up(&mut self) {
        self.state = State::Gone;
        let _ = self.socket.shut_down();
    }

    /// Does what can be done at once of the handshake. Reading does not wait for writing, nor the other way around.
    pub(crate) fn shake(&mut self) -> io::Result<Shake> {
        let State::Tls(tls) = &mut self.state else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let mut blocked = Blocked::default();
        match push(tls, &mut self.socket) {
            Err(error) if would_block(&error) => blocked.write = true,
            pushed => pushed?,
        }
        if !tls.is_handshaking() {
            return Ok(if blocked.write {
                Shake::Blocked(blocked)
            } else {
                Shake::Done
            });
        }
        match pull(tls, &mut self.socket) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Shake::Again),
            Err(error) if would_block(&error) => {
                blocked.read = true;
                Ok(Shake::Blocked(blocked))
            }
            Err(error) => Err(error),
        }
    }

    /// The TLS session.
    pub(crate) const fn tls(&self) -> Option<&rustls::Connection> {
        match &self.state {
            State::Tls(tls) => Some(tls),
            _ => None,
        }
    }
}

/// Writes what TLS has to be written, and flushes it.
#[cfg(feature = "rustls")]
fn push(tls: &mut rustls::Connection, socket: &mut impl Socket) -> io::Result<()> {
    while tls.wants_write() {
        if uninterrupted(|| tls.write_tls(socket))? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    uninterrupted(|| socket.flush())
}

/// How often it is read from the socket for some content: more often than a record of 16 KiB takes.
#[cfg(feature = "rustls")]
const PULLS: usize = 16;

/// Reads some of what the peer has written, which may be a part of a record: it is kept. Zero at the end.
#[cfg(feature = "rustls")]
fn pull(tls: &mut rustls::Connection, socket: &mut impl Socket) -> io::Result<usize> {
    let octets = uninterrupted(|| tls.read_tls(socket))?;
    if let Err(error) = tls.process_new_packets() {
        // The alert that says what is wrong, if there is room for it.
        let _ = push(tls, socket);
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    Ok(octets)
}

impl<S: Socket> Read for Stream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Clear => self.socket.read(buffer),
            #[cfg(feature = "rustls")]
            State::Tls(tls) => {
                for _ in 0..PULLS {
                    match tls.reader().read(buffer) {
                        Err(error) if would_block(&error) => {}
                        done => return done,
                    }
                    // At the end the reader knows which kind of end it is. Nothing is written here: who takes nothing
                    // before it was heard has to be heard.
                    pull(tls, &mut self.socket)?;
                }
                // A peer that sends records with nothing in them must not keep whoever reads from the clock.
                Err(io::ErrorKind::Interrupted.into())
            }
            #[cfg(feature = "rustls")]
            State::Gone => Ok(0),
        }
    }
}

impl<S: Socket> Stream<S> {
    /// Writes through TLS: what there is no room for is kept there, and goes before anything else.
    #[cfg(feature = "rustls")]
    fn write_tls(
        tls: &mut rustls::Connection,
        socket: &mut S,
        write: impl FnOnce(&mut rustls::Writer<'_>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        push(tls, socket)?;
        let written = write(&mut tls.writer())?;
        match push(tls, socket) {
            Err(error) if !would_block(&error) => Err(error),
            _ => Ok(written),
        }
    }
}

impl<S: Socket> Write for Stream<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Clear => self.socket.write(octets),
            #[cfg(feature = "rustls")]
            State::Tls(tls) => Self::write_tls(tls, &mut self.socket, |writer| writer.write(octets)),
            #[cfg(feature = "rustls")]
            State::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.state {
            State::Clear => self.socket.write_vectored(slices),
            #[cfg(feature = "rustls")]
            State::Tls(tls) => Self::write_tls(tls, &mut self.socket, |writer| writer.write_vectored(slices)),
            #[cfg(feature = "rustls")]
            State::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Clear => self.socket.flush(),
            #[cfg(feature = "rustls")]
            State::Tls(tls) => push(tls, &mut self.socket),
            #[cfg(feature = "rustls")]
            State::Gone => Ok(()),
        }
    }
}

impl<S: Socket> AsFd for Stream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<S: Socket> Socket for Stream<S> {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket.set_nonblocking(nonblocking)
    }

    /// Under TLS, close_notify is said first.
    fn shut_down(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Clear => {}
            #[cfg(feature = "rustls")]
            State::Tls(tls) => {
                tls.send_close_notify();
                push(tls, &mut self.socket)?;
            }
            #[cfg(feature = "rustls")]
            State::Gone => {}
        }
        self.socket.shut_down()
    }
}
