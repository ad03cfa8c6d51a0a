//! Round trips, both ways.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::string::String;

use alloc::vec;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::syntax::{Leniency, parse_command};
use crate::types::{AddressLiteral, ClientName, Domain, Host, MailKind, Mailbox, Path, Postmaster};

fn parse(line: &[u8]) -> Command<'_> {
    let text = line.strip_suffix(b"\r\n").expect("a line ends in CRLF");
    parse_command(text, &Leniency::STRICT).unwrap_or_else(|error| panic!("{}: {error}", line.escape_ascii()))
}

fn host() -> impl Strategy<Value = Host<'static>> {
    let domain = "[a-zA-Z0-9é]([a-zA-Z0-9é-]{0,8}[a-z0-9é])?(\\.[a-z0-9]{1,9}){0,3}";
    prop_oneof![
        domain.prop_map(|text| Host::Domain(text.parse::<Domain<'_>>().unwrap())),
        any::<Ipv4Addr>().prop_map(|address| Host::Literal(address.into())),
        any::<Ipv6Addr>().prop_map(|address| Host::Literal(address.into())),
        "\\[[a-z0-9]{1,5}:[!-Z^-~]{1,9}\\]"
            .prop_map(|text| Host::Literal(text.parse::<AddressLiteral<'_>>().unwrap())),
    ]
}

fn mailbox() -> impl Strategy<Value = Mailbox<'static>> {
    let local_part = prop_oneof![
        "[a-z!#$%&'*+/=?^_`{|}~-]{1,9}(\\.[A-Z0-9é]{1,9}){0,2}",
        "[ -~é]{0,20}"
    ];
    (local_part, host()).prop_map(|(local_part, host)| Mailbox::new(&local_part, &host).unwrap())
}

fn path() -> impl Strategy<Value = Path<'static>> {
    let route = option::of("(@[a-z]{1,5}\\.[a-z]{1,5},){0,3}@[a-z]{1,9}:");
    (route, mailbox()).prop_map(|(route, mailbox)| {
        let text = [route.as_deref().unwrap_or_default(), mailbox.as_str()].concat();
        text.parse().unwrap()
    })
}

fn other() -> impl Strategy<Value = (String, Option<String>)> {
    ("X[a-zA-Z0-9-]{0,8}", option::of("[!-<>-~é]{1,12}"))
}

fn mail_parameters() -> impl Strategy<Value = MailParameters<'static>> {
    let body = prop_oneof![
        Just(Body::SevenBit),
        Just(Body::EightBitMime),
        Just(Body::BinaryMime)
    ];
    let ret = prop_oneof![Just(Ret::Full), Just(Ret::Headers)];
    let flags = any::<(bool, bool, bool)>();
    let auth = prop_oneof![Just(None), mailbox().prop_map(Some)];
    let parts = (
        any::<Option<u64>>(),
        option::of(body),
        option::of(ret),
        flags,
        option::of("[ -~]{1,33}"),
        option::of(auth),
    );
    (parts, vec(other(), 0..3)).prop_map(|((size, body, ret, (utf8, tls, prdr), envid, auth), others)| {
        let mut parameters = MailParameters::default();
        parameters = size.into_iter().fold(parameters, MailParameters::with_size);
        parameters = body.into_iter().fold(parameters, MailParameters::with_body);
        parameters = ret.into_iter().fold(parameters, MailParameters::with_ret);
        parameters = if utf8 {
            parameters.with_smtputf8()
        } else {
            parameters
        };
        parameters = if tls {
            parameters.with_require_tls()
        } else {
            parameters
        };
        parameters = if prdr { parameters.with_prdr() } else { parameters };
        if let Some(id) = envid {
            parameters = parameters
                .with_envelope_id(Xtext::encode(&id).unwrap().into_owned())
                .unwrap();
        }
        if let Some(mailbox) = auth {
            let identity = mailbox.map(|mailbox| AuthIdentity::try_from(&mailbox).unwrap());
            parameters = parameters.with_auth(identity.unwrap_or(AuthIdentity::UNKNOWN));
        }
        others.iter().fold(parameters, |parameters, (keyword, value)| {
            parameters.with_other(keyword, value.as_deref()).unwrap()
        })
    })
}

fn rcpt_parameters() -> impl Strategy<Value = RcptParameters<'static>> {
    let notify = vec(
        prop_oneof![Just(Notify::SUCCESS), Just(Notify::FAILURE), Just(Notify::DELAY)],
        0..3,
    )
    .prop_map(|events| events.into_iter().fold(Notify::NEVER, |set, event| set | event));
    let original = prop_oneof![
        "[ -~]{0,20}".prop_map(|address| OriginalRecipient::new("rfc822", &address).unwrap()),
        "[ -~é]{0,20}".prop_map(|address| OriginalRecipient::new("utf-8", &address).unwrap()),
    ];
    (option::of(notify), option::of(original), vec(other(), 0..3)).prop_map(|(notify, original, others)| {
        let mut parameters = RcptParameters::default();
        parameters = notify.into_iter().fold(parameters, RcptParameters::with_notify);
        parameters = original
            .into_iter()
            .fold(parameters, RcptParameters::with_original_recipient);
        others.iter().fold(parameters, |parameters, (keyword, value)| {
            parameters.with_other(keyword, value.as_deref()).unwrap()
        })
    })
}

fn client_name() -> impl Strategy<Value = ClientName<'static>> {
    host().prop_filter_map("ASCII only", |host| ClientName::try_from(host).ok())
}

fn query() -> impl Strategy<Value = Query<'static>> {
    let text = "[!-~é]{1,9}( [!-~]{1,9}){0,2}";
    (text, any::<bool>()).prop_filter_map("a parameter", |(text, smtputf8)| {
        let query = Query::new(text).ok()?;
        Some(if smtputf8 { query.with_smtputf8() } else { query })
    })
}

fn argument() -> impl Strategy<Value = Option<Argument<'static>>> {
    option::of("[!-~é]([ -~é]{0,20}[!-~])?".prop_map(|text| Argument::new(text).unwrap()))
}

fn command() -> impl Strategy<Value = Command<'static>> {
    let reverse_path = prop_oneof![Just(ReversePath::Null), path().prop_map(ReversePath::Path)];
    let forward_path = prop_oneof![
        Just(ForwardPath::Postmaster(Postmaster::default())),
        path().prop_map(ForwardPath::Path)
    ];
    let kind = prop_oneof![
        Just(MailKind::Mail),
        Just(MailKind::Send),
        Just(MailKind::Soml),
        Just(MailKind::Saml)
    ];
    let mail = (kind, reverse_path, mail_parameters()).prop_map(|(kind, path, parameters)| {
        let (path, parameters) = Mail::new(path, parameters).into_parts();
        Command::Mail(Mail::trusted(kind, path, parameters))
    });
    let rcpt = (forward_path, rcpt_parameters())
        .prop_map(|(path, parameters)| Command::Rcpt(Rcpt::new(path, parameters)));
    let auth = ("[A-Za-z0-9_-]{1,20}", option::of("[!-~]{1,30}"))
        .prop_map(|(mechanism, initial)| Command::Auth(Auth::new(mechanism, initial).unwrap()));
    let unknown = ("[A-Za-z][A-Za-z0-9-]{0,9}", argument())
        .prop_filter_map("a known verb", |(verb, argument)| {
            UnknownCommand::new(verb, argument).ok().map(Command::Unknown)
        });
    let etrn = "[@]?[a-z0-9]{1,9}([.-][a-z0-9]{1,9}){0,2}|#[!-~]{1,30}"
        .prop_map(|text| Command::Etrn(text.parse().unwrap()));
    let alone = [
        Command::Data,
        Command::Rset,
        Command::Quit,
        Command::StartTls,
        Command::Turn,
    ];
    prop_oneof![
        4 => mail,
        4 => rcpt,
        1 => client_name().prop_map(Command::Ehlo),
        1 => client_name().prop_map(Command::Helo),
        1 => client_name().prop_map(Command::Lhlo),
        1 => any::<(u64, bool)>().prop_map(|(size, last)| Command::Bdat(Bdat { size, last })),
        1 => query().prop_map(Command::Vrfy),
        1 => query().prop_map(Command::Expn),
        1 => argument().prop_map(Command::Help),
        1 => argument().prop_map(Command::Noop),
        1 => auth,
        1 => etrn,
        1 => unknown,
        1 => proptest::sample::select(Vec::from(alone)),
    ]
}

/// Lines that are nearly commands: words of the grammar in any order, some mutilated.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "MAIL",
        "RCPT",
        "EHLO",
        "BDAT",
        "VRFY",
        "ETRN",
        "#",
        "AUTH",
        "NOOP",
        " ",
        "  ",
        "FROM:",
        "TO:",
        "<",
        ">",
        "@",
        ":",
        ",",
        "\"",
        "\\",
        "a",
        "b.c",
        "é",
        "[1.2.3.4]",
        "[IPv6:::1]",
        "postmaster",
        "SIZE=",
        "10",
        "BODY=8BITMIME",
        "SMTPUTF8",
        "PRDR",
        "X-Y=",
        "Z",
        "ENVID=",
        "+2B",
        "NOTIFY=",
        "NEVER",
        "ORCPT=rfc822;",
        "AUTH=<>",
        "LAST",
        "\r",
        "\n",
        "\0",
        "\t",
        "-",
        ".",
        "=",
    ];
    let start = proptest::sample::select(
        &[
            "MAIL FROM:<",
            "RCPT TO:<",
            "MAIL FROM:<a@b> ",
            "RCPT TO:<a@b> ",
            "",
        ][..],
    );
    (start, vec(proptest::sample::select(Vec::from(words)), 0..9))
        .prop_map(|(start, words)| [start, &words.concat()].concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 1024 }))]

    #[test]
    fn written_values_are_read_back(command in command()) {
        let line = command.to_line();
        prop_assert!(!line[..line.len() - 2].iter().any(u8::is_ascii_control));
        let read = parse(&line);
        prop_assert_eq!(&read, &command);
        prop_assert_eq!(read.to_line(), line, "to the octet");
    }

    #[test]
    fn parsed_commands_are_written_and_read_back(line in line(), bits in any::<[bool; 4]>()) {
        let mut leniency = Leniency::STRICT;
        [leniency.space_after_colon, leniency.missing_brackets, leniency.trailing_dot, leniency.loose_hello_names] = bits;
        if let Ok(command) = parse_command(&line, &leniency) {
            prop_assert!(!line.trim_ascii_end().iter().any(u8::is_ascii_control));
            let written = command.to_line();
            prop_assert_eq!(&parse(&written), &command);
            prop_assert_eq!(parse(&written).to_line(), written);
        }
    }

    #[test]
    fn accepted_commands_have_no_control_characters(line in vec(any::<u8>(), 0..40), prefix in 0..6usize) {
        let prefix = [&b"RSET "[..], b"MAIL FROM:", b"RCPT TO:", b"BDAT ", b"EHLO ", b"AUTH "][prefix];
        let line = [prefix, &line].concat();
        if let Ok(command) = parse_command(&line, &Leniency::default()) {
            let blanks = line.iter().rev().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
            prop_assert!(!line[..line.len() - blanks].iter().any(u8::is_ascii_control));
            prop_assert!(command.to_line().len() <= line.len() + 12);
        }
    }
}

#[test]
fn parameters_are_written_in_a_fixed_order_with_unknown_parameters_last() {
    let line = b"MAIL FROM:<a@b> X=1 smtputf8 size=5 AUTH=a+2Bb@c y BODY=7bit";
    let written = parse_command(line, &Leniency::STRICT).unwrap().to_line();
    assert_eq!(
        written,
        b"MAIL FROM:<a@b> SIZE=5 BODY=7BIT AUTH=a+2Bb@c SMTPUTF8 X=1 y\r\n"
    );
}

#[test]
fn spellings_are_kept() {
    for line in [
        "RCPT TO:<\"John \\D\\oe\"@Example.ORG> ORCPT=RFC822;a+2Bb@c\r\n",
        "RCPT TO:<@a.test,@B.test:User@c.test>\r\n",
        "RCPT TO:<PostMaster> NOTIFY=SUCCESS,DELAY\r\n",
        "EHLO [ipv6:::A]\r\n",
        "AUTH Plain =\r\n",
        "XCLIENT name=[Unavailable]  PORT=1\r\n",
    ] {
        assert_eq!(parse(line.as_bytes()).to_line(), line.as_bytes());
    }
}

#[test]
fn smtputf8_is_added_when_it_is_needed() {
    let path: Path<'_> = "é@b".parse().unwrap();
    assert_eq!(
        Command::Mail(Mail::new(path, MailParameters::default())).to_line(),
        "MAIL FROM:<é@b> SMTPUTF8\r\n".as_bytes()
    );
    let parameters = MailParameters::default().with_other("X", Some("é")).unwrap();
    assert_eq!(
        Command::Mail(Mail::new(ReversePath::Null, parameters)).to_line(),
        "MAIL FROM:<> SMTPUTF8 X=é\r\n".as_bytes()
    );
}
