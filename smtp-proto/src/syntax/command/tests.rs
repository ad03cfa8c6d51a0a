mod envelope;

use std::format;
use std::string::ToString;

use super::*;
use crate::types::{Body, ClientNameKind, ParameterFault};

fn parse(line: &[u8]) -> Result<Command<'_>, CommandError> {
    parse_command(line, &Leniency::default())
}

/// The kind of an error, without its position.
#[derive(Debug, PartialEq)]
enum Kind {
    Unrecognised,
    Syntax(Verb, ArgumentFault),
    Control(Verb),
    NotUtf8(Verb),
    Address(Verb, AddressFault),
    Parameter(Verb, &'static str, ParameterFault),
    Argument(Verb, ArgumentFault),
    NonAscii(Verb),
    ChunkSize,
}

/// Fails to parse a line, at an offset within it.
fn fault(line: &[u8]) -> Kind {
    let error = match parse(line) {
        Err(error) => error,
        Ok(command) => panic!("{}: {command:?}", line.escape_ascii()),
    };
    assert!(error.position() <= line.len(), "{error}");
    match error {
        CommandError::Unrecognised { .. } => Kind::Unrecognised,
        CommandError::Syntax { verb, error } => Kind::Syntax(verb, error.fault()),
        CommandError::Control { verb, position } => {
            let character = str::from_utf8(&line[position..]).map_or(None, |rest| rest.chars().next());
            assert!(character.is_none_or(char::is_control), "{}", line.escape_ascii());
            Kind::Control(verb)
        }
        CommandError::NotUtf8 { verb, .. } => Kind::NotUtf8(verb),
        CommandError::Address { verb, error } => Kind::Address(verb, error.fault()),
        CommandError::Parameter { verb, keyword, error } => Kind::Parameter(verb, keyword, error.fault()),
        CommandError::Argument { verb, error } => Kind::Argument(verb, error.fault()),
        CommandError::NonAscii { verb, position } => {
            assert!(!line[position].is_ascii());
            Kind::NonAscii(verb)
        }
        CommandError::ChunkSize { .. } => Kind::ChunkSize,
    }
}

#[test]
fn verbs_are_whole_words_in_any_case() {
    for (line, command) in [
        ("DATA", Command::Data),
        ("rset", Command::Rset),
        ("QuIt", Command::Quit),
        ("starttls", Command::StartTls),
        ("TURN", Command::Turn),
        ("debug", Command::Debug),
        ("NOOP", Command::Noop(None)),
        ("help", Command::Help(None)),
    ] {
        assert_eq!(parse(line.as_bytes()), Ok(command.clone()));
        assert_eq!(
            parse(format!("{line} \t ").as_bytes()),
            Ok(command),
            "blanks at the end"
        );
    }
    for line in [
        "NOOPX",
        "RSETX",
        "STARTTLSX",
        "STARTTL",
        "WIZ",
        "DEBUGX",
        "DEBU",
        "XCLIENTS NAME=x",
        "XFORWARDING",
        "GET / HTTP/1.1",
    ] {
        let command = parse(line.as_bytes());
        assert!(matches!(command, Ok(Command::Unknown(_))), "{command:?}");
    }
}

#[test]
fn a_tab_ends_a_verb_and_is_a_control_character() {
    assert_eq!(fault(b"NOOP\tx"), Kind::Control(Verb::Noop));
    assert_eq!(fault(b"BDAT\t6 LAST"), Kind::Control(Verb::Bdat));
}

#[test]
fn a_line_without_a_verb_is_not_recognised() {
    let long = "X".repeat(300);
    for line in [
        "",
        " ",
        " NOOP",
        "MAILFROM:<a@b>",
        "RCPTTO:<a@b>",
        "\u{e9}",
        "MA\u{e9}L x",
        ".",
        "a\tb",
        "X\0",
        &long,
    ] {
        assert_eq!(fault(line.as_bytes()), Kind::Unrecognised, "{line:?}");
    }
    assert_eq!(fault(b"\xc3\xa9\xff"), Kind::Unrecognised);
    assert_eq!(fault(b"WIZ \xff"), Kind::Unrecognised);
    // Octets which differ from a verb only in the bit that makes small letters.
    assert_eq!(fault(&b"DATA".map(|octet| octet ^ 0x40)), Kind::Unrecognised);
}

#[test]
fn an_argument_is_refused_if_the_command_has_no_argument() {
    for (line, verb) in [
        ("DATA now", Verb::Data),
        ("RSET x", Verb::Rset),
        ("QUIT .", Verb::Quit),
        ("STARTTLS x", Verb::StartTls),
    ] {
        assert_eq!(
            fault(line.as_bytes()),
            Kind::Syntax(verb, ArgumentFault::Unexpected)
        );
    }
}

#[test]
fn control_characters_are_named_as_the_fault() {
    let control = Kind::Control;
    assert_eq!(fault(b"RCPT TO:<a\0@b>"), control(Verb::Rcpt));
    assert_eq!(fault(b"RCPT TO:<a\r@b>"), control(Verb::Rcpt));
    assert_eq!(fault(b"MAIL FROM:<\"a\x1b\"@b>"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL FROM:<a@b> SIZE=1\tBODY=7BIT"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL FROM:<a@b> X=\x7f"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL FROM\x1a<a@b>"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL \tFROM:<a@b>"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL FROM:\r<a@b>"), control(Verb::Mail));
    assert_eq!(fault(b"MAIL FROM:<a@b> \n SIZE=1"), control(Verb::Mail));
    assert_eq!(fault(b"RSET \r"), control(Verb::Rset));
    assert_eq!(fault(b"DATA \n "), control(Verb::Data));
    assert_eq!(fault(b"NOOP a\nNOOP"), control(Verb::Noop));
    assert_eq!(fault(b"NOOP a\rNOOP"), control(Verb::Noop));
    assert_eq!(fault(b"HELP \x1b[31m"), control(Verb::Help));
    assert_eq!(fault(b"EHLO a\x01.test"), control(Verb::Ehlo));
    assert_eq!(fault(b"AUTH PLAIN a\0b"), control(Verb::Auth));
    assert_eq!(fault(b"BDAT 1\x00"), control(Verb::Bdat));
    assert_eq!(fault("NOOP \u{9b}31m".as_bytes()), control(Verb::Noop));
    assert_eq!(
        fault("MAIL FROM:<a@b> SMTPUTF8 X=\u{85}".as_bytes()),
        control(Verb::Mail)
    );
}

#[test]
fn utf8_is_checked_as_utf8() {
    for octets in [
        &b"\xc0\xaf"[..],
        b"\xed\xa0\x80",
        b"\xe2\x82",
        b"\xff",
        b"\xf4\x90\x80\x80",
        b"\x80",
    ] {
        for (verb, line) in [
            (Verb::Mail, [b"MAIL FROM:<", octets, b"@b> SMTPUTF8"].concat()),
            (Verb::Rcpt, [b"RCPT TO:<a@", octets, b">"].concat()),
            (Verb::Vrfy, [b"VRFY ", octets, b" SMTPUTF8"].concat()),
            (Verb::Noop, [b"NOOP ", octets].concat()),
        ] {
            assert_eq!(fault(&line), Kind::NotUtf8(verb), "{octets:x?}");
        }
    }
}

#[test]
fn each_leniency_accepts_its_fault_and_strict_does_not() {
    let mut all = Leniency::default();
    (all.missing_brackets, all.trailing_dot) = (true, true);
    for (line, becomes) in [
        ("MAIL FROM: <a@b>", "MAIL FROM:<a@b>"),
        ("MAIL FROM:a@b SIZE=1", "MAIL FROM:<a@b> SIZE=1"),
        ("MAIL FROM:@x,@y:a@b", "MAIL FROM:<@x,@y:a@b>"),
        ("RCPT TO:postmaster", "RCPT TO:<postmaster>"),
        ("MAIL FROM:<a@b.>", "MAIL FROM:<a@b>"),
        ("MAIL FROM:<\"a b\"@c.> SIZE=1", "MAIL FROM:<\"a b\"@c> SIZE=1"),
        ("RCPT TO:<@x:a@b.>", "RCPT TO:<@x:a@b>"),
        ("RCPT TO:<a@[192.0.2.1].>", "RCPT TO:<a@[192.0.2.1]>"),
        ("RCPT TO:a@c. NOTIFY=NEVER", "RCPT TO:<a@c> NOTIFY=NEVER"),
        ("EHLO my_pc", "EHLO my_pc"),
        ("HELO -a-._b", "HELO -a-._b"),
        ("EHLO a.b.", "EHLO a.b"),
        ("HELO my_pc.", "HELO my_pc"),
        ("EHLO [::1]", "EHLO [::1]"),
        ("EHLO [IPv6:fe80::1%eth0]", "EHLO [IPv6:fe80::1%eth0]"),
        ("HELO [ipv6:FE80::1%en0.1]", "HELO [ipv6:FE80::1%en0.1]"),
    ] {
        let command = parse_command(line.as_bytes(), &all).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(str::from_utf8(&command.to_line()).unwrap().trim_end(), becomes);
        assert!(
            parse_command(line.as_bytes(), &Leniency::STRICT).is_err(),
            "{line}"
        );
    }
    for line in [
        "MAIL FROM:",
        "RCPT TO:",
        "RCPT TO:<>",
        "MAIL FROM:<a b@c>",
        "MAIL FROM:<a@b..>",
        "MAIL FROM:<.a..b.@c>",
        "RCPT TO:<a@b.",
        "RCPT TO:a@b>",
        "EHLO",
        "EHLO .",
        "EHLO a..",
        "EHLO [:1]",
        "EHLO [::1%]",
        "EHLO [IPv6:fe80::g%eth0]",
        "EHLO _..a",
        "EHLO a b",
    ] {
        assert!(parse_command(line.as_bytes(), &all).is_err(), "{line}");
    }
}

#[test]
fn a_hello_has_a_client_name() {
    let name = |line: &'static str| match parse(line.as_bytes()) {
        Ok(Command::Ehlo(name) | Command::Helo(name) | Command::Lhlo(name)) => name,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(name("EHLO a-b--c.client.test ").kind(), ClientNameKind::Domain);
    assert_eq!(
        name("HELO [127.0.0.1]").kind(),
        ClientNameKind::Literal(Some([127, 0, 0, 1].into()))
    );
    assert_eq!(name("lhlo [IPv6:::1]").as_str(), "[IPv6:::1]");
    assert_eq!(name("EHLO my_pc").kind(), ClientNameKind::Other);
    assert_eq!(name("EHLO my_pc").host(), None);
    assert_eq!(name("EHLO localhost.localdomain.").kind(), ClientNameKind::Domain);
    assert_eq!(
        name("EHLO [2001:db8::19]").kind(),
        ClientNameKind::Literal(None),
        "a literal with the tag 2001"
    );
    assert_eq!(name("EHLO [::1]").kind(), ClientNameKind::Other);
    for line in [
        "EHLO",
        "EHLO a b",
        "EHLO [IPv6:::::]",
        "EHLO `id`",
        "EHLO client..test",
        "EHLO [a_b]",
    ] {
        let kind = fault(line.as_bytes());
        assert!(matches!(kind, Kind::Address(Verb::Ehlo, _)), "{line}: {kind:?}");
    }
    let long = format!("EHLO {}", "a_".repeat(128));
    assert!(parse(long.as_bytes()).is_err());
}

#[test]
fn a_chunk_size_is_a_number_of_64_bits() {
    for (line, size, last) in [
        ("BDAT 0 LAST", 0, true),
        ("bdat 86  last ", 86, true),
        ("BDAT 4294967296", 1 << 32, false),
        ("BDAT 9223372036854775808", 1 << 63, false),
        ("BDAT 18446744073709551615", u64::MAX, false),
        ("BDAT 00000000000000000007", 7, false),
    ] {
        assert_eq!(
            parse(line.as_bytes()),
            Ok(Command::Bdat(Bdat { size, last })),
            "{line}"
        );
    }
    for digits in [
        "18446744073709551616",
        "99999999999999999999",
        "123456789012345678901234567890",
    ] {
        assert_eq!(
            fault(format!("BDAT {digits} LAST").as_bytes()),
            Kind::ChunkSize,
            "{digits}"
        );
    }
    for line in [
        "BDAT",
        "BDAT LAST",
        "BDAT -1",
        "BDAT +1",
        "BDAT 0x10",
        "BDAT 1 LASTS",
        "BDAT 1 LAST LAST",
        "BDAT 1 2",
    ] {
        let kind = fault(line.as_bytes());
        assert!(matches!(kind, Kind::Syntax(Verb::Bdat, _)), "{line}: {kind:?}");
    }
}

#[test]
fn a_query_may_allow_utf8() {
    let query = |line: &'static str| match parse(line.as_bytes()) {
        Ok(Command::Vrfy(query) | Command::Expn(query)) => (query.as_str().to_string(), query.smtputf8()),
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(query("VRFY Some Body"), ("Some Body".into(), false));
    assert_eq!(query("vrfy <a@b>  smtputf8"), ("<a@b>".into(), true));
    assert_eq!(query("EXPN l\u{e9}s SMTPUTF8"), ("l\u{e9}s".into(), true));
    assert_eq!(query("VRFY SMTPUTF8"), ("SMTPUTF8".into(), false));
    assert_eq!(query("VRFY SMTPUTF8 SMTPUTF8"), ("SMTPUTF8".into(), true));
    assert_eq!(fault("VRFY \u{e9}".as_bytes()), Kind::NonAscii(Verb::Vrfy));
    assert_eq!(fault(b"VRFY"), Kind::Argument(Verb::Vrfy, ArgumentFault::Empty));
    assert_eq!(
        fault(b"VRFY a SMTPUTF8 SMTPUTF8"),
        Kind::Argument(Verb::Vrfy, ArgumentFault::SmtpUtf8)
    );
}

#[test]
fn auth_has_a_mechanism_and_an_optional_initial_response() {
    let auth = |line: &'static str| match parse(line.as_bytes()) {
        Ok(Command::Auth(auth)) => (
            auth.mechanism().to_string(),
            auth.initial_response().map(ToString::to_string),
        ),
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(
        auth("AUTH PLAIN AGEAYg=="),
        ("PLAIN".into(), Some("AGEAYg==".into()))
    );
    assert_eq!(
        auth("auth scram-sha-256  ="),
        ("scram-sha-256".into(), Some("=".into()))
    );
    assert_eq!(auth("AUTH LOGIN "), ("LOGIN".into(), None));
    for line in [
        "AUTH",
        "AUTH PLAIN a b",
        "AUTH P@AIN",
        "AUTH ABCDEFGHIJKLMNOPQRSTU",
        "AUTH PLAIN \u{e9}",
    ] {
        let kind = fault(line.as_bytes());
        assert!(matches!(kind, Kind::Argument(Verb::Auth, _)), "{line}: {kind:?}");
    }
}

#[test]
fn a_borrowed_command_converts_to_an_owned_command() {
    for line in [
        "EHLO a",
        "MAIL FROM:<a@b> X=1 SIZE=2",
        "RCPT TO:<a@b> Y",
        "VRFY x",
        "NOOP x",
        "AUTH X =",
        "ETRN #a",
        "XYZ a",
    ] {
        let command = parse(line.as_bytes()).unwrap();
        assert_eq!(command.clone().into_owned(), command);
    }
    assert_eq!(parse(b"SAML FROM:<>").unwrap().verb(), Some(Verb::Saml));
    assert_eq!(parse(b"ETRN a").unwrap().verb(), Some(Verb::Etrn));
    assert_eq!(parse(b"ATRN a").unwrap().verb(), None);
}
