//! Conversions between borrowed and owned values, and their text forms.
#![expect(clippy::panic, reason = "a panic reports a failed test")]

use smtp_proto::{
    syntax::{Leniency, parse_command},
    types::{
        AddressLiteral, Argument, ClientName, Command, Domain, EnhancedCode, ForwardPath, Host, Mailbox,
        Notify, OriginalRecipient, Path, ReversePath, Xtext,
    },
};

fn command(line: &str) -> Command<'_> {
    parse_command(line.as_bytes(), &Leniency::default()).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn an_owned_command_equals_its_borrowed_form() {
    for line in [
        "EHLO client.example",
        "HELO [192.0.2.1]",
        "LHLO [IPv6:2001:db8::1]",
        "MAIL FROM:<a@client.example> SIZE=10 BODY=8BITMIME RET=HDRS ENVID=Q+2B AUTH=<> X=1",
        "RCPT TO:<@x.example:b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.org Y",
        "RCPT TO:<Postmaster>",
        "DATA",
        "BDAT 5 LAST",
        "RSET",
        "VRFY bob",
        "EXPN staff SMTPUTF8",
        "HELP MAIL",
        "NOOP ping",
        "QUIT",
        "STARTTLS",
        "AUTH PLAIN AGFubgBwdw==",
        "TURN",
        "DEBUG",
        "XYZZY plugh",
    ] {
        let verb = command(line).verb();
        let owned: Command<'static> = command(line).into_owned();
        assert_eq!(
            (owned.verb(), owned.to_line()),
            (verb, command(line).to_line()),
            "{line}"
        );
    }
}

#[test]
fn values_are_shown_as_on_the_wire() {
    let domain = Domain::parse("b.example").unwrap();
    let literal = AddressLiteral::parse("[192.0.2.1]").unwrap();
    let path = Path::parse("<@x.example:a@b.example>").unwrap();
    for (shown, text) in [
        (
            format!("{:?}", ClientName::parse("b.example").unwrap().as_borrowed()),
            "ClientName(b.example)",
        ),
        (format!("{:?}", Argument::new("bob").unwrap()), "Argument(bob)"),
        (Argument::new("bob").unwrap().to_string(), "bob"),
        (format!("{:?}", domain.as_borrowed()), "Domain(b.example)"),
        (
            format!("{:?}", literal.as_borrowed()),
            "AddressLiteral([192.0.2.1])",
        ),
        (Host::from(domain.clone()).as_borrowed().to_string(), "b.example"),
        (
            Host::from(literal.clone()).as_borrowed().to_string(),
            "[192.0.2.1]",
        ),
        (
            format!("{:?}", Mailbox::parse("a@b.example").unwrap()),
            "Mailbox(a@b.example)",
        ),
        (format!("{path:?}"), "Path(<@x.example:a@b.example>)"),
        (
            ForwardPath::from(path.clone()).as_borrowed().to_string(),
            "<@x.example:a@b.example>",
        ),
        (
            ForwardPath::parse("<Postmaster>")
                .unwrap()
                .as_borrowed()
                .to_string(),
            "<Postmaster>",
        ),
        (ReversePath::Null.as_borrowed().to_string(), "<>"),
        (ReversePath::from(path).to_string(), "<@x.example:a@b.example>"),
        (format!("{:?}", Xtext::parse("a+2Bb").unwrap()), "Xtext(a+2Bb)"),
        (
            format!("{:?}", Notify::SUCCESS | Notify::DELAY),
            "Notify(SUCCESS,DELAY)",
        ),
        (
            format!("{:?}", OriginalRecipient::parse("rfc822;a+2Bb").unwrap()),
            "OriginalRecipient(rfc822;a+2Bb)",
        ),
        (format!("{:?}", EnhancedCode::new(5, 7, 30)), "Some(5.7.30)"),
    ] {
        assert_eq!(shown, text);
    }
    for (line, words) in [
        (
            "MAIL FROM:<a@client.example> SIZE=10 BODY=8BITMIME RET=HDRS ENVID=Q314 AUTH=<> X=1",
            [
                "<a@client.example>",
                "10",
                "EightBitMime",
                "Headers",
                "Q314",
                "X=1",
            ]
            .as_slice(),
        ),
        (
            "RCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;c@example.org Y",
            &["<b@example.org>", "NEVER", "rfc822;c@example.org", "Parameter(Y)"],
        ),
    ] {
        let shown = format!("{:?}", command(line));
        for word in words {
            assert!(shown.contains(word), "{word} in {shown}");
        }
    }
}
