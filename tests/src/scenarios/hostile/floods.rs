//! Peers that send without end. The memory of the other side is bounded by the octets that it reads before it closes.

use std::thread;

use smtp_proto::{
    client::{Closed as ClientClosed, MessageOutcome},
    server::Closed,
};

use crate::scenarios::{
    Adapter,
    peer::Peer,
    stage::{Stage, deliver},
    talk::{ending, talk},
};

/// More octets than either side reads of a flood, including socket buffers.
const FLOOD: usize = 32 << 20;

/// Sends this repeatedly until the other side closes.
#[track_caller]
fn flood(peer: &mut Peer, octets: &str) {
    let mut said = 0;
    while peer.try_say(octets).is_ok() {
        said += octets.len();
        assert!(said < FLOOD, "it is taken for ever");
    }
}

/// A command without an end.
pub fn endless_line<A: Adapter>() {
    let stage = Stage::open::<A>();
    for begin in ["", "MAIL FROM:<", "AUTH PLAIN ", "\0"] {
        let mut peer = stage.ready();
        peer.say(begin);
        flood(&mut peer, &"a".repeat(1 << 16));
        assert_eq!(stage.ledger.ending(), Closed::DropLimit);
        stage.serves();
        assert_eq!(stage.ledger.ending(), Closed::Quit);
    }
    stage.close(());
}

/// Many lines that are too long: each has a reply, and the number is limited.
pub fn long_lines<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    flood(&mut peer, &format!("NOOP {}\r\n", "a".repeat(5000)));
    let why = stage.ledger.ending();
    assert!(matches!(why, Closed::TooManyErrors), "{why:?}");
    stage.serves();
    stage.close(());
}

/// A reply without an end, in one line or in many, at each stage of a session.
pub fn endless_reply<A: Adapter>() {
    let stages: [(fn(&mut Peer), MessageOutcome); 3] = [
        (|_| {}, MessageOutcome::None),
        (
            |peer| {
                peer.say("220 mx.example\r\n");
                peer.command("EHLO");
            },
            MessageOutcome::None,
        ),
        (
            |peer| {
                peer.welcome(&[]);
                peer.envelope(true);
                peer.content();
            },
            MessageOutcome::Unknown,
        ),
    ];
    for (until, fate) in stages {
        for (begin, on) in [
            ("250-", "a".repeat(1 << 16)),
            ("250", "0".repeat(1 << 16)),
            ("", "250-on and on\r\n".repeat(5000)),
        ] {
            let failed = talk().fail::<A, _>(|mut peer| {
                until(&mut peer);
                let _ = peer.try_say(begin);
                flood(&mut peer, &on);
            });
            let (why, became) = ending(&failed);
            let expected = matches!(why, ClientClosed::Malformed(_) | ClientClosed::ReplyTooLong);
            assert!(expected, "{why:?}");
            assert_eq!(became, fate);
        }
    }
}

/// Each command of a flood gets a reply, at the rate at which the client reads the replies.
pub fn a_hundred_thousand_commands<A: Adapter>() {
    const COMMANDS: usize = 100_000;
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.limits.max_idle_commands = u32::MAX;
    });
    let mut peer = stage.ready();
    let mut socket = peer.socket.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..COMMANDS / 1000 {
                std::io::Write::write_all(&mut socket, "NOOP\r\n".repeat(1000).as_bytes()).unwrap();
            }
        });
        let reply = b"250 2.0.0 ok\r\n";
        for _ in 0..COMMANDS / 100 {
            assert!(peer.octets(reply.len() * 100) == reply.repeat(100));
        }
    });
    deliver(&mut peer);
    assert_eq!(stage.taken().len(), 1);
    stage.close(peer);
}

/// Recipients up to the limit are accepted, and each further one gets 452 (RFC 5321 section 4.5.3.1.10).
pub fn ten_thousand_recipients<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.config.limits.max_recipients = 100;
        plan.config.limits.max_idle_commands = u32::MAX;
    });
    let mut peer = stage.ready();
    peer.ask("MAIL FROM:<ann@client.example>", "250");
    let mut socket = peer.socket.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..10_000 {
                let line = format!("RCPT TO:<r{number}@mx.example>\r\n");
                std::io::Write::write_all(&mut socket, line.as_bytes()).unwrap();
            }
        });
        for number in 0..10_000 {
            peer.expect(if number < 100 { "250" } else { "452" });
        }
    });
    peer.ask("DATA", "354");
    peer.ask("Hello\r\n.", "250 2.6.0");
    let taken = stage.taken();
    let kept: Vec<_> = (0..100).map(|number| format!("r{number}@mx.example")).collect();
    assert_eq!(taken[0].to, kept);
    assert_eq!(taken.len(), 1);
    stage.close(peer);
}

/// The default limits close the session of such a client.
pub fn too_many_recipients<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    peer.ask("MAIL FROM:<ann@client.example>", "250");
    flood(&mut peer, &"RCPT TO:<bob@mx.example>\r\n".repeat(500));
    assert_eq!(stage.ledger.ending(), Closed::TooManyIdleCommands);
    stage.serves();
    stage.close(());
}

/// A message in chunks of one octet is accepted; empty chunks count as idle commands.
pub fn tiny_chunks<A: Adapter>() {
    const CHUNKS: usize = 20_000;
    let stage = Stage::open::<A>();
    let mut peer = stage.in_transaction("ann", false);
    let mut socket = peer.socket.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..CHUNKS / 1000 {
                std::io::Write::write_all(&mut socket, "BDAT 1\r\nx".repeat(1000).as_bytes()).unwrap();
            }
        });
        for _ in 0..CHUNKS {
            peer.expect("250");
        }
    });
    peer.ask("BDAT 0 LAST", "250 2.6.0");
    assert_eq!(stage.taken()[0].body, b"x".repeat(CHUNKS));
    peer.ask("MAIL FROM:<ann@client.example>", "250");
    peer.ask("RCPT TO:<bob@mx.example>", "250");
    flood(&mut peer, &"BDAT 0\r\n".repeat(500));
    assert_eq!(stage.ledger.ending(), Closed::TooManyIdleCommands);
    stage.serves();
    stage.close(());
}

/// Above the connection limit each client receives 421, and the server serves the others.
pub fn connections<A: Adapter>() {
    const PLACES: usize = 8;
    let stage = Stage::with::<A>(|plan| plan.options.max_connections = PLACES);
    let mut inside: Vec<_> = (0..PLACES).map(|_| stage.ready()).collect();
    for peer in &mut inside {
        let knocking: Vec<_> = (0..50).map(|_| Peer::connect(stage.address)).collect();
        for mut busy_reply in knocking {
            busy_reply.expect("421 ");
            assert_eq!(busy_reply.rest(), "");
        }
        deliver(peer);
        assert_eq!(stage.taken().len(), 1);
    }
    drop(inside);
    // The server frees all places, not only one.
    for _ in 0..PLACES {
        stage.ledger.ending();
    }
    let inside: Vec<_> = (0..PLACES).map(|_| stage.greeted_at_last()).collect();
    stage.close(inside);
}
