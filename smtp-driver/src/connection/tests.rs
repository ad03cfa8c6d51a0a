//! The buffers of a connection.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

use core::pin::pin;

use smtp_proto::{
    server::{Config, EarlyTalker, Event},
    types::Host,
};

use super::*;
use crate::testing::{Control, Duplex, Network};

/// A session of a server that accepts everything.
struct Session {
    network: Network,
    connection: Connection<Duplex, Server>,
    peer: Control,
    _far: Duplex,
}

impl Session {
    fn new() -> Self {
        let network = Network::new();
        let (near, far) = network.pair();
        let mut config = Config::new(Host::parse("mx.example").unwrap().into_owned());
        config.early_talker = EarlyTalker::Tolerate;
        config.limits.max_idle_commands = u32::MAX;
        Self {
            network,
            connection: Connection::new(near, Server::new(config.into())),
            peer: far.control(),
            _far: far,
        }
    }

    /// Runs the session until it waits.
    fn settle(&mut self) {
        loop {
            match self.connection.poll() {
                (Step::Event(event), server) => {
                    if let Some(ticket) = event.into_ticket() {
                        server.accept(ticket).unwrap();
                    }
                }
                (Step::Wait(wait), _) => {
                    let waited = self.network.settle(&mut pin!(self.connection.wait(wait)));
                    if waited.is_pending() {
                        return;
                    }
                }
            }
        }
    }
}

#[test]
fn an_idle_connection_holds_no_large_buffer() {
    let mut session = Session::new();
    session.settle();
    session.peer.push("NOOP\r\n".repeat(1000));
    session.settle();
    let _ = session.peer.pull();
    session.settle();
    assert_eq!(session.connection.input.capacity(), 0);
    assert_eq!(session.connection.backlog.capacity(), 0);
    // Half a command needs little.
    session
        .peer
        .push(["NOOP\r\n".repeat(1000).as_str(), "NO"].concat());
    session.settle();
    let _ = session.peer.pull();
    session.settle();
    assert_eq!(session.connection.input.octets(), b"NO");
    assert!(session.connection.input.capacity() < 100);
    session.peer.push("OP\r\n");
    session.settle();
    assert!(session.peer.pull_text().starts_with("250 "));
}

#[test]
fn without_room_for_replies_no_more_is_read() {
    let mut session = Session::new();
    session.connection.transport().control().allow(0);
    session.peer.push("NOOP\r\n".repeat(20_000));
    session.settle();
    let unread = session.connection.transport().control().pull().len();
    assert!(
        unread > 20_000 || session.connection.machine.output().len() < 100_000,
        "{unread}"
    );
    assert!(session.connection.machine.output().len() < 100_000);
    assert!(session.peer.pull().is_empty());
}

#[test]
fn debug_output_hides_the_octets() {
    let mut session = Session::new();
    session.settle();
    session.peer.push("AUTH PLAIN secret");
    session.settle();
    let shown = std::format!("{:?}", session.connection);
    assert!(
        shown.contains("input: 17") && !shown.contains("secret"),
        "{shown}"
    );
}

#[test]
fn a_body_is_kept_without_a_copy() {
    let mut session = Session::new();
    session.settle();
    session
        .peer
        .push("EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n");
    session.settle();
    session.peer.push("one\r\ntwo\r\n");
    let address = loop {
        let now = session.connection.transport().now();
        match session.connection.poll_body_at(now).0 {
            Step::Event(Event::Body(octets)) => break octets.as_ptr(),
            Step::Event(_) => {}
            Step::Wait(wait) => {
                let waited = session.network.settle(&mut pin!(session.connection.wait(wait)));
                assert!(waited.is_ready());
            }
        }
    };
    let kept = session.connection.take_body();
    assert_eq!(kept, "one\r\ntwo\r\n");
    assert_eq!(kept.as_ptr(), address);
}
