//! Tests of the example `readiness`. It runs in a thread, and a client connects over loopback.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../readiness.rs"]
mod example;

use std::{
    io::{BufRead, ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::mpsc::{Receiver, channel},
    thread::spawn,
};

use smtp_driver::ConnectionLimiter;
use smtp_proto::{server::Config, types::Rejection};

use crate::peer::{MESSAGE, Peer, SHORT_TIMEOUT, TEST_TIMEOUT, config};

/// More octets than the buffers of a connection hold.
const BUFFER_BOUND: usize = 1 << 26;

/// Starts the example with a limit of connections. Returns its address, and the messages that it stores.
fn readiness(config: Config, connections: usize) -> (SocketAddr, Receiver<Vec<u8>>) {
    let (sender, messages) = channel();
    let mut service = example::Service::bind(
        (Ipv4Addr::LOCALHOST, 0).into(),
        config.into(),
        ConnectionLimiter::new(connections, connections),
        move |message: &[u8]| sender.send(message.into()).map_err(|_| Rejection::LOCAL_ERROR),
    )
    .unwrap();
    let address = service.address().unwrap();
    spawn(move || service.run().unwrap());
    (address, messages)
}

/// Connects repeatedly until the server accepts the connection.
fn connect_when_free(address: SocketAddr) -> Peer {
    let begin = std::time::Instant::now();
    while begin.elapsed() < TEST_TIMEOUT {
        let mut peer = Peer::connect(address);
        let mut greeting = String::new();
        peer.0.read_line(&mut greeting).unwrap();
        if greeting.starts_with("220 ") {
            return peer;
        }
        assert!(greeting.starts_with("421 "), "{greeting}");
    }
    panic!("no connection became free");
}

/// Sends EHLO repeatedly without reading replies, until back-pressure blocks the write. Returns the number of commands
/// sent, and the unsent rest of the last one.
fn send_without_reading(peer: &mut Peer) -> (usize, &'static str) {
    const HELLO: &str = "EHLO client.test\r\n";
    let stream = peer.0.get_mut();
    let hellos = HELLO.repeat(1000);
    stream.set_write_timeout(Some(SHORT_TIMEOUT)).unwrap();
    let mut octets: usize = 0;
    loop {
        assert!(octets < BUFFER_BOUND, "the server reads without limit");
        let rest = hellos.as_bytes().get(octets % HELLO.len()..).unwrap();
        match stream.write(rest) {
            Ok(written) => octets += written,
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                    "{error}"
                );
                stream.set_write_timeout(Some(TEST_TIMEOUT)).unwrap();
                let left = octets.next_multiple_of(HELLO.len()) - octets;
                return (
                    octets.div_ceil(HELLO.len()),
                    HELLO.get(HELLO.len() - left..).unwrap(),
                );
            }
        }
    }
}

#[test]
fn readiness_accepts_fifty_messages_at_once() {
    let (address, messages) = readiness(config(), 50);
    let mut peers: Vec<Peer> = (0..50).map(|_| Peer::greeted(address)).collect();
    // All are connected at once, and each waits for the others between its commands.
    for peer in &mut peers {
        peer.send("EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    }
    for peer in &mut peers {
        peer.expect_replies(&["250 ", "250 2.1.0", "250 2.1.5", "354 "]);
        peer.send("Subject: hi\r\n\r\n..a d");
    }
    for peer in peers.iter_mut().rev() {
        peer.send("ot\r\n.\r\nQUIT\r\n");
    }
    for peer in &mut peers {
        peer.expect_replies(&["250 2.6.0", "221 "]);
        peer.expect_close();
        assert_eq!(messages.recv_timeout(TEST_TIMEOUT).unwrap(), MESSAGE.as_bytes());
    }
}

#[test]
fn readiness_accepts_a_large_message() {
    let (address, messages) = readiness(config(), 1);
    let mut peer = Peer::greeted(address);
    let text = "x".repeat(78) + "\r\n";
    let message = text.repeat(50_000);
    peer.send("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    peer.expect_replies(&["250 ", "250 ", "250 ", "354 "]);
    peer.send(&message);
    peer.send(".\r\n");
    peer.expect_reply("250 ");
    assert!(messages.recv_timeout(TEST_TIMEOUT).unwrap() == message.as_bytes());
}

#[test]
fn readiness_limits_connections() {
    let (address, _messages) = readiness(config(), 2);
    let first = Peer::greeted(address);
    let _second = Peer::greeted(address);
    let mut third = Peer::connect(address);
    third.expect_reply("421 ");
    third.expect_close();
    drop(first);
    connect_when_free(address).send("QUIT\r\n");
}

#[test]
fn readiness_serves_others_while_a_client_does_not_read() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    let (address, messages) = readiness(config, 2);
    let mut stuck = Peer::greeted(address);
    let (hellos, left) = send_without_reading(&mut stuck);
    for _ in 0..3 {
        connect_when_free(address).send_message("a@client.test");
        assert_eq!(messages.recv_timeout(TEST_TIMEOUT).unwrap(), MESSAGE.as_bytes());
    }
    // It receives all replies once it reads.
    let mut stream = stuck.0.get_ref().try_clone().unwrap();
    let writer = spawn(move || write!(stream, "{left}QUIT\r\n").unwrap());
    for _ in 0..hellos {
        stuck.expect_reply("250 ");
    }
    stuck.expect_reply("221 ");
    stuck.expect_close();
    writer.join().unwrap();
}

#[test]
fn readiness_times_out_a_client_that_never_reads() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    config.timeouts.write = SHORT_TIMEOUT;
    let (address, _messages) = readiness(config, 1);
    let mut stuck = Peer::greeted(address);
    // The session ends before or after the buffers are full.
    let hellos = "EHLO client.test\r\n".repeat(1000);
    let stream = stuck.0.get_mut();
    stream.set_write_timeout(Some(SHORT_TIMEOUT)).unwrap();
    while stream.write(hellos.as_bytes()).is_ok() {}
    connect_when_free(address).send_message("a@client.test");
}

#[test]
fn readiness_times_out_silent_clients() {
    let mut config = config();
    config.timeouts.command = SHORT_TIMEOUT;
    config.timeouts.data = SHORT_TIMEOUT;
    let (address, _messages) = readiness(config, 3);
    let mut silent = Peer::greeted(address);
    let mut halfway = Peer::greeted(address);
    let mut sending = Peer::greeted(address);
    halfway.send("EHLO client");
    sending.send("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    sending.expect_replies(&["250 ", "250 ", "250 ", "354 "]);
    sending.send("half a line");
    for peer in [&mut silent, &mut halfway, &mut sending] {
        peer.expect_reply("421 ");
        peer.expect_close();
    }
    connect_when_free(address);
}
