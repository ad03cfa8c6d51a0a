use super::*;
use crate::types::{AuthIdentity, Notify, OriginalRecipient, RcptParameters, Ret, ReversePath, Xtext};

/// What is said of this envelope to a server with these extensions, or why nothing is.
fn said(envelope: Envelope, extensions: &str) -> Result<String, RequestError> {
    let mut session = Session::with(config(), &format!("PIPELINING|{extensions}"));
    session
        .client
        .deliver(envelope)
        .map_err(|not_sent| not_sent.error)?;
    session.go_on().written();
    let said = String::from_utf8(session.wire).unwrap();
    Ok(said.replace("\r\n", "|").replace("|DATA|", ""))
}

fn with(parameters: MailParameters<'_>) -> Envelope {
    to("b@y").with_parameters(parameters)
}

const PLAIN: &str = "MAIL FROM:<a@x>|RCPT TO:<b@y>";

#[test]
fn paths_are_sent_as_they_are() {
    let envelope = Envelope::new(ReversePath::Null)
        .recipient(ForwardPath::parse("Postmaster").unwrap())
        .recipient(Mailbox::parse("\"b c\"@[192.0.2.1]").unwrap());
    assert_eq!(
        said(envelope, "").unwrap(),
        "MAIL FROM:<>|RCPT TO:<Postmaster>|RCPT TO:<\"b c\"@[192.0.2.1]>"
    );
}

#[test]
fn the_size_is_declared_where_it_is_offered() {
    let envelope = || with(MailParameters::default().with_size(42));
    assert_eq!(
        said(envelope(), "SIZE").unwrap(),
        "MAIL FROM:<a@x> SIZE=42|RCPT TO:<b@y>"
    );
    assert_eq!(said(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn an_eight_bit_body_needs_its_extension() {
    let envelope = || with(MailParameters::default().with_body(Body::EightBitMime));
    assert_eq!(
        said(envelope(), "8BITMIME").unwrap(),
        "MAIL FROM:<a@x> BODY=8BITMIME|RCPT TO:<b@y>"
    );
    assert_eq!(
        said(envelope(), ""),
        Err(RequestError::NotOffered(Keyword::EightBitMime))
    );
    let seven = with(MailParameters::default().with_body(Body::SevenBit));
    assert_eq!(said(seven, "").unwrap(), PLAIN);
}

#[test]
fn a_binary_body_needs_both_extensions() {
    let envelope = || with(MailParameters::default().with_body(Body::BinaryMime));
    assert_eq!(
        said(envelope(), "BINARYMIME"),
        Err(RequestError::NotOffered(Keyword::Chunking))
    );
    assert_eq!(
        said(envelope(), "CHUNKING"),
        Err(RequestError::NotOffered(Keyword::BinaryMime))
    );
}

#[test]
fn smtputf8_is_said_when_an_address_needs_it_and_only_then() {
    let international = || to("b\u{e9}@y");
    assert_eq!(
        said(international(), "SMTPUTF8|8BITMIME").unwrap(),
        "MAIL FROM:<a@x> SMTPUTF8|RCPT TO:<b\u{e9}@y>"
    );
    assert_eq!(
        said(international(), "8BITMIME"),
        Err(RequestError::NotOffered(Keyword::SmtpUtf8))
    );
    assert_eq!(said(to("b@y"), "SMTPUTF8|8BITMIME").unwrap(), PLAIN);
    let asked = with(MailParameters::default().with_smtputf8());
    assert_eq!(said(asked, ""), Err(RequestError::NotOffered(Keyword::SmtpUtf8)));
}

#[test]
fn tls_is_required_only_under_tls_and_of_servers_that_know_how() {
    let envelope = || with(MailParameters::default().with_require_tls());
    assert_eq!(
        said(envelope(), ""),
        Err(RequestError::NotOffered(Keyword::RequireTls))
    );
    assert_eq!(
        said(envelope(), "REQUIRETLS"),
        Err(RequestError::NotOffered(Keyword::RequireTls)),
        "an offer in clear is none"
    );
    let mut session = Session::new(config());
    let mut info = TlsInfo::default();
    session.client = Client::new_over_tls(config().into(), info.clone());
    session.server("220 hi").written();
    session.server("250-mx.example|250 REQUIRETLS").written();
    let unverified = session.client.deliver(envelope()).unwrap_err();
    assert_eq!(unverified.error, RequestError::ServerNotVerified);
    session.client.deliver(to("b@y")).unwrap();

    let mut session = Session::new(config());
    info.peer_verified = true;
    session.client = Client::new_over_tls(config().into(), info);
    session.server("220 hi").written();
    session.server("250-mx.example|250 REQUIRETLS");
    session.client.deliver(envelope()).unwrap();
    session
        .go_on()
        .hears("EHLO me.example|MAIL FROM:<a@x> REQUIRETLS|");
}

#[test]
fn notifications_are_asked_for_where_they_are_offered() {
    let envelope = || {
        let mail = MailParameters::default().with_ret(Ret::Headers);
        let mail = mail.with_envelope_id(Xtext::parse("id+2B").unwrap()).unwrap();
        let rcpt = RcptParameters::default()
            .with_notify(Notify::NEVER)
            .with_original_recipient(OriginalRecipient::parse("rfc822;b@y").unwrap());
        Envelope::new(Mailbox::parse("a@x").unwrap())
            .with_parameters(mail)
            .recipient_with(Mailbox::parse("b@y").unwrap(), rcpt)
    };
    assert_eq!(
        said(envelope(), "DSN").unwrap(),
        "MAIL FROM:<a@x> RET=HDRS ENVID=id+2B|RCPT TO:<b@y> NOTIFY=NEVER ORCPT=rfc822;b@y"
    );
    assert_eq!(said(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn the_submitter_is_named_where_auth_is_offered() {
    let envelope = || with(MailParameters::default().with_auth(AuthIdentity::parse("<>").unwrap()));
    assert_eq!(
        said(envelope(), "AUTH PLAIN").unwrap(),
        "MAIL FROM:<a@x> AUTH=<>|RCPT TO:<b@y>"
    );
    assert_eq!(said(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn a_parameter_of_an_unknown_extension_needs_its_offer() {
    let mail = |keyword, value| with(MailParameters::default().with_other(keyword, value).unwrap());
    assert_eq!(
        said(mail("MT-PRIORITY", Some("3")), ""),
        Err(RequestError::ParameterNotOffered)
    );
    assert_eq!(
        said(mail("MT-PRIORITY", Some("3")), "mt-priority MIXER").unwrap(),
        "MAIL FROM:<a@x> MT-PRIORITY=3|RCPT TO:<b@y>"
    );
    for (keyword, value, extension) in [
        ("BY", "120;R", "DELIVERBY"),
        ("holdfor", "60", "FUTURERELEASE"),
        ("SOLICIT", "a.b", "NO-SOLICITING"),
    ] {
        assert!(said(mail(keyword, Some(value)), extension).is_ok());
        assert_eq!(
            said(mail(keyword, Some(value)), keyword),
            Err(RequestError::ParameterNotOffered)
        );
    }
    let rcpt = RcptParameters::default()
        .with_other("RRVS", Some("2026-01-01T00:00:00Z"))
        .unwrap();
    let envelope = || to("").recipient_with(Mailbox::parse("b@y").unwrap(), rcpt.clone());
    assert_eq!(said(envelope(), ""), Err(RequestError::ParameterNotOffered));
    assert_eq!(
        said(envelope(), "RRVS").unwrap(),
        "MAIL FROM:<a@x>|RCPT TO:<b@y> RRVS=2026-01-01T00:00:00Z"
    );
}
