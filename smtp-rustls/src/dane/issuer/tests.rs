//! Tests of the facts of an issuer.

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};

use super::Issuer;

fn der(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(2000, 2, 29);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn an_authority_has_the_bit_and_may_sign() {
    let unconstrained =
        |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let read = |der: Vec<u8>| {
        let issuer = Issuer::parse(&der).unwrap();
        (issuer.authority, issuer.path_length)
    };
    assert_eq!(read(der(|_| {})), (false, None));
    assert_eq!(read(der(unconstrained)), (true, None));
    let mut explicit = der(unconstrained);
    let bit = explicit
        .windows(3)
        .position(|octets| octets == [0x30, 3, 1])
        .unwrap()
        + 4;
    assert_eq!(explicit[bit], 0xff);
    explicit[bit] = 0;
    assert_eq!(read(explicit), (false, None), "cA FALSE, which DER leaves out");
    for length in [0, 1, 127, 200] {
        let limited = der(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length)));
        let expected = if length < 128 { usize::from(length) } else { 255 };
        assert_eq!(read(limited), (true, Some(expected)));
    }
    for (usage, authority) in [
        (KeyUsagePurpose::KeyCertSign, true),
        (KeyUsagePurpose::CrlSign, false),
        (KeyUsagePurpose::DecipherOnly, false),
    ] {
        let der = der(|params| {
            unconstrained(params);
            params.key_usages = vec![usage];
        });
        assert_eq!(read(der).0, authority);
    }
}

#[test]
fn both_forms_of_dates_are_seconds() {
    for (from, to, seconds) in [
        ((1970, 1, 1), (2000, 2, 29), (0, 951_782_400)),
        ((1950, 1, 1), (2049, 12, 31), (-631_152_000, 2_524_521_600)),
        ((1949, 12, 31), (2050, 1, 1), (-631_238_400, 2_524_608_000)),
        ((2024, 3, 1), (9999, 12, 31), (1_709_251_200, 253_402_214_400)),
    ] {
        let der = der(|params| {
            params.not_before = date_time_ymd(from.0, from.1, from.2);
            params.not_after = date_time_ymd(to.0, to.1, to.2);
        });
        let issuer = Issuer::parse(&der).unwrap();
        assert_eq!((issuer.not_before, issuer.not_after), seconds, "{from:?}");
    }
}

#[test]
fn no_cut_or_broken_certificate_is_read_as_an_authority_that_it_is_not() {
    let der = der(|params| params.is_ca = IsCa::ExplicitNoCa);
    for end in 0..der.len() {
        assert_eq!(Issuer::parse(&der[..end]), None);
    }
    for index in 0..der.len() {
        for octet in [0, 0x7f, 0x80, 0xff] {
            let mut broken = der.clone();
            broken[index] = octet;
            let _ = Issuer::parse(&broken);
        }
    }
}
