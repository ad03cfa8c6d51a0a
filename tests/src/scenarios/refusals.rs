//! Servers that refuse.

use smtp_driver::Error;
use smtp_proto::{
    client::{Closed, Config, Login, MessageOutcome, ReplyTo},
    sasl::{Credentials, PlaintextAuth},
};

use super::{
    Adapter,
    talk::{codes, ending, talk, text},
};

/// The server refuses the session.
pub fn no_session<A: Adapter>() {
    for (greeting, wanted) in [
        ("554 no\r\n", Closed::Refused),
        ("421 busy\r\n", Closed::NotAvailable),
    ] {
        let failed = talk().fail::<A, _>(|mut peer| {
            peer.say(greeting);
            let line = peer.flight();
            if line == "QUIT\r\n" {
                peer.say("221 bye\r\n");
            }
        });
        assert_eq!(ending(&failed), (wanted, MessageOutcome::None));
        match &failed.error {
            Error::Closed {
                reply: Some((asked, reply)),
                ..
            } => assert_eq!(
                (*asked, &*reply.code().to_string()),
                (ReplyTo::Greeting, &greeting[..3])
            ),
            other => panic!("{other:?}"),
        }
    }
}

/// The server refuses the sender.
pub fn no_sender<A: Adapter>() {
    let receipt = talk().run::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.command("MAIL");
        peer.say("550 not you\r\n");
        peer.farewell();
    });
    assert_eq!(codes(&receipt.unwrap()), [(Some(ReplyTo::Mail), 550)]);
}

/// The server refuses the recipients. With PIPELINING, it may still send 354.
pub fn no_recipient<A: Adapter>() {
    let to = talk().to(&["bob@mx.example", "carl@mx.example"]);
    let receipt = to.run::<A, _>(|mut peer| {
        peer.welcome(&["PIPELINING"]);
        for command in ["MAIL", "RCPT", "RCPT", "DATA"] {
            peer.command(command);
        }
        peer.say("250 ok\r\n550 who?\r\n551 gone\r\n354 go on\r\n");
        peer.command(".");
        peer.say("554 nobody\r\n");
        peer.farewell();
    });
    assert_eq!(
        codes(&receipt.unwrap()),
        [
            (Some(ReplyTo::Recipient(0)), 550),
            (Some(ReplyTo::Recipient(1)), 551)
        ]
    );
}

/// The server refuses temporarily: in place of 354, and after the end of data.
pub fn no_data<A: Adapter>() {
    let receipt = talk().run::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.envelope(false);
        peer.command("DATA");
        peer.say("451 later\r\n");
        let command = peer.line();
        if command == "RSET" {
            peer.say("250 ok\r\n");
            peer.farewell();
        } else {
            assert_eq!(command, "QUIT");
            peer.say("221 bye\r\n");
        }
    });
    assert_eq!(codes(&receipt.unwrap()), [(Some(ReplyTo::Data), 451)]);

    let receipt = talk().run::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.envelope(true);
        peer.content();
        peer.say("554 spam\r\n");
        peer.farewell();
    });
    assert_eq!(codes(&receipt.unwrap()), [(Some(ReplyTo::Message), 554)]);
}

/// While the message is on its way. It is more than all sockets hold, and no more of it is read.
pub fn early<A: Adapter>() {
    for reply in ["552 too big\r\n", "421 closing\r\n"] {
        let failed = talk().message(text(16 << 20)).fail::<A, _>(|mut peer| {
            peer.welcome(&["PIPELINING"]);
            peer.envelope(true);
            peer.octets(5000);
            peer.say(reply);
            // The server reads on, because the client stops by itself.
            peer.rest();
        });
        let (why, fate) = ending(&failed);
        assert!(
            matches!(why, Closed::RefusedEarly | Closed::NotAvailable),
            "{why:?}"
        );
        assert_eq!(fate, MessageOutcome::NotAccepted);
        assert_eq!(codes(&failed.receipt)[0].1.to_string(), reply[..3]);
    }
}

/// The server resets the connection after the early refusal; the client still reports the refusal.
pub fn early_and_reset<A: Adapter>() {
    for reply in ["552 too big\r\n", "421 closing\r\n"] {
        let failed = talk().message(text(16 << 20)).fail::<A, _>(|mut peer| {
            peer.welcome(&["PIPELINING"]);
            peer.envelope(true);
            peer.octets(5000);
            peer.say(reply);
            // Dropped with unread input.
        });
        assert_eq!(ending(&failed).1, MessageOutcome::NotAccepted);
        assert_eq!(codes(&failed.receipt)[0].1.to_string(), reply[..3]);
    }
}

/// The first of many chunks is refused; the session stays in step.
pub fn chunk_refused<A: Adapter>() {
    let many = talk()
        .with(|config| config.limits.max_chunk_octets = 50_000)
        .in_chunks();
    let receipt = many.message(text(1 << 20)).run::<A, _>(|mut peer| {
        peer.welcome(&["PIPELINING", "CHUNKING"]);
        peer.envelope(false);
        let (octets, _) = peer.chunk();
        peer.octets(octets);
        peer.say("552 too big\r\n");
        // Chunks that the client sent before it read the refusal.
        loop {
            let line = peer.line();
            let Some(chunk) = line.strip_prefix("BDAT ") else {
                assert!(matches!(&*line, "RSET" | "QUIT"), "{line}");
                peer.say("250 ok\r\n");
                if line == "RSET" {
                    peer.farewell();
                }
                break;
            };
            let octets = chunk.split(' ').next().unwrap().parse().unwrap();
            peer.octets(octets);
            peer.say("503 no transaction\r\n");
        }
    });
    assert_eq!(codes(&receipt.unwrap()), [(Some(ReplyTo::Chunk), 552)]);
}

/// The server refuses the password.
pub fn no_login<A: Adapter>() {
    let login = Login::new(Credentials::password("ann", "wrong"));
    let settings = |config: &mut Config| {
        config.login = Some(login);
        config.plaintext_auth = PlaintextAuth::Insecure;
    };
    let failed = talk().with(settings).fail::<A, _>(|mut peer| {
        peer.welcome(&["AUTH PLAIN"]);
        assert_eq!(peer.line(), "AUTH PLAIN AGFubgB3cm9uZw==");
        peer.say("535 5.7.8 no\r\n");
        peer.farewell();
    });
    assert_eq!(ending(&failed), (Closed::LoginRefused, MessageOutcome::None));
    match &failed.error {
        Error::Closed {
            reply: Some((ReplyTo::Auth, reply)),
            ..
        } => assert_eq!(reply.code().get(), 535),
        other => panic!("{other:?}"),
    }
}
