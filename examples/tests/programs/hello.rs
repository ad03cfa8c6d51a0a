//! The examples `hello_send`, `hello_server`, `pool` and `lmtp` over loopback.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../hello_send.rs"]
mod hello_send;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../../hello_server.rs"]
mod hello_server;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../../lmtp.rs"]
mod lmtp;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../../pool.rs"]
mod pool;

use std::{fs, path::Path};

use clap::Parser;
use examples::{serve::Flags, site::Site, store::Store, users::Users};
use smtp_tokio::{
    Listener, Peer, Service,
    proto::{
        client::{RecipientStatus, Retry},
        server::Config,
        types::{Envelope, Host, Protocol},
    },
    serve,
};

use crate::peer::config;

/// Starts a server, and returns its address.
fn start(config: Config, service: impl Service + 'static) -> String {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        unreachable!("a TCP listener")
    };
    tokio::spawn(async move { serve(listener, config, service).await.unwrap() });
    address.to_string()
}

fn stored(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn hello_server_stores_the_message_of_hello_send() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(config(), hello_server::Hello(folder.path().to_owned()));
    let url = format!("smtp://{server}?tls=none");
    hello_send::send(&url, "ann@example.org", "bob@example.org")
        .await
        .unwrap();
    assert_eq!(
        stored(folder.path()),
        ["From: <ann@example.org>\r\nTo: <bob@example.org>\r\nSubject: Hello\r\n\r\nHello!\r\n"]
    );
}

#[tokio::test]
async fn pool_sends_every_message_in_four_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(config(), hello_server::Hello(folder.path().to_owned()));
    let sent = pool::send(&format!("smtp://{server}?tls=none"), 20)
        .await
        .unwrap();
    assert_eq!(sent, 20);
    assert_eq!(stored(folder.path()).len(), 20);
}

#[tokio::test]
async fn lmtp_reports_the_outcome_of_each_recipient() {
    let flags = Flags::try_parse_from(["server", "--reject", "carl@mx.test"]).unwrap();
    let site = Site::new(
        Host::parse("mx.test").unwrap(),
        Store::discard(),
        Users::new([], []).unwrap(),
    );
    let mut config = config();
    config.protocol = Protocol::Lmtp;
    let server = start(config, site.with_policy(flags.policy));
    let envelope = Envelope::parse("ann@client.test", ["bob@mx.test", "carl@mx.test"]).unwrap();
    let receipt = lmtp::deliver(&format!("lmtp://{server}"), envelope, b"Subject: hi\r\n\r\n")
        .await
        .unwrap();
    let status: Vec<_> = receipt.recipients().map(|(_, status)| status).collect();
    assert!(
        matches!(
            status[..],
            [
                RecipientStatus::Accepted(_),
                RecipientStatus::Refused {
                    retry: Retry::Never,
                    ..
                }
            ]
        ),
        "{status:?}"
    );
}
