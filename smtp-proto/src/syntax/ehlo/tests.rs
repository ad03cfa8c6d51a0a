use std::{format, num::NonZeroU32, string::String, vec::Vec};

use proptest::prelude::*;

use super::{parse_ehlo, write_ehlo};
use crate::{
    syntax::parse_reply,
    types::{
        AnnouncedLimits, ClientAttribute, ClientAttributes, Code, Extension, Extensions, FutureReleaseLimits,
        Keyword, SolicitationKeywords, Timestamp,
    },
};

/// Reads the lines of an EHLO reply, without code and CRLF.
fn offered<L: AsRef<[u8]>>(lines: &[L]) -> Extensions {
    let mut raw = b"250-mx.example.com greets you\r\n".to_vec();
    for line in lines {
        raw.extend([b"250-", line.as_ref(), b"\r\n"].concat());
    }
    raw.extend(b"250 \r\n");
    let reply = parse_reply(&raw).unwrap();
    let (name, extensions) = parse_ehlo(&reply);
    assert_eq!(name, "mx.example.com");
    extensions
}

fn one(extension: Extension<'_>) -> Extensions {
    Extensions::default().with(extension)
}

#[test]
fn a_whole_reply_is_read() {
    let reply = parse_reply(
        b"250-mx.example.com Hello client [192.0.2.1]\r\n250-PIPELINING\r\n250-SIZE 35882577\r\n250-8BITMIME\r\n\
          250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-X-EXPS GSSAPI NTLM\r\n250 LIMITS RCPTMAX=100 MAILMAX=5\r\n",
    )
    .unwrap();
    let (name, extensions) = parse_ehlo(&reply);
    assert_eq!(name, "mx.example.com");
    let limit = |n| NonZeroU32::new(n).unwrap();
    let expected = [
        Extension::Pipelining,
        Extension::Size(Some(35_882_577)),
        Extension::EightBitMime,
        Extension::StartTls,
        Extension::auth("PLAIN LOGIN").unwrap(),
        Extension::Limits(
            AnnouncedLimits::default()
                .with_rcpt_max(limit(100))
                .with_mail_max(limit(5)),
        ),
        Extension::other("X-EXPS", "GSSAPI NTLM").unwrap(),
    ];
    assert_eq!(extensions.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn the_name_is_the_first_word_of_the_first_line() {
    for (octets, expected) in [
        (&b"250 mx.example.com\r\n"[..], "mx.example.com"),
        (b"250-my_host hi\r\n250 HELP\r\n", "my_host"),
        (b"250-[192.0.2.1]\tpleased\r\n250 HELP\r\n", "[192.0.2.1]"),
        (b"250-  padded\r\n250 HELP\r\n", "padded"),
        (b"250\r\n", ""),
        (b"250-\r\n250 HELP\r\n", ""),
        (b"250 \xff\xfe\r\n", ""),
        (b"250 a\x1b[2J\r\n", ""),
        ("250 grüße.example\r\n".as_bytes(), "grüße.example"),
    ] {
        assert_eq!(parse_ehlo(&parse_reply(octets).unwrap()).0, expected);
    }
}

#[test]
fn blank_and_malformed_lines_are_skipped() {
    for line in [
        &b""[..],
        b" ",
        b"\t \t",
        b"\r",
        b"=",
        b"= x",
        b"-X",
        b"X_Y",
        b"\xff\xfe",
        b"X \xff",
        b"X a\0b",
        b"X\x7f",
        b"h\xc3\xa9",
    ] {
        assert_eq!(offered(&[line]), Extensions::default(), "{}", line.escape_ascii());
    }
    assert!(offered(&[&b"\xff\xff"[..], b"", b"pipelining"]).has(Keyword::Pipelining));
}

#[test]
fn keywords_match_as_a_whole_and_in_any_case() {
    for keyword in Keyword::ALL {
        let value = match keyword {
            Keyword::Auth => " PLAIN",
            Keyword::Limits => " MAILMAX=1",
            _ => "",
        };
        for line in [
            format!("{keyword}{value}"),
            format!("{keyword}{value}").to_lowercase(),
            format!(" {keyword}{value}"),
            format!("  {keyword}  {value} \t"),
        ] {
            assert!(offered(&[&line]).has(keyword), "{line}");
        }
        let longer = offered(&[format!("{keyword}ME{value}")]);
        assert!(!longer.has(keyword) && longer.others().count() == 1);
    }
    assert_eq!(offered(&["HELPME"]), one(Extension::other("HELPME", "").unwrap()));
}

#[test]
fn unexpected_parameters_of_an_extension_are_ignored() {
    for line in ["SMTPUTF8 yes", "PIPELINING \u{e9}", "STARTTLS=1"] {
        assert_eq!(offered(&[line]).iter().count(), 1, "{line}");
    }
}

#[test]
fn size_is_a_number_or_no_limit() {
    for (line, expected) in [
        ("SIZE 1000", Some(1000)),
        ("SIZE  1000 ", Some(1000)),
        ("SIZE=1000", Some(1000)),
        ("SIZE 0001000 junk", Some(1000)),
        ("SIZE 18446744073709551615", Some(u64::MAX)),
        ("SIZE", None),
        ("SIZE 0", None),
        ("SIZE -1", None),
        ("SIZE 1k", None),
        ("SIZE 18446744073709551616", None),
        ("SIZE \u{e9}", None),
    ] {
        let extensions = offered(&[line]);
        assert!(extensions.has(Keyword::Size), "{line}");
        assert_eq!(extensions.size_limit(), expected, "{line}");
    }
}

#[test]
fn auth_lines_merge_in_both_forms() {
    let extensions = offered(&["AUTH PLAIN  LOGIN", "AUTH=LOGIN XOAUTH2", "auth =NTLM", "AUTH"]);
    assert_eq!(
        extensions.auth_mechanisms().collect::<Vec<_>>(),
        ["PLAIN", "LOGIN", "XOAUTH2"]
    );
    for line in [
        "AUTH",
        "AUTH=",
        "AUTH *",
        "AUTH a.b",
        "AUTH ABCDEFGHIJKLMNOPQRSTU",
        "AUTH PLAIN\u{e9}",
    ] {
        assert!(!offered(&[line]).has(Keyword::Auth), "{line}");
    }
}

#[test]
fn a_flood_of_mechanisms_is_bounded() {
    let lines: Vec<_> = (0..15)
        .map(|n| {
            (0..500).fold(String::from("AUTH"), |line, m| {
                format!("{line} {:x}", n * 500 + m)
            })
        })
        .collect();
    let extensions = offered(&lines);
    assert!(
        extensions
            .auth_mechanisms()
            .map(|word| word.len() + 1)
            .sum::<usize>()
            <= 502
    );
}

#[test]
fn limits_follow_rfc_9422() {
    for (line, expected) in [
        ("LIMITS MAILMAX=1 RCPTMAX=20 RCPTDOMAINMAX=300", [1, 20, 300]),
        ("LIMITS rcptmax=999999", [0, 999_999, 0]),
        ("LIMITS  RCPTMAX=2  MAILMAX=3 ", [3, 2, 0]),
        ("LIMITS RCPTMAX=0 MAILMAX=3", [3, 0, 0]),
        ("LIMITS RCPTMAX=01 MAILMAX=3", [3, 0, 0]),
        ("LIMITS RCPTMAX=1000000 MAILMAX=3", [3, 0, 0]),
        ("LIMITS RCPTMAX=x MAILMAX=3", [3, 0, 0]),
        ("LIMITS RCPTMAX MAILMAX=3", [3, 0, 0]),
        ("LIMITS FUTURE_1=a=b MAILMAX=3", [3, 0, 0]),
        ("LIMITS RCPTMAX= MAILMAX=3", [0, 0, 0]),
        ("LIMITS =5 MAILMAX=3", [0, 0, 0]),
        ("LIMITS RCPTMAX=5;6 MAILMAX=3", [0, 0, 0]),
        ("LIMITS R.X=5 MAILMAX=3", [0, 0, 0]),
        ("LIMITS MAILMAX=3\tRCPTMAX=2", [0, 0, 0]),
        ("LIMITS", [0, 0, 0]),
    ] {
        let extensions = offered(&[line]);
        let limits = extensions.limits();
        let found = [limits.mail_max(), limits.rcpt_max(), limits.rcpt_domain_max()];
        assert_eq!(
            found.map(|limit| limit.map_or(0, NonZeroU32::get)),
            expected,
            "{line}"
        );
        assert_eq!(extensions.has(Keyword::Limits), expected != [0; 3], "{line}");
    }
}

#[test]
fn rare_extensions_have_their_values() {
    let all = offered(&[
        "FUTURERELEASE 86400 2036-01-01T00:00:00Z",
        "MT-PRIORITY MIXER",
        "DELIVERBY 240",
        "NO-SOLICITING net.example:ADV,org.example:NEWS",
        "XCLIENT NAME ADDR FUTURE",
        "xforward source ident",
        "BURL imap imap://imap.example.org",
    ]);
    let limits = all.future_release();
    assert_eq!(limits.max_interval(), NonZeroU32::new(86_400));
    assert_eq!(
        limits.max_time(),
        Some(Timestamp::parse("2036-01-01T00:00:00Z").unwrap())
    );
    assert_eq!(all.priority_policy(), Some("MIXER"));
    assert_eq!(all.deliver_by_min(), Some(240));
    assert_eq!(
        all.no_soliciting().unwrap().as_str(),
        "net.example:ADV,org.example:NEWS"
    );
    let attributes = |names: &[ClientAttribute]| names.iter().copied().collect::<ClientAttributes>();
    assert_eq!(
        all.xclient(),
        attributes(&[ClientAttribute::Name, ClientAttribute::Addr])
    );
    assert_eq!(
        all.xforward(),
        attributes(&[ClientAttribute::Source, ClientAttribute::Ident])
    );
    assert_eq!(all.burl(), "imap imap://imap.example.org");
}

#[test]
fn a_malformed_value_of_a_rare_extension_is_skipped() {
    for line in [
        "FUTURERELEASE",
        "FUTURERELEASE 0 soon",
        "FUTURERELEASE soon 2036-01-01T00:00:00Z",
        "FUTURERELEASE 1000000000 2036-01-01",
        "MT-PRIORITY",
        "MT-PRIORITY A B",
        "MT-PRIORITY \u{e9}",
        "DELIVERBY",
        "DELIVERBY soon",
        "DELIVERBY -1",
        "DELIVERBY 1000000000",
        "NO-SOLICITING",
        "NO-SOLICITING ,a",
        "NO-SOLICITING a b",
        "XCLIENT",
        "XFORWARD FUTURE",
        "BURL",
        "BURL a  b",
    ] {
        let read = offered(&[line]);
        assert_eq!(read.iter().count(), 1, "{line}");
        let keyword = read.iter().next().unwrap().keyword().unwrap();
        assert_eq!(read, offered(&[keyword.as_str()]), "{line}");
    }
    let one = offered(&["FUTURERELEASE 60"]).future_release();
    assert_eq!((one.max_interval(), one.max_time()), (NonZeroU32::new(60), None));
    let long = format!("NO-SOLICITING {}", "a".repeat(1001));
    assert_eq!(offered(&[long]).no_soliciting(), None);
}

#[test]
fn unknown_extensions_keep_their_octets() {
    let extensions = offered(&["X-EXPS GSSAPI  NTLM", "x-exps=LOGIN", "XREMOTEQUEUE"]);
    let expected = [
        ("X-EXPS", "GSSAPI  NTLM"),
        ("x-exps", "LOGIN"),
        ("XREMOTEQUEUE", ""),
    ];
    assert_eq!(extensions.others().collect::<Vec<_>>(), expected);
}

fn written(extensions: &Extensions) -> Vec<u8> {
    let mut octets = Vec::new();
    write_ehlo(&mut octets, "mx.example.com", extensions);
    octets
}

#[test]
fn the_last_line_has_the_space() {
    assert_eq!(written(&Extensions::default()), b"250 mx.example.com\r\n");
    let extensions = one(Extension::Size(None))
        .with(Extension::Help)
        .with(Extension::other("X", "1").unwrap());
    assert_eq!(
        written(&extensions),
        b"250-mx.example.com\r\n250-SIZE\r\n250-HELP\r\n250 X 1\r\n"
    );
}

fn any_rare_extension() -> impl Strategy<Value = Extension<'static>> {
    let times = Timestamp::MIN.unix_time()..=Timestamp::MAX.unix_time();
    let attributes = |all: ClientAttributes| {
        let all: Vec<_> = all.iter().collect();
        prop::sample::subsequence(all.clone(), 0..=all.len())
            .prop_map(|some| some.into_iter().collect::<ClientAttributes>())
    };
    let classes = "[A-Za-z][a-z0-9.:_-]{0,20}(,[A-Z][a-z0-9.:_-]{0,20}){0,8}";
    prop_oneof![
        (any::<NonZeroU32>(), times).prop_map(|(interval, time)| {
            Extension::FutureRelease(FutureReleaseLimits::new(
                interval,
                Timestamp::from_unix_time(time).unwrap(),
            ))
        }),
        "([A-Za-z0-9._-]{1,20})?".prop_map(|policy| Extension::mt_priority(policy).unwrap()),
        any::<Option<u32>>().prop_map(Extension::DeliverBy),
        classes.prop_map(|classes| {
            Extension::no_soliciting(SolicitationKeywords::parse(classes).unwrap()).unwrap()
        }),
        Just(Extension::NoSoliciting(None)),
        attributes(ClientAttributes::XCLIENT).prop_map(Extension::Xclient),
        attributes(ClientAttributes::XFORWARD).prop_map(Extension::Xforward),
        "([!-~]{1,10}( [!-~]{1,10}){0,3})?".prop_map(|params| Extension::burl(params).unwrap()),
    ]
}

fn any_extension() -> impl Strategy<Value = Extension<'static>> {
    let limit = || proptest::option::of(any::<NonZeroU32>());
    prop_oneof![
        prop::sample::select(std::vec![
            Extension::Pipelining,
            Extension::EightBitMime,
            Extension::SmtpUtf8,
            Extension::EnhancedStatusCodes,
            Extension::Dsn,
            Extension::Chunking,
            Extension::BinaryMime,
            Extension::StartTls,
            Extension::RequireTls,
            Extension::Vrfy,
            Extension::Expn,
            Extension::Help,
            Extension::Etrn,
            Extension::Rrvs,
            Extension::Prdr,
            Extension::Atrn,
            Extension::Mtrk,
            Extension::ConPerm,
            Extension::ConNeg,
        ]),
        any_rare_extension(),
        any::<Option<u64>>().prop_map(Extension::Size),
        "[A-Za-z0-9_-]{1,20}( [A-Z0-9_-]{1,20}){0,8}".prop_map(|words| Extension::auth(words).unwrap()),
        (limit(), limit(), limit()).prop_map(|(mail, rcpt, domain)| {
            let mut limits = AnnouncedLimits::default();
            limits = mail.map_or(limits, |limit| limits.with_mail_max(limit));
            limits = rcpt.map_or(limits, |limit| limits.with_rcpt_max(limit));
            Extension::Limits(domain.map_or(limits, |limit| limits.with_rcpt_domain_max(limit)))
        }),
        ("X[A-Za-z0-9-]{0,10}", "([!-~]{1,10}( [!-~]{1,10}){0,3})?")
            .prop_map(|(keyword, params)| Extension::other(keyword, params).unwrap()),
    ]
}

proptest! {
    #[test]
    fn written_values_are_read_back(extensions in prop::collection::vec(any_extension(), 0..20)) {
        let extensions = extensions.into_iter().fold(Extensions::default(), Extensions::with);
        let octets = written(&extensions);
        let reply = parse_reply(&octets).unwrap();
        prop_assert_eq!(reply.code(), Code::OK);
        prop_assert_eq!(parse_ehlo(&reply), ("mx.example.com", extensions));
        prop_assert!(octets.split_inclusive(|octet| *octet == b'\n').all(|line| line.len() <= 512));
    }

    #[test]
    fn any_parsed_value_can_be_written(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
        let read = offered(&lines.iter().map(|line| line.escape_ascii().collect::<Vec<_>>()).collect::<Vec<_>>());
        prop_assert_eq!(parse_ehlo(&parse_reply(&written(&read)).unwrap()).1, read);
    }
}
