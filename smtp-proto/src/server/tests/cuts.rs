//! However the input is cut, what happens and what is said is the same.

use proptest::prelude::*;

use super::*;
use crate::limits::Bound;

/// Pieces that sessions are made of: whole commands, text, chunks and junk.
const PARTS: &[&[u8]] = &[
    b"EHLO client.test\r\n",
    b"MAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\n",
    b"RCPT TO:<nobody@mx.test>\r\n",
    b"RCPT TO:<c@mx.test>\r\n",
    b"DATA\r\n",
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
    b"QUIT\r\n",
    b"\r\r\n",
    b"\n",
    b"\x16\x03",
    b"an over-long line, which is longer than sixty octets because of all that it has to say\r\n",
    b"GET / HTTP/1.1\r\n",
];

/// All that comes of a session whose input arrives in pieces of this size.
fn outcome(wire: &[u8], size: usize) -> (String, String, Vec<u8>) {
    let mut config = config();
    config.limits.line = 60;
    config.limits.dropped = 300;
    config.limits.recipients = 3;
    config.limits.errors = Bound::new(100, 10);
    config.limits.unknown_commands = Bound::new(100, 5);
    config.limits.idle_commands = 20;
    config.message_limit(30);
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
    (session.said(), session.happened(), session.body)
}

proptest! {
    #[test]
    fn every_cut_gives_the_same(parts in prop::collection::vec(prop::sample::select(PARTS), 0..30), size in 1_usize..40) {
        let wire = parts.concat();
        prop_assert_eq!(outcome(&wire, size), outcome(&wire, wire.len().max(1)));
    }

    #[test]
    fn each_accepted_mail_ends_once(parts in prop::collection::vec(prop::sample::select(PARTS), 0..30)) {
        let (_, happened, _) = outcome(&parts.concat(), 7);
        // A session refuses nothing here: each MAIL that is asked about is accepted.
        let count = |what| happened.split(", ").filter(|event| event.starts_with(what)).count();
        prop_assert_eq!(count("mail"), count("verdict") + count("reset"), "{}", happened);
        prop_assert_eq!(count("closed"), 1);
        prop_assert!(happened.rsplit(", ").next().is_some_and(|last| last.starts_with("closed")));
    }
}
