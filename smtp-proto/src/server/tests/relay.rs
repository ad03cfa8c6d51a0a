//! Answers of a next hop, default answers, and the collector.

use super::*;
use crate::types::{Code, EnhancedCode, Reply, Text};

fn reply(code: u16, status: Option<(u8, u16, u16)>, text: &'static str) -> Reply<'static> {
    let status = status.and_then(|(class, subject, detail)| EnhancedCode::new(class, subject, detail));
    Reply::new(Code::new(code).unwrap(), status, &Text::new(text).unwrap()).unwrap()
}

/// Returns the reply that a client with an open transaction receives if the next hop sends `reply`.
fn relayed(line: &str, reply: &Reply<'_>) -> String {
    let mut session = Session::with_recipient(config());
    session.asks(line, |server, event| {
        server.relay(event.into_ticket().unwrap(), reply).unwrap();
    })
}

#[test]
fn positive_replies_keep_a_code_that_fits() {
    const RCPT: &str = "RCPT TO:<c@mx.test>";
    for (line, reply, replies) in [
        (RCPT, reply(250, Some((2, 1, 5)), "fine"), "250 2.1.5 fine\r\n"),
        (RCPT, reply(250, None, "fine"), "250 2.1.5 fine\r\n"),
        (
            RCPT,
            reply(251, Some((2, 1, 0)), "will forward to <x@y>"),
            "251 2.1.0 will forward to <x@y>\r\n",
        ),
        (RCPT, reply(252, None, "perhaps"), "252 2.1.5 perhaps\r\n"),
        ("VRFY c", reply(252, None, "perhaps"), "252 2.1.5 perhaps\r\n"),
        (
            "EXPN c",
            reply(250, None, "one\ntwo"),
            "250-2.1.5 one\r\n250 2.1.5 two\r\n",
        ),
        ("DATA", reply(354, None, "go on"), "354 go on\r\n"),
        ("HELP", reply(211, Some((2, 5, 9)), "busy"), "214 2.5.9 busy\r\n"),
        (
            "HELP",
            reply(214, None, "read the RFC"),
            "214 2.0.0 read the RFC\r\n",
        ),
    ] {
        assert_eq!(relayed(line, &reply), replies, "{line}");
    }
}

#[test]
fn the_reply_to_the_end_of_data_keeps_its_enhanced_code() {
    for (reply, replies) in [
        (
            reply(250, Some((2, 0, 0)), "queued as 7"),
            "250 2.0.0 queued as 7\r\n",
        ),
        (reply(250, Some((2, 6, 0)), "queued"), "250 2.6.0 queued\r\n"),
        (reply(250, None, "queued"), "250 2.6.0 queued\r\n"),
    ] {
        let mut session = Session::in_data(config());
        let relayed = session.asks(".", |server, event| {
            server.relay(event.into_ticket().unwrap(), &reply).unwrap();
        });
        assert_eq!(relayed, replies);
    }
    let mut plain = config();
    plain.extensions.remove(Keyword::EnhancedStatusCodes);
    let mut session = Session::in_data(plain);
    let relayed = session.asks(".", |server, event| {
        let reply = reply(250, Some((2, 0, 0)), "queued");
        server.relay(event.into_ticket().unwrap(), &reply).unwrap();
    });
    assert_eq!(relayed, "250 queued\r\n");
}

#[test]
fn negative_replies_become_rejections() {
    const RCPT: &str = "RCPT TO:<c@mx.test>";
    for (line, reply, replies) in [
        (
            RCPT,
            reply(550, Some((5, 1, 1)), "no such user\nat all"),
            "550-5.1.1 no such user\r\n550 5.1.1 at all\r\n",
        ),
        (RCPT, reply(450, None, "later"), "450 4.0.0 later\r\n"),
        (RCPT, reply(552, None, "full"), "552 5.0.0 full\r\n"),
        (RCPT, reply(421, Some((4, 3, 2)), "bye"), "451 4.3.2 bye\r\n"),
        ("DATA", reply(554, Some((5, 6, 0)), "no"), "554 5.6.0 no\r\n"),
    ] {
        assert_eq!(relayed(line, &reply), replies, "{line}");
    }
}

#[test]
fn replies_that_do_not_fit_become_451() {
    const LOCAL: &str = "451 4.3.0 local error, try again later\r\n";
    for (line, reply) in [
        ("RCPT TO:<c@mx.test>", reply(354, None, "go on")),
        ("RCPT TO:<c@mx.test>", reply(220, None, "hello")),
        ("EXPN c", reply(251, None, "elsewhere")),
        ("DATA", reply(250, None, "fine")),
    ] {
        assert_eq!(relayed(line, &reply), LOCAL, "{line}");
    }
}

#[test]
fn lmtp_recipients_have_their_index_in_any_order_of_answers() {
    let mut session = Session::with(lmtp());
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    session.sends(
        "RCPT TO:<r0@mx.test>\r\nRCPT TO:<r1@mx.test>\r\nRCPT TO:<r2@mx.test>\r\nRCPT TO:<r3@mx.test>",
    );
    // Answered 3, 1 (no), 0, 2.
    session.server.accept(session.held.remove(3)).unwrap();
    session
        .server
        .reject(session.held.remove(1), Rejection::NO_SUCH_USER)
        .unwrap();
    session.server.accept(session.held.remove(0)).unwrap();
    session.server.accept(session.held.remove(0)).unwrap();
    session.holds = false;
    session.sends("DATA\r\nhi\r\n.");
    assert!(
        session
            .events()
            .ends_with("message, verdict 0, verdict 2, verdict 3")
    );
}

#[test]
fn the_collector_keeps_the_order_of_the_commands() {
    let rcpt = |path: &'static str| {
        let path = crate::types::ForwardPath::parse(path).unwrap();
        crate::types::Rcpt::new(path, crate::types::RcptParameters::default())
    };
    let mut collector = Collector::default();
    for (index, path) in [(2, "c@mx.test"), (0, "a@mx.test"), (5, "f@mx.test")] {
        collector.add(index, rcpt(path));
    }
    let paths = |recipient| {
        let of: Vec<String> = collector
            .recipients_of(recipient)
            .map(|rcpt| rcpt.forward_path().as_str().to_owned())
            .collect();
        of.join(" ")
    };
    assert_eq!(paths(None), "a@mx.test c@mx.test f@mx.test");
    assert_eq!(
        (paths(Some(2)).as_str(), paths(Some(1)).as_str()),
        ("c@mx.test", "")
    );
}

#[test]
fn the_default_answers_accept_no_responsibility() {
    let mut config = config();
    config.unknown_commands = UnknownPolicy::AskApplication;
    config.plaintext_auth = PlaintextAuth::Insecure;
    config.offer_auth([Mechanism::PLAIN]);
    let mut session = Session::with(config);
    for (line, code) in [
        ("AUTH PLAIN AGFubgBwdw==", "454"),
        ("FROB", "502"),
        ("VRFY x", "252"),
        ("MAIL FROM:<a@client.test>", "250"),
        ("RCPT TO:<b@mx.test>", "250"),
        ("DATA", "354"),
        (".", "451"),
    ] {
        let replies = session.asks(line, |server, event| server.proceed(event).unwrap());
        assert!(replies.starts_with(code), "{line}: {replies}");
    }
}
