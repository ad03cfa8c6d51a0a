//! Messages that a client sends.

use smtp_proto::{
    client::{Receipt, ReplyTo},
    types::Protocol,
};

use super::{
    Adapter, Way,
    stage::pair,
    talk::{codes, talk, text},
};

const MEGABYTE: usize = 1 << 20;

/// A message from memory.
pub fn data_from_memory<A: Adapter>() {
    let message = text(MEGABYTE);
    let receipt = talk().message(message.clone()).run::<A, _>(|mut peer| {
        peer.welcome(&["PIPELINING", "SIZE"]);
        peer.envelope(true);
        assert!(peer.content() == message);
        peer.say("250 thanks\r\n");
        peer.farewell();
    });
    assert_eq!(codes(&receipt.unwrap()), [(None, 250)]);
}

/// A message from a reader, to a server that does not pipeline.
pub fn data_from_a_reader<A: Adapter>() {
    let message = text(MEGABYTE);
    let receipt = talk().reader(message.clone()).run::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.envelope(true);
        assert!(peer.content() == message);
        peer.say("250 thanks\r\n");
        peer.farewell();
    });
    assert!(receipt.unwrap().all_accepted());
}

/// Chunks from memory.
pub fn chunks_from_memory<A: Adapter>() {
    let message = text(MEGABYTE);
    let config = talk().with(|config| config.limits.max_chunk_octets = 100_000);
    let receipt = config
        .in_chunks()
        .message(message.clone())
        .run::<A, _>(|mut peer| {
            peer.welcome(&["PIPELINING", "CHUNKING"]);
            peer.envelope(false);
            assert!(peer.chunks() == message);
            peer.farewell();
        });
    assert!(receipt.unwrap().all_accepted());
}

/// Chunks from a reader, to a server that does not pipeline.
pub fn chunks_from_a_reader<A: Adapter>() {
    let message = text(MEGABYTE);
    let receipt = talk()
        .in_chunks()
        .reader(message.clone())
        .run::<A, _>(|mut peer| {
            peer.welcome(&["CHUNKING"]);
            peer.envelope(false);
            assert!(peer.chunks() == message);
            peer.farewell();
        });
    assert!(receipt.unwrap().all_accepted());
}

/// Replies arrive octet by octet.
pub fn octet_by_octet<A: Adapter>() {
    let receipt = talk().run::<A, _>(|mut peer| {
        let mut say = |text: &str, command: &str| {
            for octet in text.bytes() {
                peer.say([octet]);
            }
            (!command.is_empty()).then(|| peer.command(command));
        };
        say("220-mx.example\r\n220 ready\r\n", "EHLO");
        say("250-mx.example\r\n250 8BITMIME\r\n", "MAIL");
        say("250 ok\r\n", "RCPT");
        say("250 ok\r\n", "DATA");
        say("354 go on\r\n", "Hello");
        say("", ".");
        say("250-thank\r\n250 you\r\n", "QUIT");
        say("221 bye\r\n", "");
    });
    let receipt: Receipt = receipt.unwrap();
    let (_, reply) = receipt.message().unwrap();
    assert_eq!(reply.lines().count(), 2);
}

/// The server refuses some recipients; the others receive the message.
pub fn partly_refused<A: Adapter>() {
    let to = talk().to(&["ann@mx.example", "bob@mx.example", "carl@mx.example"]);
    let receipt = to.run::<A, _>(|mut peer| {
        peer.welcome(&["PIPELINING"]);
        for command in ["MAIL", "RCPT", "RCPT", "RCPT", "DATA"] {
            peer.command(command);
        }
        peer.say("250 ok\r\n550 who?\r\n250 ok\r\n450 later\r\n354 go on\r\n");
        assert_eq!(peer.content(), b"Hello\r\n");
        peer.say("250 thanks\r\n");
        peer.farewell();
    });
    assert_eq!(
        codes(&receipt.unwrap()),
        [
            (Some(ReplyTo::Recipient(0)), 550),
            (None, 250),
            (Some(ReplyTo::Recipient(2)), 450)
        ]
    );
}

/// In LMTP each recipient has a reply of its own.
pub fn lmtp_with_mixed_replies<A: Adapter>() {
    let to = talk().to(&[
        "ann@mx.example",
        "bob@mx.example",
        "carl@mx.example",
        "dan@mx.example",
    ]);
    let receipt = to
        .with(|config| config.protocol = Protocol::Lmtp)
        .run::<A, _>(|mut peer| {
            peer.welcome(&["PIPELINING"]);
            for command in ["MAIL", "RCPT", "RCPT", "RCPT", "RCPT", "DATA"] {
                peer.command(command);
            }
            peer.say("250 ok\r\n250 ok\r\n550 who?\r\n250 ok\r\n250 ok\r\n354 go on\r\n");
            assert_eq!(peer.content(), b"Hello\r\n");
            for reply in ["250 ok\r\n", "452 full\r\n", "554 no\r\n"] {
                peer.say(reply);
            }
            peer.farewell();
        });
    assert_eq!(
        codes(&receipt.unwrap()),
        [
            (None, 250),
            (Some(ReplyTo::Recipient(1)), 550),
            (Some(ReplyTo::MessageFor(2)), 452),
            (Some(ReplyTo::MessageFor(3)), 554)
        ]
    );
}

/// Many records, to a server that holds little.
pub fn a_large_message_under_tls<A: Adapter>() {
    let message = text(MEGABYTE);
    for chunks in [false, true] {
        let tls = Way::Implicit(pair().client.clone());
        let mut talk = talk().message(message.clone()).way(tls).little_room();
        if chunks {
            talk = talk.in_chunks();
        }
        let receipt = talk.run::<A, _>(|peer| {
            let mut peer = peer.accept_tls(&pair().server);
            peer.welcome(&["PIPELINING", "CHUNKING"]);
            peer.envelope(!chunks);
            let content = if chunks { peer.chunks() } else { peer.content() };
            assert!(content == message);
            if !chunks {
                peer.say("250 thanks\r\n");
            }
            peer.farewell();
        });
        assert!(receipt.unwrap().all_accepted());
    }
}
