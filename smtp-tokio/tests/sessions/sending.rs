//! Messages from the client to the server.

use std::{
    collections::VecDeque,
    io::{self, Cursor},
    num::NonZeroU32,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use smtp_proto::{
    client::{self, ExtensionUse, Receipt, RecipientStatus, ReplyTo},
    data::LineEndings,
    server,
    types::{AnnouncedLimits, Body, Envelope, Extension, MailParameters, ReversePath},
};
use smtp_tokio::{Address, Client, Error, Reader};
use tokio::{
    io::{AsyncRead, ReadBuf, duplex},
    net::TcpListener,
    time,
};

use crate::support::{Fake, Recorded, bob, client_config, envelope, on, receive, server_config, text};

fn chunking() -> client::Config {
    let mut config = client_config();
    config.chunking = ExtensionUse::IfOffered;
    config
}

/// Bob's envelope for an 8-bit message that is read while it is sent.
fn bob_eight_bit() -> Envelope {
    let parameters = MailParameters::default().with_body(Body::EightBitMime);
    let from = Envelope::new(ReversePath::parse("alice@client.example").unwrap());
    from.with_parameters(parameters)
        .recipient(smtp_proto::types::ForwardPath::parse("bob@mx.example").unwrap())
}

/// A reader that returns one piece at a time, and then fails if `fails` is set.
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    fails: bool,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let fails = self.fails;
        match self.pieces.front_mut() {
            // An empty piece is a pause.
            Some(piece) if piece.is_empty() => {
                self.pieces.pop_front();
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(piece) => {
                let octets = buffer.remaining().min(piece.len());
                buffer.put_slice(&piece.drain(..octets).collect::<Vec<_>>());
                if piece.is_empty() {
                    self.pieces.pop_front();
                }
            }
            None if fails => return Poll::Ready(Err(io::Error::other("the disk is broken"))),
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_message_arrives_octet_by_octet_however_little_the_stream_takes() {
    let message = text(9000);
    for room in [1, 2, 3, 7, 64, 4096] {
        for config in [client_config(), chunking()] {
            for from_reader in [false, true] {
                let (near, far) = duplex(room);
                let sending = async {
                    let mut client = on(near, config.clone()).await.unwrap();
                    let receipt = if from_reader {
                        let source = Cursor::new(message.clone());
                        client.send_from(bob_eight_bit(), Reader(source)).await.unwrap()
                    } else {
                        client.send(bob(), &message).await.unwrap()
                    };
                    assert!(receipt.all_accepted());
                    client.quit().await.unwrap();
                };
                let ((), (mails, why)) = tokio::join!(sending, receive(far, server_config()));
                assert_eq!(why, server::Closed::Quit);
                let [mail] = mails.as_slice() else {
                    panic!("one mail, not {}", mails.len())
                };
                assert_eq!(mail.from, "<alice@client.example>");
                assert_eq!(mail.to, ["<bob@mx.example>"]);
                assert!(mail.body == message, "room {room}");
            }
        }
    }
}

#[tokio::test]
async fn messages_in_a_row_arrive_however_little_the_stream_takes() {
    let messages = [0, 300, 40, 5000, 5].map(text);
    for room in [1, 5, 64, 1 << 20] {
        for config in [client_config(), chunking()] {
            let (near, far) = duplex(room);
            let sending = async {
                let mut client = on(near, config).await.unwrap();
                let mut results = Vec::new();
                let all = messages.iter().map(|message| (bob(), &**message));
                client.send_all(all, |result| results.push(result)).await;
                assert_eq!(results.len(), messages.len());
                assert!(
                    results
                        .iter()
                        .all(|result| result.as_ref().is_ok_and(Receipt::all_accepted))
                );
                client.quit().await.unwrap();
            };
            let ((), (mails, why)) = tokio::join!(sending, receive(far, server_config()));
            assert_eq!(why, server::Closed::Quit);
            assert!(mails.iter().map(|mail| &mail.body).eq(&messages), "room {room}");
        }
    }
}

#[tokio::test]
async fn large_messages_arrive_over_the_loopback_interface() {
    let message = text(20 << 20);
    for config in [client_config(), chunking()] {
        for from_reader in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let serving = tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                receive(stream, server_config()).await
            });
            let mut client = Client::builder(config.clone()).connect(address).await.unwrap();
            let receipt = if from_reader {
                client
                    .send_from(bob_eight_bit(), Reader(message.as_slice()))
                    .await
                    .unwrap()
            } else {
                client.send(bob(), &message).await.unwrap()
            };
            assert!(receipt.all_accepted());
            client.quit().await.unwrap();
            let (mails, _) = serving.await.unwrap();
            assert!(mails[0].body == message);
        }
    }
}

/// The writes of a session that sends this message.
async fn writes_for(message: Vec<u8>, pieces: Option<usize>, config: client::Config) -> Vec<Vec<u8>> {
    let (near, far) = duplex(1 << 20);
    let writes = Arc::new(Mutex::new(Vec::new()));
    let recorded = Recorded {
        stream: near,
        writes: Arc::clone(&writes),
    };
    let sending = async {
        let mut client = on(recorded, config).await.unwrap();
        match pieces {
            None => client.send(bob(), &message).await.unwrap(),
            Some(size) => {
                let pieces = message.chunks(size).map(<[u8]>::to_vec).collect();
                let source = Pieces { pieces, fails: false };
                client.send_from(bob_eight_bit(), Reader(source)).await.unwrap()
            }
        };
        client.quit().await.unwrap();
    };
    let ((), (mails, _)) = tokio::join!(sending, receive(far, server_config()));
    assert!(mails[0].body == message);
    std::mem::take(&mut *writes.lock().unwrap())
}

#[tokio::test]
async fn a_message_and_its_final_dot_leave_in_one_write() {
    for pieces in [None, Some(5), Some(4000)] {
        let writes = writes_for(b"Subject: x\r\n\r\n.Hello\r\n".to_vec(), pieces, client_config()).await;
        let said: Vec<_> = writes
            .iter()
            .map(|write| String::from_utf8_lossy(write))
            .collect();
        let [ehlo, group, message, quit] = said.as_slice() else {
            panic!("four writes, not {said:?}")
        };
        assert_eq!(ehlo, "EHLO client.example\r\n");
        assert!(
            group.starts_with("MAIL") && group.ends_with("DATA\r\n"),
            "{group}"
        );
        assert_eq!(message, "Subject: x\r\n\r\n..Hello\r\n.\r\n");
        assert_eq!(quit, "QUIT\r\n");
    }
}

#[tokio::test]
async fn the_end_of_a_long_message_leaves_with_its_final_dot() {
    for pieces in [None, Some(1000)] {
        let message = b"0123456789012345678901234567890123456789\r\n".repeat(7000);
        let writes = writes_for(message, pieces, client_config()).await;
        let last = &writes[writes.len() - 2];
        assert!(last.ends_with(b"89\r\n.\r\n"));
        assert!(writes.len() < 12, "{} writes", writes.len());
    }
}

#[tokio::test]
async fn a_chunk_leaves_with_its_command() {
    let writes = writes_for(b"Subject: x\r\n\r\n.Hello\r\n".to_vec(), Some(3), chunking()).await;
    let message = String::from_utf8_lossy(&writes[writes.len() - 2]);
    assert_eq!(message, "BDAT 22 LAST\r\nSubject: x\r\n\r\n.Hello\r\n");
}

#[tokio::test]
async fn recipients_are_accepted_and_refused_one_by_one() {
    let (near, far) = duplex(1024);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        let to = ["bob@mx.example", "nobody@mx.example", "carol@mx.example"];
        let receipt = client.send(envelope(&to), b"Hello\r\n").await.unwrap();
        let refused: Vec<_> = receipt
            .recipients()
            .map(|(_, fate)| match fate {
                RecipientStatus::Accepted(reply) => {
                    assert_eq!(reply.code().get(), 250);
                    None
                }
                RecipientStatus::Refused { to: asked, reply, .. } => Some((asked, reply.code().get())),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(refused, [None, Some((ReplyTo::Recipient(1), 550)), None]);
        assert!(!receipt.all_accepted());
        // All recipients are refused: no message is sent, and the session goes on.
        let receipt = client
            .send(envelope(&["no@mx.example"]), b"Lost\r\n")
            .await
            .unwrap();
        assert!(!receipt.all_accepted());
        let receipt = client.send(bob(), b"Again\r\n").await.unwrap();
        assert!(receipt.all_accepted());
        client.quit().await.unwrap();
    };
    let ((), (mails, _)) = tokio::join!(sending, receive(far, server_config()));
    let bodies: Vec<_> = mails.iter().map(|mail| mail.body.as_slice()).collect();
    assert_eq!(bodies, [&b"Hello\r\n"[..], b"Again\r\n"]);
    assert_eq!(mails[0].to, ["<bob@mx.example>", "<carol@mx.example>"]);
}

#[tokio::test]
async fn a_message_to_more_than_the_server_takes_at_once_goes_in_several_transactions() {
    let mut config = server_config();
    let limits = AnnouncedLimits::default().with_rcpt_max(NonZeroU32::new(2).unwrap());
    config.extensions.add(Extension::Limits(limits));
    let (near, far) = duplex(1024);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        let to = [
            "a@mx.example",
            "b@mx.example",
            "c@mx.example",
            "no@mx.example",
            "e@mx.example",
        ];
        let receipt = client.send(envelope(&to), b"Hello\r\n").await.unwrap();
        let accepted: Vec<_> = receipt
            .recipients()
            .map(|(_, fate)| matches!(fate, RecipientStatus::Accepted(_)))
            .collect();
        assert_eq!(accepted, [true, true, true, false, true]);
        client.quit().await.unwrap();
    };
    let ((), (mails, _)) = tokio::join!(sending, receive(far, config));
    let counts: Vec<_> = mails.iter().map(|mail| mail.to.len()).collect();
    assert_eq!(counts, [2, 1, 1]);
    assert!(mails.iter().all(|mail| mail.body == b"Hello\r\n"));
}

#[tokio::test]
async fn bare_line_feeds_arrive_as_line_ends() {
    let message = "one\ntwo\n.\nthree".repeat(7000);
    let wanted = format!("{}\r\n", message.replace('\n', "\r\n"));
    let mut small_chunks = chunking();
    small_chunks.limits.max_chunk_octets = 1001;
    for config in [client_config(), chunking(), small_chunks] {
        let (near, far) = duplex(500);
        let sending = async {
            let mut client = on(near, config).await.unwrap();
            let receipt = client.send(bob(), message.as_bytes()).await.unwrap();
            assert!(receipt.all_accepted());
            client.quit().await.unwrap();
        };
        let ((), (mails, _)) = tokio::join!(sending, receive(far, server_config()));
        assert!(mails[0].body == wanted.as_bytes());
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_to_its_end_is_not_delivered() {
    for config in [client_config(), chunking()] {
        for size in [10, 100_000] {
            let (near, far) = duplex(1024);
            let sending = async {
                let mut client = on(near, config.clone()).await.unwrap();
                let pieces = VecDeque::from([b"x".repeat(size), Vec::new()]);
                let source = Pieces { pieces, fails: true };
                let failed = client.send_from(bob(), Reader(source)).await.unwrap_err();
                let Error::Source(error) = failed.error else {
                    panic!("{}", failed.error)
                };
                assert_eq!(error.to_string(), "the disk is broken");
                let fate = failed.receipt.recipients().next().unwrap().1;
                assert_eq!(fate, RecipientStatus::NotAccepted);
            };
            let ((), (mails, why)) = tokio::join!(sending, receive(far, server_config()));
            assert_eq!((mails.len(), why), (0, server::Closed::ConnectionClosed));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_cannot_be_sent_ends_the_session_at_once() {
    let (near, far) = duplex(1024);
    let begin = time::Instant::now();
    let sending = async {
        let mut config = client_config();
        config.line_endings = LineEndings::Refuse;
        let mut client = on(near, config).await.unwrap();
        let failed = client.send(bob(), b"one\r\ntwo\nthree\r\n").await.unwrap_err();
        let Error::Closed { why, .. } = failed.error else {
            panic!("{}", failed.error)
        };
        assert!(matches!(why, client::Closed::Unsendable(_)), "{why}");
    };
    let ((), (mails, _)) = tokio::join!(sending, receive(far, server_config()));
    assert!(mails.is_empty());
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_sends_what_it_has_and_its_pieces_become_few_chunks() {
    let (near, far) = duplex(1 << 16);
    let sending = async {
        let mut client = on(near, chunking()).await.unwrap();
        let (mut writer, source) = duplex(1 << 16);
        let writing = async {
            for _ in 0..30 {
                tokio::io::AsyncWriteExt::write_all(&mut writer, b"one octet\r\n")
                    .await
                    .unwrap();
                time::sleep(Duration::from_millis(100)).await;
            }
            drop(writer);
        };
        let (receipt, ()) = tokio::join!(client.send_from(bob(), Reader(source)), writing);
        assert!(receipt.unwrap().all_accepted());
    };
    let taking = async {
        let mut fake = Fake::new(far);
        fake.take_envelope_for_chunks().await;
        let (mut chunks, mut octets) = (0, 0);
        loop {
            let (size, last) = fake.chunk().await;
            fake.octets(size).await;
            fake.say("250 ok\r\n").await;
            (chunks, octets) = (chunks + 1, octets + size);
            if last {
                break;
            }
        }
        assert_eq!(octets, 30 * 11);
        assert!((2..=5).contains(&chunks), "{chunks}");
    };
    tokio::join!(sending, taking);
}

#[tokio::test]
async fn a_server_is_found_by_its_name() {
    // The name may have an address of IPv6 first, where nobody listens.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ("localhost", listener.local_addr().unwrap().port());
    let serving = async { receive(listener.accept().await.unwrap().0, server_config()).await };
    let connecting = async {
        let client = Client::builder(client_config()).connect(address).await?;
        client.quit().await
    };
    let (_, quit) = tokio::join!(serving, connecting);
    quit.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_message_arrives_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtp.sock");
    let path = path.to_str().unwrap();
    let listener = tokio::net::UnixListener::bind(path).unwrap();
    let serving = async { receive(listener.accept().await.unwrap().0, server_config()).await };
    let sending = async {
        let builder = Client::builder(client_config());
        let mut client = builder.connect(Address::unix(path)).await.unwrap();
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    };
    let ((mails, _), ()) = tokio::join!(serving, sending);
    assert_eq!(mails[0].body, b"Hello\r\n");
}
