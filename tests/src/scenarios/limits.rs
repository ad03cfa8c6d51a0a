//! The number of sessions, and those that fail.

use std::net::Ipv4Addr;

use super::{
    Adapter,
    peer::Peer,
    stage::{Stage, deliver, listen, pair},
};

/// A client over the limit receives 421; the next client uses a place that becomes free.
pub fn one_connection_too_many<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.options.max_connections = 2);
    let (first, mut second) = (stage.greeted(), stage.greeted());
    for _ in 0..3 {
        let mut third = Peer::connect(stage.address);
        third.expect("421 ");
        assert_eq!(third.rest(), "");
    }
    drop(first);
    stage.serves();
    second.ask("EHLO client.example", "250");
    stage.close(second);
}

/// Connections wait in the listener's queue until the server accepts them; then it greets all of them.
pub fn a_burst_of_connections<A: Adapter>() {
    const BURST: usize = 200;
    let listener = listen();
    let address = listener.local_addr().unwrap();
    let mut peers: Vec<Peer> = (0..BURST).map(|_| Peer::connect(address)).collect();
    let stage = Stage::on::<A>(listener, |plan| {
        (
            plan.options.max_connections,
            plan.options.max_connections_per_peer,
        ) = (BURST, BURST);
    });
    for peer in &mut peers {
        peer.expect("220 mx.example ");
    }
    stage.close(peers);
}

/// With implicit TLS no plaintext reply is sent.
pub fn one_connection_too_many_over_tls<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.options.max_connections = 1;
        plan.begin_with_tls();
    });
    let mut first = Peer::connect(stage.address).start_tls(&pair().client);
    first.expect("220 ");
    let mut second = Peer::connect(stage.address);
    assert_eq!(second.rest(), "");
    first.ask("QUIT", "221");
    stage.close((first, second));
}

/// One peer cannot use the places of other peers.
pub fn one_peer_too_often<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.options.max_connections_per_peer = 1);
    let first = stage.greeted();
    let mut again = Peer::connect(stage.address);
    again.expect("421 ");
    assert_eq!(again.rest(), "");
    let mut other = Peer::connect_from(Ipv4Addr::new(127, 0, 0, 2), stage.address);
    other.expect("220 ");
    drop(first);
    stage.serves();
    stage.close((again, other));
}

/// A panic in the application ends only its own session and frees the place.
pub fn a_panic_at_every_stage<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.options.max_connections = 2);
    let mut other = stage.ready();
    for at in ["mail", "rcpt", "data", "body", "verdict"] {
        let mut peer = stage.greeted_at_last();
        peer.ask("EHLO client.example", "250");
        peer.say(format!(
            "MAIL FROM:<panic-{at}@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n"
        ));
        // Text of a message whose DATA was not answered is no command that would count.
        peer.say("Hello\r\n.\r\n");
        let rest = peer.rest();
        assert!(!rest.contains("2.6.0"), "{at}: {rest}");
        deliver(&mut other);
        assert_eq!(stage.taken().len(), 1);
    }
    drop(other);
    stage.serves();
    stage.close(());
}

/// A panic at the first event ends only its own session, too.
pub fn a_panic_before_anything<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.options.max_connections = 1);
    for _ in 0..3 {
        let mut peer = stage.greeted_at_last();
        peer.say("EHLO panic.example\r\n");
        assert_eq!(peer.rest(), "");
    }
    stage.serves();
    stage.close(());
}
