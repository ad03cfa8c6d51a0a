//! Servers that stop replying or reading.

use std::time::Duration;

use smtp_driver::Error;
use smtp_proto::{
    Phase,
    client::{Closed, Config, MessageOutcome, Timeouts, Tls},
};

use super::{
    Adapter, SOON, Way,
    peer::Peer,
    stage::pair,
    talk::{ending, talk, text},
};

/// Sets one short deadline; all others are long.
fn only(config: &mut Config, set: impl FnOnce(&mut Timeouts)) {
    config.timeouts = Timeouts::all(Duration::from_secs(600));
    config.timeouts.quit = SOON;
    set(&mut config.timeouts);
}

/// The server stops replying, at each phase.
pub fn at_every_phase<A: Adapter>() {
    every_phase::<A>(|_| {});
}

/// A server serves up to each phase in turn, then runs `then` until the client leaves.
pub(super) fn every_phase<A: Adapter>(then: fn(&mut Peer)) {
    let until_hello: fn(&mut Peer) = |peer| {
        peer.say("220 mx.example\r\n");
        peer.command("EHLO");
    };
    let until_mail: fn(&mut Peer) = |peer| {
        peer.welcome(&[]);
        peer.command("MAIL");
    };
    let until_rcpt: fn(&mut Peer) = |peer| {
        peer.welcome(&[]);
        peer.command("MAIL");
        peer.say("250 ok\r\n");
        peer.command("RCPT");
        // Half a reply does not stop the deadline.
        peer.say("250-o");
    };
    let until_data: fn(&mut Peer) = |peer| {
        peer.welcome(&[]);
        peer.envelope(false);
        peer.command("DATA");
    };
    let until_end: fn(&mut Peer) = |peer| {
        peer.welcome(&[]);
        peer.envelope(true);
        peer.content();
    };
    let greeting: fn(&mut Timeouts) = |timeouts| timeouts.greeting = SOON;
    let phases: [(fn(&mut Timeouts), fn(&mut Peer), Phase, MessageOutcome); 6] = [
        (greeting, |_| {}, Phase::Greeting, MessageOutcome::None),
        (
            |timeouts| timeouts.command = SOON,
            until_hello,
            Phase::Command,
            MessageOutcome::None,
        ),
        (
            |timeouts| timeouts.mail = SOON,
            until_mail,
            Phase::Mail,
            MessageOutcome::NotAccepted,
        ),
        (
            |timeouts| timeouts.recipient = SOON,
            until_rcpt,
            Phase::Recipient,
            MessageOutcome::NotAccepted,
        ),
        (
            |timeouts| timeouts.data_start = SOON,
            until_data,
            Phase::DataStart,
            MessageOutcome::NotAccepted,
        ),
        (
            |timeouts| timeouts.data_end = SOON,
            until_end,
            Phase::DataEnd,
            MessageOutcome::Unknown,
        ),
    ];
    for (set, until, phase, fate) in phases {
        let failed = talk().with(|config| only(config, set)).fail::<A, _>(|mut peer| {
            until(&mut peer);
            then(&mut peer);
            peer.rest();
        });
        assert_eq!(ending(&failed), (Closed::TimedOut(phase), fate));
    }
}

/// The server stops reading a message.
pub fn of_a_reader<A: Adapter>() {
    for chunks in [false, true] {
        let mut talk = talk().little_room().message(text(16 << 20)).with(|config| {
            only(config, |timeouts| {
                timeouts.write = SOON;
                timeouts.data_block = SOON;
                timeouts.data_end = SOON;
            });
        });
        if chunks {
            talk = talk.in_chunks();
        }
        let failed = talk.fail::<A, _>(|mut peer| {
            peer.welcome(&["PIPELINING", "CHUNKING"]);
            peer.envelope(!chunks);
            peer.octets(5000);
            peer
        });
        let (why, fate) = ending(&failed);
        // After a whole chunk has been written, only its reply can be late.
        let is_right = match why {
            Closed::TimedOut(Phase::Write | Phase::DataBlock) => true,
            Closed::TimedOut(Phase::DataEnd) => chunks,
            _ => false,
        };
        assert!(is_right, "{why:?}");
        assert_eq!(fate, MessageOutcome::NotAccepted);
    }
}

/// The server reads nothing of the message. If its end fits only into the TLS buffer, the end counts as not sent. The search
/// finds the longest message that the sockets hold, because their capacity varies.
pub fn of_a_reader_under_tls<A: Adapter>() {
    let (mut taken, mut stuck) = (0, 16 << 20);
    while stuck - taken > 1 << 14 {
        let octets = usize::midpoint(taken, stuck);
        let tls = Way::Implicit(pair().client.clone());
        let talk = talk().way(tls).little_room().message(text(octets));
        let talk = talk.with(|config| {
            only(config, |timeouts| {
                timeouts.write = SOON;
                timeouts.data_block = SOON;
                timeouts.data_end = SOON;
            });
        });
        let mut kept = None;
        let failed = talk.fail::<A, _>(|peer| {
            let mut peer = peer.accept_tls(&pair().server);
            peer.welcome(&[]);
            peer.envelope(true);
            kept = Some(peer);
        });
        // The octets that arrive after the client timed out.
        let arrived = kept.unwrap().octets_or_less(usize::MAX);
        let (why, fate) = ending(&failed);
        if arrived.ends_with(b"\r\n.\r\n") {
            assert_eq!(
                (why, fate),
                (Closed::TimedOut(Phase::DataEnd), MessageOutcome::Unknown)
            );
            taken = octets;
        } else {
            assert!(matches!(why, Closed::TimedOut(_)), "{why:?}");
            assert_eq!(fate, MessageOutcome::NotAccepted);
            stuck = octets;
        }
    }
}

/// The server does not begin the handshake.
pub fn no_handshake<A: Adapter>() {
    let starttls = Way::StartTls(pair().client.clone());
    let short: fn(&mut Config) = |config| only(config, |timeouts| timeouts.handshake = SOON);
    let failed = talk()
        .way(starttls)
        .with(short)
        .with(|config| config.tls = Tls::Required);
    let failed = failed.fail::<A, _>(|mut peer| {
        peer.welcome(&["STARTTLS"]);
        peer.command("STARTTLS");
        peer.say("220 go\r\n");
        peer.rest();
    });
    assert_eq!(
        ending(&failed),
        (Closed::TimedOut(Phase::Handshake), MessageOutcome::None)
    );

    let implicit = Way::Implicit(pair().client.clone());
    let failed = talk().way(implicit).with(short).fail::<A, _>(|mut peer| {
        peer.rest();
    });
    match failed.error {
        Error::Handshake(error) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut),
        other => panic!("{other:?}"),
    }
}

/// There is no listener.
pub fn of_the_network<A: Adapter>() {
    let failed = talk().run_on::<A, _>(drop).unwrap_err();
    assert!(
        matches!(failed.error, Error::Connect(_) | Error::Closed { .. }),
        "{failed:?}"
    );
}
