//! Clients that send a PROXY header.

use std::time::Duration;

use smtp_driver::{
    Client, Connection, InvalidProxyHeader, ProxyHeader, ProxyHeaderError, ProxyVersion,
    proto::{
        client::Tls,
        server::{Closed, Server},
    },
    testing::{Duplex, Network, PretendTls, join},
};

use crate::support::{self, bob, client_config, converse, server_config, wanting};

#[test]
fn a_client_sends_a_header_before_everything_else() {
    for (tls, implicit) in [
        (Tls::Disabled, false),
        (Tls::Required, false),
        (Tls::Required, true),
    ] {
        for room in [1, 7, 4096] {
            let network = Network::new();
            let (near, far) = network.pair();
            far.control().set_capacity(room);
            let header = ProxyHeader::new(
                ProxyVersion::V2,
                "203.0.113.7:1".parse().unwrap(),
                "198.51.100.25:25".parse().unwrap(),
            );
            let builder = Client::<Duplex>::builder(wanting(tls)).proxy_header(header.clone());
            let sending = async {
                let builder = match (tls, implicit) {
                    (Tls::Disabled, _) => builder,
                    (_, true) => builder.implicit_tls(PretendTls::client()),
                    _ => builder.starttls(PretendTls::client()),
                };
                let mut client = builder.on(near).await.unwrap();
                let receipt = client.send(bob(), "Hello\r\n").await.unwrap();
                assert!(receipt.all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = async {
                let config = support::offering();
                let mut connection = Connection::new(far, Server::new(config.into()));
                let read = connection
                    .read_proxy_header(Duration::from_secs(5))
                    .await
                    .unwrap();
                assert_eq!(read, header);
                if implicit {
                    connection.start_implicit_tls(&PretendTls::server());
                }
                converse(&mut connection, Some(&PretendTls::server())).await
            };
            let ((), received) = network.block_on(join(sending, receiving));
            assert_eq!(received.mails.len(), 1);
            assert_eq!(received.encrypted, tls != Tls::Disabled);
        }
    }
}

#[test]
fn the_octets_after_a_header_may_be_those_of_tls() {
    // The header and the first flight of the client arrive in one read.
    let network = Network::new();
    let (near, far) = network.pair();
    let (near_control, far_control) = (near.control(), far.control());
    far_control.set_capacity(4096);
    drop(near_control);
    let builder = Client::<Duplex>::builder(wanting(Tls::Required))
        .proxy_header(ProxyHeader::unknown(ProxyVersion::V1))
        .implicit_tls(PretendTls::client());
    let sending = async {
        let client = builder.on(near).await.unwrap();
        client.quit().await.unwrap();
    };
    let receiving = async {
        network.sleep(Duration::from_secs(1)).await;
        let mut connection = Connection::new(far, Server::new(server_config().into()));
        connection
            .read_proxy_header(Duration::from_secs(5))
            .await
            .unwrap();
        connection.start_implicit_tls(&PretendTls::server());
        converse(&mut connection, None).await
    };
    let ((), received) = network.block_on(join(sending, receiving));
    assert_eq!(received.why, Closed::Quit);
}

#[test]
fn a_missing_header_is_an_error() {
    let network = Network::new();
    let limit = Duration::from_secs(5);
    for (octets, cut, why) in [
        ("EHLO", false, "connection does not begin with a PROXY header"),
        ("PROXY", false, "PROXY header is incomplete after its time"),
        (
            "PROXY",
            true,
            "peer closed the connection before the end of its PROXY header",
        ),
    ] {
        let (near, far) = network.pair();
        near.control().push(octets);
        if cut {
            near.control().cut();
        }
        let mut connection = Connection::new(far, Server::new(server_config().into()));
        let error = network.block_on(connection.read_proxy_header(limit)).unwrap_err();
        assert_eq!(error.to_string(), why);
        if octets == "EHLO" {
            assert!(matches!(
                error,
                ProxyHeaderError::Invalid(InvalidProxyHeader::Missing)
            ));
        }
        drop(near);
    }
}

#[test]
fn a_server_that_accepts_nothing_receives_no_header() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(0);
    let builder =
        Client::<Duplex>::builder(client_config()).proxy_header(ProxyHeader::unknown(ProxyVersion::V1));
    let error = network.block_on(builder.on(near)).unwrap_err();
    assert!(matches!(error, smtp_driver::Error::Connect(_)), "{error}");
    drop(far);
}
