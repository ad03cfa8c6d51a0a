use std::string::ToString;

use super::*;

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn fault(url: &str) -> InvalidUrl {
    Url::parse(url).unwrap_err()
}

fn config() -> Config {
    Config::new(ClientName::parse("client.example.org").unwrap())
}

#[test]
fn each_scheme_has_its_protocol_port_and_tls() {
    for (url, address, protocol, tls) in [
        ("smtp://host", "host:587", Protocol::Smtp, TlsMode::Required),
        ("smtp://host:25", "host:25", Protocol::Smtp, TlsMode::Required),
        (
            "smtp://host?tls=required",
            "host:587",
            Protocol::Smtp,
            TlsMode::Required,
        ),
        (
            "smtp://host?tls=opportunistic",
            "host:587",
            Protocol::Smtp,
            TlsMode::Opportunistic,
        ),
        (
            "smtp://host/?tls=none",
            "host:587",
            Protocol::Smtp,
            TlsMode::Disabled,
        ),
        ("SMTPS://host", "host:465", Protocol::Smtp, TlsMode::Implicit),
        (
            "smtps://host?tls=required",
            "host:465",
            Protocol::Smtp,
            TlsMode::Implicit,
        ),
        ("lmtp://host", "host:24", Protocol::Lmtp, TlsMode::Disabled),
        (
            "lmtp://host?tls=required",
            "host:24",
            Protocol::Lmtp,
            TlsMode::Required,
        ),
        (
            "lmtp://ann:secret@host",
            "host:24",
            Protocol::Lmtp,
            TlsMode::Required,
        ),
        (
            "lmtp+unix:///run/lmtp.sock",
            "/run/lmtp.sock",
            Protocol::Lmtp,
            TlsMode::Disabled,
        ),
    ] {
        let parsed = parse(url);
        assert_eq!(parsed.address().to_string(), address, "{url}");
        assert_eq!((parsed.protocol(), parsed.tls()), (protocol, tls), "{url}");
    }
}

#[test]
fn hosts_are_names_and_addresses() {
    for (url, host, address) in [
        (
            "smtp://mail.example.org",
            "mail.example.org",
            "mail.example.org:587",
        ),
        ("smtp://mail_server:2525", "mail_server", "mail_server:2525"),
        ("smtp://192.0.2.1", "192.0.2.1", "192.0.2.1:587"),
        ("smtp://[2001:db8::1]", "2001:db8::1", "[2001:db8::1]:587"),
        ("smtp://[::1]:25", "::1", "[::1]:25"),
    ] {
        let parsed = parse(url);
        assert_eq!(parsed.host(), Some(host));
        assert_eq!(parsed.address(), &Address::from(address));
    }
    let socket = parse("lmtp+unix:///run/a%20b.sock");
    assert_eq!(socket.host(), None);
    assert_eq!(socket.address(), &Address::unix("/run/a b.sock"));
    assert_eq!(Address::from(&socket), Address::unix("/run/a b.sock"));
}

#[test]
fn user_and_password_are_decoded() {
    let url = parse("smtp://ann%40example.org:p%3Aa%2Fs%25s+:@w%C3%B6rd@host");
    // The last at sign ends the password, and the first colon the user.
    assert_eq!(url.user(), Some("ann@example.org"));
    let password = &url.login.as_ref().unwrap().password;
    assert_eq!(password.expose_str(), Some("p:a/s%s+:@wörd"));
    assert_eq!(parse("smtp://host").user(), None);
    assert!(parse("smtp://host").login().is_none());
}

#[test]
fn the_password_is_not_shown() {
    let url = parse("smtps://ann:hunter2@host:465/client.example.org");
    assert_eq!(url.to_string(), "smtps://ann:***@host:465/client.example.org");
    assert!(!std::format!("{url:?}").contains("hunter2"));
    assert!(!std::format!("{:?}", url.apply(config())).contains("hunter2"));
}

/// A reserved character in a password makes another part of the URL of it, which an error must not show.
#[test]
fn an_error_shows_no_part_of_a_password() {
    for url in [
        "smtp://ann:hunter/2@host",
        "smtp://ann:hunter?2@host",
        "smtp://ann:hunter#2@host",
        "smtp://ann:hunter?tls=2@host",
        "smtp://ann:hunter%2@host",
        "smtp://ann:hunter%00@host",
        "smtp://ann:hunter",
        "ann:hunter@http://host",
        "smtp://:hunter@host",
        "lmtp+unix://ann:hunter@/run/lmtp.sock",
    ] {
        let fault = fault(url);
        assert!(!std::format!("{fault} {fault:?}").contains("hunter"), "{fault}");
    }
}

#[test]
fn a_url_shows_itself() {
    for url in [
        "smtp://host:587",
        "smtp://host:587?tls=opportunistic",
        "smtp://host:25/client.example.org?tls=none",
        "smtps://[2001:db8::1]:465",
        "lmtp://host:24",
        "lmtp://host:24?tls=required",
        "lmtp+unix:///run/lmtp.sock",
        "lmtp+unix:///run/a%20%25%3F%23.sock",
    ] {
        assert_eq!(parse(url).to_string(), url);
        assert_eq!(url.parse(), Ok(parse(url)));
    }
}

#[test]
fn a_url_configures_the_client() {
    let config = parse("smtp://ann:secret@host/other.example.org").apply(config());
    assert_eq!(config.tls, Tls::Required);
    assert_eq!(config.hello.as_str(), "other.example.org");
    assert!(config.login.is_some());

    let config = parse("lmtp+unix:///run/lmtp.sock").apply(self::config());
    assert_eq!((config.protocol, config.tls), (Protocol::Lmtp, Tls::Disabled));
    assert_eq!(config.hello.as_str(), "client.example.org");
    assert!(config.login.is_none());
}

#[test]
fn faults_are_named() {
    for (url, text) in [
        (
            "host:25",
            "missing scheme: begin with smtp://, smtps://, lmtp:// or lmtp+unix://",
        ),
        (
            "http://host",
            "unknown scheme \"http\": use smtp, smtps, lmtp or lmtp+unix",
        ),
        ("smtp://", "missing host"),
        ("smtp://:25", "missing host"),
        (
            "smtp://2001:db8::1",
            "invalid host: use a domain in ASCII, an IPv4 address, or an IPv6 address in brackets",
        ),
        (
            "smtp://[::1",
            "invalid host: use a domain in ASCII, an IPv4 address, or an IPv6 address in brackets",
        ),
        (
            "smtp://[::1]25",
            "invalid host: use a domain in ASCII, an IPv4 address, or an IPv6 address in brackets",
        ),
        (
            "smtp://ex ample",
            "invalid host: use a domain in ASCII, an IPv4 address, or an IPv6 address in brackets",
        ),
        ("smtp://host:", "invalid port: use a number from 1 to 65535"),
        ("smtp://host:0", "invalid port: use a number from 1 to 65535"),
        ("smtp://host:+25", "invalid port: use a number from 1 to 65535"),
        ("smtp://host:65536", "invalid port: use a number from 1 to 65535"),
        (
            "smtp://ann@host",
            "missing password: write user:password before '@'",
        ),
        (
            "smtp://ann:@host",
            "missing password: write user:password before '@'",
        ),
        ("smtp://:secret@host", "missing user before the password"),
        (
            "smtp://a%nn:secret@host",
            "invalid percent-encoding in user: write '%' as %25",
        ),
        ("smtp://%ff:secret@host", "invalid user: use UTF-8 without NUL"),
        ("smtp://ann:%00@host", "invalid password: use UTF-8 without NUL"),
        (
            "smtp://ann:a/b@host",
            "'@' after the host: in user and password, write '/' as %2F, '?' as %3F and '#' as %23",
        ),
        ("smtp://host#top", "'#' after the host: remove the fragment"),
        ("smtp://host/a..b", "invalid client name in the path"),
        (
            "smtp://host?tls=yes",
            "unknown value \"yes\" of tls: use required, opportunistic or none",
        ),
        ("smtp://host?ssl=1", "unknown parameter \"ssl\": use tls"),
        ("smtp://host?tls=none&tls=none", "repeated parameter \"tls\""),
        (
            "smtps://host?tls=none",
            "smtps without required TLS: remove the parameter tls, or use the scheme smtp",
        ),
        (
            "smtp://ann:secret@host?tls=none",
            "login without required TLS: remove the parameter tls, or the user and password",
        ),
        (
            "smtp://ann:secret@host?tls=opportunistic",
            "login without required TLS: remove the parameter tls, or the user and password",
        ),
        (
            "lmtp+unix://host/run/lmtp.sock",
            "host in the URL of a Unix socket: write lmtp+unix:///path only",
        ),
        (
            "lmtp+unix:///run/lmtp.sock?tls=none",
            "parameter in the URL of a Unix socket: write lmtp+unix:///path only",
        ),
        (
            "lmtp+unix://",
            "missing path in the URL of a Unix socket: write lmtp+unix:///path only",
        ),
    ] {
        assert_eq!(fault(url).to_string(), text, "{url}");
    }
}
