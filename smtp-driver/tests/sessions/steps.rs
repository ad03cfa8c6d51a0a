//! Transactions command by command: futures that are dropped, and messages that the server refuses before their end.

use std::future::Future;

use smtp_driver::{
    Client, Error,
    proto::{
        client::{Closed, ExtensionUse, RequestError},
        data::LineEndings,
        types::{
            ClientAttribute, ClientInfo, ForwardPath, Mail, MailParameters, Rcpt, RcptParameters, Reply,
            ReversePath,
        },
    },
    testing::{Duplex, Network, ScriptError, ScriptedPeer, join},
};

use crate::{
    cancelling::cancel,
    support::{client_config, closed, connect},
};

const GREETING: &str = "
    S: 220 mx
    C: EHLO client.example
    S: 250-mx
    S: 250-CHUNKING
    S: 250 PIPELINING
    C: MAIL FROM:<ann@client.example>*";

const RECIPIENT: &str = "
    S: 250 ok
    C: RCPT TO:<bob@mx.example>
    S: 250 ok";

fn mail() -> Mail<'static> {
    let from = ReversePath::parse("ann@client.example").unwrap();
    Mail::new(from, MailParameters::default())
}

fn rcpt(to: &'static str) -> Rcpt<'static> {
    Rcpt::new(ForwardPath::parse(to).unwrap(), RcptParameters::default())
}

fn code<E>(reply: Result<Reply<'_>, E>) -> u16 {
    reply.map_or(0, |reply| reply.code().get())
}

/// Runs a client against a server that plays a script.
fn run<F: Future<Output = ()>>(client: impl FnOnce(Client<Duplex>) -> F, script: &[&str]) {
    let network = Network::new();
    let (near, far) = network.pair();
    let sending = async { client(connect(near, config()).await.unwrap()).await };
    let playing = async {
        let mut server = ScriptedPeer::server(far);
        for part in script {
            server.play(part).await?;
        }
        Ok::<_, ScriptError>(server)
    };
    let (_, server) = network.block_on(join(sending, playing));
    drop(server.unwrap());
}

fn config() -> smtp_driver::proto::client::Config {
    let mut config = client_config();
    config.line_endings = LineEndings::Refuse;
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// A transaction whose message may be sent.
async fn begin(client: &mut Client<Duplex>) {
    assert_eq!(code(client.mail(mail()).await), 250);
    assert_eq!(code(client.rcpt(rcpt("bob@mx.example")).await), 250);
    assert_eq!(client.data().await.unwrap(), None);
}

#[test]
fn a_late_reply_does_not_answer_another_recipient() {
    let client = |mut client: Client<Duplex>| async move {
        assert_eq!(code(client.mail(mail()).await), 250);
        cancel(client.rcpt(rcpt("bob@mx.example"))).await;
        assert_eq!(code(client.rcpt(rcpt("nobody@mx.example")).await), 550);
        assert_eq!(code(client.rcpt(rcpt("carol@mx.example")).await), 251);
    };
    let script = "
        S: 250 ok
        C: RCPT TO:<bob@mx.example>
        C: RCPT TO:<nobody@mx.example>
        S: 250 ok
        S: 550 no such user
        C: RCPT TO:<carol@mx.example>
        S: 251 forwarded";
    run(client, &[GREETING, script]);
}

#[test]
fn a_step_after_a_refused_step_with_a_dropped_future_does_not_hang() {
    let client = |mut client: Client<Duplex>| async move {
        cancel(client.mail(mail())).await;
        let refused = client.noop().await;
        assert!(matches!(refused, Err(Error::Rejected(RequestError::OutOfTurn))));
        // The server is asked about no recipient.
        let refused = client.rcpt(rcpt("bob@mx.example")).await;
        assert!(
            matches!(refused, Err(Error::Rejected(RequestError::OutOfTurn))),
            "{refused:?}"
        );
        assert_eq!(code(client.noop().await), 250);
    };
    let greeting = GREETING.replace("S: 250 PIPELINING", "S: 250 HELP");
    run(client, &[&greeting, "S: 550 no\nC: NOOP\nS: 250 ok"]);
}

#[test]
fn the_next_piece_returns_the_refusal_of_a_chunk() {
    let client = |mut client: Client<Duplex>| async move {
        begin(&mut client).await;
        assert_eq!(client.send_body(b"one\r\n").await.unwrap(), None);
        // The refusal arrives meanwhile.
        cancel(std::future::pending::<()>()).await;
        let mut refusal = None;
        for _ in 0..9 {
            refusal = client.send_body(b"two\r\n").await.unwrap();
            if refusal.is_some() {
                break;
            }
        }
        assert_eq!(refusal.unwrap().code().get(), 552);
        let over = client.end_of_data().await;
        assert!(matches!(over, Err(Error::Rejected(RequestError::OutOfTurn))));
        assert_eq!(code(client.noop().await), 250);
    };
    let script = "
        C: BDAT 5
        C: one
        S: 552 too much";
    let network = Network::new();
    let (near, far) = network.pair();
    let sending = async { client(connect(near, config()).await.unwrap()).await };
    let playing = async {
        let mut server = ScriptedPeer::server(far);
        for part in [GREETING, RECIPIENT, script] {
            server.play(part).await?;
        }
        // Chunks that were on their way.
        loop {
            match &*server.line().await.unwrap() {
                "NOOP" => break,
                "BDAT 5" => server.play("S: 503 no").await?,
                _ => {}
            }
        }
        server.play("S: 250 ok").await
    };
    network.block_on(join(sending, playing)).1.unwrap();
}

#[test]
fn a_refusal_is_returned_after_the_current_chunk_is_complete() {
    let network = Network::new();
    let (near, far) = network.pair();
    near.control().set_capacity(16);
    far.control().set_capacity(16);
    let sending = async {
        let mut config = config();
        config.line_endings = LineEndings::Normalize;
        let mut client = connect(near, config).await.unwrap();
        begin(&mut client).await;
        assert_eq!(client.send_body(b"one\n").await.unwrap(), None);
        // Many pieces, and so many writes, make one chunk.
        let refusal = client.send_body(&b"ab\n".repeat(1000)).await.unwrap();
        assert_eq!(refusal.unwrap().code().get(), 552);
        assert_eq!(code(client.noop().await), 250);
    };
    let playing = async {
        let mut server = ScriptedPeer::server(far);
        server.play(GREETING).await?;
        server.play(RECIPIENT).await?;
        server
            .play("C: BDAT 5\nC: one\nC: BDAT 4000\nS: 552 too much")
            .await?;
        server.octets(4000).await?;
        server.play("S: 503 no\nC: NOOP\nS: 250 ok").await
    };
    network.block_on(join(sending, playing)).1.unwrap();
}

#[test]
fn end_of_data_returns_the_refusal_of_a_chunk() {
    for end in ["S: 503 no", "S: 250 ok"] {
        let client = |mut client: Client<Duplex>| async move {
            begin(&mut client).await;
            assert_eq!(client.send_body(b"one\r\n").await.unwrap(), None);
            let replies = client.end_of_data().await.unwrap();
            assert_eq!(replies.len(), 1);
            assert_eq!(replies[0].code().get(), 552);
            assert!(client.is_usable());
            assert!(client.connection().machine().is_usable());
            let over = client.send_body(b"two\r\n").await;
            assert!(matches!(over, Err(Error::Rejected(RequestError::OutOfTurn))));
        };
        let script = "
            C: BDAT 5
            C: one
            C: BDAT 0 LAST
            S: 552 too much";
        run(client, &[GREETING, RECIPIENT, script, end]);
    }
}

#[test]
fn the_refusal_of_a_chunk_is_returned_although_the_session_ends() {
    let client = |mut client: Client<Duplex>| async move {
        begin(&mut client).await;
        assert_eq!(client.send_body(b"one\r\n").await.unwrap(), None);
        let replies = client.end_of_data().await.unwrap();
        assert_eq!(replies[0].code().get(), 552);
        assert!(!client.is_usable());
    };
    let script = "
        C: BDAT 5
        C: one
        C: BDAT 0 LAST
        S: 552 too much
        S: <close>";
    run(client, &[GREETING, RECIPIENT, script]);
}

#[test]
fn content_that_cannot_be_sent_ends_the_session_with_that_reason() {
    for chunking in [true, false] {
        // The last octet of the piece is at fault, or the end of the message.
        for (piece, at_once) in [
            (&b"one\n"[..], true),
            (b"\n", true),
            (b"\xe9", true),
            (b"one\xe9", true),
            (b"one\r", false),
        ] {
            let client = |mut client: Client<Duplex>| async move {
                begin(&mut client).await;
                let sent = client.send_body(piece).await;
                let result = if at_once || sent.is_err() {
                    sent.map(drop)
                } else {
                    client.end_of_data().await.map(drop)
                };
                let (why, _) = closed(result);
                assert!(matches!(why, Closed::Unsendable(_)), "{why:?}");
            };
            if chunking {
                run(client, &[GREETING, RECIPIENT]);
            } else {
                let greeting = GREETING.replace("S: 250-CHUNKING", "S: 250-HELP");
                run(client, &[&greeting, RECIPIENT, "C: DATA\nS: 354 go on"]);
            }
        }
    }
}

#[test]
fn xclient_and_xforward_return_when_the_session_is_ready() {
    let info = || {
        ClientInfo::default()
            .with(ClientAttribute::Addr, "192.0.2.7")
            .and_then(|info| info.with(ClientAttribute::Helo, "a.example"))
            .unwrap()
    };
    run(
        |mut client| async move {
            assert_eq!(code(client.xclient(info()).await), 550);
            assert_eq!(code(client.xclient(info()).await), 220);
            assert_eq!(code(client.xforward(info()).await), 250);
            let refused = client.xclient(info()).await.unwrap_err();
            assert!(
                matches!(refused, Error::Rejected(RequestError::NotOffered(_))),
                "{refused}"
            );
            client.quit().await.unwrap();
        },
        &["
        S: 220 mx
        C: EHLO client.example
        S: 250-mx
        S: 250 XCLIENT ADDR
        C: XCLIENT ADDR=192.0.2.7
        S: 550 no
        C: XCLIENT ADDR=192.0.2.7
        S: 220 mx
        C: EHLO client.example
        S: 250-mx
        S: 250 XFORWARD ADDR HELO
        C: XFORWARD HELO=a.example ADDR=192.0.2.7
        S: 250 ok
        C: QUIT
        S: 221 bye
        C: <close>"],
    );
}
