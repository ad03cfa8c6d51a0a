//! The example catcher_threads, with clients over loopback.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../catcher_threads.rs"]
mod catcher;

use std::{fs, net::SocketAddr, path::Path, thread};

use smtp_blocking::{
    Client, Listener, Peer,
    proto::{
        client::{Config, Receipt, Retry, Tls},
        types::Envelope,
    },
};
use tempfile::TempDir;

/// The envelope at the top of a stored message.
const ENVELOPE: &str = "Return-Path: <ann@example.org>\r\n\
    Delivered-To: bob@mx.example.org\r\nDelivered-To: carol@mx.example.org\r\n";

/// Starts a catcher, which serves until the end of the process.
fn start(directory: &TempDir) -> SocketAddr {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        unreachable!("a TCP listener")
    };
    let path = directory.path().to_owned();
    thread::spawn(move || catcher::catch(listener, path).unwrap());
    address
}

fn send(server: SocketAddr, from: &str, message: &[u8]) -> Receipt {
    let mut config = Config::new("client.example".parse().unwrap());
    config.tls = Tls::Disabled;
    let mut client = Client::builder(config).connect(server).unwrap();
    let envelope = Envelope::parse(from, ["bob@mx.example.org", "carol@mx.example.org"]).unwrap();
    let receipt = client.send(envelope, message).unwrap();
    client.quit().unwrap();
    receipt
}

fn stored(directory: &Path) -> Vec<String> {
    fs::read_dir(directory.join("new"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn the_catcher_stores_only_messages_that_its_policy_allows() {
    let directory = TempDir::new().unwrap();
    let server = start(&directory);
    fs::write(directory.path().join("blocked"), "<eve@example.org>\n").unwrap();
    let message = b"Subject: hi\r\n\r\nHello\r\n";
    // Greylisted at first.
    let receipt = send(server, "ann@example.org", message);
    assert!(
        receipt
            .recipients()
            .all(|(_, status)| status.retry() == Some(Retry::Later))
    );
    let receipt = send(server, "ann@example.org", message);
    assert!(receipt.all_accepted());
    assert_eq!(
        stored(directory.path()),
        [format!("{ENVELOPE}Subject: hi\r\n\r\nHello\r\n")]
    );
    // Spam, and a blocked sender.
    let receipt = send(server, "ann@example.org", catcher::GTUBE);
    assert!(!receipt.all_accepted());
    let receipt = send(server, "eve@example.org", message);
    assert!(!receipt.all_accepted());
    assert_eq!(stored(directory.path()).len(), 1);
}
