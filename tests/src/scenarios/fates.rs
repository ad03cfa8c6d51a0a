//! Servers that close the connection, and the outcome of the message.

use smtp_driver::Error;
use smtp_proto::client::{Closed, MessageOutcome, RecipientStatus};

use super::{
    Adapter,
    peer::Peer,
    talk::{ending, fate, talk, text},
};

/// Before the whole message was sent, the outcome is not accepted.
pub fn lost_at_every_stage<A: Adapter>() {
    let stages: [(fn(&mut Peer), MessageOutcome); 8] = [
        (|_| {}, MessageOutcome::None),
        (
            |peer| {
                peer.say("220 mx.example\r\n");
                peer.command("EHLO");
            },
            MessageOutcome::None,
        ),
        (|peer| peer.welcome(&[]), MessageOutcome::NotAccepted),
        (
            |peer| {
                peer.welcome(&[]);
                peer.command("MAIL");
            },
            MessageOutcome::NotAccepted,
        ),
        (up_to_rcpt, MessageOutcome::NotAccepted),
        (
            |peer| {
                up_to_rcpt(peer);
                peer.say("250-ok\r\n250");
            },
            MessageOutcome::NotAccepted,
        ),
        (
            |peer| {
                peer.welcome(&[]);
                peer.envelope(false);
                peer.command("DATA");
            },
            MessageOutcome::NotAccepted,
        ),
        (
            |peer| {
                peer.welcome(&[]);
                peer.envelope(true);
                peer.octets(5000);
            },
            MessageOutcome::NotAccepted,
        ),
    ];
    for (index, (part, wanted)) in stages.into_iter().enumerate() {
        for reset in [false, true] {
            // In the last stage there is more than sockets hold.
            let message = text(if index == 7 { 16 << 20 } else { 0 });
            let failed = talk().message(message).fail::<A, _>(|mut peer| {
                part(&mut peer);
                peer.leave(reset);
            });
            assert_eq!(fate(&failed.receipt), RecipientStatus::NotAccepted, "{index}");
            if index == 0 && matches!(failed.error, Error::Connect(_)) {
                // It was so early that there was no connection.
                continue;
            }
            let (why, became) = ending(&failed);
            assert!(
                matches!(why, Closed::ConnectionClosed | Closed::ConnectionLost),
                "{index}: {why:?}"
            );
            // The greeting was the last output, so the client may have begun the transaction or not.
            assert!(
                became == wanted || index == 2 && became == MessageOutcome::None,
                "{index}: {became:?}"
            );
        }
    }
}

fn up_to_rcpt(peer: &mut Peer) {
    peer.welcome(&[]);
    peer.command("MAIL");
    peer.say("250 ok\r\n");
    peer.command("RCPT");
}

/// After the whole message was sent, the outcome is unknown.
pub fn unknown_after_the_message<A: Adapter>() {
    for (reset, chunks) in [(false, false), (true, false), (false, true), (true, true)] {
        let talk = if chunks { talk().in_chunks() } else { talk() };
        let failed = talk.fail::<A, _>(|mut peer| {
            peer.welcome(&["CHUNKING"]);
            peer.envelope(!chunks);
            if chunks {
                let (octets, last) = peer.chunk();
                assert!(last);
                peer.octets(octets);
            } else {
                peer.content();
            }
            peer.leave(reset);
        });
        let (why, became) = ending(&failed);
        assert!(
            matches!(why, Closed::ConnectionClosed | Closed::ConnectionLost),
            "{why:?}"
        );
        assert_eq!(became, MessageOutcome::Unknown);
        assert_eq!(fate(&failed.receipt), RecipientStatus::Unknown);
    }
}

/// After an invalid final reply, the outcome is unknown, too.
pub fn broken_reply<A: Adapter>() {
    let failed = talk().fail::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.envelope(true);
        peer.content();
        peer.say("Dear client, thank you for your message\r\n");
        peer.rest();
    });
    let (why, became) = ending(&failed);
    assert!(matches!(why, Closed::Malformed(_)), "{why:?}");
    assert_eq!(became, MessageOutcome::Unknown);
}
