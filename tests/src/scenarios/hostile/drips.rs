//! Peers that send octets all the time without completing anything: no phase is prolonged. The module `deadlines` has the
//! cases of a command and of text.

use std::time::Duration;

use smtp_proto::{
    Phase,
    server::{Closed, Timeouts},
};

use crate::scenarios::{
    Adapter, SOON,
    peer::Peer,
    silence::every_phase,
    stage::{Stage, pair},
};

/// The server's deadlines are far off, but for these.
fn only<A: Adapter>(implicit_tls: bool, set: impl FnOnce(&mut Timeouts)) -> Stage {
    Stage::with::<A>(|plan| {
        plan.config.timeouts.command = Duration::from_secs(600);
        plan.config.timeouts.data = Duration::from_secs(600);
        if implicit_tls {
            plan.begin_with_tls();
        }
        set(&mut plan.config.timeouts);
    })
}

/// A response in an exchange of AUTH.
pub fn a_response<A: Adapter>() {
    let stage = only::<A>(true, |timeouts| timeouts.command = SOON);
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    peer.ask("EHLO client.example", "250");
    peer.ask("AUTH PLAIN", "334");
    peer.drip(b'A');
    let rest = peer.rest();
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Auth));
    stage.close(peer);
}

/// A chunk.
pub fn a_chunk<A: Adapter>() {
    let stage = only::<A>(false, |timeouts| {
        timeouts.data = SOON;
        timeouts.min_data_rate = 1 << 20;
    });
    let mut peer = stage.in_transaction("ann", false);
    peer.say("BDAT 1000000 LAST\r\n");
    peer.drip(b'x');
    let rest = peer.rest();
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::DataBlock));
    stage.close(peer);
}

/// A handshake: a record that is as long as records may be.
pub fn a_handshake<A: Adapter>() {
    for implicit in [false, true] {
        let stage = only::<A>(implicit, |timeouts| timeouts.handshake = SOON);
        let mut peer = Peer::connect(stage.address);
        if !implicit {
            peer.expect("220 ");
            peer.ask("EHLO client.example", "250");
            peer.ask("STARTTLS", "220");
        }
        peer.say([22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb, 3, 3]);
        peer.drip(0);
        let rest = peer.rest();
        assert!(!rest.contains("421"), "{rest:?}");
        assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Handshake));
        stage.close(peer);
    }
}

/// While the greeting is held back.
pub fn before_the_greeting<A: Adapter>() {
    let stage = only::<A>(false, |timeouts| {
        timeouts.greeting_delay = SOON;
        timeouts.command = SOON;
    });
    let mut peer = Peer::connect(stage.address);
    peer.drip(b'E');
    peer.expect("554 ");
    peer.drip(b'E');
    let rest = peer.rest();
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Command));
    stage.close(peer);
}

/// A reply, at each phase of a client's session.
pub fn a_reply<A: Adapter>() {
    every_phase::<A>(|peer| {
        let _ = peer.try_say("250-");
        peer.drip(b'x');
    });
}
