use smtp_proto::{
    client::{Fallback, Login},
    sasl::{Credentials, Mechanism, PlaintextAuth},
    types::Envelope,
};

use super::{proxy::Version, *};

/// The configuration that these flags ask for, along with those that are needed always.
fn config(given: &[&str]) -> Result<Arc<Config>, String> {
    let needed = [
        "send",
        "--server",
        "mx.example:587",
        "--from",
        "a@b",
        "--to",
        "c@d",
    ];
    let flags = Flags::try_parse_from(needed.iter().chain(given)).unwrap();
    assert!(!format!("{flags:?}").contains("secret"));
    flags.config()
}

fn login(given: &[&str]) -> Login {
    config(given).unwrap().login.clone().unwrap()
}

const PASSWORD: [&str; 4] = ["--user", "ann", "--password", "secret"];

#[test]
fn without_a_user_the_client_does_not_authenticate() {
    assert!(config(&[]).unwrap().login.is_none());
}

#[test]
fn a_password_is_used_with_the_strongest_or_the_named_mechanism() {
    let any = login(&PASSWORD);
    assert_eq!(any.mechanism, None);
    assert_eq!(config(&PASSWORD).unwrap().plaintext_auth, PlaintextAuth::Forbid);
    assert_eq!(
        any.credentials.mechanisms().first(),
        Some(&Mechanism::SCRAM_SHA_512_PLUS)
    );
    assert_eq!(any.fallback, Fallback::Unsupported);
    let fallback = login(&[&PASSWORD[..], &["--auth-fallback"]].concat()).fallback;
    assert_eq!(fallback, Fallback::AnyRefusal);
    for name in ["PLAIN", "login", "CRAM-MD5", "SCRAM-SHA-1", "scram-sha-256-plus"] {
        let one = login(&[&PASSWORD[..], &["--auth", name]].concat());
        assert_eq!(one.mechanism, Mechanism::parse(name).ok());
        assert!(one.credentials.mechanisms().contains(&one.mechanism.unwrap()));
    }
}

#[test]
fn the_password_is_the_token_of_bearer_mechanisms() {
    for name in ["XOAUTH2", "OAUTHBEARER"] {
        let one = login(&[&PASSWORD[..], &["--auth", name]].concat());
        let tokens = Credentials::token("ann", "secret").mechanisms();
        assert_eq!(one.credentials.mechanisms(), tokens);
    }
}

#[test]
fn external_and_anonymous_have_no_password_and_need_no_user() {
    for (name, mechanism) in [
        ("EXTERNAL", Mechanism::EXTERNAL),
        ("ANONYMOUS", Mechanism::ANONYMOUS),
    ] {
        for user in [&["--user", "ann"][..], &[]] {
            let one = login(&[user, &["--auth", name]].concat());
            assert_eq!(one.credentials.mechanisms(), [mechanism]);
        }
    }
}

#[test]
fn a_login_without_tls_needs_a_flag() {
    let in_plaintext = [&PASSWORD[..], &["--tls", "none"]].concat();
    assert!(config(&in_plaintext).unwrap_err().contains("--insecure-auth"));
    let insecure = config(&[&in_plaintext[..], &["--insecure-auth"]].concat()).unwrap();
    assert_eq!(insecure.plaintext_auth, PlaintextAuth::Insecure);
}

#[test]
fn contradicting_login_flags_are_reported_without_the_password() {
    for (given, wrong) in [
        (["--password", "secret"].as_slice(), "give --user, too"),
        (&["--user", "ann"], "give --password, too"),
        (&["--user", "ann", "--auth", "PLAIN"], "give --password, too"),
        (&["--auth", "PLAIN"], "give --user, too"),
        (&["--insecure-auth"], "--insecure-auth: give --user"),
        (
            &["--auth", "EXTERNAL", "--password", "secret"],
            "EXTERNAL has none",
        ),
        (&["--user", "", "--password", "secret"], "a name has 1 to 255"),
        (&["--user", "a\nb", "--password", "secret"], "a name has 1 to 255"),
        (&["--user", "ann", "--password", ""], "a password is not empty"),
        (
            &["--user", "ann", "--password", "secret token", "--auth", "XOAUTH2"],
            "a token has",
        ),
        (
            &["--user", "ann", "--password", "secret", "--auth", "GSSAPI"],
            "--auth GSSAPI: this client does not know it",
        ),
        (
            &["--user", "ann", "--password", "secret", "--auth", "P L"],
            "--auth \"P L\"",
        ),
    ] {
        let said = config(given).unwrap_err();
        assert!(said.contains(wrong), "{given:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

/// Returns the envelope for these flags and the required ones. Returns `None` if they are invalid.
fn envelope(given: &[&str]) -> Option<Envelope> {
    let needed = [
        "send",
        "--server",
        "mx.example:25",
        "--from",
        "a@b",
        "--to",
        "c@d",
    ];
    let flags = Flags::try_parse_from(needed.iter().chain(given)).ok()?;
    flags.envelope.envelope().ok()
}

#[test]
fn parameters_of_the_delivery_have_flags() {
    for (given, mail, rcpt) in [
        (["--by=7200;R"].as_slice(), "BY=7200;R", ""),
        (&["--by", "-60;NT"], "BY=-60;NT", ""),
        (&["--hold-for", "3600"], "HOLDFOR=3600", ""),
        (
            &["--hold-until", "2030-06-01T14:00:00+02:00"],
            "HOLDUNTIL=2030-06-01T12:00:00Z",
            "",
        ),
        (&["--priority=-9"], "MT-PRIORITY=-9", ""),
        (
            &["--solicit", "net.example:ADV,a"],
            "SOLICIT=net.example:ADV,a",
            "",
        ),
        (&["--require-tls"], "REQUIRETLS", ""),
        (
            &["--rrvs", "2026-01-01T00:00:00Z;C"],
            "",
            "RRVS=2026-01-01T00:00:00Z;C",
        ),
    ] {
        let envelope = envelope(given).unwrap();
        assert_eq!(envelope.parameters().to_string(), mail);
        let [recipient] = envelope.recipients() else {
            panic!("one recipient")
        };
        assert_eq!(recipient.parameters().to_string(), rcpt);
    }
    for given in [
        "--by=0;R",
        "--by=60",
        "--by=60;R EVIL=1",
        "--hold-for=060",
        "--hold-for=+5",
        "--hold-until=2030-06-01",
        "--priority=+4",
        "--priority=10",
        "--rrvs=2026-01-01T00:00:00Z;X",
        "--solicit=a,,b",
        "--solicit=a\r\nRSET",
    ] {
        assert!(envelope(&[given]).is_none(), "{given}");
    }
    assert!(envelope(&["--hold-for=60", "--hold-until=2030-06-01T12:00:00Z"]).is_none());
}

#[test]
fn rrvs_without_an_action_is_a_wish() {
    let flags = |value: &str| {
        let given = [
            "send", "--server", "x:25", "--from", "", "--to", "c@d", "--rrvs", value,
        ];
        Flags::try_parse_from(given).unwrap().envelope
    };
    let wish = flags("2026-01-01T00:00:00Z");
    assert!(wish.may_go_without_rrvs());
    assert!(!wish.without_rrvs().may_go_without_rrvs());
    for value in ["2026-01-01T00:00:00Z;R", "2026-01-01T00:00:00Z;C"] {
        assert!(
            !flags(value).may_go_without_rrvs(),
            "the client decides by {value}"
        );
    }
}

#[test]
fn attributes_of_xclient_are_checked() {
    let flags = |given: &[&str]| {
        let needed = ["send", "--server", "mx:25", "--from", "a@b", "--to", "c@d"];
        Flags::try_parse_from(needed.iter().chain(given)).unwrap().proxy
    };
    let info = flags(&["--xclient", "ADDR=192.0.2.7", "helo=a b", "--xclient", "PORT=1"]).info();
    assert_eq!(
        info.unwrap().unwrap().as_str(),
        "ADDR=192.0.2.7 HELO=a+20b PORT=1"
    );
    assert_eq!(flags(&[]).info(), Ok(None));
    for bad in ["ADDR", "ADDR=x", "SHOE=42", "PORT=70000"] {
        let error = flags(&["--xclient", bad]).info().unwrap_err();
        assert!(error.starts_with(&format!("--xclient {bad}: ")), "{error}");
    }
}

#[test]
fn a_proxy_header_has_the_ends_of_the_connection() {
    let ends = Some((
        "192.0.2.7:4000".parse().unwrap(),
        "192.0.2.25:25".parse().unwrap(),
    ));
    let header = Version::V1.header(ends).to_octets();
    assert_eq!(header, b"PROXY TCP4 192.0.2.7 192.0.2.25 4000 25\r\n");
    assert_eq!(Version::V2.header(None).source(), None);
}
