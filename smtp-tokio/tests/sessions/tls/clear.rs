//! Plaintext around STARTTLS.

use smtp_proto::{client, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::{Pair, asked_for_tls, closed, greeted, offering, receive, wanting};
use crate::support::{Fake, on_with_starttls};

#[tokio::test]
async fn a_server_obeys_nothing_that_came_in_clear_behind_starttls() {
    let pair = Pair::new();
    let (mut near, far) = duplex(4096);
    let talking = async {
        greeted(&mut near).await;
        near.write_all(b"STARTTLS\r\nMAIL FROM:<a@client.example>\r\n")
            .await
            .unwrap();
        let mut rest = String::new();
        near.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "421 4.7.0 plaintext behind STARTTLS, closing\r\n");
    };
    let ((), received) = tokio::join!(talking, receive(far, offering(), &pair.server));
    assert_eq!(received.why, server::Closed::PlaintextBeforeTls);
    assert!(received.info.is_none());
}

#[tokio::test]
async fn a_client_believes_nothing_that_came_in_clear_behind_the_220() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n250-mx\r\n250 8BITMIME\r\n").await;
        let mut rest = Vec::new();
        fake.stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"", "no handshake, no QUIT");
    };
    let connecting = async {
        let config = wanting(client::Tls::Opportunistic);
        on_with_starttls(near, config, pair.client()).await.map(drop)
    };
    let (client, ()) = tokio::join!(connecting, serving);
    assert_eq!(closed(client).0, client::Closed::PlaintextBeforeTls);
}

#[tokio::test]
async fn opportunistic_tls_goes_on_in_clear_when_starttls_is_refused() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("454 4.7.0 not now\r\n").await;
        assert_eq!(fake.line().await, "NOOP");
        fake.say("250 ok\r\n").await;
    };
    let connecting = async {
        let config = wanting(client::Tls::Opportunistic);
        let mut client = on_with_starttls(near, config, pair.client()).await.unwrap();
        client.noop().await.unwrap();
    };
    tokio::join!(connecting, serving);
}

#[tokio::test]
async fn required_tls_leaves_when_starttls_is_refused_or_not_offered() {
    let pair = Pair::new();
    for offered in [false, true] {
        let (near, far) = duplex(4096);
        let serving = async {
            let mut fake = if offered {
                let mut fake = asked_for_tls(far).await;
                fake.say("454 4.7.0 not now\r\n").await;
                fake
            } else {
                let mut fake = Fake::new(far);
                fake.say("220 mx\r\n").await;
                assert_eq!(fake.line().await, "EHLO client.example");
                fake.say("250 mx\r\n").await;
                fake
            };
            assert_eq!(fake.line().await, "QUIT");
            fake.say("221 bye\r\n").await;
        };
        let config = wanting(client::Tls::Required);
        let (client, ()) = tokio::join!(on_with_starttls(near, config, pair.client()), serving);
        let expected = if offered {
            client::Closed::TlsRefused
        } else {
            client::Closed::TlsNotOffered
        };
        assert_eq!(closed(client).0, expected);
    }
}
