//! The way to TLS: STARTTLS, the handshake, its deadline and its failures.

use super::*;

/// Greets as a client, and reads the extensions.
async fn say_ehlo(client: &mut ScriptedPeer<Duplex>) {
    client.play("S: 220*\nC: EHLO c\nS: 250-*").await.unwrap();
    while !client.line().await.unwrap().starts_with("250 ") {}
}

/// Plays a server as far as its reply to STARTTLS.
async fn answer_starttls(server: &mut ScriptedPeer<Duplex>) {
    let lines = "S: 220 mx\nC: EHLO client.example\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go";
    server.play(lines).await.unwrap();
}

#[test]
fn a_stalling_handshake_times_out() {
    for implicit in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let serving = async {
            let mut server = ScriptedPeer::server(far);
            if !implicit {
                answer_starttls(&mut server).await;
            }
            assert_eq!(server.octets(7).await.unwrap(), record(22, b"hello"));
            server.send([22]).await.unwrap();
            server
        };
        let connecting = async { connect_with_tls(near, implicit).await.map(drop) };
        let (client, _server) = network.block_on(join(connecting, serving));
        match client {
            Err(Error::Handshake(error)) if implicit => {
                assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
            }
            other => assert_eq!(closed(other).0, ClientClosed::TimedOut(Phase::Handshake)),
        }
        assert_eq!(network.now().since_origin(), Duration::from_secs(60));
    }
}

#[test]
fn a_stalling_handshake_times_out_without_a_reply_by_the_server() {
    for implicit in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let talking = async {
            let mut client = ScriptedPeer::client(near);
            if !implicit {
                say_ehlo(&mut client).await;
                client.play("C: STARTTLS\nS: 220*").await.unwrap();
            }
            client.send([22]).await.unwrap();
            client.expect_close().await
        };
        let (closed, received) = network.block_on(join(talking, receive_with_tls(far, implicit)));
        closed.unwrap();
        assert_eq!(received.why, Closed::TimedOut(Phase::Handshake));
        assert!(!received.encrypted);
        let seconds = network.now().since_origin().as_secs();
        assert!((60..70).contains(&seconds), "{seconds}");
    }
}

#[test]
fn octets_that_are_no_handshake_end_a_session_and_an_alert_is_sent() {
    for implicit in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let talking = async {
            let mut client = ScriptedPeer::client(near);
            if !implicit {
                say_ehlo(&mut client).await;
                client.play("C: STARTTLS\nS: 220*").await.unwrap();
            }
            client.send("EHLO client.example\r\n").await.unwrap();
            let alert = record(21, &[40]);
            assert_eq!(client.octets(alert.len()).await.unwrap(), alert);
            client.expect_close().await
        };
        let (closed, received) = network.block_on(join(talking, receive_with_tls(far, implicit)));
        closed.unwrap();
        assert_eq!(received.why, Closed::TlsFailed);
        assert_eq!(received.error.unwrap().kind(), std::io::ErrorKind::InvalidData);
        assert!(received.mails.is_empty());
    }
}

#[test]
fn a_client_sends_the_alert_of_a_failed_handshake_and_closes() {
    for implicit in [false, true] {
        let network = Network::new();
        let (near, far) = network.pair();
        let control = far.control();
        let serving = async {
            let mut server = ScriptedPeer::server(far);
            if !implicit {
                answer_starttls(&mut server).await;
            }
            assert_eq!(server.octets(7).await.unwrap(), record(22, b"hello"));
            // The alert does not fit into the stream at once.
            control.set_capacity(2);
            server.send("220 mx\r\n").await.unwrap();
            network.sleep(Duration::from_secs(1)).await;
            let alert = record(21, &[40]);
            assert_eq!(server.octets(alert.len()).await.unwrap(), alert);
            server.expect_close().await.unwrap();
            server
        };
        let connecting = async { connect_with_tls(near, implicit).await.map(drop) };
        let (client, _server) = network.block_on(join(connecting, serving));
        match client {
            Err(Error::Handshake(error)) if implicit => {
                assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
            }
            other => assert_eq!(closed(other).0, ClientClosed::TlsFailed),
        }
    }
}

#[test]
fn commands_after_starttls_are_not_executed() {
    let network = Network::new();
    let (near, far) = network.pair();
    let talking = async {
        let mut client = ScriptedPeer::client(near);
        say_ehlo(&mut client).await;
        client
            .play("C: STARTTLS\nC: MAIL FROM:<a@client.example>\nS: 421 4.7.0*\nS: <close>")
            .await
    };
    let (played, received) = network.block_on(join(talking, receive_with_tls(far, false)));
    played.unwrap();
    assert_eq!(received.why, Closed::PlaintextBeforeTls);
    assert!(!received.encrypted);

    // The same from a server.
    let network = Network::new();
    let (near, far) = network.pair();
    let serving = async {
        let mut server = ScriptedPeer::server(far);
        server
            .play(
                "S: 220 mx\nC: EHLO client.example\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS
                 S: 220 go\nS: 250-mx\nS: 250 8BITMIME\nC: <close>",
            )
            .await
    };
    let connecting = async { connect_with_tls(near, false).await.map(drop) };
    let (client, played) = network.block_on(join(connecting, serving));
    played.unwrap();
    assert_eq!(closed(client).0, ClientClosed::PlaintextBeforeTls);
}

#[test]
fn content_that_arrives_with_the_end_of_the_handshake_counts() {
    let (raw, mut session) = Raw::new();
    raw.control
        .push([record(22, b"hello"), record(23, b"QUIT\r\n")].concat());
    let received = raw.network.block_on(async {
        raw.network.sleep(Duration::from_secs(1)).await;
        raw.control.cut();
        (&mut session).await
    });
    assert_eq!(received.why, Closed::Quit);
    assert!(received.encrypted);
    assert!(content(&raw.control.pull()).contains("\r\n221 "));
}

#[test]
fn opportunistic_tls_continues_in_plaintext_if_starttls_is_refused() {
    for (policy, go_on) in [(Tls::Opportunistic, true), (Tls::Required, false)] {
        let network = Network::new();
        let (near, far) = network.pair();
        let serving = async {
            let mut server = ScriptedPeer::server(far);
            server
                .play("S: 220 mx\nC: EHLO client.example\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 not now\nC: QUIT\nS: 221 bye")
                .await
        };
        let connecting = async {
            let builder = Client::<Duplex>::builder(wanting(policy)).starttls(PretendTls::client());
            builder.on(near).await?.quit().await
        };
        let (client, played) = network.block_on(join(connecting, serving));
        played.unwrap();
        if go_on {
            client.unwrap();
        } else {
            assert_eq!(closed(client).0, client::Closed::TlsRefused);
        }
    }
}

#[test]
fn tls_without_settings_is_an_error_before_anything_is_sent() {
    for policy in [Tls::Required, Tls::Opportunistic] {
        let network = Network::new();
        let (near, far) = network.pair();
        let mut config = client_config();
        config.tls = policy;
        let client = network.block_on(Client::<Duplex>::builder(config).on(near));
        assert!(matches!(client, Err(Error::NoTls)));
        assert!(far.control().pull().is_empty());
    }
}

/// Settings turn `Tls::Disabled` into a requirement: without STARTTLS there is no session.
#[test]
fn settings_for_starttls_require_it_unless_tls_is_opportunistic() {
    for (tls, fails) in [(Tls::Disabled, true), (Tls::Opportunistic, false)] {
        let network = Network::new();
        let (near, far) = network.pair();
        let control = far.control();
        let builder = Client::<Duplex>::builder(wanting(tls)).starttls(PretendTls::client());
        let mut connecting = Box::pin(builder.on(near));
        control.push("220 mx\r\n");
        assert!(network.settle(&mut connecting).is_pending());
        control.push("250 mx\r\n");
        let done = network.settle(&mut connecting);
        if fails {
            // The client sends QUIT first.
            control.push("221 bye\r\n");
            assert!(network.block_on(connecting).is_err());
        } else {
            assert!(done.is_ready());
        }
    }
}

#[test]
fn a_handshake_may_have_all_the_time() {
    let network = Network::new();
    let (near, _far) = network.pair();
    let mut config = client_config();
    config.timeouts.handshake = Duration::MAX;
    let builder = Client::<Duplex>::builder(config).implicit_tls(PretendTls::client());
    assert!(network.settle(&mut Box::pin(builder.on(near))).is_pending());
}
