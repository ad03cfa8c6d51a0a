//! The shutdown of a server.

use std::{net::TcpStream, time::Duration};

use smtp_proto::server::{Closed, Reset};

use super::{
    Adapter, SOON,
    peer::Peer,
    stage::{Stage, deliver, pair},
};

/// Longer than the test waits: a session that ends before this did not time out.
const LONG: Duration = Duration::from_secs(60);

const FAREWELL: &str = "421 4.3.2 closing for shutdown, try again later\r\n";

/// A client without an open transaction receives 421 at once, and the server accepts no further connection.
pub fn idle_sessions_receive_421<A: Adapter>() {
    let mut stage = Stage::with::<A>(|plan| plan.options.shutdown_grace = LONG);
    let mut peers = [stage.greeted(), stage.ready()];
    deliver(&mut peers[1]);
    stage.running.stop();
    for peer in &mut peers {
        assert_eq!(peer.rest(), FAREWELL);
    }
    drop(peers);
    assert_eq!(stage.taken().len(), 1);
    let address = stage.address;
    stage.close(());
    assert!(TcpStream::connect(address).is_err(), "somebody listens");
}

/// A client may finish its open transaction.
pub fn a_transaction_is_finished<A: Adapter>() {
    let mut stage = Stage::with::<A>(|plan| plan.options.shutdown_grace = LONG);
    let mut idle = stage.ready();
    let mut early = stage.in_transaction("ann", false);
    let mut late = stage.in_transaction("ann", true);
    late.say("Hel");
    stage.running.stop();
    assert_eq!(idle.rest(), FAREWELL);
    drop(idle);
    early.ask("RCPT TO:<carl@mx.example>", "250");
    early.ask("DATA", "354");
    for (peer, rest) in [(&mut early, "Hello\r\n.\r\n"), (&mut late, "lo\r\n.\r\n")] {
        peer.say(rest);
        peer.expect("250 2.6.0");
        assert_eq!(peer.rest(), FAREWELL);
    }
    drop((early, late));
    let taken = stage.taken();
    assert_eq!(taken.len(), 2);
    assert!(taken.iter().all(|mail| mail.body == b"Hello\r\n"));
    for _ in 0..3 {
        assert_eq!(stage.ledger.ending(), Closed::Shutdown);
    }
    stage.close(());
}

/// The application may still answer an open question.
pub fn an_open_question_is_answered<A: Adapter>() {
    for whim in ["late-verdict", "hold-verdict"] {
        let mut stage = Stage::with::<A>(|plan| plan.options.shutdown_grace = LONG);
        let mut idle = stage.ready();
        let mut peer = stage.in_transaction(whim, true);
        peer.say("Hello\r\n.\r\n");
        drop(stage.ledger.wait_until(|state| state.at_gate == 1));
        stage.running.stop();
        assert_eq!(idle.rest(), FAREWELL);
        drop(idle);
        stage.ledger.open_gate();
        peer.expect("250 2.6.0");
        assert_eq!(peer.rest(), FAREWELL);
        drop(peer);
        assert_eq!(stage.taken().len(), 1);
        stage.close(());
    }
}

/// A client that does not finish in time receives 421, and the server does not store its message.
pub fn after_the_grace_period<A: Adapter>() {
    let mut stage = Stage::with::<A>(|plan| plan.options.shutdown_grace = SOON);
    let mut peers = [
        stage.in_transaction("ann", false),
        stage.in_transaction("ann", true),
        stage.in_transaction("silent-verdict", true),
    ];
    peers[1].say("Hello\r\n");
    peers[2].say("Hello\r\n.\r\n");
    stage.running.stop();
    for peer in &mut peers {
        assert_eq!(peer.rest(), FAREWELL);
    }
    drop(peers);
    for _ in 0..3 {
        assert_eq!(stage.ledger.ending(), Closed::Shutdown);
    }
    assert_eq!(stage.ledger.state().resets, [Reset::Closed; 3]);
    stage.close(());
}

/// The server does not wait for a handshake, and sends no plaintext into it.
pub fn a_handshake_is_aborted<A: Adapter>() {
    for implicit in [false, true] {
        let mut stage = Stage::with::<A>(|plan| {
            plan.options.shutdown_grace = LONG;
            if implicit {
                plan.begin_with_tls();
            }
        });
        let mut peer = if implicit {
            Peer::connect(stage.address)
        } else {
            let mut peer = stage.ready();
            peer.ask("STARTTLS", "220");
            peer
        };
        // The beginning of a record.
        peer.say([22, 3, 1]);
        // With implicit TLS the server may stop before it accepts the connection.
        stage.running.stop();
        assert_eq!(peer.rest(), "");
        drop(peer);
        stage.close(());
    }
}

/// Under TLS, the 421 and the end of the stream are encrypted.
pub fn sessions_under_tls_receive_421<A: Adapter>() {
    let mut stage = Stage::with::<A>(|plan| {
        plan.options.shutdown_grace = LONG;
        plan.begin_with_tls();
    });
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    peer.ask("EHLO client.example", "250");
    stage.running.stop();
    peer.expect(FAREWELL.trim_end());
    // With notice: else it would be an error.
    assert!(peer.is_over());
    drop(peer);
    stage.close(());
}
