//! Clients that keep a server waiting until a deadline.

use smtp_proto::{Phase, server::Closed};

use super::{Adapter, SOON, peer::Peer, stage::Stage};

/// The client sends half a command, then nothing.
pub fn no_command<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.command = SOON);
    for said in ["", "EHLO client.example\r\nNO"] {
        let mut peer = stage.greeted();
        peer.say(said);
        let rest = peer.rest();
        assert!(rest.lines().last().unwrap().starts_with("421 4.4.2 "), "{rest}");
        assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Command));
    }
    stage.serves();
    stage.close(());
}

/// The client sends a command without an end.
pub fn a_dripping_command<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.command = SOON);
    let mut peer = stage.greeted();
    peer.drip(b'N');
    let rest = peer.rest();
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Command));
    stage.close(peer);
}

/// The client sends no message after 354.
pub fn no_content<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.data = SOON);
    for chunks in [false, true] {
        let mut peer = stage.in_transaction("ann", !chunks);
        peer.say(if chunks {
            "BDAT 10 LAST\r\nHello"
        } else {
            "Hello\r\n"
        });
        let rest = peer.rest();
        assert!(rest.starts_with("421 4.4.2 "), "{rest}");
        assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::DataBlock));
    }
    stage.close(());
}

/// The client sends a message below the minimum rate.
pub fn dripping_content<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.config.timeouts.data = SOON;
        plan.config.timeouts.min_data_rate = 1 << 20;
    });
    let mut peer = stage.in_transaction("ann", true);
    peer.drip(b'x');
    let rest = peer.rest();
    assert!(rest.starts_with("421 4.4.2 "), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::DataBlock));
    stage.close(peer);
}

/// The client sends STARTTLS, then no handshake or only its beginning.
pub fn no_handshake<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.handshake = SOON);
    for said in [&[][..], &[22, 3, 1]] {
        let mut peer = stage.ready();
        peer.ask("STARTTLS", "220");
        peer.say(said);
        let rest = peer.rest();
        assert!(!rest.contains("421"), "{rest:?}");
        assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Handshake));
    }
    stage.serves();
    stage.close(());
}

/// The client sends nothing on a port with implicit TLS.
pub fn no_tls<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.config.timeouts.handshake = SOON;
        plan.begin_with_tls();
    });
    let mut peer = Peer::connect(stage.address);
    assert_eq!(peer.rest(), "");
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Handshake));
    stage.close(peer);
}

/// The server delays the greeting, and refuses a client that sends before it.
pub fn early_talker<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.greeting_delay = SOON);
    let mut peer = Peer::connect(stage.address);
    peer.say("EHLO spam.example\r\n");
    peer.expect("554 ");
    peer.expect("503 ");
    peer.ask("QUIT", "221");
    stage.serves();
    stage.close(peer);
}
