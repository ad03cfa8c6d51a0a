//! Messages in memory.

use std::num::NonZeroU32;

use smtp_driver::{
    Buf, Bytes,
    proto::{
        TlsInfo,
        client::{Closed, Config, ExtensionUse, MessageOutcome, RecipientStatus},
        types::{
            AnnouncedLimits, Envelope, Extension, Extensions, ForwardPath, Keyword, MailParameters,
            ReversePath,
        },
    },
    testing::{Duplex, Network, ScriptedPeer, join},
};

use crate::support::{ENVELOPE, Pieces, bob, client_config, connect, ending, receive, server_config, text};

fn chunking() -> Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

#[test]
fn successive_messages_arrive_with_any_partial_writes() {
    for config in [client_config(), chunking()] {
        for room in [1, 10, 1000, 1 << 20] {
            let network = Network::new();
            let (near, far) = network.pair();
            far.control().set_capacity(room);
            near.control().set_capacity(room);
            let messages: Vec<Vec<u8>> = [0, 30, 4000, 100].into_iter().map(text).collect();
            let sending = async {
                let mut client = connect(near, config.clone()).await.unwrap();
                let mut results = Vec::new();
                let all = messages.iter().map(|message| (bob(), &**message));
                client.send_all(all, |result| results.push(result)).await;
                assert_eq!(results.len(), messages.len());
                for result in results {
                    assert!(result.unwrap().all_accepted());
                }
                client.quit().await.unwrap();
            };
            let ((), received) = network.block_on(join(sending, receive(far, server_config())));
            let bodies: Vec<_> = received.mails.into_iter().map(|mail| mail.body).collect();
            assert!(bodies == messages, "room {room}");
        }
    }
}

#[test]
fn a_message_in_pieces_arrives() {
    let message = text(200_000);
    for (config, transactions) in [(client_config(), 1), (chunking(), 1), (client_config(), 2)] {
        let network = Network::new();
        let (near, far) = network.pair();
        let (first, rest) = message.split_at(5);
        let rest = Bytes::copy_from_slice(rest);
        let pieces = Buf::chain(Bytes::copy_from_slice(first), Bytes::new()).chain(rest);
        let envelope = bob().recipient(ForwardPath::parse("carl@server.example").unwrap());
        let sending = async {
            let mut client = connect(near, config).await.unwrap();
            let receipt = client.send_buf(envelope, pieces).await.unwrap();
            assert!(receipt.all_accepted() && receipt.recipients().count() == 2);
            // A refusal before the message leaves the session usable.
            let refused = client.send_buf(Envelope::new(ReversePath::Null), &b"x"[..]).await;
            assert_eq!(refused.unwrap_err().to_string(), "envelope has no recipients");
            client.quit().await.unwrap();
        };
        let mut server = server_config();
        let one = AnnouncedLimits::default().with_rcpt_max(NonZeroU32::MIN);
        if transactions > 1 {
            server.extensions.add(Extension::Limits(one));
        }
        let ((), received) = network.block_on(join(sending, receive(far, server)));
        assert_eq!(received.mails.len(), transactions);
        assert!(received.mails.iter().all(|mail| mail.body == message));
    }
}

#[test]
fn every_send_function_reports_the_omitted_extensions() {
    let wish = || bob().with_parameters(MailParameters::parse("ENVID=a").unwrap());
    let network = Network::new();
    let (near, far) = network.pair();
    let mut server = server_config();
    server.extensions = Extensions::default();
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        let mut receipts = vec![
            client.send(wish(), b"x").await.unwrap(),
            client.send_buf(wish(), &b"x"[..]).await.unwrap(),
            client
                .send_from(wish(), Pieces::new(&network, vec![(0, Ok(b"x\r\n".to_vec()))]))
                .await
                .unwrap(),
        ];
        let all = [(wish(), &b"x"[..]), (wish(), b"y")];
        client
            .send_all(all, |result| receipts.push(result.unwrap()))
            .await;
        client.quit().await.unwrap();
        receipts
    };
    let (receipts, received) = network.block_on(join(sending, receive(far, server)));
    assert_eq!((receipts.len(), received.mails.len()), (5, 5));
    for receipt in receipts {
        assert_eq!(receipt.omitted().collect::<Vec<_>>(), [Keyword::Dsn]);
    }
}

/// The writes of a client that sends a message.
fn writes_for(message: &[u8], config: Config) -> Vec<Vec<u8>> {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(1 << 30);
    let control = near.control();
    control.record_writes();
    let sending = async {
        let mut client = connect(near, config).await.unwrap();
        assert!(client.send(bob(), message).await.unwrap().all_accepted());
        client.quit().await.unwrap();
    };
    let ((), received) = network.block_on(join(sending, receive(far, server_config())));
    assert!(received.mails[0].body == message);
    control.writes()
}

#[test]
fn a_message_and_its_final_dot_are_sent_in_one_write() {
    let writes = writes_for(b"Hello\r\n", client_config());
    assert!(writes.contains(&b"Hello\r\n.\r\n".to_vec()), "{writes:?}");
    assert_eq!(
        writes.len(),
        4,
        "EHLO, the envelope, the message, QUIT: {writes:?}"
    );
}

#[test]
fn the_end_of_a_long_message_is_written_with_its_final_dot() {
    let writes = writes_for(&text(300_000), client_config());
    let dot = writes.iter().find(|write| write.ends_with(b"\r\n.\r\n")).unwrap();
    assert!(dot.len() > 100, "{}", dot.len());
}

#[test]
fn a_chunk_is_written_with_its_command() {
    let writes = writes_for(b"Hello\r\n", chunking());
    assert!(
        writes
            .iter()
            .any(|write| write.ends_with(b"BDAT 7 LAST\r\nHello\r\n")),
        "{writes:?}"
    );
}

#[test]
fn recipients_are_accepted_and_refused_individually() {
    let network = Network::new();
    let (near, far) = network.pair();
    let envelope = ["nobody@mx.example", "carol@mx.example"]
        .into_iter()
        .fold(bob(), |envelope: Envelope, to| {
            envelope.recipient(ForwardPath::parse(to).unwrap().into_owned())
        });
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        let receipt = client.send(envelope, b"Hello\r\n").await.unwrap();
        client.quit().await.unwrap();
        receipt
    };
    let (receipt, received) = network.block_on(join(sending, receive(far, server_config())));
    let accepted: Vec<bool> = receipt
        .recipients()
        .map(|(_, status)| matches!(status, RecipientStatus::Accepted(_)))
        .collect();
    assert_eq!(accepted, [true, false, true]);
    assert_eq!(received.mails[0].to.len(), 2);
}

#[test]
fn under_tls_the_end_of_a_message_is_the_end_of_a_write() {
    // Under TLS, progress is known only of whole writes, so the client must know if the final dot has left.
    let network = Network::new();
    let (near, far) = network.pair();
    let control = near.control();
    let serving = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE).await.unwrap();
        server
            .play("C: One\nC: .\nS: 250 stored\nC: MAIL*\nC: RCPT*\nC: DATA\nS: <close>")
            .await
    };
    let sending = async {
        let builder = smtp_driver::Client::<Duplex>::builder(client_config());
        let mut client = builder.encrypted(TlsInfo::default()).on(near).await.unwrap();
        control.record_writes();
        let mut results = Vec::new();
        let two = [(bob(), b"One\r\n".as_slice()), (bob(), b"Two\r\n".as_slice())];
        client.send_all(two, |result| results.push(result)).await;
        results
    };
    let (results, played) = network.block_on(join(sending, serving));
    played.unwrap();
    assert!(
        control.writes().contains(&b"One\r\n.\r\n".to_vec()),
        "{:?}",
        control.writes()
    );
    let [first, second] = results.try_into().unwrap();
    assert!(first.unwrap().all_accepted());
    assert_eq!(
        ending(&second.unwrap_err()),
        (Closed::ConnectionClosed, MessageOutcome::NotAccepted)
    );
}
