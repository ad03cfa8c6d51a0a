//! Clients that close or break the connection.

use smtp_proto::server::{Closed, Reset};

use super::{
    Adapter,
    peer::Peer,
    stage::{Stage, pair},
};

/// The input of a client before the connection is lost: commands with their replies, and the last input without a reply.
const STAGES: [(&[(&str, &str)], &str); 14] = [
    (&[], ""),
    (&[], "EHL"),
    (&[HELLO], ""),
    (&[HELLO], "MAIL FROM:<ann@client.example>\r\nRC"),
    (&[HELLO, MAIL], ""),
    (&[HELLO, MAIL, RCPT], "DA"),
    (&[HELLO, MAIL, RCPT, DATA], ""),
    (&[HELLO, MAIL, RCPT, DATA], "Hello\r\n"),
    (&[HELLO, MAIL, RCPT, DATA], "Hello\r\n."),
    (&[HELLO, MAIL, RCPT, DATA], "Hello\r\n.\r"),
    (&[HELLO, MAIL, RCPT], "BDAT 100\r\nHello"),
    (&[HELLO, MAIL, RCPT, ("BDAT 7\r\nHello", "250")], ""),
    (
        &[HELLO, MAIL, RCPT, ("BDAT 7\r\nHello", "250")],
        "BDAT 1 LAST\r\n",
    ),
    (&[HELLO, ("STARTTLS", "220")], ""),
];

const HELLO: (&str, &str) = ("EHLO client.example", "250");
const MAIL: (&str, &str) = ("MAIL FROM:<ann@client.example>", "250");
const RCPT: (&str, &str) = ("RCPT TO:<bob@mx.example>", "250");
const DATA: (&str, &str) = ("DATA", "354");

/// Runs a session up to each of the stages, then the client leaves.
fn at_every_stage<A: Adapter>(leave: impl Fn(Peer), is_right: impl Fn(Closed) -> bool) {
    let stage = Stage::open::<A>();
    for (asked, said) in STAGES {
        let mut peer = stage.greeted();
        for (line, reply) in asked {
            peer.ask(line, reply);
        }
        peer.say(said);
        leave(peer);
        let why = stage.ledger.ending();
        assert!(is_right(why), "{why:?} after {asked:?} {said:?}");
        assert_eq!(stage.taken(), [], "{asked:?} {said:?}");
        // The server reports the reset of an open transaction once.
        let resets = std::mem::take(&mut stage.ledger.state().resets);
        let begun = asked.contains(&MAIL) || said.contains("MAIL");
        if begun {
            assert!(resets == [Reset::Closed] || said.starts_with("MAIL") && resets.is_empty());
        } else {
            assert_eq!(resets, [], "{asked:?} {said:?}");
        }
    }
    stage.serves();
    stage.close(());
}

/// The client closes the connection.
pub fn fin_at_every_stage<A: Adapter>() {
    let leave = |mut peer: Peer| {
        peer.finish();
        let rest = peer.rest();
        assert!(!rest.contains("2.6.0"), "{rest}");
    };
    at_every_stage::<A>(leave, |why| {
        matches!(why, Closed::ConnectionClosed | Closed::TlsFailed)
    });
}

/// The connection breaks.
pub fn reset_at_every_stage<A: Adapter>() {
    at_every_stage::<A>(Peer::reset, |why| {
        matches!(
            why,
            Closed::ConnectionLost | Closed::ConnectionClosed | Closed::TlsFailed
        )
    });
}

/// The client closes under TLS, properly or not.
pub fn fin_under_tls<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.begin_with_tls());
    for reset in [false, true] {
        let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
        peer.expect("220 ");
        for (line, reply) in [HELLO, MAIL, RCPT, DATA] {
            peer.ask(line, reply);
        }
        peer.say("Hello\r\n.");
        if reset {
            peer.reset();
        } else {
            drop(peer);
        }
        stage.ledger.ending();
        assert_eq!(stage.taken(), []);
    }
    stage.close(());
}

/// A client that closes after its last octet: the server stores the message or not, and its outcome is known to the server.
pub fn reset_after_a_whole_message<A: Adapter>() {
    let stage = Stage::open::<A>();
    for _ in 0..10 {
        let mut peer = stage.in_transaction("ann", true);
        peer.say("Hello\r\n.\r\n");
        peer.reset();
        stage.ledger.ending();
        let taken = stage.taken();
        let resets = std::mem::take(&mut stage.ledger.state().resets);
        assert_eq!(taken.len() + resets.len(), 1);
        assert!(taken.iter().all(|mail| mail.body == b"Hello\r\n"));
    }
    stage.serves();
    stage.close(());
}
