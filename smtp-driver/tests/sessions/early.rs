//! Servers that reply early, close early, or are slow.

use smtp_driver::{
    proto::{
        Phase,
        client::{Closed, Config, ExtensionUse, MessageOutcome, RecipientStatus, ReplyTo},
    },
    testing::{Duplex, Network, ScriptedPeer, join},
};
use std::time::Duration;

use crate::support::{
    ENVELOPE, ENVELOPE_FOR_CHUNKS, bob, client_config, connect, ending, fail, minutes, text,
};

fn chunking() -> Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

fn first_status(receipt: &smtp_driver::proto::client::Receipt) -> RecipientStatus<'_> {
    receipt.recipients().next().unwrap().1
}

#[test]
fn a_refusal_before_the_end_of_the_message_is_reported() {
    let message = text(20_000);
    for (reply, wanted) in [
        ("451 4.3.0 no\r\n", Closed::RefusedEarly),
        ("552 5.3.4 too big\r\n", Closed::RefusedEarly),
        ("421 4.3.2 closing\r\n", Closed::NotAvailable),
    ] {
        for room in [1, 30, 4096] {
            let network = Network::new();
            let (failed, ()) = fail(&network, client_config(), &message, room, async |mut server| {
                server.play(ENVELOPE).await.unwrap();
                server.octets(5000).await.unwrap();
                server.send(reply).await.unwrap();
            });
            assert_eq!(ending(&failed), (wanted, MessageOutcome::NotAccepted));
            match first_status(&failed.receipt) {
                RecipientStatus::Refused {
                    to: ReplyTo::Message | ReplyTo::Nothing,
                    reply: refusal,
                    ..
                } => assert_eq!(refusal.code().to_string(), reply[..3]),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_refusal_is_read_although_the_stream_accepts_no_more() {
    let message = text(1 << 20);
    for reply in ["451 4.3.0 no\r\n", "421 4.3.2 closing\r\n"] {
        let network = Network::new();
        let (failed, ()) = fail(&network, client_config(), &message, 4096, async |mut server| {
            server.play(ENVELOPE).await.unwrap();
            server.octets(5000).await.unwrap();
            server.send(reply).await.unwrap();
            // Dropping the end makes further writes of the client fail.
        });
        assert_eq!(ending(&failed).1, MessageOutcome::NotAccepted);
        assert!(failed.to_string().contains(reply.trim_end()), "{failed}");
    }
}

#[test]
fn a_server_that_closes_without_a_reply_has_not_accepted_the_message() {
    let network = Network::new();
    let (failed, ()) = fail(
        &network,
        client_config(),
        &text(1 << 20),
        100,
        async |mut server| {
            server.play(ENVELOPE).await.unwrap();
            server.octets(5000).await.unwrap();
        },
    );
    assert_eq!(
        ending(&failed),
        (Closed::ConnectionClosed, MessageOutcome::NotAccepted)
    );
    assert_eq!(first_status(&failed.receipt), RecipientStatus::NotAccepted);
}

#[test]
fn a_message_without_its_final_reply_may_have_been_accepted() {
    let network = Network::new();
    let (failed, ()) = fail(
        &network,
        client_config(),
        b"Hello\r\n",
        100,
        async |mut server| {
            server.play(ENVELOPE).await.unwrap();
            server.play("C: Hello\nC: .").await.unwrap();
        },
    );
    assert_eq!(
        ending(&failed),
        (Closed::ConnectionClosed, MessageOutcome::Unknown)
    );
    assert_eq!(first_status(&failed.receipt), RecipientStatus::Unknown);
}

#[test]
fn an_acceptance_before_the_final_dot_has_left_does_not_count() {
    // All of the message is on its way, but the last octets do not fit: the server cannot have them.
    let network = Network::new();
    let (failed, _server) = fail(&network, client_config(), &text(2000), 64, async |mut server| {
        server.play(ENVELOPE).await.unwrap();
        server.octets(1000).await.unwrap();
        server.send("250 2.0.0 thank you\r\n").await.unwrap();
        server
    });
    assert_eq!(
        ending(&failed),
        (Closed::Unsolicited, MessageOutcome::NotAccepted)
    );
}

#[test]
fn a_server_that_stops_reading_times_out() {
    let network = Network::new();
    let (failed, _server) = fail(
        &network,
        client_config(),
        &text(100_000),
        1000,
        async |mut server| {
            server.play(ENVELOPE).await.unwrap();
            server
        },
    );
    assert_eq!(
        ending(&failed),
        (Closed::TimedOut(Phase::DataBlock), MessageOutcome::NotAccepted)
    );
    assert_eq!(minutes(&network), 3);
}

#[test]
fn a_server_that_accepts_each_block_in_time_does_not_time_out() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(1000);
    let message = text(600_000);
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        client.send(bob(), &message).await.unwrap()
    };
    let slow = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE).await.unwrap();
        for _ in 0..9 {
            server.play("-- 150s").await.unwrap();
            server.octets(64 << 10).await.unwrap();
        }
        while server.line().await.unwrap() != "." {}
        server.send("250 ok\r\n").await.unwrap();
        server
    };
    let (receipt, _server) = network.block_on(join(sending, slow));
    assert!(receipt.all_accepted());
}

#[test]
fn a_server_that_sends_a_reply_octet_by_octet_times_out() {
    let network = Network::new();
    let (near, far) = network.pair();
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        client.send(bob(), b"x\r\n").await.unwrap_err()
    };
    let dripping = async {
        let mut server = ScriptedPeer::server(far);
        server
            .play("S: 220 mx\nC: EHLO client.example\nS: 250-mx\nS: 250 8BITMIME\nC: MAIL*")
            .await
            .unwrap();
        server.send("250-").await.unwrap();
        while server.send("x").await.is_ok() {
            server.play("-- 20s").await.unwrap();
        }
    };
    let (failed, ()) = network.block_on(join(sending, dripping));
    assert_eq!(ending(&failed).0, Closed::TimedOut(Phase::Mail));
    assert_eq!(minutes(&network), 5);
}

#[test]
fn both_sides_may_write_at_once() {
    // The server sends long replies to each chunk before it reads on; the stream holds little of either.
    let network = Network::new();
    let (near, far) = network.pair();
    near.control().set_capacity(64);
    far.control().set_capacity(64);
    let message = text(300_000);
    let mut config = chunking();
    config.limits.max_chunk_octets = 10_000;
    let sending = async {
        let mut client = connect(near, config).await.unwrap();
        client.send(bob(), &message).await.unwrap()
    };
    let serving = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE_FOR_CHUNKS).await.unwrap();
        let (mut received, mut owed) = (Vec::new(), 0);
        loop {
            let (size, last) = chunk(&mut server).await;
            // The reply to a chunk arrives in the middle of the next chunk.
            received.extend(server.octets(size.min(200)).await.unwrap());
            for _ in 0..owed {
                server.send("250-ok\r\n".repeat(100)).await.unwrap();
                server.send("250 ok\r\n").await.unwrap();
            }
            received.extend(server.octets(size - size.min(200)).await.unwrap());
            owed = 1;
            if last {
                break;
            }
        }
        server.send("250 ok\r\n").await.unwrap();
        (received, server)
    };
    let (receipt, (received, _server)) = network.block_on(join(sending, serving));
    assert!(receipt.all_accepted());
    assert!(received == message);
    assert!(network.now().since_origin() < Duration::from_secs(1));
}

/// Reads `BDAT`. Returns the length of the chunk, and true if it is the last.
async fn chunk(server: &mut ScriptedPeer<Duplex>) -> (usize, bool) {
    let line = server.line().await.unwrap();
    let size = line.strip_prefix("BDAT ").unwrap();
    (
        size.trim_end_matches(" LAST").parse().unwrap(),
        size.ends_with("LAST"),
    )
}

#[test]
fn a_chunk_that_is_refused_on_its_way_is_completed() {
    for room in [16, 1 << 20] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().set_capacity(room);
        far.control().set_capacity(room);
        // Many pieces, and so many writes, make one chunk.
        let message = b"short\n".repeat(40_000);
        let sending = async {
            let mut config = chunking();
            config.limits.max_chunk_octets = 40_000;
            let mut client = connect(near, config).await.unwrap();
            let receipt = client.send(bob(), &message).await.unwrap();
            let status = first_status(&receipt);
            assert!(
                matches!(
                    status,
                    RecipientStatus::Refused {
                        to: ReplyTo::Chunk,
                        ..
                    }
                ),
                "{status:?}"
            );
            assert!(client.send(bob(), b"small\r\n").await.unwrap().all_accepted());
        };
        let refusing = async {
            let mut server = ScriptedPeer::server(far);
            server.play(ENVELOPE_FOR_CHUNKS).await.unwrap();
            let mut refused = 0;
            let line = loop {
                let line = server.line().await.unwrap();
                let Some(size) = line.strip_prefix("BDAT ") else {
                    break line;
                };
                server.send("552 5.3.4 too big\r\n").await.unwrap();
                refused += 1;
                let size = size.trim_end_matches(" LAST").parse().unwrap();
                server.octets(size).await.unwrap();
            };
            // A stream that accepts all at once brings no reply in time.
            assert!(refused < 6 || room > 16, "the rest is not begun");
            assert_eq!(line, "RSET");
            server.send("250 ok\r\n").await.unwrap();
            for verb in ["MAIL*", "RCPT*"] {
                server.expect(verb).await.unwrap();
                server.send("250 ok\r\n").await.unwrap();
            }
            let (size, last) = chunk(&mut server).await;
            assert_eq!(
                (server.octets(size).await.unwrap(), last),
                (b"small\r\n".to_vec(), true)
            );
            server.send("250 ok\r\n").await.unwrap();
            server
        };
        network.block_on(join(sending, refusing));
        assert!(network.now().since_origin() < Duration::from_secs(1));
    }
}
