use std::{
    collections::hash_map::DefaultHasher,
    fmt::Debug,
    format,
    hash::{Hash, Hasher},
    string::String,
};

use proptest::prelude::*;

use super::*;
use crate::types::Envelope;

/// Mailboxes that often are equal in another spelling: quotes, backslashes, case.
fn mailbox() -> impl Strategy<Value = String> {
    let local_part = prop_oneof![
        "[abA]{1,2}",
        "\"[abA]{1,2}\"",
        "\"\\\\\\\\[abA]b?\"",
        "\"a b\"",
        "[éÉ]b?"
    ];
    (local_part, host()).prop_map(|(local_part, host)| format!("{local_part}@{host}"))
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{1,2}",
        "[aA]\\.[bB]",
        "[éÉ]",
        "\\[192\\.0\\.2\\.[12]\\]",
        "\\[(IPv6|ipv6):2001:[dD]b8::1\\]"
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        mailbox(),
        (mailbox(), "@[xXy],?")
            .prop_map(|(mailbox, route)| { format!("{}:{mailbox}", route.trim_end_matches(',')) }),
        "[pP][oO]stmaster",
        "|<>",
    ]
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Checks that equal values hash alike, and that the order is total and agrees with equality.
fn agree<T: Ord + Hash + Debug>(values: [T; 3]) -> Result<(), TestCaseError> {
    for a in &values {
        for b in &values {
            prop_assert_eq!(a == b, a.cmp(b).is_eq(), "{:?} {:?}", a, b);
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{:?} {:?}", a, b);
            prop_assert_eq!(a.partial_cmp(b), Some(a.cmp(b)));
            if a == b {
                prop_assert_eq!(hash(a), hash(b), "{:?} {:?}", a, b);
            }
            for c in &values {
                if a <= b && b <= c {
                    prop_assert!(a <= c, "{:?} {:?} {:?}", a, b, c);
                }
            }
        }
    }
    Ok(())
}

fn all<T: FromStr>(texts: &[String; 3]) -> Option<[T; 3]> {
    let [a, b, c] = texts.each_ref().map(|text| text.parse().ok());
    Some([a?, b?, c?])
}

proptest! {
    #[test]
    fn order_equality_and_hash_of_addresses_agree(
        mailboxes in [mailbox(), mailbox(), mailbox()],
        hosts in [host(), host(), host()],
        paths in [path(), path(), path()],
    ) {
        agree(all::<Mailbox<'_>>(&mailboxes).unwrap())?;
        agree(all::<Host<'_>>(&hosts).unwrap())?;
        if let Some(domains) = all::<Domain<'_>>(&hosts) {
            agree(domains)?;
        }
        if let Some(literals) = all::<AddressLiteral<'_>>(&hosts) {
            agree(literals)?;
        }
        if let Some(paths) = all::<Path<'_>>(&paths) {
            agree(paths)?;
        }
        if let Some(paths) = all::<ForwardPath<'_>>(&paths) {
            agree(paths)?;
        }
        if let Some(paths) = all::<ReversePath<'_>>(&paths) {
            agree(paths)?;
        }
    }

    #[test]
    fn equal_parameters_hash_alike(
        a in "(SIZE=0?1|size=1|BODY=7BIT|X=1|X=2|Y| ){0,1}( X=1)?( SMTPUTF8)?",
        b in "(SIZE=0?1|size=1|BODY=7BIT|X=1|X=2|Y| ){0,1}( X=1)?( SMTPUTF8)?",
    ) {
        if let (Ok(a), Ok(b)) = (MailParameters::parse(&a), MailParameters::parse(&b))
            && a == b
        {
            prop_assert_eq!(hash(&a), hash(&b));
        }
        if let (Ok(a), Ok(b)) = (RcptParameters::parse(&a), RcptParameters::parse(&b))
            && a == b
        {
            prop_assert_eq!(hash(&a), hash(&b));
        }
    }
}

#[test]
fn mailboxes_are_sorted_by_domain() {
    let mut mailboxes = ["b@y", "a@Z", "c@x", "a@Y", "[@x"].map(|text| text.parse::<Mailbox<'_>>());
    assert!(mailboxes.iter().any(Result::is_err), "a bracket is not atext");
    mailboxes[4] = "\"a\"@X".parse();
    let mut mailboxes = mailboxes.map(Result::unwrap);
    mailboxes.sort();
    assert_eq!(
        mailboxes.each_ref().map(Mailbox::as_str),
        ["\"a\"@X", "c@x", "a@Y", "b@y", "a@Z"]
    );
}

#[test]
fn spellings_of_one_value_hash_alike() {
    let mailbox = |text| Mailbox::parse(text).unwrap();
    assert_eq!(hash(&mailbox("\"\\a\"@X")), hash(&mailbox("a@x")));
    assert_ne!(hash(&mailbox("A@x")), hash(&mailbox("a@x")));
    assert_eq!(
        hash(&Envelope::parse("\"a\"@X", ["postmaster"]).unwrap()),
        hash(&Envelope::parse("a@x", ["POSTMASTER"]).unwrap())
    );
}

#[test]
fn strings_convert_to_values_and_back() {
    fn both<'a, T: TryFrom<&'a str> + AsRef<str>, O: TryFrom<String> + FromStr + AsRef<str>>(text: &'a str) {
        assert_eq!(T::try_from(text).ok().unwrap().as_ref(), text);
        assert_eq!(O::try_from(String::from(text)).ok().unwrap().as_ref(), text);
        assert_eq!(text.parse::<O>().ok().unwrap().as_ref(), text);
    }
    both::<Domain<'_>, Domain<'static>>("Example.org");
    both::<AddressLiteral<'_>, AddressLiteral<'static>>("[192.0.2.1]");
    both::<Host<'_>, Host<'static>>("[192.0.2.1]");
    both::<Mailbox<'_>, Mailbox<'static>>("\"a\"@b");
    both::<Path<'_>, Path<'static>>("@x:a@b");
    both::<ReversePath<'_>, ReversePath<'static>>("");
    both::<ForwardPath<'_>, ForwardPath<'static>>("PostMaster");
    both::<ClientName<'_>, ClientName<'static>>("client.example");
    both::<Argument<'_>, Argument<'static>>("a b");
    both::<Query<'_>, Query<'static>>("a b");
    both::<Xtext<'_>, Xtext<'static>>("a+2Bb");
    both::<AuthIdentity<'_>, AuthIdentity<'static>>("<>");
    both::<OriginalRecipient<'_>, OriginalRecipient<'static>>("rfc822;a");
    both::<Text<'_>, Text<'static>>("a\nb");
    assert!(Mailbox::try_from("a").is_err() && Mailbox::try_from(String::from("a")).is_err());
}
