use alloc::borrow::ToOwned;

use super::*;
use crate::types::{Mailbox, Notify};

fn mailbox(text: &str) -> Mailbox<'_> {
    Mailbox::parse(text).unwrap()
}

#[test]
fn recipients_keep_their_order_and_parameters() {
    let parameters = RcptParameters::default().with_notify(Notify::NEVER);
    let envelope = Envelope::new(ReversePath::Null)
        .recipient(mailbox("a@b"))
        .recipient_with(mailbox("c@d"), parameters.clone());
    let [first, second] = envelope.recipients() else {
        panic!("two recipients")
    };
    assert_eq!(first.forward_path().as_str(), "a@b");
    assert_eq!(
        (second.forward_path().as_str(), second.parameters()),
        ("c@d", &parameters)
    );
}

#[test]
fn smtputf8_is_needed_by_any_address_or_value() {
    let plain = || Envelope::new(mailbox("a@b")).recipient(mailbox("c@d"));
    assert!(!plain().needs_smtputf8());
    assert!(plain().recipient(mailbox("é@d")).needs_smtputf8());
    assert!(Envelope::new(mailbox("a@é")).needs_smtputf8());
    assert!(
        plain()
            .with_parameters(MailParameters::default().with_smtputf8())
            .needs_smtputf8()
    );
    let parameters = MailParameters::default().with_other("X", Some("é")).unwrap();
    assert!(plain().with_parameters(parameters).needs_smtputf8());
    let parameters = RcptParameters::default().with_other("X", Some("é")).unwrap();
    assert!(
        plain()
            .recipient_with(mailbox("e@f"), parameters)
            .needs_smtputf8()
    );
}

fn limits(rcpt_max: u32, rcpt_domain_max: u32) -> AnnouncedLimits {
    let mut limits = AnnouncedLimits::default();
    if let Some(most) = NonZeroU32::new(rcpt_max) {
        limits = limits.with_rcpt_max(most);
    }
    if let Some(most) = NonZeroU32::new(rcpt_domain_max) {
        limits = limits.with_rcpt_domain_max(most);
    }
    limits
}

fn to_all(recipients: &str) -> Envelope {
    recipients
        .split(' ')
        .filter(|recipient| !recipient.is_empty())
        .fold(Envelope::new(mailbox("a@b")), |envelope, recipient| {
            envelope.recipient(ForwardPath::parse(recipient).unwrap())
        })
}

/// The recipients of each part: parts are divided by `|`.
fn parts(recipients: &str, limits: AnnouncedLimits) -> String {
    let parts: Vec<String> = to_all(recipients)
        .split(limits)
        .map(|part| {
            let paths: Vec<_> = part
                .recipients()
                .iter()
                .map(|recipient| recipient.forward_path().as_str())
                .collect();
            paths.join(" ")
        })
        .collect();
    parts.join(" | ")
}

#[test]
fn an_envelope_within_the_limits_is_not_split() {
    for limits in [limits(0, 0), limits(3, 2)] {
        let parts: Vec<_> = to_all("a@x b@y c@x").split(limits).collect();
        assert_eq!(parts, [to_all("a@x b@y c@x")]);
    }
}

#[test]
fn an_envelope_without_recipients_is_not_split() {
    let parts: Vec<_> = to_all("").split(limits(1, 1)).collect();
    assert_eq!(parts, [to_all("")]);
}

#[test]
fn no_part_has_more_recipients_than_the_limit() {
    assert_eq!(
        parts("a@x b@y c@x d@x e@z", limits(2, 0)),
        "a@x b@y | c@x d@x | e@z"
    );
    assert_eq!(parts("a@x b@y", limits(1, 0)), "a@x | b@y");
}

#[test]
fn no_part_has_more_domains_than_the_limit() {
    assert_eq!(parts("a@x b@y c@X d@y", limits(0, 1)), "a@x c@X | b@y d@y");
    assert_eq!(
        parts("a@x b@y c@z d@x e@y", limits(0, 2)),
        "a@x d@x b@y e@y | c@z"
    );
    assert_eq!(parts("a@x postmaster b@x", limits(0, 1)), "a@x b@x | postmaster");
}

#[test]
fn both_limits_hold_together() {
    assert_eq!(
        parts("a@x b@y c@x d@x e@z", limits(2, 1)),
        "a@x c@x | d@x | b@y | e@z"
    );
}

#[test]
fn every_part_has_the_sender_and_the_parameters() {
    let parameters = MailParameters::default().with_size(7);
    let notify = RcptParameters::default().with_notify(Notify::NEVER);
    let envelope = Envelope::new(mailbox("a@b"))
        .with_parameters(parameters.clone())
        .recipient(mailbox("c@d"))
        .recipient_with(mailbox("e@f"), notify.clone());
    let parts: Vec<_> = envelope.split(limits(1, 0)).collect();
    assert_eq!(parts.len(), 2);
    assert!(
        parts
            .iter()
            .all(|part| *part.parameters() == parameters && part.reverse_path() == envelope.reverse_path())
    );
    assert_eq!(*parts[1].recipients()[0].parameters(), notify);
}

#[test]
fn the_first_bad_address_is_the_error() {
    assert_eq!(Envelope::parse("a@b", ["c@d", "e@f"]), Ok(to_all("c@d e@f")));
    assert_eq!(
        Envelope::parse("<>", ["<Postmaster>"])
            .unwrap()
            .recipients()
            .len(),
        1
    );
    assert!(
        Envelope::parse("", Vec::<String>::new())
            .unwrap()
            .reverse_path()
            .is_null()
    );
    assert!(Envelope::parse("a", ["c@d"]).is_err());
    assert_eq!(
        Envelope::parse("a@b", ["c@d", "<>", "e"]).unwrap_err(),
        ForwardPath::parse("<>").unwrap_err()
    );
    assert!(Envelope::parse("a@b", ["c@d\r\nDATA"]).is_err());
}

#[test]
fn only_keeps_the_order_of_the_indices() {
    let envelope = to_all("a@x b@y c@x");
    assert_eq!(envelope.only([2, 0]), to_all("c@x a@x"));
    assert_eq!(envelope.only([1, 7]), to_all("b@y"));
    assert_eq!(envelope.only([]), to_all(""));
    assert_eq!(envelope.only(0..3), envelope);
}

/// The hosts and recipients of the parts: parts are separated by `|`.
fn hosts(recipients: &str) -> String {
    let parts: Vec<String> = to_all(recipients)
        .by_domain()
        .map(|(host, part)| {
            let mut words = Vec::from([host.map_or("-".into(), |host| host.as_str().to_owned())]);
            words.extend(
                part.recipients()
                    .iter()
                    .map(|one| one.forward_path().as_str().to_owned()),
            );
            words.join(" ")
        })
        .collect();
    parts.join(" | ")
}

#[test]
fn each_domain_has_an_envelope() {
    assert_eq!(hosts(""), "");
    assert_eq!(hosts("a@x b@y c@X d@z e@y"), "x a@x c@X | y b@y e@y | z d@z");
    assert_eq!(hosts("a@X b@x"), "X a@X b@x");
    assert_eq!(
        hosts("postmaster a@x POSTMASTER postmaster@x"),
        "- postmaster POSTMASTER | x a@x postmaster@x"
    );
    assert_eq!(
        hosts("a@[192.0.2.1] b@192.0.2.1 c@[192.0.2.1] d@[IPv6:2001:DB8::1] e@[ipv6:2001:db8::1]"),
        "[192.0.2.1] a@[192.0.2.1] c@[192.0.2.1] | 192.0.2.1 b@192.0.2.1 | \
         [IPv6:2001:DB8::1] d@[IPv6:2001:DB8::1] e@[ipv6:2001:db8::1]"
    );
}

#[test]
fn the_envelope_of_a_domain_has_the_sender_and_the_parameters() {
    let notify = RcptParameters::default().with_notify(Notify::NEVER);
    let envelope = Envelope::new(mailbox("a@b"))
        .with_parameters(MailParameters::default().with_size(7))
        .recipient(mailbox("c@d"))
        .recipient_with(mailbox("e@f"), notify.clone());
    let parts: Vec<_> = envelope.by_domain().map(|(_, part)| part).collect();
    assert_eq!(parts, [envelope.only([0]), envelope.only([1])]);
    assert_eq!(*parts[1].recipients()[0].parameters(), notify);
    assert_eq!(parts[1].parameters(), envelope.parameters());
}
