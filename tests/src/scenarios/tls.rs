//! TLS of a server, by STARTTLS and as implicit TLS.

use smtp_proto::server::Closed;

use super::{
    Adapter,
    peer::Peer,
    stage::{Stage, deliver, pair},
};

/// STARTTLS, and a message under it.
pub fn starttls<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    peer.ask("STARTTLS", "220");
    let mut peer = peer.start_tls(&pair().client);
    // Facts from plaintext are discarded.
    peer.ask("MAIL FROM:<ann@client.example>", "503");
    let offers = peer.ask("EHLO client.example", "250");
    assert!(!offers.iter().any(|line| line.contains("STARTTLS")), "{offers:?}");
    peer.ask("STARTTLS", "5");
    deliver(&mut peer);
    assert_eq!(stage.taken()[0].with, "ESMTPS");
    peer.ask("QUIT", "221");
    assert_eq!(peer.rest(), "");
    assert_eq!(stage.ledger.ending(), Closed::Quit);
    stage.close(peer);
}

/// TLS from the first octet.
pub fn implicit<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.begin_with_tls());
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 mx.example ");
    peer.ask("EHLO client.example", "250");
    // Large enough for many records in both directions.
    for _ in 0..3 {
        deliver(&mut peer);
    }
    peer.say("NOOP\r\n".repeat(100));
    for _ in 0..100 {
        peer.expect("250 2.0.0");
    }
    peer.ask("QUIT", "221");
    assert_eq!(peer.rest(), "");
    assert_eq!(stage.taken().len(), 3);
    assert_eq!(stage.ledger.ending(), Closed::Quit);
    stage.close(peer);
}

/// Octets that are not TLS in place of the handshake: the server sends no plaintext, at most an alert.
pub fn garbage_after_starttls<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    peer.ask("STARTTLS", "220");
    peer.say("NOOP\r\nQUIT\r\n".repeat(10));
    let rest = peer.rest();
    assert!(!rest.contains("\r\n"), "{rest:?}");
    assert_eq!(stage.ledger.ending(), Closed::TlsFailed);
    stage.serves();
    stage.close(peer);
}

/// Plaintext after STARTTLS does not count as input under TLS (CVE-2011-0411).
pub fn plaintext_after_starttls<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    peer.say("STARTTLS\r\nMAIL FROM:<eve@client.example>\r\n");
    let rest = peer.rest();
    assert!(rest.starts_with("421 ") && rest.lines().count() == 1, "{rest:?}");
    assert_eq!(stage.ledger.ending(), Closed::PlaintextBeforeTls);
    stage.serves();
    stage.close(peer);
}

/// A client that sends plaintext to a port with implicit TLS receives no plaintext.
pub fn plaintext_on_a_tls_port<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.begin_with_tls());
    let mut peer = Peer::connect(stage.address);
    peer.say("EHLO client.example\r\n");
    let rest = peer.rest();
    assert!(!rest.contains("\r\n"), "{rest:?}");
    assert_eq!(stage.ledger.ending(), Closed::TlsFailed);
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    stage.close(peer);
}

/// A client that begins TLS on a plaintext port.
pub fn tls_on_a_plain_port<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    assert!(peer.try_say("EHLO client.example\r\n").is_err());
    drop(peer);
    stage.ledger.ending();
    stage.serves();
    stage.close(());
}

/// A client that closes its side without close_notify. Its incomplete message is not stored.
pub fn closing_without_notice<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.begin_with_tls());
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    peer.ask("EHLO client.example", "250");
    peer.ask("MAIL FROM:<ann@client.example>", "250");
    peer.ask("RCPT TO:<bob@mx.example>", "250");
    peer.ask("DATA", "354");
    peer.say("Hello\r\n");
    peer.finish();
    peer.rest();
    let why = stage.ledger.ending();
    assert!(
        matches!(why, Closed::ConnectionClosed | Closed::ConnectionLost),
        "{why:?}"
    );
    stage.close(peer);
}
