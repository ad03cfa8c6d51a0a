use std::{format, string::ToString};

use super::*;

#[test]
fn dates_are_those_of_the_calendar() {
    let name = ClientName::parse("client.example").unwrap();
    let host = Host::parse("mx.example.org").unwrap();
    for (seconds, date) in [
        (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 +0000"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 +0000"),
        (1_795_305_072, "Sat, 21 Nov 2026 23:51:12 +0000"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 +0000"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000"),
        (253_402_300_800, "Sat, 01 Jan 10000 00:00:00 +0000"),
    ] {
        let received = Received::new(&name, [127, 0, 0, 1].into(), &host, "SMTP", seconds).to_string();
        assert!(received.ends_with(&format!(";\r\n\t{date}\r\n")), "{received}");
    }
}

#[test]
fn an_ipv6_peer_is_shown_as_a_literal_and_the_recipient_named() {
    let name = ClientName::parse("[IPv6:2001:db8::25:1]").unwrap();
    let host = Host::parse("mx.example.org").unwrap();
    let recipient = ForwardPath::parse("bob@example.org").unwrap();
    let peer = "::1".parse().unwrap();
    let received = Received::new(&name, peer, &host, "LMTP", 0)
        .with_recipient(&recipient)
        .to_string();
    assert!(
        received.starts_with("Received: from [IPv6:2001:db8::25:1] ([IPv6:::1])\r\n"),
        "{received}"
    );
    assert!(
        received.contains("\r\n\tfor <bob@example.org>;\r\n"),
        "{received}"
    );
}

#[test]
fn an_identifier_cannot_break_the_field() {
    let name = ClientName::parse("client.example").unwrap();
    let host = Host::parse("mx.example.org").unwrap();
    let received = Received::new(&name, [127, 0, 0, 1].into(), &host, "SMTP", 0)
        .with_id("a;\r\nb (c")
        .to_string();
    assert!(received.contains(" id abc;"), "{received}");
    let received = Received::new(&name, [127, 0, 0, 1].into(), &host, "SMTP\r\nEvil: 1", 0).to_string();
    assert!(received.contains(" with SMTPEvil1;"), "{received}");
}

#[test]
fn the_null_path_is_a_return_path() {
    assert_eq!(ReturnPath(&ReversePath::Null).to_string(), "Return-Path: <>\r\n");
}

#[test]
fn the_tls_clause_follows_for_and_names_the_cipher() {
    let name = ClientName::parse("client.example").unwrap();
    let host = Host::parse("mx.example.org").unwrap();
    let recipient = ForwardPath::parse("bob@example.org").unwrap();
    let shown = |cipher: Option<&'static str>| {
        let mut info = TlsInfo::default();
        let received = Received::new(&name, [127, 0, 0, 1].into(), &host, "ESMTPS", 0);
        info.cipher = cipher.map(Into::into);
        received
            .with_tls(&info)
            .with_id("1")
            .with_recipient(&recipient)
            .to_string()
    };
    assert_eq!(
        shown(Some("TLS_AES_128_GCM_SHA256")),
        "Received: from client.example ([127.0.0.1])\r\n\tby mx.example.org with ESMTPS id 1\r\n\t\
         for <bob@example.org>\r\n\ttls TLS_AES_128_GCM_SHA256;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n",
    );
    for unknown in [
        None,
        Some(""),
        Some("a\r\nEvil: 1"),
        Some("1A"),
        Some("ECDHE-RSA"),
    ] {
        assert!(!shown(unknown).contains("tls"), "{unknown:?}");
    }
}

#[test]
fn a_priority_has_a_clause() {
    let name = ClientName::parse("client.example").unwrap();
    let host = Host::parse("mx.example.org").unwrap();
    let received = Received::new(&name, [127, 0, 0, 1].into(), &host, "ESMTP", 0);
    assert_eq!(
        received.with_priority(Priority::MIN).to_string(),
        "Received: from client.example ([127.0.0.1])\r\n\tby mx.example.org with ESMTP\r\n\t\
         PRIORITY -9;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n",
    );
}
