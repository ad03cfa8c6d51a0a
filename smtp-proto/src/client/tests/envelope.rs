use super::*;
use crate::types::{AuthIdentity, Notify, OriginalRecipient, RcptParameters, Ret, ReversePath, Rrvs, Xtext};

/// Returns the commands for this envelope to a server with these extensions, or the error if nothing is sent.
fn sent(envelope: Envelope, extensions: &str) -> Result<String, RequestError> {
    let mut session = Session::with(config(), &format!("PIPELINING|{extensions}"));
    session
        .client
        .deliver(envelope)
        .map_err(|not_sent| not_sent.error)?;
    session.poll_all().written();
    let said = String::from_utf8(session.wire).unwrap();
    Ok(said.replace("\r\n", "|").replace("|DATA|", ""))
}

fn with(parameters: MailParameters<'_>) -> Envelope {
    to("b@y").with_parameters(parameters)
}

const PLAIN: &str = "MAIL FROM:<a@x>|RCPT TO:<b@y>";

#[test]
fn paths_are_sent_unchanged() {
    let envelope = Envelope::new(ReversePath::Null)
        .recipient(ForwardPath::parse("Postmaster").unwrap())
        .recipient(Mailbox::parse("\"b c\"@[192.0.2.1]").unwrap());
    assert_eq!(
        sent(envelope, "").unwrap(),
        "MAIL FROM:<>|RCPT TO:<Postmaster>|RCPT TO:<\"b c\"@[192.0.2.1]>"
    );
}

#[test]
fn size_is_declared_if_offered() {
    let envelope = || with(MailParameters::default().with_size(42));
    assert_eq!(
        sent(envelope(), "SIZE").unwrap(),
        "MAIL FROM:<a@x> SIZE=42|RCPT TO:<b@y>"
    );
    assert_eq!(sent(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn an_eight_bit_body_needs_its_extension() {
    let envelope = || with(MailParameters::default().with_body(Body::EightBitMime));
    assert_eq!(
        sent(envelope(), "8BITMIME").unwrap(),
        "MAIL FROM:<a@x> BODY=8BITMIME|RCPT TO:<b@y>"
    );
    assert_eq!(
        sent(envelope(), ""),
        Err(RequestError::NotOffered(Keyword::EightBitMime))
    );
    let seven = with(MailParameters::default().with_body(Body::SevenBit));
    assert_eq!(sent(seven, "").unwrap(), PLAIN);
}

#[test]
fn a_binary_body_needs_both_extensions() {
    let envelope = || with(MailParameters::default().with_body(Body::BinaryMime));
    assert_eq!(
        sent(envelope(), "BINARYMIME"),
        Err(RequestError::NotOffered(Keyword::Chunking))
    );
    assert_eq!(
        sent(envelope(), "CHUNKING"),
        Err(RequestError::NotOffered(Keyword::BinaryMime))
    );
}

#[test]
fn smtputf8_is_sent_only_if_an_address_needs_it() {
    let international = || to("b\u{e9}@y");
    assert_eq!(
        sent(international(), "SMTPUTF8|8BITMIME").unwrap(),
        "MAIL FROM:<a@x> SMTPUTF8|RCPT TO:<b\u{e9}@y>"
    );
    assert_eq!(
        sent(international(), "8BITMIME"),
        Err(RequestError::NotOffered(Keyword::SmtpUtf8))
    );
    assert_eq!(sent(to("b@y"), "SMTPUTF8|8BITMIME").unwrap(), PLAIN);
    let asked = with(MailParameters::default().with_smtputf8());
    assert_eq!(sent(asked, ""), Err(RequestError::NotOffered(Keyword::SmtpUtf8)));
}

#[test]
fn requiretls_needs_tls_a_verified_server_and_the_offer() {
    let envelope = || with(MailParameters::default().with_require_tls());
    assert_eq!(
        sent(envelope(), ""),
        Err(RequestError::NotOffered(Keyword::RequireTls))
    );
    assert_eq!(
        sent(envelope(), "REQUIRETLS"),
        Err(RequestError::NotOffered(Keyword::RequireTls)),
        "an offer in plaintext does not count"
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
        .poll_all()
        .sends("EHLO me.example|MAIL FROM:<a@x> REQUIRETLS|");
}

#[test]
fn dsn_parameters_are_sent_if_offered() {
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
        sent(envelope(), "DSN").unwrap(),
        "MAIL FROM:<a@x> RET=HDRS ENVID=id+2B|RCPT TO:<b@y> NOTIFY=NEVER ORCPT=rfc822;b@y"
    );
    assert_eq!(sent(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn the_auth_parameter_is_sent_if_offered() {
    let envelope = || with(MailParameters::default().with_auth(AuthIdentity::parse("<>").unwrap()));
    assert_eq!(
        sent(envelope(), "AUTH PLAIN").unwrap(),
        "MAIL FROM:<a@x> AUTH=<>|RCPT TO:<b@y>"
    );
    assert_eq!(sent(envelope(), "").unwrap(), PLAIN);
}

#[test]
fn a_parameter_of_an_unknown_extension_needs_its_offer() {
    let mail = |keyword, value| with(MailParameters::default().with_other(keyword, value).unwrap());
    for (keyword, extension) in [("MTRK", "mtrk"), ("transid", "CHECKPOINT"), ("X-A", "X-A 1")] {
        assert_eq!(
            sent(mail(keyword, Some("3")), ""),
            Err(RequestError::ParameterNotOffered)
        );
        assert_eq!(
            sent(mail(keyword, Some("3")), extension).unwrap(),
            format!("MAIL FROM:<a@x> {keyword}=3|RCPT TO:<b@y>")
        );
    }
    let rcpt = RcptParameters::default().with_other("CONNEG", None).unwrap();
    let envelope = || to("").recipient_with(Mailbox::parse("b@y").unwrap(), rcpt.clone());
    assert_eq!(sent(envelope(), ""), Err(RequestError::ParameterNotOffered));
    assert_eq!(
        sent(envelope(), "CONNEG").unwrap(),
        "MAIL FROM:<a@x>|RCPT TO:<b@y> CONNEG"
    );
}

fn asked(parameters: &str) -> Envelope {
    with(MailParameters::parse(parameters).unwrap().into_owned())
}

#[test]
fn the_times_of_a_delivery_need_their_extension() {
    for (parameters, extension, offer) in [
        (
            "HOLDFOR=60",
            Keyword::FutureRelease,
            "FUTURERELEASE 60 2030-01-01T00:00:00Z",
        ),
        ("HOLDFOR=60", Keyword::FutureRelease, "futurerelease"),
        (
            "HOLDUNTIL=2030-01-01T00:00:00Z",
            Keyword::FutureRelease,
            "FUTURERELEASE 1 2030-01-01T00:00:00Z",
        ),
        ("BY=60;R", Keyword::DeliverBy, "DELIVERBY"),
        ("BY=60;RT", Keyword::DeliverBy, "DELIVERBY 60"),
        ("BY=60;R", Keyword::DeliverBy, "deliverby soon"),
    ] {
        assert_eq!(
            sent(asked(parameters), ""),
            Err(RequestError::NotOffered(extension)),
            "{parameters}"
        );
        assert_eq!(
            sent(asked(parameters), offer).unwrap(),
            format!("MAIL FROM:<a@x> {parameters}|RCPT TO:<b@y>"),
            "{offer}"
        );
    }
}

#[test]
fn announced_bounds_are_enforced() {
    let limits = "FUTURERELEASE 60 2030-01-01T00:00:00Z|DELIVERBY 120";
    for (parameters, error) in [
        ("HOLDFOR=61", RequestError::HeldTooLong),
        ("HOLDUNTIL=2030-01-01T00:00:01Z", RequestError::HeldTooLong),
        ("BY=119;R", RequestError::DeadlineTooShort(120)),
        ("BY=59;N HOLDFOR=60", RequestError::HeldBeyondDeadline),
    ] {
        assert_eq!(sent(asked(parameters), limits), Err(error), "{parameters}");
        assert_eq!(error.retry(), Retry::Never);
    }
    for parameters in ["HOLDFOR=60 BY=120;R", "HOLDFOR=60 BY=60;N", "BY=119;N"] {
        assert_eq!(
            sent(asked(parameters), limits).unwrap(),
            format!("MAIL FROM:<a@x> {parameters}|RCPT TO:<b@y>")
        );
    }
}

#[test]
fn optional_parameters_are_omitted_if_not_offered() {
    for (parameters, offer) in [
        ("BY=60;N", "DELIVERBY"),
        ("BY=-60;NT", "DELIVERBY 120"),
        ("MT-PRIORITY=4", "MT-PRIORITY MIXER"),
        ("MT-PRIORITY=0", "mt-priority"),
        ("SOLICIT=net.example:ADV", "NO-SOLICITING org.example:NEWS"),
    ] {
        assert_eq!(sent(asked(parameters), "").unwrap(), PLAIN, "{parameters}");
        assert_eq!(
            sent(asked(parameters), offer).unwrap(),
            format!("MAIL FROM:<a@x> {parameters}|RCPT TO:<b@y>")
        );
    }
}

#[test]
fn rrvs_is_required_or_omitted_by_its_action() {
    let to = |value: &str| {
        let rcpt = RcptParameters::default().with_rrvs(Rrvs::parse(value).unwrap());
        to("").recipient_with(Mailbox::parse("b@y").unwrap(), rcpt)
    };
    for value in [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z;R",
        "2026-01-01T00:00:00Z;C",
    ] {
        assert_eq!(
            sent(to(value), "RRVS").unwrap(),
            format!("MAIL FROM:<a@x>|RCPT TO:<b@y> RRVS={value}")
        );
        if value.ends_with('C') {
            assert_eq!(sent(to(value), "").unwrap(), PLAIN);
        } else {
            assert_eq!(
                sent(to(value), ""),
                Err(RequestError::NotOffered(Keyword::Rrvs)),
                "RFC 7293 section 3.1: R is the default"
            );
        }
    }
}
