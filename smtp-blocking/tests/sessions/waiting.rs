//! Sessions of a server on a connection.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    sync::mpsc,
    task::{Context, Poll},
    thread,
};

use smtp_blocking::{
    Client, Io, block_on,
    driver::{BlockOn, Transport},
};
use smtp_proto::{
    Instant,
    server::{Closed, EarlyTalker},
};

use crate::support::{SHORT, bob, client_config, narrow, receive, server_config, text};

#[test]
fn the_farewell_arrives_although_input_is_left_unread() {
    for _ in 0..10 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let serving =
            thread::spawn(move || receive(Io::new(listener.accept().unwrap().0), server_config()).1);
        stream.read_exact(&mut [0; 4]).unwrap();
        // The length of this chunk is not understood, so the session ends with much left to be read.
        let mut said = b"EHLO c\r\nBDAT x\r\n".to_vec();
        said.extend(b"x".repeat(200_000));
        stream.write_all(&said).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        drop(stream);
        assert!(heard.lines().last().unwrap().starts_with("421 "), "{heard}");
        assert_eq!(serving.join().unwrap(), Closed::ChunkSizeUnknown);
    }
}

#[test]
fn a_client_that_reads_late_loses_nothing() {
    // The replies exceed the capacity of the stream, so they and the following commands wait for the client to read.
    let (mut near, far) = narrow();
    let mut config = server_config();
    config.limits.max_idle_commands = u32::MAX;
    config.early_talker = EarlyTalker::Tolerate;
    let receiving = thread::spawn(move || receive(Io::new(far), config).1);
    let mut talking = near.try_clone().unwrap();
    let (full, filled) = mpsc::channel();
    let talking = thread::spawn(move || {
        talking.set_write_timeout(Some(SHORT)).unwrap();
        let commands = [b"EHLO c\r\n", &*b"NOOP\r\n".repeat(20_000), b"QUIT\r\n"].concat();
        let mut rest = &*commands;
        while !rest.is_empty() {
            match talking.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => drop(full.send(())),
                Err(error) => panic!("{error}"),
            }
        }
    });
    filled.recv().expect("the server reads no more");
    let mut heard = String::new();
    near.read_to_string(&mut heard).unwrap();
    assert_eq!(receiving.join().unwrap(), Closed::Quit);
    talking.join().unwrap();
    assert!(heard.lines().count() > 20_000 && heard.contains("\r\n221 "));
}

/// A stream that accepts and returns a few octets at a time, and is often not ready.
struct Own {
    stream: Io<UnixStream>,
    calls: usize,
}

impl Own {
    /// Sometimes not ready, without an event to wait for.
    fn is_ready(&mut self, cx: &Context<'_>) -> bool {
        self.calls += 1;
        let ready = !self.calls.is_multiple_of(4);
        if !ready {
            cx.waker().wake_by_ref();
        }
        ready
    }
}

impl Transport for Own {
    type Error = io::Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, sink: &mut dyn FnMut(&[u8])) -> Poll<io::Result<()>> {
        if !self.is_ready(cx) {
            return Poll::Pending;
        }
        self.stream.poll_read(cx, &mut |octets| match octets {
            [] => sink(&[]),
            octets => octets.chunks(5).for_each(&mut *sink),
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[&[u8]]) -> Poll<io::Result<usize>> {
        if !self.is_ready(cx) {
            return Poll::Pending;
        }
        self.stream
            .poll_write(cx, &[&slices[0][..slices[0].len().min(7)]])
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_ready(cx) {
            return Poll::Pending;
        }
        self.stream.poll_shutdown(cx)
    }

    fn now(&self) -> Instant {
        self.stream.now()
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        self.stream.poll_deadline(cx, at)
    }
}

impl BlockOn for Own {
    fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }
}

#[test]
fn a_custom_stream_may_read_and_write_partially() {
    let message = text(3000);
    let (near, far) = narrow();
    let own = |stream| Own {
        stream: Io::new(stream),
        calls: 0,
    };
    let receiving = thread::spawn(move || receive(own(far), server_config()));
    let mut client = Client::builder(client_config()).on(own(near)).unwrap();
    assert!(client.send(bob(), &message).unwrap().all_accepted());
    client.quit().unwrap();
    let (mails, why) = receiving.join().unwrap();
    assert_eq!(why, Closed::Quit);
    assert!(mails[0].body == message);
}
