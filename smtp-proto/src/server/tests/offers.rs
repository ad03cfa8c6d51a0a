//! The session accepts exactly the extensions that EHLO offers (RFC 5321 sections 2.2.1 and 4.1.1.11).

use super::*;
use crate::types::Extension;

/// A session that offers all but this.
fn without(keyword: Keyword) -> Session {
    let mut session = Session::fresh(config());
    session.poll_all();
    session.server.extensions_mut().remove(keyword);
    session.sends("EHLO client.test");
    session.clear();
    session
}

#[test]
fn ehlo_lists_the_name_first_and_each_extension_on_a_line() {
    let mut session = Session::fresh(config());
    session.poll_all();
    session.clear();
    session.sends("EHLO client.test");
    let replies = session.replies();
    let mut lines = replies.lines();
    assert_eq!(lines.next(), Some("250-mx.test"));
    for keyword in [
        "PIPELINING",
        "SIZE 26214400",
        "8BITMIME",
        "SMTPUTF8",
        "DSN",
        "CHUNKING",
        "BINARYMIME",
    ] {
        assert!(
            replies.contains(&format!("250-{keyword}\r\n")),
            "{keyword}: {replies}"
        );
    }
    assert!(lines.next_back().unwrap().starts_with("250 "));
}

#[test]
fn the_maximum_recipients_are_announced_and_enforced() {
    let mut config = config();
    config.set_max_recipients(core::num::NonZeroU32::new(2).unwrap());
    let mut session = Session::fresh(config.clone());
    session.poll_all();
    session.sends("EHLO client.test");
    assert!(session.replies().contains("LIMITS RCPTMAX=2\r\n"));
    session.clear();
    session.sends("MAIL FROM:<>\r\nRCPT TO:<a@mx.test>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>");
    assert_eq!(session.codes(), "250 250 250 452");
    // Other announced limits stay, and the grammar has six digits.
    let most = core::num::NonZeroU32::new(7).unwrap();
    let others = config.extensions.limits().with_mail_max(most);
    config.extensions.add(Extension::Limits(others));
    config.set_max_recipients(core::num::NonZeroU32::MAX);
    let limits = config.extensions.limits();
    assert_eq!(limits.rcpt_max().unwrap().get(), 999_999);
    assert_eq!(limits.mail_max(), Some(most));
}

#[test]
fn a_parameter_that_is_not_offered_is_555() {
    for (keyword, parameter) in [
        (Keyword::Size, "SIZE=1"),
        (Keyword::EightBitMime, "BODY=8BITMIME"),
        (Keyword::BinaryMime, "BODY=BINARYMIME"),
        (Keyword::Chunking, "BODY=BINARYMIME"),
        (Keyword::SmtpUtf8, "SMTPUTF8"),
        (Keyword::Dsn, "RET=FULL"),
        (Keyword::Dsn, "ENVID=x"),
    ] {
        let line = format!("MAIL FROM:<a@client.test> {parameter}");
        let mut session = without(keyword);
        session.sends(&line);
        let replies = session.replies();
        assert!(replies.starts_with("555 5.5.4 "), "{parameter}: {replies}");
        let mut session = Session::new();
        session.sends(&line);
        assert_eq!(session.codes(), "250", "{parameter}");
    }
    for parameter in ["AUTH=<>", "REQUIRETLS", "FROB=1", "FROB"] {
        let mut session = Session::new();
        session.sends(&format!("MAIL FROM:<a@client.test> {parameter}"));
        assert_eq!(session.codes(), "555", "{parameter}");
    }
    for parameter in ["NOTIFY=NEVER", "ORCPT=rfc822;b@mx.test"] {
        let mut session = without(Keyword::Dsn);
        session.sends(&format!("MAIL FROM:<>\r\nRCPT TO:<b@mx.test> {parameter}"));
        assert_eq!(session.codes(), "250 555", "{parameter}");
    }
    let mut session = Session::new();
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test> FROB=1\r\nRCPT TO:<b@mx.test> NOTIFY=DELAY");
    assert_eq!(session.codes(), "250 555 250");
}

#[test]
fn an_offered_auth_or_requiretls_parameter_is_accepted() {
    let mut config = config();
    config.extensions.add(Extension::RequireTls);
    config.extensions.add(Extension::Auth("PLAIN".into()));
    // REQUIRETLS is of use under TLS only (RFC 8689 section 2).
    let mut session = Session::fresh(config.clone());
    session.server.set_implicit_tls(TlsInfo::default());
    session.poll_all();
    session.sends("EHLO client.test\r\nMAIL FROM:<a@client.test> AUTH=<> REQUIRETLS");
    assert_eq!(session.codes(), "220 250 250");
}

#[test]
fn chunks_that_are_not_offered_are_502_and_dropped() {
    let mut session = without(Keyword::Chunking);
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP");
    assert_eq!(session.codes(), "250 250 502 250");
}

#[test]
fn without_the_extension_replies_have_no_enhanced_codes() {
    let mut session = without(Keyword::EnhancedStatusCodes).refusing("verify", Rejection::POLICY);
    session.sends("MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nVRFY x\r\nRCPT\r\nRSET\r\nHELP\r\nQUIT");
    assert_replies(
        &mut session,
        "250 sender ok\r\n250 recipient ok\r\n550 refused by policy\r\n\
         501 syntax error in the argument\r\n250 reset\r\n\
         214 commands: EHLO HELO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT\r\n221 bye\r\n",
    );
}

#[test]
fn extensions_of_a_session_may_change_at_ehlo() {
    let mut session = Session::fresh(config());
    session.poll_all();
    session.clear();
    let replies = session.asks("EHLO client.test", |server, event| {
        server.extensions_mut().clear();
        server.extensions_mut().add(Extension::Size(Some(5)));
        server.accept(event.into_ticket().unwrap()).unwrap();
    });
    assert_eq!(replies, "250-mx.test\r\n250 SIZE 5\r\n");
    session.sends("MAIL FROM:<> SIZE=6\r\nMAIL FROM:<> SIZE=5");
    assert_replies(&mut session, "552 message too big\r\n250 sender ok\r\n");
}

#[test]
fn the_reply_to_helo_has_no_extensions() {
    let mut session = Session::fresh(config());
    session.poll_all();
    session.clear();
    session.sends("HELO client.test");
    assert_replies(&mut session, "250 mx.test\r\n");
}

#[test]
fn the_application_may_be_asked_about_unknown_commands() {
    let mut config = config();
    config.unknown_commands = UnknownPolicy::AskApplication;
    let mut session = Session::with(config);
    session.sends("XFROB a b");
    assert_replies(&mut session, "250 2.5.0 ok\r\n");
    assert_eq!(session.events(), "command XFROB");
    let mut session = session.refusing("command", Rejection::POLICY);
    session.sends("XFROB");
    assert_eq!(session.codes(), "550");
}

#[test]
fn the_application_may_be_asked_about_unknown_parameters() {
    let mut config = config();
    config.unknown_parameters = UnknownPolicy::AskApplication;
    let mut session = Session::with(config);
    let replies = session.asks("MAIL FROM:<> XFROB=1", |server, event| {
        let Event::Mail { mail, ticket } = event else {
            panic!()
        };
        let parameter = mail.parameters().others().next().unwrap();
        assert_eq!((parameter.keyword(), parameter.value()), ("XFROB", Some("1")));
        server.accept(ticket).unwrap();
    });
    assert_eq!(replies, "250 2.1.0 sender ok\r\n");
    let replies = session.asks("RCPT TO:<b@mx.test> XFROB", |server, event| {
        let ticket = event.into_ticket().unwrap();
        server.reject(ticket, Rejection::UNKNOWN_PARAMETER).unwrap();
    });
    assert_eq!(replies, "555 5.5.4 parameter not recognised\r\n");
}
