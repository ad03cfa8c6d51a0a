use super::*;

fn mail(line: &str) -> Mail<'_> {
    match parse(line.as_bytes()) {
        Ok(Command::Mail(mail)) => mail,
        other => panic!("{line}: {other:?}"),
    }
}

fn rcpt(line: &str) -> Rcpt<'_> {
    match parse(line.as_bytes()) {
        Ok(Command::Rcpt(rcpt)) => rcpt,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn utf8_in_a_path_needs_the_smtputf8_parameter() {
    let unicode = mail("MAIL FROM:<us\u{e9}r@b\u{fc}cher.example> SIZE=1 SMTPUTF8");
    assert!(unicode.parameters().smtputf8() && !unicode.reverse_path().is_ascii());
    let non_ascii = Kind::NonAscii;
    assert_eq!(
        fault("MAIL FROM:<us\u{e9}r@b> SIZE=1".as_bytes()),
        non_ascii(Verb::Mail)
    );
    assert_eq!(
        fault("MAIL FROM:<a@b> X=\u{e9}".as_bytes()),
        non_ascii(Verb::Mail)
    );
    assert!(
        !rcpt("RCPT TO:<us\u{e9}r@b>").is_ascii(),
        "for the transaction to judge"
    );
    assert_eq!(
        fault(b"MAIL FROM:<a@b> SMTPUTF8=1"),
        Kind::Parameter(Verb::Mail, "SMTPUTF8", ParameterFault::UnwantedValue)
    );
    assert_eq!(
        fault("EHLO b\u{fc}cher.example".as_bytes()),
        Kind::Address(Verb::Ehlo, AddressFault::NonAsciiDomain)
    );
}

#[test]
fn mail_has_a_path_and_parameters() {
    assert!(mail("MAIL FROM:<>").reverse_path().is_null());
    assert_eq!(mail("mail from:<A@b> size=5").parameters().size(), Some(5));
    assert_eq!(mail("MAIL  FROM:<a@b>  SIZE=5 ").parameters().size(), Some(5));
    assert_eq!(
        mail("MAIL FROM:<> BODY=7BIT").parameters().body(),
        Some(Body::SevenBit)
    );
    assert_eq!(mail("MAIL FROM:<\"a>b\"@c>").reverse_path().as_str(), "\"a>b\"@c");
    assert_eq!(mail("SEND FROM:<a@b>").kind(), MailKind::Send);
    assert_eq!(mail("SOML FROM:<a@b>").kind(), MailKind::Soml);
    assert_eq!(mail("SAML FROM:<a@b>").kind(), MailKind::Saml);
    for line in [
        "MAIL",
        "MAIL <a@b>",
        "MAIL TO:<a@b>",
        "MAIL FROM <a@b>",
        "MAIL FROM :<a@b>",
        "MAIL FRO:<a@b>",
        "MAIL FROM",
    ] {
        assert_eq!(
            fault(line.as_bytes()),
            Kind::Syntax(Verb::Mail, ArgumentFault::MissingFrom),
            "{line}"
        );
    }
}

#[test]
fn malformed_paths_are_refused() {
    for (path, expected) in [
        ("", AddressFault::OpeningBracket),
        ("a@b", AddressFault::OpeningBracket),
        ("<a@b", AddressFault::ClosingBracket),
        ("<a@b@c>", AddressFault::LabelCharacter),
        ("<a@b >", AddressFault::Trailing),
        ("< a@b>", AddressFault::LocalPartCharacter),
        ("<@>", AddressFault::EmptyLocalPart),
        ("<a>", AddressFault::MissingAt),
        ("<a@b..c>", AddressFault::EmptyLabel),
        ("<a@b.>", AddressFault::EmptyLabel),
        ("<a@b_c>", AddressFault::LabelCharacter),
        ("<a@[999.1.1.1]>", AddressFault::Literal),
        ("<\"a@b>", AddressFault::UnclosedQuotes),
        ("<a@b>junk", AddressFault::Trailing),
        ("<a@b>,<c@d>", AddressFault::Trailing),
    ] {
        assert_eq!(
            fault(format!("MAIL FROM:{path}").as_bytes()),
            Kind::Address(Verb::Mail, expected),
            "{path}"
        );
        assert_eq!(
            fault(format!("RCPT TO:{path}").as_bytes()),
            Kind::Address(Verb::Rcpt, expected),
            "{path}"
        );
    }
    assert_eq!(
        fault(b"RCPT TO:<>"),
        Kind::Address(Verb::Rcpt, AddressFault::Null)
    );
    assert_eq!(
        fault(b"MAIL FROM:<>x"),
        Kind::Address(Verb::Mail, AddressFault::Trailing)
    );
    assert_eq!(
        fault(b"MAIL FROM:<postmaster>"),
        Kind::Address(Verb::Mail, AddressFault::MissingAt)
    );
}

#[test]
fn rcpt_has_a_path_or_the_postmaster() {
    for line in [
        "RCPT TO:<Postmaster>",
        "RCPT TO:<POSTMASTER> NOTIFY=NEVER",
        "rcpt to: <postmaster>",
    ] {
        assert!(rcpt(line).forward_path().is_postmaster() && rcpt(line).forward_path().mailbox().is_none());
    }
    let routed = rcpt("RCPT TO:<@a.test,@b.test:u@c.test> ORCPT=rfc822;u@c.test");
    assert_eq!(routed.forward_path().mailbox().unwrap().as_str(), "u@c.test");
    assert!(routed.parameters().original_recipient().is_some());
    let error = parse(b"RCPT TO:<a@b> NOTIFY=NEVER,DELAY").unwrap_err();
    assert_eq!(
        error.to_string(),
        "RCPT NOTIFY: `NEVER,DELAY` is not a valid value (offset 26)"
    );
}
