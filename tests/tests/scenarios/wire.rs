//! A machine on a socket that never blocks.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::{Duration, Instant},
};

use smtp_proto::{
    Machine, Step, Wait,
    driver::{Buffered, LINGER, LINGER_OCTETS, NextIo},
};
use smtp_rustls::rustls::{ClientConnection, Connection, ServerConnection};

/// How long it sleeps when there is nothing to do.
const NAP: Duration = Duration::from_millis(1);

pub(crate) struct Wire<M> {
    pub(crate) socket: TcpStream,
    pub(crate) tls: Option<Connection>,
    pub(crate) buffered: Buffered<M>,
    pub(crate) error: Option<io::Error>,
    begin: Instant,
}

pub(crate) fn nap() {
    thread::sleep(NAP);
}

fn would_block(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// Sends what TLS has to send.
fn flush(tls: &mut Option<Connection>, socket: &mut TcpStream) -> io::Result<()> {
    while let Some(tls) = tls.as_mut().filter(|tls| tls.wants_write()) {
        tls.write_tls(socket)?;
    }
    Ok(())
}

impl<M: Machine> Wire<M> {
    pub(crate) fn new(socket: TcpStream, machine: M) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            tls: None,
            buffered: Buffered::new(machine),
            error: None,
            begin: Instant::now(),
        })
    }

    pub(crate) fn poll(&mut self) -> (Step<M::Event<'_>>, &mut M) {
        let now = smtp_proto::Instant::after_origin(self.begin.elapsed());
        self.buffered.poll(now)
    }

    /// Does what can be done at once, or sleeps for a moment.
    pub(crate) fn wait(&mut self, wait: Wait) {
        let mut attempt = self.buffered.attempt(wait);
        loop {
            let done = match self.buffered.next_io(&mut attempt) {
                NextIo::Flush => flush(&mut self.tls, &mut self.socket).map(|()| self.buffered.flushed()),
                NextIo::Write(octets) => match &mut self.tls {
                    Some(tls) => tls.writer().write(octets),
                    None => self.socket.write(octets),
                }
                .map(|taken| self.buffered.took(taken)),
                NextIo::Read => {
                    if self.read() {
                        attempt.read_done();
                    } else {
                        attempt.read_blocked();
                    }
                    continue;
                }
                NextIo::PollMachine => return,
                NextIo::AwaitReadiness => return nap(),
            };
            match done {
                Ok(()) => {}
                Err(error) if would_block(&error) => attempt.write_blocked(),
                Err(error) => {
                    self.error.get_or_insert(error);
                    self.buffered.write_failed();
                }
            }
        }
    }

    /// Reads what there is, and says whether that was anything.
    fn read(&mut self) -> bool {
        let mut octets = [0; 1 << 14];
        match self.receive(&mut octets) {
            Ok(0) => self.buffered.machine_mut().end_of_input(),
            Ok(read) => self.buffered.received(octets.get(..read).unwrap_or(&octets)),
            Err(error) if would_block(&error) => return false,
            Err(error) => {
                self.error.get_or_insert(error);
                self.buffered.machine_mut().connection_lost();
            }
        }
        true
    }

    fn receive(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.socket.read(octets);
        };
        loop {
            match tls.reader().read(octets) {
                Err(error) if would_block(&error) => {}
                other => return other,
            }
            let read = tls.read_tls(&mut self.socket)?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            if read == 0 && state.plaintext_bytes_to_read() == 0 {
                return tls.reader().read(octets);
            }
        }
    }

    /// Does the handshake in its time, unless it is to be broken off: `Ok(false)`.
    pub(crate) fn shake_hands(&mut self, limit: Duration, stopped: impl Fn() -> bool) -> io::Result<bool> {
        let begin = Instant::now();
        loop {
            let Some(tls) = &mut self.tls else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            match tls.complete_io(&mut self.socket) {
                Ok(_) if !tls.is_handshaking() => return Ok(true),
                Ok(_) => {}
                Err(error) if would_block(&error) => nap(),
                Err(error) => return Err(error),
            }
            if begin.elapsed() >= limit {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if stopped() {
                return Ok(false);
            }
        }
    }

    /// Says that nothing more will come, and waits shortly for the peer to do the same.
    pub(crate) fn close(mut self) {
        if self.buffered.is_unflushed() {
            return;
        }
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
        let begin = Instant::now();
        while matches!(flush(&mut self.tls, &mut self.socket), Err(error) if would_block(&error))
            && begin.elapsed() < LINGER
        {
            nap();
        }
        let _ = self.socket.shutdown(Shutdown::Write);
        let (mut octets, mut dropped) = ([0; 1024], 0);
        while begin.elapsed() < LINGER && dropped < LINGER_OCTETS {
            match self.socket.read(&mut octets) {
                Ok(0) => break,
                Ok(read) => dropped += read,
                Err(error) if would_block(&error) => nap(),
                Err(_) => break,
            }
        }
    }

    /// The side of TLS that was put here.
    pub(crate) fn server_tls(&self) -> Option<&ServerConnection> {
        match &self.tls {
            Some(Connection::Server(tls)) => Some(tls),
            _ => None,
        }
    }

    pub(crate) fn client_tls(&self) -> Option<&ClientConnection> {
        match &self.tls {
            Some(Connection::Client(tls)) => Some(tls),
            _ => None,
        }
    }
}
