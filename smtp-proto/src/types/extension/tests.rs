use std::num::NonZeroU32;

use super::{AnnouncedLimits, Extension, InvalidExtension, Keyword};

#[test]
fn keywords_are_found_in_any_case_and_as_a_whole() {
    for (place, keyword) in Keyword::ALL.into_iter().enumerate() {
        assert_eq!(place, keyword as usize, "{keyword} is out of order");
        assert_eq!(Keyword::find(keyword.as_str().as_bytes()), Some(keyword));
        assert_eq!(
            Keyword::find(keyword.as_str().to_lowercase().as_bytes()),
            Some(keyword)
        );
        assert_eq!(Keyword::find(std::format!("{keyword}X").as_bytes()), None);
    }
    for keyword in ["", "HELPME", "SIZ", "STARTTLSxyz", "XSIZE", "8BITMIMÉ"] {
        assert_eq!(Keyword::find(keyword.as_bytes()), None, "{keyword}");
    }
}

#[test]
fn other_takes_the_grammar_only() {
    for (keyword, params) in [
        ("X-EXPS", "GSSAPI NTLM"),
        ("XCLIENT", ""),
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
fn auth_takes_mechanism_names_only() {
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
fn limits_beyond_six_digits_are_said_as_the_largest() {
    let limit = |n| NonZeroU32::new(n).unwrap();
    let limits = AnnouncedLimits::default()
        .with_mail_max(limit(1_000_000))
        .with_rcpt_max(limit(5));
    assert_eq!(limits.mail_max(), NonZeroU32::new(999_999));
    assert_eq!(limits.rcpt_max(), NonZeroU32::new(5));
    assert_eq!(limits.rcpt_domain_max(), None);
}
