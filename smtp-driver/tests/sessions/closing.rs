//! The end of a connection.

use smtp_driver::{
    Error, LINGER_OCTETS, LINGER_TIMEOUT,
    proto::{client::Closed as ClientClosed, server::Closed},
    testing::{Network, ScriptedPeer, join},
};

use crate::support::{bob, client_config, connect, converse, receive, server, server_config};

#[test]
fn a_client_that_sends_everything_and_shuts_down_receives_everything() {
    let network = Network::new();
    let (near, far) = network.pair();
    near.control().set_capacity(20);
    let reading = async {
        let mut client = ScriptedPeer::client(near);
        client.play("S: 220*").await.unwrap();
        client
            .play("C: EHLO c\nC: MAIL FROM:<a@b>\nC: RCPT TO:<c@d>\nC: DATA\nC: Hello\nC: .\nC: <close>")
            .await
            .unwrap();
        let mut lines = Vec::new();
        while let Ok(line) = client.line().await {
            lines.push(line);
        }
        lines
    };
    let (lines, received) = network.block_on(join(reading, receive(far, server_config())));
    assert_eq!(
        (received.mails.len(), received.why),
        (1, Closed::ConnectionClosed)
    );
    assert!(lines.iter().any(|line| line.starts_with("354 ")), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("250 2."), "{lines:?}");
}

#[test]
fn a_server_lingers_for_the_client_and_discards_its_input() {
    for silent in [true, false] {
        let network = Network::new();
        let (near, far) = network.pair();
        let mut connection = server(far, server_config());
        let mut session = Box::pin(converse(&mut connection, None));
        let peer = near.control();
        assert!(network.settle(&mut session).is_pending());
        network.advance(LINGER_TIMEOUT);
        assert!(network.settle(&mut session).is_pending());
        peer.push("EHLO c\r\nBDAT x\r\n");
        peer.push("x".repeat(100_000));
        assert!(network.settle(&mut session).is_pending());
        assert!(peer.pull_text().contains("\r\n421 "));
        let begin = network.now();
        if !silent {
            drop(near);
        }
        let received = network.block_on(session);
        assert_eq!(received.why, Closed::ChunkSizeUnknown);
        let lingered = network.now().since(begin);
        assert!(if silent {
            lingered == LINGER_TIMEOUT
        } else {
            lingered.is_zero()
        });
    }
}

#[test]
fn a_server_does_not_linger_for_endless_input() {
    let network = Network::new();
    let (near, far) = network.pair();
    let control = far.control();
    let mut connection = server(far, server_config());
    let mut session = Box::pin(connection.close());
    near.control().push("x".repeat(LINGER_OCTETS + 100_000));
    assert!(network.settle(&mut session).is_ready());
    assert!(control.is_shut_down());
}

#[test]
fn a_peer_that_reads_nothing_does_not_keep_a_close() {
    let network = Network::new();
    let (_near, far) = network.pair();
    far.control().allow(0);
    let mut connection = server(far, server_config());
    network.block_on(connection.close());
    assert_eq!(network.now().since_origin(), LINGER_TIMEOUT);
}

#[test]
fn quit_closes_the_connection_after_the_reply() {
    let network = Network::new();
    let (near, far) = network.pair();
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await
    };
    let (quit, received) = network.block_on(join(sending, receive(far, server_config())));
    quit.unwrap();
    assert_eq!(received.why, Closed::Quit);
    assert!(received.error.is_none());
}

#[test]
fn a_reply_that_ends_the_session_answers_no_question() {
    let network = Network::new();
    let (near, far) = network.pair();
    let asking = async {
        let mut client = connect(near, client_config()).await.unwrap();
        match client.noop().await {
            Err(Error::Closed { why, reply, .. }) => {
                assert_eq!(why, ClientClosed::NotAvailable);
                assert_eq!(reply.map(|(_, reply)| reply.code().get()), Some(421));
            }
            other => panic!("{other:?}"),
        }
        assert!(!client.is_usable());
    };
    let answering = async {
        let mut server = ScriptedPeer::server(far);
        server
            .play("S: 220 mx\nC: EHLO client.example\nS: 250 mx\nC: NOOP\nS: 421 4.3.2 closing")
            .await
    };
    network.block_on(join(asking, answering)).1.unwrap();
}
