//! Events and replies do not depend on the cuts of the input.

use proptest::prelude::*;

use super::*;
use crate::limits::Threshold;

/// Pieces that sessions are made of: whole commands, text, chunks and junk.
const PARTS: &[&[u8]] = &[
    b"EHLO client.test\r\n",
    b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\n",
    b"RCPT TO:<nobody@mx.test>\r\n",
    b"RCPT TO:<c@mx.test>\r\n",
    b"DATA\r\n",
    b"MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n",
    b"MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\nmore than the limit of a message\r\n",
    b"MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 4\r\nmore",
    b"text\r\n..text\r\n",
    b"a bare\nLF and\rCR",
    b"\r\n.\r\n",
    b".\r\n",
    b"BDAT 7\r\nchunk\r\n",
    b"BDAT 5 LAST\r\nchunk",
    b"BDAT 40\r\nthis is more than the limit of a message",
    b"NOOP\r\n",
    b"RSET\r\n",
    b"VRFY joe\r\n",
    b"\r\r\n",
    b"\n",
    b"an over-long line, which is longer than sixty octets because of all that it has to say\r\n",
];

/// The events that end a session.
const ENDS: &[&[u8]] = &[b"", b"QUIT\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01"];

/// Input that a client may send in one session.
fn wire() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::collection::vec(prop::sample::select(PARTS), 0..30);
    (parts, prop::sample::select(ENDS)).prop_map(|(parts, end)| [&parts.concat(), end].concat())
}

/// Returns the results of a session whose input arrives in pieces of this size.
fn outcome(wire: &[u8], size: usize) -> (String, String, Vec<u8>) {
    let mut config = config();
    config.limits.max_line_octets = 60;
    config.limits.max_discarded_octets = 300;
    config.limits.max_recipients = 3;
    config.limits.errors = Threshold::new(100, 10);
    config.limits.unknown_commands = Threshold::new(100, 5);
    config.limits.max_idle_commands = 20;
    config.set_max_message_size(30);
    let mut session = Session::with(config);
    for piece in wire.chunks(size) {
        session.sends_octets(piece);
        if session.server.state() == State::Closed {
            break;
        }
    }
    if session.server.state() != State::Closed {
        session.ends();
    }
    (session.replies(), session.events(), session.body)
}

proptest! {
    #[test]
    fn the_session_does_not_depend_on_the_cuts(wire in wire(), size in 1_usize..40) {
        prop_assert_eq!(outcome(&wire, size), outcome(&wire, wire.len().max(1)));
    }

    #[test]
    fn each_accepted_mail_ends_once(wire in wire()) {
        let (_, events, _) = outcome(&wire, 7);
        // A session refuses nothing here: each MAIL that is asked about is accepted.
        let count = |what| events.split(", ").filter(|event| event.starts_with(what)).count();
        prop_assert_eq!(count("mail"), count("verdict") + count("reset"), "{}", events);
        prop_assert_eq!(count("closed"), 1);
        prop_assert!(events.rsplit(", ").next().is_some_and(|last| last.starts_with("closed")));
    }
}
