//! Servers that reply early, close early, or are slow.

use std::time::Duration;

use smtp_proto::{
    Phase,
    client::{Closed, Config, ExtensionUse, MessageOutcome, RecipientStatus, ReplyTo},
};
use smtp_tokio::{Error, Reader, SendError};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    time,
};

use crate::support::{Fake, bob, client_config, on, text};

fn chunking() -> Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// Sends a message that is longer than the buffer of the stream, and returns the failure.
async fn fail_to_send<S>(stream: S, message: &[u8]) -> SendError
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut client = on(stream, client_config()).await.unwrap();
    client.send(bob(), message).await.unwrap_err()
}

/// The reason of the end, and the outcome for the message.
fn ending(failed: &SendError) -> (Closed, MessageOutcome) {
    match &failed.error {
        Error::Closed { why, message, .. } => (*why, *message),
        other => panic!("{other}"),
    }
}

fn code(failed: &SendError) -> u16 {
    match failed.receipt.recipients().next() {
        Some((
            _,
            RecipientStatus::Refused {
                to: ReplyTo::Message | ReplyTo::Nothing,
                reply,
                ..
            },
        )) => reply.code().get(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_before_the_end_of_the_message_is_reported() {
    let message = text(20_000);
    for (reply, wanted) in [
        ("451 4.3.0 no\r\n", Closed::RefusedEarly),
        ("552 5.3.4 too big\r\n", Closed::RefusedEarly),
        ("421 4.3.2 closing\r\n", Closed::NotAvailable),
    ] {
        for room in [1, 30, 4096] {
            let (near, far) = duplex(room);
            let refusing = async move {
                let mut fake = Fake::new(far);
                fake.take_envelope().await;
                fake.octets(5000).await;
                fake.say(reply).await;
            };
            let (failed, ()) = tokio::join!(fail_to_send(near, &message), refusing);
            assert_eq!(ending(&failed), (wanted, MessageOutcome::NotAccepted));
            assert_eq!(code(&failed).to_string(), reply[..3]);
        }
    }
}

/// A fake server behind a real socket.
async fn accept(listener: TcpListener) -> Fake<TcpStream> {
    Fake::new(listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn last_words_are_heard_although_the_connection_is_reset() {
    let message = text(20 << 20);
    for reply in ["451 4.3.0 no\r\n", "421 4.3.2 closing\r\n"] {
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let refusing = tokio::spawn(async move {
                let mut fake = accept(listener).await;
                fake.take_envelope().await;
                fake.octets(5000).await;
                fake.say(reply).await;
                // With this option and unread input, dropping it resets the connection.
                fake.stream.set_zero_linger().unwrap();
            });
            let failed = fail_to_send(stream, &message).await;
            refusing.await.unwrap();
            assert_eq!(ending(&failed).1, MessageOutcome::NotAccepted);
            assert_eq!(code(&failed).to_string(), reply[..3]);
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_without_a_word_has_not_accepted_the_message() {
    let message = text(20 << 20);
    let (near, far) = duplex(100);
    let closing = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake.octets(5000).await;
    };
    let (failed, ()) = tokio::join!(fail_to_send(near, &message), closing);
    assert_eq!(
        ending(&failed),
        (Closed::ConnectionClosed, MessageOutcome::NotAccepted)
    );
    let fate = failed.receipt.recipients().next().unwrap().1;
    assert_eq!(fate, RecipientStatus::NotAccepted);

    for _ in 0..5 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let closing = tokio::spawn(async move {
            let mut fake = accept(listener).await;
            fake.take_envelope().await;
            fake.octets(5000).await;
        });
        let failed = fail_to_send(stream, &message).await;
        closing.await.unwrap();
        assert_eq!(ending(&failed).1, MessageOutcome::NotAccepted, "{failed}");
    }
}

#[tokio::test]
async fn a_message_whose_final_reply_does_not_come_may_have_been_accepted() {
    let (near, far) = duplex(100);
    let closing = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        while fake.line().await != "." {}
    };
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        client.send(bob(), b"Hello\r\n").await.unwrap_err()
    };
    let (failed, ()) = tokio::join!(sending, closing);
    assert_eq!(
        ending(&failed),
        (Closed::ConnectionClosed, MessageOutcome::Unknown)
    );
    let fate = failed.receipt.recipients().next().unwrap().1;
    assert_eq!(fate, RecipientStatus::Unknown);
}

#[tokio::test]
async fn an_acceptance_before_the_final_dot_has_left_is_none() {
    // The end of the message does not fit into the stream, so the server cannot have it.
    let message = text(2000);
    let (near, far) = duplex(64);
    let lying = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake.octets(1000).await;
        fake.say("250 2.0.0 thank you\r\n").await;
        fake
    };
    let (failed, _) = tokio::join!(fail_to_send(near, &message), lying);
    assert_eq!(
        ending(&failed),
        (Closed::Unsolicited, MessageOutcome::NotAccepted)
    );
}

/// Sends while the server's end stays open, and returns the time until the failure.
async fn time_to_fail(near: DuplexStream, octets: usize) -> (Closed, MessageOutcome, Duration) {
    let begin = time::Instant::now();
    let failed = fail_to_send(near, &text(octets)).await;
    let (why, fate) = ending(&failed);
    (why, fate, begin.elapsed())
}

fn is_about(span: Duration, minutes: u64) -> bool {
    (60 * minutes..=60 * minutes + 1).contains(&span.as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_is_given_up_at_the_deadline() {
    let (near, far) = duplex(1000);
    let stopping = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake
    };
    let ((why, fate, span), _fake) = tokio::join!(time_to_fail(near, 100_000), stopping);
    assert_eq!(
        (why, fate),
        (Closed::TimedOut(Phase::DataBlock), MessageOutcome::NotAccepted)
    );
    assert!(is_about(span, 3), "{span:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_each_block_in_time_is_not_given_up() {
    let (near, far) = duplex(1000);
    let message = text(600_000);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        client.send(bob(), &message).await.unwrap()
    };
    let dawdling = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        for _ in 0..9 {
            time::sleep(Duration::from_secs(150)).await;
            fake.octets(64 << 10).await;
        }
        while fake.line_of_octets().await != b".\r\n" {}
        fake.say("250 ok\r\n").await;
        fake
    };
    let (receipt, _fake) = tokio::join!(sending, dawdling);
    assert!(receipt.all_accepted());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_is_given_up_at_the_deadline() {
    let (near, far) = duplex(1000);
    let dripping = tokio::spawn(async move {
        let mut fake = Fake::new(far);
        fake.say("220 mx\r\n").await;
        fake.line().await;
        fake.say("250-mx\r\n250 8BITMIME\r\n").await;
        fake.line().await;
        fake.say("250-").await;
        loop {
            time::sleep(Duration::from_secs(20)).await;
            fake.say("x").await;
        }
    });
    let (why, _, span) = time_to_fail(near, 1000).await;
    assert_eq!(why, Closed::TimedOut(Phase::Mail));
    assert!(is_about(span, 5), "{span:?}");
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_nothing_does_not_keep_the_server_from_being_heard() {
    let (near, far) = duplex(1000);
    let (_writer, source) = duplex(1000);
    let begin = time::Instant::now();
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        client.send_from(bob(), Reader(source)).await.unwrap_err()
    };
    let closing = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake.say("421 4.3.2 closing\r\n").await;
    };
    let (failed, ()) = tokio::join!(sending, closing);
    assert_eq!(
        ending(&failed),
        (Closed::NotAvailable, MessageOutcome::NotAccepted)
    );
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_nothing_is_given_up_at_the_deadline() {
    let (near, far) = duplex(1000);
    let (_writer, source) = duplex(1000);
    let begin = time::Instant::now();
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        client.send_from(bob(), Reader(source)).await.unwrap_err()
    };
    let waiting = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake
    };
    let (failed, _fake) = tokio::join!(sending, waiting);
    assert_eq!(ending(&failed).0, Closed::TimedOut(Phase::DataBlock));
    assert!(is_about(begin.elapsed(), 3));
}

#[tokio::test(start_paused = true)]
async fn both_sides_may_write_at_once() {
    // The server sends long replies before it reads on; the stream holds little in both directions.
    let (near, far) = duplex(64);
    let message = text(300_000);
    let mut config = chunking();
    config.limits.max_chunk_octets = 10_000;
    let sending = async {
        let mut client = on(near, config).await.unwrap();
        client.send(bob(), &message).await.unwrap()
    };
    let talking = async {
        let mut fake = Fake::new(far);
        fake.take_envelope_for_chunks().await;
        let mut taken = Vec::new();
        let mut owed = 0;
        loop {
            let (size, last) = fake.chunk().await;
            // The reply to a chunk arrives in the middle of the next one.
            taken.extend(fake.octets(size.min(200)).await);
            for _ in 0..owed {
                fake.say(&"250-ok\r\n".repeat(100)).await;
                fake.say("250 ok\r\n").await;
            }
            taken.extend(fake.octets(size - size.min(200)).await);
            owed = 1;
            if last {
                break;
            }
        }
        fake.say("250 ok\r\n").await;
        (taken, fake)
    };
    let begin = time::Instant::now();
    let (receipt, (taken, _fake)) = tokio::join!(sending, talking);
    assert!(receipt.all_accepted());
    assert!(taken == message);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_refused_on_its_way_is_completed() {
    for room in [16, 1 << 20] {
        let (near, far) = duplex(room);
        // A chunk has many pieces, and so needs many writes.
        let message = b"short\n".repeat(40_000);
        let sending = async {
            let mut config = chunking();
            config.limits.max_chunk_octets = 40_000;
            let mut client = on(near, config).await.unwrap();
            let receipt = client.send(bob(), &message).await.unwrap();
            let (_, fate) = receipt.recipients().next().unwrap();
            assert!(
                matches!(
                    fate,
                    RecipientStatus::Refused {
                        to: ReplyTo::Chunk,
                        ..
                    }
                ),
                "{fate:?}"
            );
            assert!(client.send(bob(), b"small\r\n").await.unwrap().all_accepted());
        };
        let refusing = async {
            let mut fake = Fake::new(far);
            fake.take_envelope_for_chunks().await;
            let mut refused = 0;
            let line = loop {
                let line = fake.line().await;
                let Some(size) = line.strip_prefix("BDAT ") else {
                    break line;
                };
                fake.say("552 5.3.4 too big\r\n").await;
                refused += 1;
                fake.octets(size.trim_end_matches(" LAST").parse().unwrap()).await;
            };
            // If the stream accepts all at once, no reply arrives in time.
            assert!(refused < 6 || room > 16, "the rest is not begun");
            assert_eq!(line, "RSET");
            fake.say("250 ok\r\n").await;
            for verb in ["MAIL", "RCPT"] {
                assert!(fake.line().await.starts_with(verb));
                fake.say("250 ok\r\n").await;
            }
            let (size, last) = fake.chunk().await;
            assert_eq!((fake.octets(size).await, last), (b"small\r\n".to_vec(), true));
            fake.say("250 ok\r\n").await;
            fake
        };
        let begin = time::Instant::now();
        tokio::join!(sending, refusing);
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn a_session_that_was_dropped_in_a_message_cannot_be_used() {
    let (near, far) = duplex(64);
    let (stopped, stop) = tokio::sync::oneshot::channel();
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        let message = text(10_000);
        tokio::select! {
            sent = client.send(bob(), &message) => panic!("{sent:?}"),
            Ok(()) = stop => {}
        }
        assert!(matches!(client.noop().await, Err(Error::Rejected(_))));
        // No octet of another message is sent in the open transaction.
        let failed = client.send(bob(), b"Another\r\n").await.unwrap_err();
        assert!(matches!(failed.error, Error::Rejected(_)), "{failed}");
        let failed = client
            .send_from(bob(), Reader(&b"Another\r\n"[..]))
            .await
            .unwrap_err();
        assert!(matches!(failed.error, Error::Rejected(_)), "{failed}");
        assert!(matches!(client.quit().await, Err(Error::Rejected(_))));
    };
    let watching = async {
        let mut fake = Fake::new(far);
        fake.take_envelope().await;
        fake.octets(500).await;
        stopped.send(()).unwrap();
        let mut rest = Vec::new();
        fake.stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.windows(5).any(|end| end == b"\r\n.\r\n"));
    };
    tokio::join!(sending, watching);
}

#[tokio::test]
async fn a_server_that_does_not_want_the_session_says_why() {
    let (near, far) = duplex(1000);
    let refusing = async {
        let mut fake = Fake::new(far);
        fake.say("554 5.7.1 go away\r\n").await;
        assert_eq!(fake.line().await, "QUIT");
        fake.say("221 bye\r\n").await;
    };
    let (refused, ()) = tokio::join!(on(near, client_config()), refusing);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "server refused the session: 554 5.7.1 go away"
    );
}

#[tokio::test]
async fn a_reply_that_ends_the_session_answers_no_question() {
    let (near, far) = duplex(1000);
    let asking = async {
        let mut client = on(near, client_config()).await.unwrap();
        assert!(client.is_usable());
        match client.noop().await {
            Err(Error::Closed { why, reply, .. }) => {
                assert_eq!(why, Closed::NotAvailable);
                assert_eq!(reply.map(|(_, reply)| reply.code().get()), Some(421));
            }
            other => panic!("{other:?}"),
        }
        assert!(!client.is_usable());
    };
    let answering = async {
        let mut fake = Fake::new(far);
        fake.say("220 mx\r\n").await;
        fake.line().await;
        fake.say("250 mx\r\n").await;
        assert_eq!(fake.line().await, "NOOP");
        fake.say("421 4.3.2 closing\r\n").await;
    };
    tokio::join!(asking, answering);
}
