use std::num::NonZeroU32;

use super::{AnnouncedLimits, Extension, InvalidExtension, Keyword};
use crate::types::SolicitationKeywords;

#[test]
fn other_accepts_only_keywords_and_parameters_of_the_grammar() {
    for (keyword, params) in [
        ("X-EXPS", "GSSAPI NTLM"),
        ("XREMOTEQUEUE", ""),
        ("8X", "="),
        ("helpme", "~ !"),
    ] {
        assert!(Extension::other(keyword, params).is_ok(), "{keyword} {params}");
    }
    for keyword in ["", "-X", "X_Y", "X Y", "X\r\n250-AUTH", "É", "X="] {
        assert_eq!(
            Extension::other(keyword, ""),
            Err(InvalidExtension::Keyword),
            "{keyword}"
        );
    }
    for params in [" ", " a", "a ", "a  b", "a\tb", "a\r\nb", "a\0", "é"] {
        assert_eq!(
            Extension::other("X", params),
            Err(InvalidExtension::Params),
            "{params}"
        );
    }
    assert_eq!(
        Extension::other("sTarttls", ""),
        Err(InvalidExtension::Known(Keyword::StartTls))
    );
}

#[test]
fn auth_accepts_mechanism_names_only() {
    for mechanisms in ["PLAIN", "PLAIN LOGIN", "SCRAM-SHA-256-PLUS", "X_Y"] {
        assert!(Extension::auth(mechanisms).is_ok(), "{mechanisms}");
    }
    for mechanisms in [
        "",
        " ",
        "PLAIN ",
        "PLAIN  LOGIN",
        "PLAIN\r\n",
        "ABCDEFGHIJKLMNOPQRSTU",
        "é",
        "A=B",
    ] {
        assert_eq!(
            Extension::auth(mechanisms),
            Err(InvalidExtension::Mechanism),
            "{mechanisms}"
        );
    }
}

#[test]
fn an_extension_fits_a_reply_line() {
    let longest = "x".repeat(Extension::MAX_LEN - 2);
    assert!(Extension::other("X", &longest).is_ok());
    assert_eq!(
        Extension::other("X", longest + "x"),
        Err(InvalidExtension::TooLong)
    );
    assert_eq!(
        Extension::auth("PLAIN ".repeat(100) + "LOGIN"),
        Err(InvalidExtension::TooLong)
    );
}

#[test]
fn limits_beyond_six_digits_become_the_largest() {
    let limit = |n| NonZeroU32::new(n).unwrap();
    let limits = AnnouncedLimits::default()
        .with_mail_max(limit(1_000_000))
        .with_rcpt_max(limit(5));
    assert_eq!(limits.mail_max(), NonZeroU32::new(999_999));
    assert_eq!(limits.rcpt_max(), NonZeroU32::new(5));
    assert_eq!(limits.rcpt_domain_max(), None);
}

#[test]
fn a_priority_policy_has_a_short_name() {
    for policy in ["", "MIXER", "STANAG4406", "a-b_c.d", "ABCDEFGHIJKLMNOPQRST"] {
        assert!(Extension::mt_priority(policy).is_ok(), "{policy}");
    }
    for policy in [" ", "A B", "é", "A+", "ABCDEFGHIJKLMNOPQRSTU"] {
        assert_eq!(
            Extension::mt_priority(policy),
            Err(InvalidExtension::Policy),
            "{policy}"
        );
    }
}

#[test]
fn classes_and_kinds_of_url_fit_a_reply_line() {
    let classes = |octets: usize| SolicitationKeywords::parse("a".repeat(octets)).unwrap();
    let longest = Extension::MAX_LEN - "NO-SOLICITING ".len();
    assert!(Extension::no_soliciting(classes(longest)).is_ok());
    assert_eq!(
        Extension::no_soliciting(classes(longest + 1)),
        Err(InvalidExtension::TooLong)
    );
    for params in ["", "imap", "imap imap://imap.example.org"] {
        assert!(Extension::burl(params).is_ok(), "{params}");
    }
    for params in [" ", "imap ", "a  b", "é", "a\r\n"] {
        assert_eq!(
            Extension::burl(params),
            Err(InvalidExtension::Params),
            "{params:?}"
        );
    }
    assert_eq!(
        Extension::burl("a".repeat(Extension::MAX_LEN)),
        Err(InvalidExtension::TooLong)
    );
}
