//! Back-pressure: a side that is slower than the other.

use std::thread;

use smtp_proto::{
    Phase,
    server::{Closed, Reset},
};

use super::{
    Adapter, SOON,
    peer::Peer,
    stage::{Stage, pair},
};

/// More octets than any socket buffers here hold: a server that stops reading does not receive all of them.
const FLOOD: usize = 32 << 20;

/// More octets than the small socket buffers of both sides hold, but few enough for the 64 KiB buffer of rustls.
const OVERFLOW: usize = 100 << 10;

/// The octets of a reply to NOOP.
const NOOP_REPLY: usize = "250 2.0.0 ok\r\n".len();

/// The server stops reading from a client that reads no replies, and closes at the deadline.
pub fn a_peer_that_stops_reading<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.limits.max_idle_commands = u32::MAX;
        plan.config.timeouts.write = SOON;
    });
    let mut peer = Peer::connect_with_little_room(stage.address);
    flood(&stage, &mut peer);
    stage.close(peer);
}

/// The same under TLS.
pub fn a_peer_that_stops_reading_under_tls<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.limits.max_idle_commands = u32::MAX;
        plan.config.timeouts.write = SOON;
        plan.begin_with_tls();
    });
    let mut peer = Peer::connect_with_little_room(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    flood(&stage, &mut peer);
    stage.close(peer);
}

/// The client stops reading replies, then stops sending. The write deadline also covers octets in the buffer of rustls.
pub fn replies_in_the_tls_buffer<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.limits.max_idle_commands = u32::MAX;
        plan.config.timeouts.write = SOON;
        plan.begin_with_tls();
    });
    let mut peer = Peer::connect_with_little_room(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    // One command per write, because the size of a write must not matter.
    for _ in 0..OVERFLOW / NOOP_REPLY {
        if peer.try_say("NOOP\r\n").is_err() {
            break;
        }
    }
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Write));
    stage.close(peer);
}

fn flood(stage: &Stage, peer: &mut Peer) {
    let commands = "NOOP\r\n".repeat(1000);
    let mut taken = 0;
    while peer.try_say(&commands).is_ok() {
        taken += commands.len();
        assert!(taken < FLOOD, "the server reads what it cannot answer");
    }
    assert_eq!(stage.ledger.ending(), Closed::TimedOut(Phase::Write));
}

/// A busy application: the client waits with its message, and other sessions are served.
pub fn an_application_that_stops_reading<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.set_max_message_size(FLOOD as u64);
    });
    let message = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(1 << 17);
    let mut peer = stage.in_transaction("hold-body", true);
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            peer.say(&message);
            peer.ask(".", "250 2.6.0");
        });
        drop(stage.ledger.wait_until(|state| state.at_gate == 1));
        for _ in 0..3 {
            stage.serves();
        }
        assert!(!sending.is_finished());
        stage.ledger.open_gate();
    });
    assert!(stage.taken()[0].body == message);
    stage.close(peer);
}

/// While the verdict is open, later commands get no reply, and other sessions are served.
pub fn a_late_verdict<A: Adapter>() {
    for whim in ["late-verdict", "hold-verdict"] {
        let stage = Stage::open::<A>();
        let mut peer = stage.in_transaction(whim, true);
        peer.say("Hello\r\n.\r\nNOOP\r\nQUIT\r\n");
        drop(stage.ledger.wait_until(|state| state.at_gate == 1));
        stage.serves();
        assert_eq!(stage.taken(), []);
        stage.ledger.open_gate();
        peer.expect("250 2.6.0");
        peer.expect("250 2.0.0");
        peer.expect("221");
        assert_eq!(peer.rest(), "");
        assert_eq!(stage.taken().len(), 1);
        stage.close(peer);
    }
}

/// An answer after the 451 has no effect.
pub fn a_verdict_after_its_deadline<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.message_acceptance = SOON);
    let mut peer = stage.in_transaction("late-verdict", true);
    peer.ask("Hello\r\n.", "451");
    assert_eq!(
        stage.ledger.wait_until(|state| state.at_gate == 1).resets,
        [Reset::Unanswered]
    );
    stage.ledger.open_gate();
    drop(stage.ledger.wait_until(|state| state.stale == 1));
    peer.ask("NOOP", "250");
    stage.close(peer);
}

/// If the application does not answer, the server sends 451.
pub fn no_answer<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.application = SOON);
    let mut peer = stage.ready();
    peer.ask("MAIL FROM:<silent-mail@client.example>", "451");
    peer.ask("MAIL FROM:<silent-rcpt@client.example>", "250");
    peer.ask("RCPT TO:<bob@mx.example>", "451");
    peer.ask("QUIT", "221");
    stage.close(peer);
}

/// An unanswered message is refused after its deadline, and the transaction is void.
pub fn no_verdict<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.message_acceptance = SOON);
    let mut peer = stage.in_transaction("silent-verdict", true);
    peer.ask("Hello\r\n.", "451");
    assert_eq!(stage.ledger.state().resets, [Reset::Unanswered]);
    peer.ask("QUIT", "221");
    stage.close(peer);
}
