use clap::ValueEnum;
use smtp_proto::{
    sasl::PlaintextAuth,
    server::Auth,
    syntax::Leniency,
    types::{Extensions, ForwardPath, Keyword, Priority, RcptParameters, SolicitationKeywords, Timestamp},
};

use super::*;

fn flags(flags: &[&str]) -> Flags {
    Flags::try_parse_from(["server"].iter().chain(flags)).unwrap()
}

/// The reply code for a recipient of a client without an identity.
fn judged(flags: &[&str], recipient: &str) -> u16 {
    judged_for(None, flags, recipient)
}

fn judged_for(identity: Option<&str>, given: &[&str], recipient: &str) -> u16 {
    match flags(given)
        .policy
        .check(&ForwardPath::parse(recipient).unwrap(), identity)
    {
        Ok(()) => 250,
        Err(rejection) => rejection.code().get(),
    }
}

#[test]
fn without_domains_every_recipient_is_accepted() {
    for recipient in [
        "bob@example.org",
        "\"a@b\"@example.org",
        "a%b@example.org",
        "Postmaster",
    ] {
        assert_eq!(judged(&[], recipient), 250, "{recipient}");
    }
}

#[test]
fn with_domains_only_their_recipients_are_accepted() {
    let flags = ["--domain", "example.org"];
    for (recipient, code) in [
        ("bob@EXAMPLE.org", 250),
        ("postmaster", 250),
        ("postmaster@example.org", 250),
        ("bob@example.com", 550),
        ("postmaster@example.com", 550),
        ("bob@sub.example.org", 550),
        ("bob%example.com@example.org", 550),
        ("example.com!bob@example.org", 550),
        ("\"bob@example.com\"@example.org", 550),
    ] {
        assert_eq!(judged(&flags, recipient), code, "{recipient}");
    }
}

#[test]
fn a_refused_recipient_is_refused_however_it_is_written() {
    let flags = ["--reject", "nobody@example.org"];
    assert_eq!(judged(&flags, "\"nobody\"@EXAMPLE.org"), 550);
    assert_eq!(judged(&flags, "somebody@example.org"), 250);
}

#[test]
fn a_user_may_send_to_every_domain_but_not_to_a_rejected_recipient() {
    let flags = ["--domain", "example.org", "--reject", "nobody@example.org"];
    for (recipient, code) in [
        ("bob@example.org", 250),
        ("bob@example.com", 250),
        ("bob%example.net@example.com", 250),
        ("nobody@example.org", 550),
    ] {
        assert_eq!(judged_for(Some("ann"), &flags, recipient), code, "{recipient}");
    }
}

/// The mechanisms that AUTH is offered with.
fn offered(config: &Config) -> Vec<&str> {
    config.extensions.auth_mechanisms().collect()
}

#[test]
fn the_offered_mechanisms_fit_passwords_and_tokens() {
    let by_password = "SCRAM-SHA-512-PLUS SCRAM-SHA-512 SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 CRAM-MD5 \
                       PLAIN LOGIN";
    let by_token = "OAUTHBEARER XOAUTH2";
    let both = format!("{by_password} {by_token}");
    for (given, mechanisms) in [
        (["--user", "ann:pencil"].as_slice(), by_password),
        (&["--token", "ann:abc"], by_token),
        (
            &["--user", "ann:pencil", "--user", "bob:a:b", "--token", "ann:abc"],
            &both,
        ),
    ] {
        let flags = flags(&[&["--self-signed"], given].concat());
        let config = flags.config(Protocol::Smtp, &flags.users().unwrap()).unwrap();
        assert_eq!(offered(&config).join(" "), mechanisms);
        assert_eq!(config.auth, Auth::Optional);
        assert_eq!(config.plaintext_auth, PlaintextAuth::Forbid);
    }
    let flags = flags(&[]);
    let config = flags.config(Protocol::Smtp, &flags.users().unwrap()).unwrap();
    assert!(offered(&config).is_empty() && config.plaintext_auth == PlaintextAuth::Forbid);
}

#[test]
fn auth_can_be_required_and_accepted_in_plaintext() {
    let given = ["--user", "ann:pencil", "--require-auth", "--insecure-auth"];
    let flags = flags(&given);
    let config = flags.config(Protocol::Smtp, &flags.users().unwrap()).unwrap();
    assert_eq!(config.auth, Auth::Required);
    assert_eq!(config.plaintext_auth, PlaintextAuth::Insecure);
}

#[test]
fn contradicting_auth_flags_are_reported_without_secrets() {
    for (given, wrong) in [
        (["--require-auth"].as_slice(), "--require-auth: give --user"),
        (&["--insecure-auth"], "--insecure-auth: give --user"),
        (
            &["--user", "ann:secret"],
            "give --cert and --key, or --self-signed",
        ),
        (&["--token", "ann:secret"], "or --insecure-auth"),
        (
            &["--self-signed", "--user", "secret"],
            "--user: give a name, a colon",
        ),
        (
            &["--self-signed", "--token", "secret"],
            "--token: give a name, a colon",
        ),
        (
            &["--self-signed", "--user", ":secret"],
            "cannot be the name of a user",
        ),
        (&["--self-signed", "--user", "ann:"], "the password of \"ann\""),
        (&["--self-signed", "--token", "ann:"], "the token of \"ann\""),
        (
            &["--self-signed", "--user", "ann:secret", "--user", "ann:secret"],
            "has two passwords",
        ),
    ] {
        let flags = flags(given);
        let said = flags.users().unwrap_err();
        assert!(said.contains(wrong), "{given:?}: {said}");
        assert!(!said.contains("secret") && !format!("{flags:?}").contains("secret"));
    }
}

#[test]
fn each_leniency_has_a_flag() {
    let config = |given: &[&str]| {
        let flags = flags(given);
        flags.config(Protocol::Smtp, &flags.users().unwrap()).unwrap()
    };
    assert_eq!(config(&[]).leniency, Leniency::default());
    assert_eq!(config(&["--strict"]).leniency, Leniency::STRICT);
    let all: Vec<String> = Lenient::value_variants()
        .iter()
        .map(|lenient| lenient.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    assert_eq!(
        all,
        [
            "space-after-colon",
            "hello-names",
            "missing-brackets",
            "trailing-dot",
            "early-talk",
            "helo-parameters",
            "unknown-parameters"
        ]
    );
    for name in all {
        let one = config(&["--strict", "--leniency", &name]);
        let strict = config(&["--strict"]);
        assert!(
            one.leniency != strict.leniency
                || one.early_talker != strict.early_talker
                || one.helo_parameters != strict.helo_parameters
                || one.unknown_parameters != strict.unknown_parameters,
            "{name} changes nothing"
        );
    }
}

#[test]
fn extensions_are_offered_by_their_flags() {
    let extensions = |given: &[&str]| {
        let flags = flags(given);
        let config = flags.config(Protocol::Smtp, &flags.users().unwrap()).unwrap();
        config.extensions.clone()
    };
    let none = extensions(&[]);
    let all = extensions(&[
        "--deliver-by",
        "60",
        "--future-release",
        "86400",
        "--mt-priority",
        "--rrvs",
        "--no-soliciting",
        "net.example:ADV,net.example:NEWS",
        "--etrn",
        "--prdr",
        "--max-transactions",
        "7",
        "--max-recipient-domains",
        "2",
    ]);
    for keyword in [
        Keyword::DeliverBy,
        Keyword::MtPriority,
        Keyword::Rrvs,
        Keyword::NoSoliciting,
        Keyword::Etrn,
        Keyword::Prdr,
    ] {
        assert!(all.has(keyword) && !none.has(keyword), "{keyword}");
    }
    assert!(!all.has(Keyword::FutureRelease), "only to authenticated clients");
    assert_eq!(all.deliver_by_min(), Some(60));
    assert_eq!(all.limits().mail_max().unwrap().get(), 7);
    assert_eq!(all.limits().rcpt_domain_max().unwrap().get(), 2);
    assert_eq!(none.limits().mail_max(), None);
    assert_eq!(
        all.no_soliciting().unwrap().as_str(),
        "net.example:ADV,net.example:NEWS"
    );
    for wrong in [
        ["--deliver-by", "1000000000"],
        ["--future-release", "0"],
        ["--rrvs=soon", "--discard"],
        ["--no-soliciting", "a,,b"],
    ] {
        assert!(
            Flags::try_parse_from(["server"].iter().chain(&wrong)).is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn messages_are_held_for_at_most_the_interval() {
    let flags = flags(&["--future-release", "60"]).extensions;
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let offer: Extensions = flags.future_release(now).into_iter().collect();
    let limits = offer.future_release();
    assert_eq!(limits.max_interval().unwrap().get(), 60);
    assert_eq!(limits.max_time().unwrap().to_string(), "2026-01-01T00:01:00Z");
    assert!(ExtensionFlags::default().future_release(now).is_none());
}

#[test]
fn only_an_authenticated_client_raises_a_priority() {
    let changed = |number, identity| {
        ExtensionFlags::changed_priority(Priority::new(number), identity).map(Priority::get)
    };
    assert_eq!((changed(9, None), changed(9, Some("ann"))), (Some(0), None));
    assert_eq!((changed(0, None), changed(-9, None)), (None, None));
    assert_eq!(ExtensionFlags::changed_priority(None, None), None);
}

#[test]
fn a_mailbox_may_have_its_owner_since_a_time() {
    let code = |given: &str, since: &str| {
        let rcpt = RcptParameters::default().with_rrvs(since.parse().unwrap());
        match flags(&[given]).extensions.check_owner(&rcpt) {
            Ok(()) => "250".to_owned(),
            Err(rejection) => rejection.enhanced().to_string(),
        }
    };
    assert_eq!(code("--rrvs", "1982-01-01T00:00:00Z"), "250");
    let owned = "--rrvs=2026-01-01T00:00:00Z";
    assert_eq!(code(owned, "2025-12-31T23:59:59Z"), "5.7.17");
    assert_eq!(code(owned, "2026-01-01T00:00:00Z;C"), "250");
}

#[test]
fn the_classes_of_a_message_are_those_of_its_field() {
    let flags = flags(&["--no-soliciting", "net.example:ADV"]).extensions;
    let check = |given: Option<&'static str>, field: Option<&str>| {
        let given = given.map(|given| SolicitationKeywords::parse(given).unwrap());
        flags.check_classes(given.as_ref(), field).is_ok()
    };
    assert!(check(None, None) && check(None, Some("a")) && check(Some("a"), None));
    assert!(check(Some("a,b"), Some("a,B")) && !check(Some("a"), Some("a,b")));
    assert!(!check(None, Some("a, NET.example:adv")));
}

#[test]
fn proxies_are_expected_on_their_listeners_from_their_networks() {
    let given = flags(&["--listen-proxy", "127.0.0.1:0"]);
    let [endpoint] = &given.listen.endpoints()[..] else {
        panic!("{:?}", given.listen)
    };
    assert!(endpoint.is_proxied);
    let peer = |text: &str| smtp_driver::Peer::Ip(text.parse().unwrap());
    let loopback = given.proxy.expected();
    assert!(loopback.allows(peer("127.0.0.1:1")) && loopback.allows(peer("[::1]:1")));
    assert!(!loopback.allows(peer("192.0.2.1:1")));
    let named = flags(&["--proxy-from", "192.0.2.0/24", "--proxy-from", "2001:db8::1"])
        .proxy
        .expected();
    assert!(named.allows(peer("192.0.2.1:1")) && named.allows(peer("[2001:db8::1]:1")));
    assert!(!named.allows(peer("127.0.0.1:1")));
    let bad = Flags::try_parse_from(["server", "--xclient", "localhost"]).unwrap_err();
    assert!(bad.to_string().contains("not a network"), "{bad}");
}

#[test]
fn the_limit_per_client_defaults_to_the_total_limit() {
    let limits = |given| flags(given).limits.max_connections_per_peer();
    assert_eq!(limits(&["--max-connections", "7"]), 7);
    assert_eq!(limits(&["--max-connections-per-peer", "2"]), 2);
}

#[test]
fn etrn_is_for_the_domains_of_the_server() {
    let policy = flags(&["--domain", "example.org", "--etrn"]).policy;
    for (name, code) in [
        ("example.org", 251),
        ("@EXAMPLE.org", 251),
        ("#example.org", 459),
        ("a.example.org", 459),
        ("example.net", 459),
    ] {
        let answered = match policy.start_queue(&name.parse().unwrap()) {
            Ok(answer) => answer.code(),
            Err(rejection) => rejection.code(),
        };
        assert_eq!(answered.get(), code, "{name}");
    }
}
