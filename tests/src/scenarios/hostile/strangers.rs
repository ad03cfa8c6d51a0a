//! Programs with another protocol, or with unusual SMTP. The module `tls` has TLS on the plaintext port.

use smtp_proto::server::Closed;

use crate::scenarios::{Adapter, SOON, peer::Peer, stage::Stage};

/// A browser whose HTTP request contains SMTP commands in its body (cross-protocol attack).
pub fn http<A: Adapter>() {
    let body = "EHLO client.example\r\nMAIL FROM:<eve@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n";
    let post = format!(
        "POST / HTTP/1.1\r\nHost: mx.example:25\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let get = "GET / HTTP/1.1\r\nHost: mx.example:25\r\nUser-Agent: x\r\n\r\n";
    for request in [get, &post] {
        for greeted in [false, true] {
            let stage = Stage::open::<A>();
            let mut peer = if greeted {
                stage.greeted()
            } else {
                Peer::connect(stage.address)
            };
            peer.say(request);
            let rest = peer.rest();
            assert!(!rest.contains("250"), "{rest}");
            assert_eq!(stage.ledger.ending(), Closed::WrongProtocol);
            stage.serves();
            stage.close(peer);
        }
    }
}

/// The same at a server that refuses early talkers.
pub fn http_before_the_greeting<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.timeouts.greeting_delay = SOON);
    let mut peer = Peer::connect(stage.address);
    peer.say("POST / HTTP/1.1\r\n\r\nEHLO client.example\r\nMAIL FROM:<eve@client.example>\r\nQUIT\r\n");
    let rest = peer.rest();
    assert!(rest.starts_with("554 ") && !rest.contains("250"), "{rest}");
    stage.serves();
    stage.close(peer);
}

/// Raw octets of TLS at a plaintext port.
pub fn client_hello<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.greeted();
    let mut hello = vec![22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
    hello.resize(517, 7);
    peer.say(hello);
    let rest = peer.rest();
    assert!(!rest.contains("250"), "{rest}");
    assert_eq!(stage.ledger.ending(), Closed::WrongProtocol);
    stage.serves();
    stage.close(peer);
}

/// A client that sends its whole session in one write, then closes its half of the stream, as scripts do: the message is
/// whole, so the server accepts it and replies.
pub fn all_at_once_and_half_closed<A: Adapter>() {
    let stage = Stage::open::<A>();
    let said = "EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\nHello\r\n.\r\n";
    for quit in ["", "QUIT\r\n"] {
        let mut peer = stage.greeted();
        peer.say(format!("{said}{quit}"));
        peer.finish();
        let rest = peer.rest();
        assert_eq!(rest.matches("250 2.6.0").count(), 1, "{rest}");
        assert_eq!(rest.contains("221"), !quit.is_empty(), "{rest}");
        assert_eq!(stage.taken().len(), 1);
        stage.ledger.ending();
    }
    stage.close(());
}
