//! Tests of the examples. Each example runs in a thread, and a client connects over loopback if the example listens.
//! No test depends on timing; [`TEST_TIMEOUT`] only prevents a failing test from hanging.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a panic reports a failed test, and drivers own streams"
)]

#[expect(dead_code, reason = "a program of its own")]
#[path = "../examples/by_hand.rs"]
mod by_hand;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../examples/replay.rs"]
mod replay;

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    thread::{JoinHandle, spawn},
    time::Duration,
};

use smtp_proto::{
    Phase,
    server::{Closed, Config},
    types::Host,
};

/// Maximum wait of a client.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A deadline that tests let expire. Long enough for a client to send a few commands.
const SHORT_TIMEOUT: Duration = Duration::from_millis(500);

const MESSAGE: &str = "Subject: hi\r\n\r\n.a dot\r\n";

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

/// The client's side of a stream.
struct Peer(BufReader<TcpStream>);

impl Peer {
    /// Connects without waiting for the greeting.
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TEST_TIMEOUT)).unwrap();
        Self(BufReader::new(stream))
    }

    fn greeted(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address);
        peer.expect_reply("220 mx.test ");
        peer
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads a reply and checks the start of its last line.
    fn expect_reply(&mut self, begin: &str) {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            assert!(
                self.0.read_line(&mut reply).unwrap() > 0,
                "the end after {reply:?}"
            );
            let line = reply.get(start..).unwrap();
            if line.get(3..4) != Some("-") {
                assert!(line.starts_with(begin), "{reply:?} and not {begin:?}");
                break;
            }
        }
    }

    fn expect_replies(&mut self, replies: &[&str]) {
        for begin in replies {
            self.expect_reply(begin);
        }
    }

    fn expect_close(&mut self) {
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0);
    }

    /// Runs a complete session with one message, in two groups of commands.
    fn send_message(&mut self, from: &str) {
        self.send("EHLO client.test\r\n");
        self.expect_reply("250 ");
        self.send(&format!(
            "MAIL FROM:<{from}>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>\r\nDATA\r\n"
        ));
        self.expect_replies(&["250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "]);
        self.send("Subject: hi\r\n\r\n..a dot\r\n.\r\nQUIT\r\n");
        self.expect_replies(&["250 2.6.0", "221 "]);
        self.expect_close();
    }
}

/// Starts the example for one session. Returns its address, and the reason of the end and the store.
fn by_hand<S: Write + Send + 'static>(config: Config, mut store: S) -> (SocketAddr, JoinHandle<(Closed, S)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let session = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let why = by_hand::run_session(stream, config.into(), &mut store).unwrap();
        (why, store)
    });
    (address, session)
}

#[test]
fn by_hand_accepts_a_message() {
    let (address, session) = by_hand(config(), Vec::new());
    Peer::greeted(address).send_message("a@client.test");
    assert_eq!(session.join().unwrap(), (Closed::Quit, MESSAGE.into()));
}

#[test]
fn by_hand_accepts_commands_octet_by_octet_and_all_at_once() {
    let group = "EHLO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 3\r\nno\nRSET\r\n\
                 MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 4 LAST\r\nyes\nQUIT\r\n";
    for size in [1, 4096] {
        let (address, session) = by_hand(config(), Vec::new());
        let mut peer = Peer::greeted(address);
        for piece in group.as_bytes().chunks(size) {
            peer.send(str::from_utf8(piece).unwrap());
        }
        peer.expect_replies(&["250 ", "250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.0.0"]);
        peer.expect_replies(&["250 2.1.0", "250 2.1.5", "250 2.6.0", "221 "]);
        assert_eq!(session.join().unwrap(), (Closed::Quit, b"yes\n".into()));
    }
}

#[test]
fn by_hand_refuses_a_message_that_cannot_be_stored() {
    let store: &mut [u8] = Box::leak(Box::new([0; 5]));
    let (address, session) = by_hand(config(), store);
    let mut peer = Peer::greeted(address);
    peer.send("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    peer.expect_replies(&["250 ", "250 ", "250 ", "354 "]);
    peer.send("too long\r\n.\r\n");
    peer.expect_reply("452 ");
    drop(peer);
    assert_eq!(session.join().unwrap().0, Closed::ConnectionClosed);
}

#[test]
fn by_hand_times_out_a_silent_client() {
    let mut config = config();
    config.timeouts.command = SHORT_TIMEOUT;
    let (address, session) = by_hand(config, Vec::new());
    let mut peer = Peer::greeted(address);
    peer.send("NOO");
    peer.expect_reply("421 ");
    peer.expect_close();
    assert_eq!(session.join().unwrap().0, Closed::TimedOut(Phase::Command));
}

const RECORDING: &[u8] = include_bytes!("../examples/replay/recording.txt");

/// The output of a replay: the lines of the client, the lines of the server, and the reason of the end.
fn replayed(recording: &[u8], piece: Option<usize>) -> (Vec<String>, Vec<String>, Closed) {
    let mut out = Vec::new();
    let why = replay::replay(config(), recording, piece.and_then(NonZeroUsize::new), &mut out).unwrap();
    let (client, server) = BufRead::lines(out.as_slice())
        .map(io::Result::unwrap)
        .partition(|line| line.starts_with("C: "));
    (client, server, why)
}

#[test]
fn a_replay_shows_both_sides() {
    let (client, server, why) = replayed(RECORDING, None);
    let recorded: Vec<String> = str::from_utf8(RECORDING)
        .unwrap()
        .split_terminator("\r\n")
        .map(|line| format!("C: {line}"))
        .collect();
    assert_eq!(client, recorded);
    assert!(server.iter().all(|line| line.starts_with("S: ")));
    let accepted = server.iter().filter(|line| line.starts_with("S: 250 2.6.0 "));
    assert_eq!(accepted.count(), 2);
    assert_eq!(why, Closed::Quit);
}

#[test]
fn a_replay_does_not_depend_on_the_size_of_pieces() {
    let whole = replayed(RECORDING, None);
    for piece in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(replayed(RECORDING, Some(piece)), whole, "pieces of {piece}");
    }
}

#[test]
fn a_replay_needs_no_clock_for_delayed_replies() {
    let faults = "FROB\r\n".repeat(100);
    let (_, server, why) = replayed(faults.as_bytes(), None);
    assert_eq!(why, Closed::TooManyUnknownCommands);
    assert!(server.len() > 20, "{server:?}");
}

#[test]
fn a_replay_shows_control_characters_as_escapes() {
    let (client, _, why) = replayed(b"NOOP \x1b[2J\r\nHE", None);
    assert_eq!(client, ["C: NOOP \\u{1b}[2J"]);
    assert_eq!(why, Closed::ConnectionClosed);
}
