//! VRFY, EXPN, HELP, ETRN and the shapes of their replies (RFC 5321 section 3.5, RFC 6531 section 3.7.4).

use super::*;
use crate::types::{EtrnAnswer, Extension, ForwardPath, Mailbox, Text};

fn joe() -> Member<'static> {
    Member {
        full_name: Some(Text::from_static("Joe Smith")),
        mailbox: Mailbox::parse("joe@mx.test").unwrap(),
    }
}

fn jorg() -> Member<'static> {
    Member::from(Mailbox::parse("jörg@mx.test").unwrap())
}

#[test]
fn accepting_vrfy_sends_252() {
    let mut session = Session::new();
    session.sends("VRFY joe\r\nEXPN list");
    assert_eq!(session.codes(), "252 252");
    assert_eq!(session.events(), "verify joe, expand list");
}

#[test]
fn a_verified_user_is_shown_with_name_and_mailbox() {
    let mut session = Session::new();
    let replies = session.asks("VRFY joe", |server, event| {
        let Event::Verify { ticket, .. } = event else {
            panic!()
        };
        server.answer_vrfy(ticket, &joe()).unwrap();
    });
    assert_eq!(replies, "250 2.1.5 Joe Smith <joe@mx.test>\r\n");
}

#[test]
fn a_list_is_shown_line_by_line() {
    let mut session = Session::new();
    let replies = session.asks("EXPN list", |server, event| {
        let Event::Expand { ticket, .. } = event else {
            panic!()
        };
        let bare = Member::from(Mailbox::parse("x@mx.test").unwrap());
        server.answer_expn(ticket, &[joe(), bare]).unwrap();
    });
    assert_eq!(
        replies,
        "250-2.1.5 Joe Smith <joe@mx.test>\r\n250 2.1.5 <x@mx.test>\r\n"
    );
    for members in [&[][..], &std::vec![joe(); 1001]] {
        let replies = session.asks("EXPN list", |server, event| {
            let Event::Expand { ticket, .. } = event else {
                panic!()
            };
            server.answer_expn(ticket, members).unwrap();
        });
        assert!(replies.starts_with("252 ") && replies.lines().count() == 1);
    }
}

#[test]
fn utf8_is_sent_only_to_a_client_that_asks() {
    let mut session = Session::new();
    for (suffix, verified, expanded) in [
        (
            "",
            "252 2.6.8 ask with SMTPUTF8\r\n",
            "252 2.6.8 ask with SMTPUTF8\r\n",
        ),
        (
            " SMTPUTF8",
            "250 2.1.5 <jörg@mx.test>\r\n",
            "250 2.1.5 <jörg@mx.test>\r\n",
        ),
    ] {
        let replies = session.asks(&format!("VRFY joe{suffix}"), |server, event| {
            let Event::Verify { ticket, .. } = event else {
                panic!()
            };
            server.answer_vrfy(ticket, &jorg()).unwrap();
        });
        assert_eq!(replies, verified);
        let replies = session.asks(&format!("EXPN list{suffix}"), |server, event| {
            let Event::Expand { ticket, .. } = event else {
                panic!()
            };
            server.answer_expn(ticket, &[jorg()]).unwrap();
        });
        assert_eq!(replies, expanded);
    }
}

#[test]
fn the_text_of_an_answer_is_utf8_only_for_a_client_that_asks() {
    // The transaction has SMTPUTF8, but this VRFY has not.
    let mut session = Session::new();
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8");
    session.clear();
    let wording = || Text::from_static("wer weiß");
    for (line, reply) in [
        ("VRFY joe", "252 2.1.5 wer wei?\r\n"),
        ("VRFY joe SMTPUTF8", "252 2.1.5 wer weiß\r\n"),
        ("RCPT TO:<b@mx.test>", "250 2.1.5 wer weiß\r\n"),
    ] {
        let replies = session.asks(line, |server, event| {
            server
                .accept_with(event.into_ticket().unwrap(), wording())
                .unwrap();
        });
        assert_eq!(replies, reply);
    }
}

#[test]
fn ambiguous_names_are_listed() {
    let mut session = Session::new();
    let replies = session.asks("VRFY smith", |server, event| {
        let candidates = [("Joe Smith", Mailbox::parse("joe@mx.test").unwrap())];
        let rejection = Rejection::ambiguous(candidates);
        server.reject(event.into_ticket().unwrap(), rejection).unwrap();
    });
    assert_eq!(
        replies,
        "553-5.1.4 ambiguous; possibilities are\r\n553 5.1.4 Joe Smith <joe@mx.test>\r\n"
    );
}

#[test]
fn a_moved_user_is_named_with_251_or_551() {
    let mut session = Session::new();
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    let replies = session.asks("RCPT TO:<b@mx.test>", |server, event| {
        let Event::Recipient { ticket, .. } = event else {
            panic!()
        };
        let path = ForwardPath::parse("<b@new.test>").unwrap();
        server.accept_forwarding(ticket, &path).unwrap();
    });
    assert_eq!(replies, "251 2.1.5 not local, will forward to <b@new.test>\r\n");
    assert_eq!(session.server.state(), State::Recipients);
    let replies = session.asks("VRFY b", |server, event| {
        let Event::Verify { ticket, .. } = event else {
            panic!()
        };
        let path = ForwardPath::parse("<b@new.test>").unwrap();
        server.accept_forwarding(ticket, &path).unwrap();
    });
    assert!(replies.starts_with("251 "));
    assert_eq!(session.server.recipients(), 1);
    let replies = session.asks("RCPT TO:<c@mx.test>", |server, event| {
        let path = ForwardPath::parse("<c@new.test>").unwrap();
        server
            .reject(event.into_ticket().unwrap(), Rejection::not_local(path))
            .unwrap();
    });
    assert!(
        replies.starts_with("551 5.1.6 ") && replies.contains("<c@new.test>"),
        "{replies}"
    );
}

#[test]
fn a_utf8_path_is_sent_only_with_smtputf8() {
    for (parameter, accepted, refused) in [
        ("", "250 2.1.5 will forward\r\n", "550 5.6.8 user not local\r\n"),
        (
            " SMTPUTF8",
            "251 2.1.5 not local, will forward to <ö@new.test>\r\n",
            "551 5.1.6 user not local; please try <ö@new.test>\r\n",
        ),
    ] {
        let path = || ForwardPath::parse("<ö@new.test>").unwrap();
        let mut session = Session::new();
        session.sends(&format!("MAIL FROM:<a@client.test>{parameter}"));
        session.clear();
        let replies = session.asks("RCPT TO:<b@mx.test>", |server, event| {
            let Event::Recipient { ticket, .. } = event else {
                panic!()
            };
            server.accept_forwarding(ticket, &path()).unwrap();
        });
        assert_eq!(replies, accepted);
        let replies = session.asks("RCPT TO:<b@mx.test>", |server, event| {
            server
                .reject(event.into_ticket().unwrap(), Rejection::not_local(path()))
                .unwrap();
        });
        assert_eq!(replies, refused);
    }
    let mut session = Session::new();
    let replies = session.asks("VRFY b", |server, event| {
        let Event::Verify { ticket, .. } = event else {
            panic!()
        };
        server
            .accept_forwarding(ticket, &ForwardPath::parse("<ö@new.test>").unwrap())
            .unwrap();
    });
    assert_eq!(replies, "252 2.6.8 ask with SMTPUTF8\r\n");
}

#[test]
fn help_is_214_and_status_211() {
    let mut session = Session::new();
    session.sends("HELP");
    assert!(session.replies().starts_with("214 2.0.0 commands: EHLO"));
    let replies = session.asks("HELP mail", |server, event| {
        let Event::Help { topic, ticket } = event else {
            panic!()
        };
        assert_eq!(topic.unwrap().as_str(), "mail");
        server.answer_help(ticket, Text::from_static("one\ntwö")).unwrap();
    });
    assert_eq!(replies, "214-2.0.0 one\r\n214 2.0.0 tw?\r\n");
    let replies = session.asks("HELP", |server, event| {
        let Event::Help { ticket, .. } = event else {
            panic!()
        };
        server
            .answer_help_status(ticket, Text::from_static("all is wéll"))
            .unwrap();
    });
    assert_eq!(replies, "211 2.0.0 all is w?ll\r\n");
}

#[test]
fn protocol_names_include_tls_and_authentication() {
    let mut session = Session::fresh(config());
    session.poll_all();
    assert_eq!(session.server.protocol_name(), "SMTP");
    session.sends("HELO client.test");
    assert_eq!(session.server.protocol_name(), "SMTP");
    session.sends("EHLO client.test");
    assert_eq!(session.server.protocol_name(), "ESMTP");
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8");
    assert_eq!(session.server.protocol_name(), "UTF8SMTP");
    session.sends("RSET");
    assert_eq!(session.server.protocol_name(), "ESMTP");
    let mut session = Session::with(lmtp());
    session.sends("MAIL FROM:<a@client.test> SMTPUTF8");
    assert_eq!(session.server.protocol_name(), "UTF8LMTP");
}

/// A session that offers ETRN.
fn queueing() -> Session {
    let mut config = config();
    config.extensions.add(Extension::Etrn);
    let mut session = Session::with(config);
    session.sends("EHLO client");
    session.codes();
    session
}

#[test]
fn each_answer_to_etrn_has_its_reply() {
    let mut session = queueing();
    for (answer, reply) in [
        (EtrnAnswer::Started, "250 2.0.0 queuing started\r\n"),
        (EtrnAnswer::NoMessages, "251 2.0.0 no messages waiting\r\n"),
        (
            EtrnAnswer::MessagesStarted,
            "252 2.0.0 pending messages started\r\n",
        ),
        (
            EtrnAnswer::CountStarted(u32::MAX),
            "253 2.0.0 4294967295 pending messages started\r\n",
        ),
    ] {
        let replies = session.asks("ETRN @example.org", |server, event| {
            let Event::Etrn { etrn, ticket } = event else {
                panic!()
            };
            assert_eq!(etrn.name(), "example.org");
            server.answer_etrn(ticket, answer).unwrap();
        });
        assert_eq!(replies, reply);
        assert_eq!(
            EtrnAnswer::try_from(&crate::syntax::parse_reply(replies.as_bytes()).unwrap()),
            Ok(answer)
        );
    }
}

#[test]
fn etrn_is_rejected_by_default_and_out_of_order() {
    let mut session = queueing();
    session.sends(
        "ETRN example.org\r\nETRN\r\nETRN a_b\r\nMAIL FROM:<a@b>\r\nETRN example.org\r\nRSET\r\nETRN #q",
    );
    assert_eq!(session.codes(), "459 501 501 250 503 250 459");
    let mut session = Session::new();
    session.sends("ETRN example.org");
    assert_eq!(session.codes(), "502");
}
