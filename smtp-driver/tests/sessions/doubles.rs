//! The test doubles themselves.

use std::{io, panic::catch_unwind, time::Duration};

use smtp_driver::{
    Client, Error, Transport,
    proto::{Step, server::Event},
    testing::{Duplex, Network, ScriptedPeer, join, session},
};

use crate::support::{client_config, connect, server_config};

#[test]
fn a_difference_is_reported_with_the_lines_before_it() {
    let network = Network::new();
    let (near, far) = network.pair();
    let mut server = ScriptedPeer::server(far);
    let playing = server.play("# A comment.\nS: 220 mx\n\nC: EHLO other.example\nS: 250 mx");
    let (_, played) = network.block_on(join(
        async {
            let mut connecting = Box::pin(connect(near, client_config()));
            let _ =
                std::future::poll_fn(|cx| std::task::Poll::Ready(connecting.as_mut().poll(cx).is_ready()))
                    .await;
            network.sleep(Duration::from_secs(1)).await;
            let _ =
                std::future::poll_fn(|cx| std::task::Poll::Ready(connecting.as_mut().poll(cx).is_ready()))
                    .await;
        },
        playing,
    ));
    let error = played.unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "session differs from the script\n  S: 220 mx\n- C: EHLO other.example\n+ C: EHLO client.example"
    );
}

#[test]
fn the_end_of_a_connection_is_a_difference() {
    for (octets, end) in [("", "<close>"), ("EHL", "<close in the middle of a line>")] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().push(octets);
        near.control().cut();
        let mut server = ScriptedPeer::server(far);
        let error = network.block_on(server.play("C: EHLO *")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("session differs from the script\n- C: EHLO *\n+ C: {end}")
        );
        assert_eq!(network.block_on(server.expect_close()).is_ok(), octets.is_empty());
    }
    let network = Network::new();
    let (near, far) = network.pair();
    near.control().reset();
    let mut server = ScriptedPeer::server(far);
    let error = network.block_on(server.play("S: 220 mx")).unwrap_err();
    assert!(error.to_string().ends_with("+ C: <connection reset>"), "{error}");
}

#[test]
fn a_future_that_nothing_can_wake_is_stuck() {
    let network = Network::new();
    let stuck = catch_unwind(|| network.block_on(std::future::pending::<()>()));
    assert!(stuck.is_err());
}

#[test]
fn the_clock_advances_to_the_next_deadline_only() {
    let network = Network::new();
    let mut order = Vec::new();
    network.block_on(async {
        network.sleep(Duration::from_secs(3)).await;
        order.push(network.now().since_origin().as_secs());
        network.sleep(Duration::from_secs(4)).await;
        order.push(network.now().since_origin().as_secs());
    });
    assert_eq!(order, [3, 7]);
    let mut sleep = Box::pin(network.sleep(Duration::from_secs(5)));
    assert!(network.settle(&mut sleep).is_pending());
    network.advance(Duration::from_secs(4));
    assert!(network.settle(&mut sleep).is_pending());
    network.advance(Duration::from_secs(1));
    assert!(network.settle(&mut sleep).is_ready());
}

#[test]
fn a_client_connects_to_a_listener_by_its_address() {
    let network = Network::new();
    let listener = network.listen("mx.example:25");
    let builder = Client::<Duplex>::builder(client_config());
    let serving = async {
        let (far, peer, _) = listener.accept().await;
        assert_eq!(peer.to_string(), "192.0.2.1:1");
        let mut server = ScriptedPeer::server(far);
        server
            .play("S: 220 mx\nC: EHLO client.example\nS: 250 mx\nC: QUIT\nS: 221 bye\nC: <close>")
            .await
    };
    let sending = async { builder.connect("mx.example:25").await?.quit().await };
    let (sent, played) = network.block_on(join(sending, serving));
    sent.unwrap();
    played.unwrap();
    match network.block_on(builder.connect("other.example:25")) {
        Err(Error::Connect(error)) => assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_needs_no_listener() {
    let network = Network::new();
    let (near, far) = network.pair();
    let mut session = session(near, server_config());
    assert_eq!(session.peer().to_string(), "192.0.2.1:1");
    let client = far.control();
    client.push("");
    network.block_on(async {
        loop {
            match session.poll() {
                (Step::Wait(wait), _) => {
                    if client.pull_text().starts_with("220 ") {
                        client.push("QUIT\r\n");
                    }
                    session.wait(wait).await;
                }
                (Step::Event(Event::Closed(_)), _) => break,
                (Step::Event(event), server) => {
                    if let Some(ticket) = event.into_ticket() {
                        server.accept(ticket).unwrap();
                    }
                    let _ = network.now();
                }
            }
        }
    });
    assert!(session.transport().now() >= network.now());
}
