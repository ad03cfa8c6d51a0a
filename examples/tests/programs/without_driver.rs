//! The programs without the driver: `by_hand` in a thread, with a client over loopback, and `replay`.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../by_hand.rs"]
mod by_hand;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../../replay.rs"]
mod replay;

use std::{
    io::{self, BufRead, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    thread::{JoinHandle, spawn},
};

use smtp_proto::{
    Phase,
    server::{Closed, Config},
};

use crate::peer::{MESSAGE, Peer, SHORT_TIMEOUT, config};

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

const RECORDING: &[u8] = include_bytes!("../../replay/recording.txt");

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
