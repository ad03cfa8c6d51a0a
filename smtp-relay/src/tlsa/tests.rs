use std::{format, vec};

use super::*;

fn record(usage: u8, selector: u8, matching: u8, length: usize) -> Tlsa {
    Tlsa::new(usage, selector, matching, vec![0xab; length])
}

#[test]
fn usable_records_are_those_of_rfc_7672_section_3_1() {
    for (usage, is) in [(2, Usage::DaneTa), (3, Usage::DaneEe)] {
        for (selector, part) in [(0, Selector::Certificate), (1, Selector::PublicKey)] {
            for (matching, form, length) in [(1, Matching::Sha256, 32), (2, Matching::Sha512, 64)] {
                let record = record(usage, selector, matching, length);
                let association = Association::new(is, part, form, vec![0xab; length]);
                assert_eq!(record.association(), Ok(association.clone()));
                assert_eq!(association.to_record(), record);
            }
        }
    }
}

#[test]
fn unusable_records_name_their_fault() {
    // RFC 7672 section 3.1.3 (PKIX-TA, PKIX-EE), RFC 6698 section 2.1
    for usage in [0, 1, 4, 255] {
        assert_eq!(record(usage, 1, 1, 32).association(), Err(Unusable::Usage(usage)));
    }
    for selector in [2, 255] {
        assert_eq!(
            record(3, selector, 1, 32).association(),
            Err(Unusable::Selector(selector))
        );
    }
    for matching in [3, 255] {
        assert_eq!(
            record(3, 1, matching, 32).association(),
            Err(Unusable::Matching(matching))
        );
    }
    for (matching, length) in [(1, 0), (1, 31), (1, 33), (1, 64), (2, 32), (2, 63), (2, 65)] {
        assert_eq!(
            record(2, 0, matching, length).association(),
            Err(Unusable::DigestLength(length))
        );
    }
}

#[test]
fn full_data_is_one_der_sequence() {
    let full = |octets: &[u8]| Tlsa::new(3, 0, 0, octets.into()).association().map(|_| ());
    assert_eq!(full(&[0x30, 0x02, 0x05, 0x00]), Ok(()));
    assert_eq!(full(&[&[0x30, 0x7f][..], &[0; 0x7f]].concat()), Ok(()));
    assert_eq!(full(&[&[0x30, 0x81, 0x80][..], &[0; 0x80]].concat()), Ok(()));
    assert_eq!(
        full(&[&[0x30, 0x82, 0x01, 0x02][..], &[0; 0x102]].concat()),
        Ok(())
    );
    for octets in [
        &[][..],
        &[0x30],
        &[0x30, 0x02, 0x05],
        &[0x30, 0x01, 0x05, 0x00],
        &[0x31, 0x02, 0x05, 0x00],
        &[0x30, 0x81],
        &[0x30, 0x81, 0x02, 0x05],
        &[0x30, 0x82, 0x00],
        &[0x30, 0x82, 0x00, 0x02, 0x05],
        &[0x30, 0x80, 0x05, 0x00, 0x00, 0x00],
        &[0x30, 0x83, 0x00, 0x00, 0x01, 0x05],
    ] {
        assert_eq!(full(octets), Err(Unusable::NotDer), "{octets:x?}");
    }
}

#[test]
fn rdata_is_three_octets_and_data() {
    assert_eq!(Tlsa::parse(&[3, 1, 1, 7, 8]), Ok(Tlsa::new(3, 1, 1, vec![7, 8])));
    assert_eq!(Tlsa::parse(&[3, 1, 1]), Ok(Tlsa::new(3, 1, 1, vec![])));
    assert_eq!(Tlsa::parse(&[3, 1]), Err(InvalidTlsa));
    let record = Tlsa::parse(&[3, 0, 2, 7]).unwrap();
    assert_eq!(
        (
            record.usage(),
            record.selector(),
            record.matching(),
            record.data()
        ),
        (3, 0, 2, &[7][..])
    );
}

#[test]
fn text_is_that_of_a_zone_file() {
    // RFC 6698 section 2.2
    for text in ["3 1 1 abCD01", "  3\t1 1  ab cd 01 ", "3 1 1 a bcd0 1"] {
        assert_eq!(
            text.parse(),
            Ok(Tlsa::new(3, 1, 1, vec![0xab, 0xcd, 0x01])),
            "{text}"
        );
    }
    for text in [
        "",
        "3 1 1",
        "3 1 1 ",
        "3 1 1 abc",
        "3 1 1 xy",
        "256 1 1 ab",
        "-3 1 1 ab",
        "3 1 1 ab;",
        "3 1 ab",
    ] {
        assert_eq!(text.parse::<Tlsa>(), Err(InvalidTlsa), "{text}");
    }
}

#[test]
fn the_strongest_digest_of_one_usage_and_selector_counts() {
    // RFC 7671 section 9
    let weak = record(3, 1, 1, 32);
    let strong = record(3, 1, 2, 64);
    let full = Tlsa::new(3, 1, 0, vec![0x30, 0x00]);
    let other_selector = record(3, 0, 1, 32);
    let other_usage = record(2, 1, 1, 32);
    let kept = |records: &[&Tlsa]| {
        let records: Vec<_> = records.iter().copied().cloned().collect();
        let kept = associations(&records);
        kept.iter()
            .map(|association| {
                records
                    .iter()
                    .position(|record| *record == association.to_record())
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&[&weak, &strong]), [1]);
    assert_eq!(kept(&[&strong, &weak]), [0]);
    assert_eq!(kept(&[&weak, &full]), [0, 1]);
    assert_eq!(
        kept(&[&weak, &strong, &full, &other_selector, &other_usage]),
        [1, 2, 3, 4]
    );
    // A strong digest that is unusable does not replace a weak one.
    assert_eq!(kept(&[&weak, &record(3, 1, 2, 63)]), [0]);
    assert_eq!(kept(&[&weak, &weak]), [0]);
    assert_eq!(kept(&[&record(0, 1, 1, 32)]), [0; 0]);
}

#[test]
fn the_number_of_records_is_bounded() {
    let records: Vec<_> = (0..MAX_RECORDS + 5)
        .map(|number| Tlsa::new(3, 1, 1, vec![number as u8; 32]))
        .collect();
    assert_eq!(associations(&records).len(), MAX_RECORDS);
    assert_eq!(format!("{}", Unusable::DigestLength(31)), "digest has 31 octets");
}
