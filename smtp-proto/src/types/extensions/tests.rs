use std::{num::NonZeroU32, vec::Vec};

use super::Extensions;
use crate::types::{AnnouncedLimits, Extension, Keyword};

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
fn what_is_added_is_there_until_it_is_removed() {
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
        other("XCLIENT", "NAME ADDR"),
        other("X-ONE", ""),
    ];
    let mut set = Extensions::default();
    for extension in all.iter().rev() {
        set.add(extension.clone());
    }
    let known: Vec<_> = set.iter().take(16).collect();
    assert_eq!(known, all[..16]);
    assert_eq!(
        set.others().collect::<Vec<_>>(),
        [("X-ONE", ""), ("XCLIENT", "NAME ADDR")]
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
    set.remove_other("xclient");
    assert_eq!(set.others().collect::<Vec<_>>(), [("X-ONE", "")]);
    set.remove_other("X-ONE");
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
fn removing_an_unknown_keeps_the_mechanisms() {
    let mut set = Extensions::default()
        .with(other("X", "1"))
        .with(auth("PLAIN"))
        .with(other("x", "2"))
        .with(other("Y", ""));
    set.remove_other("X");
    assert_eq!(mechanisms(&set), ["PLAIN"]);
    assert_eq!(set.others().collect::<Vec<_>>(), [("Y", "")]);
}

#[test]
fn a_set_is_collected_extended_and_iterated() {
    let other = || Extension::other("XCLIENT", "NAME").unwrap();
    let mut set: Extensions = [Extension::Size(Some(1)), other()].into_iter().collect();
    set.extend([Extension::Dsn, Extension::Size(Some(2))]);
    let listed: Vec<_> = (&set).into_iter().collect();
    assert_eq!(listed, [Extension::Size(Some(2)), Extension::Dsn, other()]);
    assert_eq!(set.iter().count(), 3);
    assert_eq!(set, listed.into_iter().rev().collect());
}
