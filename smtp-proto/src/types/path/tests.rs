use std::string::ToString;

use super::*;
use crate::types::AddressFault;

fn fault<T: std::fmt::Debug>(result: Result<T, InvalidAddress>) -> AddressFault {
    result.unwrap_err().fault()
}

#[test]
fn the_null_path_is_a_sender_and_no_recipient() {
    for text in ["<>", ""] {
        let path = ReversePath::parse(text).unwrap();
        assert!(path.is_null() && path.mailbox().is_none());
        assert_eq!(path.to_string(), "<>");
        assert_eq!(fault(ForwardPath::parse(text)), AddressFault::Null);
    }
}

#[test]
fn brackets_are_paired_or_absent() {
    let path = ReversePath::parse("<a@b>").unwrap();
    assert_eq!(path, ReversePath::parse("a@b").unwrap());
    assert_eq!(path.to_string(), "<a@b>");
    assert_eq!(path.as_str(), "a@b");
    for text in [
        "<a@b",
        "a@b>",
        "<<a@b>>",
        "< a@b >",
        "<a@b> ",
        "<a@b>,<c@d>",
        "<a>",
        "<@>",
    ] {
        assert!(ReversePath::parse(text).is_err(), "{text}");
        assert!(ForwardPath::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_source_route_is_kept_apart_from_the_mailbox() {
    let text = "<@a.example,@b.example:\"u@v\"@c.example>";
    let path = Path::parse(text).unwrap();
    assert_eq!(path.source_route(), Some("@a.example,@b.example"));
    assert_eq!(path.mailbox().as_str(), "\"u@v\"@c.example");
    assert_eq!(path.mailbox().domain(), "c.example");
    assert_eq!(path.to_string(), text);
    assert_eq!(Path::parse("a@b").unwrap().source_route(), None);
    assert_ne!(Path::parse("@x:a@b").unwrap(), Path::parse("a@b").unwrap());
    assert_eq!(Path::parse("@x:a@b").unwrap(), Path::parse("@X:\"a\"@B").unwrap());
}

#[test]
fn malformed_routes_are_refused() {
    for text in [
        "@a,@b",
        "@a@b.c:d@e",
        "@:a@b",
        "@a,:b@c",
        "@a, @b:c@d",
        "@a;b@c",
        "@a..b:c@d",
    ] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
    let route = |count| ["@a.test,".repeat(count), "@b.test:user@client.test".into()].concat();
    assert!(Path::parse(&route(63)).is_ok(), "63 * 8 + 8 octets");
    assert_eq!(fault(Path::parse(&route(64))), AddressFault::LongRoute);
    assert_eq!(fault(Path::parse("@a;b:c@d")), AddressFault::Route);
}

#[test]
fn the_postmaster_needs_no_domain_and_has_no_case() {
    for text in ["<Postmaster>", "<postmaster>", "POSTMASTER"] {
        let path = ForwardPath::parse(text).unwrap();
        assert!(path.is_postmaster() && path.mailbox().is_none());
        assert_eq!(path, ForwardPath::Postmaster(Postmaster::default()));
        assert!(ReversePath::parse(text).is_err());
    }
    assert_eq!(
        ForwardPath::parse("<PostMaster>").unwrap().to_string(),
        "<PostMaster>"
    );
    assert!(
        ForwardPath::parse("<\"PostMaster\"@example.org>")
            .unwrap()
            .is_postmaster()
    );
    assert!(
        !ForwardPath::parse("<postmasters@example.org>")
            .unwrap()
            .is_postmaster()
    );
    assert!(ForwardPath::parse("<\"postmaster\">").is_err());
}

#[test]
fn a_mailbox_converts_to_a_path() {
    let mailbox: Mailbox<'_> = "a@b".parse().unwrap();
    assert_eq!(
        ForwardPath::from(mailbox.as_borrowed()).mailbox(),
        Some(mailbox.clone())
    );
    assert_eq!(
        ReversePath::from(mailbox).into_owned().as_borrowed().as_str(),
        "a@b"
    );
}

#[test]
fn the_longest_parts_fit_together() {
    let domain = [
        &*"a".repeat(63),
        &"b".repeat(63),
        &"c".repeat(63),
        &"d".repeat(63),
    ]
    .join(".");
    let local_part = "l".repeat(255);
    let route = std::format!("@{},@{}", domain, "e".repeat(512 - 255 - 1 - 2 - 1 - 190));
    let text = std::format!("{route}:{local_part}@{domain}");
    let path = Path::parse(&text).unwrap();
    assert_eq!(path.source_route(), Some(&*route));
    assert_eq!(path.mailbox().local_part(), local_part);
    assert_eq!(path.mailbox().domain(), domain);
}
