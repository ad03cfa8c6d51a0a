use std::format;
use std::string::{String, ToString};

use crate::syntax::{Leniency, parse_command, parse_reply};
use crate::types::{
    Domain, ForwardPath, Host, InvalidAddress, MailParameters, Mailbox, Path, RcptParameters, Xtext,
};

/// Compares messages and positions with those of a table.
fn hold(table: &[(&str, usize, &str)], parse: impl Fn(&str) -> (usize, String)) {
    for (input, position, message) in table {
        let found = parse(input);
        assert_eq!(found, (*position, message.to_string()), "{input:?}");
    }
}

fn address<T: std::fmt::Debug>(result: Result<T, InvalidAddress>) -> (usize, String) {
    let error = result.unwrap_err();
    (error.position(), error.to_string())
}

#[test]
fn mailboxes_name_the_fault() {
    hold(
        &[
            ("alice@exa_mple", 9, "domain label `exa_mple` contains `_`"),
            ("@example.org", 0, "the local part is empty"),
            (
                "a b@example.org",
                1,
                "the local part contains a space (must be quoted)",
            ),
            ("alice@example.org>", 17, "`>` after the address"),
            ("", 0, "the local part is empty"),
            ("alice", 5, "`@` is missing after the local part"),
            ("alice@", 6, "the domain is empty"),
            (
                "alice@example..org",
                14,
                "domain `example..org` has an empty label",
            ),
            (
                "alice@example.org.",
                18,
                "domain `example.org.` has an empty label",
            ),
            ("alice@.org", 6, "domain `.org` has an empty label"),
            (
                "alice@-a.org",
                6,
                "domain label `-a` begins or ends with a hyphen",
            ),
            (
                "alice@a-.org",
                6,
                "domain label `a-` begins or ends with a hyphen",
            ),
            ("a@b@c", 3, "domain label `b@c` contains `@`"),
            ("a@b c", 3, "a space after the address"),
            ("a@b,c@d", 3, "`,` after the address"),
            (
                "a@\u{e9}\u{3002}x",
                4,
                "domain label `\u{e9}\u{3002}x` contains `\u{3002}`",
            ),
            (
                "a..b@c",
                2,
                "the local part contains a misplaced dot (must be quoted)",
            ),
            (
                ".a@c",
                0,
                "the local part contains a misplaced dot (must be quoted)",
            ),
            (
                "a.@c",
                2,
                "the local part contains a misplaced dot (must be quoted)",
            ),
            ("a(b)@c", 1, "the local part contains `(` (must be quoted)"),
            ("a`b,c@d", 3, "the local part contains `,` (must be quoted)"),
            ("\"a b@c", 6, "the quoted local part has no closing quote"),
            (
                "\"a\\\u{e9}\"@c",
                2,
                "a backslash precedes a character that cannot be quoted",
            ),
            ("\"a\"b@c", 3, "`@` is missing after the local part"),
            ("a\u{7}@c", 1, "control character U+0007 in the address"),
            ("\u{e9}\u{9b}31m@c", 2, "control character U+009B in the address"),
            (
                "a@[192.0.2.999]",
                2,
                "address literal `[192.0.2.999]` is malformed",
            ),
            (
                "a@[IPv6:1::2::3]",
                2,
                "address literal `[IPv6:1::2::3]` is malformed",
            ),
            ("a@[192.0.2.1", 2, "address literal `[192.0.2.1` is malformed"),
            ("a@[192.0.2.1]x", 13, "`x` after the address"),
        ],
        |text| address(Mailbox::parse(text)),
    );
    let long = |local_part: usize, label: usize| {
        address(Mailbox::parse(&format!(
            "{}@{}",
            "x".repeat(local_part),
            "y".repeat(label)
        )))
    };
    assert_eq!(
        long(256, 1),
        (0, "the local part is longer than 255 octets".into())
    );
    assert_eq!(
        long(1, 64),
        (
            2,
            format!("domain label `{}...` is longer than 63 octets", "y".repeat(40))
        )
    );
    let domain = std::vec!["z".repeat(63); 5].join(".");
    assert_eq!(
        address(Domain::parse(&domain)),
        (0, "the domain is longer than 255 octets".into())
    );
}

#[test]
fn paths_and_hosts_name_the_fault() {
    hold(
        &[
            ("<a@b", 4, "`>` is missing after the address"),
            ("<a@b >", 4, "a space after the address"),
            ("<@example.org>", 1, "the local part is empty"),
            ("<@a,@b:>", 7, "the local part is empty"),
            ("<@a_b:c@d>", 3, "domain label `a_b` contains `_`"),
            ("<@a;b:c@d>", 3, "the source route is malformed at `;`"),
            ("<@a,b:c@d>", 4, "the source route is malformed at `b`"),
            ("<@a..b:c@d>", 4, "domain `a..b` has an empty label"),
        ],
        |text| address(Path::parse(text)),
    );
    hold(
        &[
            ("<>", 0, "the null path is not a recipient"),
            ("<Postmaster", 11, "`@` is missing after the local part"),
        ],
        |text| address(ForwardPath::parse(text)),
    );
    hold(
        &[
            ("my host", 2, "a space after the address"),
            ("my_host", 2, "domain label `my_host` contains `_`"),
            ("[::1]", 0, "address literal `[::1]` is malformed"),
        ],
        |text| address(Host::parse(text)),
    );
}

#[test]
fn parameters_name_the_fault() {
    hold(
        &[
            ("SIZE=big", 5, "`big` is not a valid value"),
            ("SIZE", 4, "the value is missing"),
            ("SIZE=", 5, "the value is missing"),
            ("SIZE=1 size=2", 7, "`size` is given twice"),
            ("SMTPUTF8=yes", 9, "value `yes` where none is allowed"),
            ("BODY=9BIT", 5, "`9BIT` is not a valid value"),
            ("ENVID=+41+4", 9, "`+41+4` is not a valid value"),
            ("ENVID=+D0+B6", 6, "`+D0+B6` is not a valid value"),
            ("X_Y=1", 1, "`X_Y` is not a parameter keyword"),
            ("SIZE=1 -X", 7, "`-X` is not a parameter keyword"),
            ("X=a=b", 3, "`a=b` is not a valid value"),
        ],
        |text| {
            let error = MailParameters::parse(text).unwrap_err();
            (error.position(), error.to_string())
        },
    );
    hold(
        &[
            ("NOTIFY=NEVER,DELAY", 12, "`NEVER,DELAY` is not a valid value"),
            (
                "ORCPT=bob@example.org",
                9,
                "`bob@example.org` is not a valid value",
            ),
            ("ORCPT=rfc822;\u{e9}", 13, "`rfc822;\u{e9}` is not a valid value"),
        ],
        |text| {
            let error = RcptParameters::parse(text).unwrap_err();
            (error.position(), error.to_string())
        },
    );
    let error = Xtext::parse("a+2b").unwrap_err();
    assert_eq!(
        (error.position(), error.to_string()),
        (1, "`a+2b` is not a valid value".into())
    );
}

#[test]
fn command_lines_name_the_fault_and_its_offset() {
    hold(
        &[
            ("", 0, "the line is not a command (offset 0)"),
            ("MAILFROM:<a@b>", 8, "the line is not a command (offset 8)"),
            ("DATA now", 5, "DATA: unexpected argument `now` (offset 5)"),
            ("MAIL <a@b>", 5, "MAIL: `FROM:` is missing (offset 5)"),
            ("MAIL FROM <a@b>", 9, "MAIL: `FROM:` is missing (offset 9)"),
            ("RCPT FROM:<a@b>", 5, "RCPT: `TO:` is missing (offset 5)"),
            (
                "MAIL FROM:a@b",
                10,
                "MAIL: `<` is missing before the address (offset 10)",
            ),
            (
                "MAIL FROM:<alice@exa_mple> SIZE=1",
                20,
                "MAIL: domain label `exa_mple` contains `_` (offset 20)",
            ),
            (
                "RCPT TO:<>",
                8,
                "RCPT: the null path is not a recipient (offset 8)",
            ),
            ("RCPT TO:<a@b>junk", 13, "RCPT: `j` after the address (offset 13)"),
            (
                "MAIL FROM:<a@b> SIZE=1 SIZE=2",
                23,
                "MAIL SIZE: `SIZE` is given twice (offset 23)",
            ),
            (
                "MAIL FROM:<a@b> X_Y",
                17,
                "MAIL parameter: `X_Y` is not a parameter keyword (offset 17)",
            ),
            (
                "MAIL FROM:<\u{e9}@b>",
                11,
                "MAIL: UTF-8 without SMTPUTF8 (offset 11)",
            ),
            ("EHLO", 4, "EHLO: the domain is empty (offset 4)"),
            ("EHLO a b", 6, "EHLO: a space after the address (offset 6)"),
            (
                "EHLO b\u{fc}cher.example",
                6,
                "EHLO: domain label `b\u{fc}cher` is not ASCII (offset 6)",
            ),
            ("BDAT", 4, "BDAT: the chunk size is missing (offset 4)"),
            (
                "BDAT -1",
                5,
                "BDAT: the chunk size is not a number: `-1` (offset 5)",
            ),
            (
                "BDAT 1 LASTS",
                11,
                "BDAT: `S` after the chunk size is not LAST (offset 11)",
            ),
            (
                "BDAT 18446744073709551616",
                5,
                "BDAT: the chunk size is not below 2^64 (offset 5)",
            ),
            ("VRFY", 4, "VRFY: the argument is missing (offset 4)"),
            (
                "AUTH PLAIN secret more",
                17,
                "AUTH: the argument contains a character that is not allowed (offset 17)",
            ),
            (
                "NOOP a\tb",
                6,
                "NOOP: the line contains a control character (offset 6)",
            ),
        ],
        |line| {
            let error = parse_command(line.as_bytes(), &Leniency::STRICT).unwrap_err();
            (error.position(), error.to_string())
        },
    );
    let error = parse_command(b"NOOP ab\xff", &Leniency::STRICT).unwrap_err();
    assert_eq!(error.to_string(), "NOOP: the line is not valid UTF-8 (offset 7)");
}

#[test]
fn replies_name_the_fault_and_its_offset() {
    hold(
        &[
            (
                "250-a\r\nHTTP/1.1 400\r\n",
                7,
                "peer sent a line that is not an SMTP reply (offset 7)",
            ),
            (
                "25x ok\r\n",
                2,
                "peer sent a line that is not an SMTP reply (offset 2)",
            ),
            (
                "150 ok\r\n",
                0,
                "peer sent reply code 150, which has no meaning in SMTP (offset 0)",
            ),
            (
                "250-a\r\n550 b\r\n",
                7,
                "peer mixed codes 250 and 550 in one reply (offset 7)",
            ),
            (
                "250 a\nb\r\n",
                5,
                "peer sent a bare CR or LF in a reply: lines must end with CRLF (offset 5)",
            ),
            (
                "250 ok",
                6,
                "the reply is incomplete: its last line with CRLF is missing (offset 6)",
            ),
            ("250 ok\r\n250 ok\r\n", 8, "octets follow the reply (offset 8)"),
        ],
        |reply| {
            let error = parse_reply(reply.as_bytes()).unwrap_err();
            (error.position(), error.to_string())
        },
    );
}

#[test]
fn messages_show_no_secrets_and_no_control_characters() {
    for line in [
        "AUTH PLAIN s\u{e9}cret",
        "AUTH s\u{e9}cret",
        "AUTH PLAIN x secret",
    ] {
        let error = parse_command(line.as_bytes(), &Leniency::STRICT).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
    }
    let error = Mailbox::parse("a@\u{202e}b_c").unwrap_err();
    assert_eq!(error.to_string(), "control character U+202E in the address");
    let error = Mailbox::parse("a@b\u{2028}c").unwrap_err();
    assert_eq!(error.to_string(), "control character U+2028 in the address");
}

#[test]
fn an_error_is_small_and_copied() {
    fn copied<T: Copy>() {}
    copied::<super::CommandError>();
    assert!(size_of::<super::CommandError>() <= 112);
    assert!(size_of::<Result<Mailbox<'_>, InvalidAddress>>() <= 88);
}
