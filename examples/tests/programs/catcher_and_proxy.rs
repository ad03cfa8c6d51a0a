//! The examples catcher and proxy, with clients over loopback.

#[expect(dead_code, reason = "a program of its own")]
#[path = "../../catcher.rs"]
mod catcher;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../../proxy.rs"]
mod proxy;

use std::{fs, io::ErrorKind};

use smtp_tokio::{
    Client, Error, Listener, Peer,
    proto::{
        client::{Config, Receipt, Retry, Tls},
        types::Envelope,
    },
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// The envelope at the top of a stored message.
const ENVELOPE: &str = "Return-Path: <ann@example.org>\r\n\
    Delivered-To: bob@mx.example.org\r\nDelivered-To: carol@mx.example.org\r\n";

/// A catcher, and a proxy before it.
struct Servers {
    directory: TempDir,
    catcher: String,
    proxy: String,
}

async fn bind() -> (Listener, String) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        unreachable!("a TCP listener")
    };
    (listener, address.to_string())
}

async fn start() -> Servers {
    let directory = TempDir::new().unwrap();
    let (listener, catcher) = bind().await;
    let path = directory.path().to_owned();
    tokio::spawn(async move { catcher::catch(listener, path).await.unwrap() });
    let (listener, proxy) = bind().await;
    let next_hop = catcher.clone();
    tokio::spawn(async move { proxy::pass(listener, next_hop).await.unwrap() });
    Servers {
        directory,
        catcher,
        proxy,
    }
}

async fn send(server: &str, from: &str, message: &[u8]) -> Result<Receipt, Error> {
    let mut config = Config::new("client.example".parse().unwrap());
    config.tls = Tls::Disabled;
    let mut client = Client::builder(config).connect(server).await.unwrap();
    let envelope = Envelope::parse(from, ["bob@mx.example.org", "carol@mx.example.org"]).unwrap();
    let sent = client.send(envelope, message).await.map_err(|error| error.error);
    client.quit().await.unwrap();
    sent
}

fn stored(servers: &Servers) -> Vec<String> {
    fs::read_dir(servers.directory.path().join("new"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn the_catcher_stores_only_messages_that_its_policy_allows() {
    let servers = start().await;
    fs::write(servers.directory.path().join("blocked"), "<eve@example.org>\n").unwrap();
    let message = b"Subject: hi\r\n\r\nHello\r\n";
    // Greylisted at first.
    let receipt = send(&servers.catcher, "ann@example.org", message).await.unwrap();
    assert!(
        receipt
            .recipients()
            .all(|(_, status)| status.retry() == Some(Retry::Later))
    );
    let receipt = send(&servers.catcher, "ann@example.org", message).await.unwrap();
    assert!(receipt.all_accepted());
    assert_eq!(
        stored(&servers),
        [format!("{ENVELOPE}Subject: hi\r\n\r\nHello\r\n")]
    );
    // Spam, and a blocked sender.
    let receipt = send(&servers.catcher, "ann@example.org", catcher::GTUBE)
        .await
        .unwrap();
    assert!(!receipt.all_accepted());
    let receipt = send(&servers.catcher, "eve@example.org", message).await.unwrap();
    assert!(!receipt.all_accepted());
    assert_eq!(stored(&servers).len(), 1);
}

#[tokio::test]
async fn the_proxy_passes_replies_and_content_on() {
    let servers = start().await;
    let message = format!("Subject: hi\r\n\r\n.dots\r\n{}", "long line\r\n".repeat(100_000));
    let refused = send(&servers.proxy, "ann@example.org", message.as_bytes())
        .await
        .unwrap();
    let text: Vec<_> = refused
        .recipients()
        .map(|(_, status)| format!("{status:?}"))
        .collect();
    assert!(
        text.iter().all(|text| text.contains("greylisted, try again")),
        "{text:?}"
    );
    let accepted = send(&servers.proxy, "ann@example.org", message.as_bytes())
        .await
        .unwrap();
    assert!(accepted.all_accepted());
    let expected = format!("{ENVELOPE}X-Filter: passed\r\n{message}");
    assert!(stored(&servers) == [expected]);
}

/// Starts a proxy before a server that sends these replies, one after each line that it receives.
async fn start_proxy(replies: &'static [&'static str]) -> String {
    let next_hop = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (listener, proxy) = bind().await;
    let address = next_hop.local_addr().unwrap().to_string();
    tokio::spawn(async move { proxy::pass(listener, address).await.unwrap() });
    tokio::spawn(async move {
        let (mut stream, _) = next_hop.accept().await.unwrap();
        let (input, mut output) = stream.split();
        let mut lines = BufReader::new(input).lines();
        for reply in replies {
            output.write_all(reply.as_bytes()).await.unwrap();
            output.write_all(b"\r\n").await.unwrap();
            if lines.next_line().await.unwrap().is_none() {
                break;
            }
        }
    });
    proxy
}

#[tokio::test]
async fn the_proxy_passes_the_refusal_of_the_message_on() {
    let proxy = start_proxy(&["220 mx", "250 mx", "250 ok", "250 ok", "250 ok", "552 full"]).await;
    let receipt = send(&proxy, "ann@example.org", b"hi\r\n").await.unwrap();
    for (_, status) in receipt.recipients() {
        assert!(format!("{status:?}").contains("552"), "{status:?}");
    }
}

#[tokio::test]
async fn the_proxy_rejects_permanently_if_the_next_hop_lacks_an_extension() {
    // It does not offer SMTPUTF8.
    let proxy = start_proxy(&["220 mx", "250 mx"]).await;
    let receipt = send(&proxy, "\u{e4}nn@example.org", b"hi\r\n").await.unwrap();
    for (_, status) in receipt.recipients() {
        assert_eq!(status.retry(), Some(Retry::Never), "{status:?}");
    }
}

/// Asks a server, and reads its reply.
async fn ask(stream: &mut BufReader<TcpStream>, command: &str) {
    stream.write_all(command.as_bytes()).await.unwrap();
    let mut line = String::new();
    while line.get(3..4) != Some(" ") {
        line.clear();
        assert!(stream.read_line(&mut line).await.unwrap() > 0, "{command}");
    }
}

/// Writes the rest of a block, as much as the stream accepts while the other tasks run. Returns false if it accepts no more.
async fn write(stream: &TcpStream, rest: &mut &[u8]) -> bool {
    // All tasks share this thread, so they have done what they can after some turns.
    for _ in 0..1000 {
        match stream.try_write(rest) {
            Ok(octets) => *rest = rest.split_at(octets).1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        if rest.is_empty() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_next_hop_that_stops_reading_stops_the_client_of_the_proxy() {
    const MIB: usize = 1 << 20;
    let next_hop = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = next_hop.local_addr().unwrap().to_string();
    let (listener, proxy) = bind().await;
    tokio::spawn(async move { proxy::pass(listener, address).await.unwrap() });
    let (go_on, goes_on) = oneshot::channel();
    let receiving = tokio::spawn(async move {
        let mut stream = BufReader::new(next_hop.accept().await.unwrap().0);
        stream.write_all(b"220 mx\r\n").await.unwrap();
        for reply in ["250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n"] {
            stream.read_line(&mut String::new()).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        goes_on.await.unwrap();
        let (mut octets, mut line) = (0, String::new());
        while line != ".\r\n" {
            octets += line.len();
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        stream.write_all(b"250 ok\r\n").await.unwrap();
        octets
    });

    let mut client = BufReader::new(TcpStream::connect(proxy).await.unwrap());
    ask(&mut client, "").await;
    for command in [
        "EHLO client.example",
        "MAIL FROM:<>",
        "RCPT TO:<bob@example.org>",
        "DATA",
    ] {
        ask(&mut client, &format!("{command}\r\n")).await;
    }
    let block = format!("{}\r\n", "x".repeat(510)).repeat(128);
    let (mut written, mut rest) = (0, block.as_bytes());
    // The proxy accepts 25 MiB; the buffers of four sockets hold less.
    while write(client.get_ref(), &mut rest).await {
        (written, rest) = (written + block.len(), block.as_bytes());
        assert!(written < 24 * MIB, "nobody stops the client");
    }
    go_on.send(()).unwrap();
    client.write_all(rest).await.unwrap();
    ask(&mut client, ".\r\n").await;
    assert_eq!(
        receiving.await.unwrap(),
        "X-Filter: passed\r\n".len() + written + block.len()
    );
}
