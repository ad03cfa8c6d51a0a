//! How TLS ends.

use std::sync::Arc;

use smtp_proto::{client, server};
use smtp_tokio::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Pair, asked_for_tls, heard, offering, receive_over_tls, wanting};
use crate::support::Fake;

#[tokio::test]
async fn a_client_that_quits_says_close_notify() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n").await;
        let acceptor = TlsAcceptor::from(Arc::clone(&pair.server));
        let mut fake = Fake::new(acceptor.accept(fake.stream).await.unwrap());
        assert_eq!(fake.line().await, "EHLO client.example");
        fake.say("250 mx\r\n").await;
        assert_eq!(fake.line().await, "QUIT");
        fake.say("221 bye\r\n").await;
        // Without close_notify rustls calls it an unexpected end.
        assert_eq!(fake.stream.read(&mut [0; 10]).await.unwrap(), 0);
    };
    let quitting = async {
        let config = wanting(client::Tls::Required);
        let client = Client::on_with_tls(near, config, pair.client()).await.unwrap();
        client.quit().await.unwrap();
    };
    tokio::join!(quitting, serving);
}

#[tokio::test]
async fn a_server_that_closes_says_close_notify() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let talking = async {
        let connector = TlsConnector::from(Arc::clone(pair.client.config()));
        let mut near = connector.connect(pair.client.name().clone(), near).await.unwrap();
        assert!(heard(&mut near).await.starts_with("220 "));
        near.write_all(b"QUIT\r\n").await.unwrap();
        assert!(heard(&mut near).await.starts_with("221 "));
        assert_eq!(near.read(&mut [0; 10]).await.unwrap(), 0);
    };
    let ((), received) = tokio::join!(talking, receive_over_tls(far, offering(), &pair.server));
    assert_eq!(received.why, server::Closed::Quit);
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_broken_connection() {
    let pair = Pair::new();
    for notify in [false, true] {
        let (near, far) = duplex(4096);
        let talking = async {
            let connector = TlsConnector::from(Arc::clone(pair.client.config()));
            let mut near = connector.connect(pair.client.name().clone(), near).await.unwrap();
            assert!(heard(&mut near).await.starts_with("220 "));
            if notify {
                near.shutdown().await.unwrap();
            }
        };
        let ((), received) = tokio::join!(talking, receive_over_tls(far, offering(), &pair.server));
        let expected = if notify {
            server::Closed::ConnectionClosed
        } else {
            server::Closed::ConnectionLost
        };
        assert_eq!(received.why, expected);
    }
}
