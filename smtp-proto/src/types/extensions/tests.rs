use std::{num::NonZeroU32, vec::Vec};

use super::Extensions;
use crate::types::{
    AnnouncedLimits, ClientAttributes, Extension, FutureReleaseLimits, Keyword, SolicitationKeywords,
    Timestamp,
};

fn auth(mechanisms: &str) -> Extension<'_> {
    Extension::auth(mechanisms).unwrap()
}

fn other<'a>(keyword: &'a str, params: &'a str) -> Extension<'a> {
    Extension::other(keyword, params).unwrap()
}

fn mechanisms(set: &Extensions) -> Vec<&str> {
    set.auth_mechanisms().collect()
}

#[test]
fn a_set_is_small() {
    assert!(size_of::<Extensions>() <= 64);
}

#[test]
fn an_added_extension_stays_until_removed() {
    let all = [
        Extension::Pipelining,
        Extension::Size(Some(1000)),
        Extension::EightBitMime,
        Extension::SmtpUtf8,
        Extension::EnhancedStatusCodes,
        Extension::Dsn,
        Extension::Chunking,
        Extension::BinaryMime,
        Extension::StartTls,
        auth("PLAIN LOGIN"),
        Extension::RequireTls,
        Extension::Limits(AnnouncedLimits::default().with_rcpt_max(NonZeroU32::MIN)),
        Extension::Vrfy,
        Extension::Expn,
        Extension::Help,
        Extension::Etrn,
        Extension::FutureRelease(FutureReleaseLimits::new(NonZeroU32::MIN, Timestamp::MAX)),
        Extension::mt_priority("MIXER").unwrap(),
        Extension::DeliverBy(Some(60)),
        Extension::Rrvs,
        Extension::no_soliciting(SolicitationKeywords::parse("net.example:ADV").unwrap()).unwrap(),
        Extension::Prdr,
        Extension::Xclient(ClientAttributes::XCLIENT),
        Extension::Xforward(ClientAttributes::XFORWARD),
        Extension::Atrn,
        Extension::Mtrk,
        Extension::ConPerm,
        Extension::ConNeg,
        Extension::burl("imap").unwrap(),
        other("X-EXPS", "NTLM GSSAPI"),
        other("X-ONE", ""),
    ];
    let mut set = Extensions::default();
    for extension in all.iter().rev() {
        set.add(extension.clone());
    }
    let known: Vec<_> = set.iter().take(29).collect();
    assert_eq!(known, all[..29]);
    assert_eq!(
        set.others().collect::<Vec<_>>(),
        [("X-ONE", ""), ("X-EXPS", "NTLM GSSAPI")]
    );

    for keyword in Keyword::ALL {
        assert!(set.has(keyword));
        set.remove(keyword);
        assert!(!set.has(keyword));
    }
    assert_eq!(
        (set.size_limit(), set.limits(), mechanisms(&set).len()),
        (None, AnnouncedLimits::default(), 0)
    );
    assert_eq!(set.others().count(), 2);
    set.clear();
    assert!(set.is_empty());
    assert_eq!(set, Extensions::default());
}

#[test]
fn mechanisms_merge_without_case() {
    let set = Extensions::default()
        .with(auth("PLAIN"))
        .with(other("X", "PLAIN"))
        .with(auth("LOGIN plain XOAUTH2 LOGIN"));
    assert_eq!(mechanisms(&set), ["PLAIN", "LOGIN", "XOAUTH2"]);
    assert_eq!(set.other("x"), Some("PLAIN"));
}

#[test]
fn mechanisms_stay_within_a_line() {
    let mut set = Extensions::default();
    for n in 0..100 {
        set.add(auth(&std::format!("MECHANISM-{n}")));
    }
    assert_eq!(set.iter().count(), 1);
    let words = set.auth_mechanisms().collect::<Vec<_>>().join(" ");
    assert!((480..=501).contains(&words.len()), "{}", words.len());
}

#[test]
fn size_zero_is_no_limit() {
    for size in [None, Some(0)] {
        let set = Extensions::default()
            .with(Extension::Size(Some(5)))
            .with(Extension::Size(size));
        assert!(set.has(Keyword::Size));
        assert_eq!(set.size_limit(), None);
        assert_eq!(set, Extensions::default().with(Extension::Size(None)));
    }
}

#[test]
fn limits_without_a_number_offer_nothing() {
    let some = AnnouncedLimits::default().with_mail_max(NonZeroU32::MIN);
    let set = Extensions::default().with(Extension::Limits(some));
    assert!(set.has(Keyword::Limits));
    assert_eq!(
        set.with(Extension::Limits(AnnouncedLimits::default())),
        Extensions::default()
    );
}

#[test]
fn a_set_is_collected_extended_and_iterated() {
    let other = || Extension::other("X-EXPS", "NTLM").unwrap();
    let mut set: Extensions = [Extension::Size(Some(1)), other()].into_iter().collect();
    set.extend([Extension::Dsn, Extension::Size(Some(2))]);
    let listed: Vec<_> = (&set).into_iter().collect();
    assert_eq!(listed, [Extension::Size(Some(2)), Extension::Dsn, other()]);
    assert_eq!(set.iter().count(), 3);
    assert_eq!(set, listed.into_iter().rev().collect());
}

#[test]
fn rare_values_are_replaced_and_bounded() {
    let set = Extensions::default()
        .with(Extension::DeliverBy(Some(60)))
        .with(Extension::DeliverBy(Some(u32::MAX)))
        .with(Extension::mt_priority("MIXER").unwrap());
    assert_eq!(set.deliver_by_min(), Some(999_999_999));
    assert_eq!(set.priority_policy(), Some("MIXER"));
    let set = set
        .with(Extension::DeliverBy(None))
        .with(Extension::mt_priority("").unwrap());
    assert_eq!((set.deliver_by_min(), set.priority_policy()), (None, None));
    assert_eq!(
        set,
        [Extension::DeliverBy(None), Extension::mt_priority("").unwrap()]
            .into_iter()
            .collect()
    );
    let limits = FutureReleaseLimits::new(NonZeroU32::MAX, Timestamp::MAX);
    assert_eq!(limits.max_interval(), Some(FutureReleaseLimits::MAX_INTERVAL));
}

#[test]
fn keywords_of_either_kind_are_offered() {
    let set = Extensions::default().with(Extension::Rrvs).with(other("X", ""));
    assert!(set.offers("rrvs") && set.offers("x"));
    assert!(!set.offers("MTRK") && !set.offers("Y"));
}
