use super::*;

/// The code that a recipient is refused with, or 250.
fn judged(flags: &[&str], recipient: &str) -> u16 {
    let flags = Flags::try_parse_from(["server"].iter().chain(flags)).unwrap();
    match flags.judge(&ForwardPath::parse(recipient).unwrap()) {
        Ok(()) => 250,
        Err(rejection) => rejection.code().get(),
    }
}

#[test]
fn without_domains_every_recipient_is_taken() {
    for recipient in [
        "bob@example.org",
        "\"a@b\"@example.org",
        "a%b@example.org",
        "Postmaster",
    ] {
        assert_eq!(judged(&[], recipient), 250, "{recipient}");
    }
}

#[test]
fn with_domains_only_their_recipients_are_taken() {
    let flags = ["--domain", "example.org"];
    for (recipient, code) in [
        ("bob@EXAMPLE.org", 250),
        ("postmaster", 250),
        ("postmaster@example.org", 250),
        ("bob@example.com", 550),
        ("postmaster@example.com", 550),
        ("bob@sub.example.org", 550),
        ("bob%example.com@example.org", 550),
        ("example.com!bob@example.org", 550),
        ("\"bob@example.com\"@example.org", 550),
    ] {
        assert_eq!(judged(&flags, recipient), code, "{recipient}");
    }
}

#[test]
fn a_refused_recipient_is_refused_however_it_is_written() {
    let flags = ["--reject", "nobody@example.org"];
    assert_eq!(judged(&flags, "\"nobody\"@EXAMPLE.org"), 550);
    assert_eq!(judged(&flags, "somebody@example.org"), 250);
}

#[test]
fn flags_that_need_auth_are_usage_errors() {
    let flags = Flags::try_parse_from(["server", "--user", "a:b"]).unwrap();
    assert!(
        flags
            .config(Protocol::Smtp)
            .unwrap_err()
            .contains("AUTH is not there yet")
    );
}
