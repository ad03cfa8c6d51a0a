use std::fs;

use smtp_driver::{
    converse,
    testing::{Network, ScriptedPeer, join, session},
};
use smtp_proto::{
    server::Config,
    types::{Extension, FutureReleaseLimits, Protocol},
};

use smtp_proto::types::SolicitationKeywords;

use super::*;

/// Plays this session with a server, and returns the stored messages.
fn stored_after(protocol: Protocol, script: &str) -> Vec<String> {
    stored_with(
        ExtensionFlags::default(),
        &[Extension::SmtpUtf8],
        protocol,
        script,
    )
}

/// Plays it with a server that offers these extensions.
fn stored_with(
    flags: ExtensionFlags,
    offered: &[Extension<'static>],
    protocol: Protocol,
    script: &str,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::parse("mx.example").unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let site = Site::new(host.clone(), store, Users::new([], []).unwrap()).with_extensions(flags);
    let mut config = Config::new(host);
    config.protocol = protocol;
    config.extensions = offered.iter().cloned().collect();
    let network = Network::new();
    let (near, far) = network.pair();
    let mut client = ScriptedPeer::client(far);
    let serving = converse(session(near, config), &site, None);
    let ((), played) = network.block_on(join(serving, client.play(script)));
    played.unwrap();
    let files = fs::read_dir(folder.path().join("new")).unwrap();
    files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn the_trace_fields_have_the_protocol_of_the_transaction() {
    let stored = stored_after(
        Protocol::Smtp,
        "S: 220*
         C: EHLO client.example
         S: 250-mx.example*
         S: 250 SMTPUTF8
         C: MAIL FROM:<a@client.example> SMTPUTF8
         S: 250*
         C: RCPT TO:<b@mx.example>
         S: 250*
         C: DATA
         S: 354*
         C: Subject: x
         C:
         C: .
         S: 250 stored as *
         C: QUIT
         S: 221*
         C: <close>",
    );
    let [stored] = &stored[..] else {
        panic!("not one message: {stored:?}")
    };
    let (trace, rest) = stored.split_once(";\r\n").unwrap();
    assert_eq!(
        trace,
        "Return-Path: <a@client.example>\r\n\
         Received: from client.example ([192.0.2.1])\r\n\tby mx.example with UTF8SMTP\r\n\tfor <b@mx.example>",
    );
    assert!(rest.ends_with("\r\nSubject: x\r\n\r\n"), "{rest}");
}

const LMTP: &str = "S: 220*
    C: LHLO client.example
    S: 250-mx.example*
    S: 250 SMTPUTF8
    C: MAIL FROM:<>
    S: 250*
    C: RCPT TO:<b@mx.example>
    S: 250*
    C: RCPT TO:<c@mx.example>
    S: 250*
    C: DATA
    S: 354*
    ";

#[test]
fn in_lmtp_each_recipient_receives_a_copy() {
    let script = LMTP.to_owned()
        + "C: Subject: x
           C:
           C: .
           S: 250 stored as *
           S: 250 stored as *
           C: QUIT
           S: 221*
           C: <close>";
    let stored = stored_after(Protocol::Lmtp, &script);
    let [first, second] = &stored[..] else {
        panic!("not two messages: {stored:?}")
    };
    assert_eq!(first, second);
    assert!(
        first.contains(" with LMTP;"),
        "recipients must not learn of each other: {first}"
    );
}

#[test]
fn in_lmtp_a_loop_is_refused_for_each_recipient() {
    let script = LMTP.to_owned()
        + &"C: Received: x\n".repeat(101)
        + "C:
           C: .
           S: 554*
           S: 554*
           C: QUIT
           S: 221*
           C: <close>";
    assert!(stored_after(Protocol::Lmtp, &script).is_empty());
}

/// A session of one message, with these parameters of MAIL and this header, and the reply to the message.
fn one_message(parameters: &str, header: &str, reply: &str) -> String {
    format!(
        "S: 220*
         C: EHLO client.example
         S: 250-mx.example*
         S: 250*
         C: MAIL FROM:<> {parameters}
         S: 250*
         C: RCPT TO:<b@mx.example>
         S: 250*
         C: DATA
         S: 354*
         C: {header}
         C: .
         S: {reply}
         C: QUIT
         S: 221*
         C: <close>"
    )
}

#[test]
fn a_priority_is_in_the_trace_and_not_raised_without_authentication() {
    let offered = [Extension::mt_priority("").unwrap()];
    for (given, reply) in [
        (
            "MT-PRIORITY=4",
            "250 2.3.6 0 is the priority of this message, stored as *",
        ),
        ("MT-PRIORITY=-4", "250 stored as *"),
    ] {
        let stored = stored_with(
            ExtensionFlags::default(),
            &offered,
            Protocol::Smtp,
            &one_message(given, "Subject: x", reply),
        );
        let clause = given.replace("MT-PRIORITY=", "PRIORITY ");
        assert!(stored[0].contains(&format!("\r\n\t{clause};\r\n")), "{stored:?}");
    }
}

#[test]
fn a_message_of_a_refused_class_is_not_stored() {
    let classes = SolicitationKeywords::parse("net.example:ADV").unwrap();
    let flags = ExtensionFlags {
        no_soliciting: Some(classes),
        ..ExtensionFlags::default()
    };
    for (given, header, reply, count) in [
        ("", "Solicitation: a,net.example:adv", "550*", 0),
        ("", "Solicitation:\n         C:  net.example:ADV", "550*", 0),
        ("SOLICIT=a", "Solicitation: b", "550*", 0),
        ("SOLICIT=a,b", "Solicitation: a,b", "250*", 1),
        ("SOLICIT=a", "Subject: x", "250*", 1),
    ] {
        let stored = stored_with(
            flags.clone(),
            &[Extension::NoSoliciting(None)],
            Protocol::Smtp,
            &one_message(given, header, reply),
        );
        assert_eq!(stored.len(), count, "{given} {header}");
    }
}

#[test]
fn a_message_is_not_in_the_store_before_its_time() {
    let limits = FutureReleaseLimits::new(FutureReleaseLimits::MAX_INTERVAL, Timestamp::MAX);
    let stored = stored_with(
        ExtensionFlags::default(),
        &[Extension::FutureRelease(limits)],
        Protocol::Smtp,
        &one_message("HOLDFOR=3600", "Subject: x", "250 stored as *"),
    );
    assert!(stored.is_empty(), "{stored:?}");
}

#[test]
fn a_time_of_release_is_not_past() {
    let limits = FutureReleaseLimits::new(FutureReleaseLimits::MAX_INTERVAL, Timestamp::MAX);
    let script = "S: 220*
        C: EHLO client.example
        S: 250-mx.example*
        S: 250*
        C: MAIL FROM:<> HOLDUNTIL=2020-01-01T00:00:00Z
        S: 501 the time of release is past
        C: QUIT
        S: 221*
        C: <close>";
    stored_with(
        ExtensionFlags::default(),
        &[Extension::FutureRelease(limits)],
        Protocol::Smtp,
        script,
    );
}

/// Plays this session with a server that has Ann, and trusts this network with XCLIENT. The client is 192.0.2.1.
fn played_with_proxy(network_of_proxies: &str, script: &str) {
    let host = Host::parse("mx.example").unwrap();
    let users = Users::new([("ann".to_owned(), "secret".into())], []).unwrap();
    let mut proxies = ProxyFlags::default();
    proxies.xclient.push(network_of_proxies.parse().unwrap());
    let site = Site::new(host.clone(), Store::discard(), users)
        .with_policy(PolicyFlags {
            domain: vec!["mx.example".into()],
            ..PolicyFlags::default()
        })
        .with_proxies(proxies);
    let mut config = Config::new(host);
    config.extensions = smtp_proto::types::Extensions::default();
    let network = Network::new();
    let (near, far) = network.pair();
    let mut client = ScriptedPeer::client(far);
    let serving = converse(session(near, config), &site, None);
    let ((), played) = network.block_on(join(serving, client.play(script)));
    played.unwrap();
}

#[test]
fn a_trusted_proxy_may_name_its_client_and_an_existing_user() {
    played_with_proxy(
        "192.0.2.0/24",
        "S: 220*
         C: EHLO proxy.example
         S: 250-mx.example*
         S: 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT
         S: 250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE
         C: XFORWARD NAME=a.example
         S: 250*
         C: XCLIENT ADDR=198.51.100.7 LOGIN=eve
         S: 220*
         C: EHLO client.example
         S: 250-mx.example*
         S: 250-XCLIENT*
         S: 250 XFORWARD*
         C: MAIL FROM:<a@client.example>
         S: 250*
         C: RCPT TO:<b@elsewhere.example>
         S: 550*
         C: RSET
         S: 250*
         C: XCLIENT LOGIN=ann
         S: 220*
         C: HELO client.example
         S: 250*
         C: MAIL FROM:<a@client.example>
         S: 250*
         C: RCPT TO:<b@elsewhere.example>
         S: 250*
         C: QUIT
         S: 221*
         C: <close>",
    );
}

#[test]
fn untrusted_clients_may_not_use_xclient_or_xforward() {
    played_with_proxy(
        "198.51.100.0/24",
        "S: 220*
         C: EHLO proxy.example
         S: 250 mx.example*
         C: XCLIENT ADDR=198.51.100.7
         S: 550*
         C: XFORWARD ADDR=198.51.100.7
         S: 550*
         C: QUIT
         S: 221*
         C: <close>",
    );
}

/// A session of one message with PRDR to two recipients, with these parameters of MAIL.
fn two_recipients(parameters: &str) -> String {
    format!(
        "S: 220*
         C: EHLO client.example
         S: 250-mx.example*
         S: 250-*
         S: 250 *
         C: MAIL FROM:<a@client.example> PRDR {parameters}
         S: 250*
         C: RCPT TO:<b@mx.example>
         S: 250*
         C: RCPT TO:<c@mx.example>
         S: 250*
         C: DATA
         S: 354*
         C: Subject: x
         C:
         C: .
         S: 353*
         S: 250 stored as*
         S: 250 stored as*
         S: 250*
         C: QUIT
         S: 221*"
    )
}

#[test]
fn with_prdr_each_recipient_receives_a_copy() {
    let offered = [Extension::Prdr, Extension::SmtpUtf8];
    let flags = ExtensionFlags::default();
    let stored = stored_with(flags, &offered, Protocol::Smtp, &two_recipients(""));
    assert_eq!(stored.len(), 2);
}

#[test]
fn with_prdr_each_recipient_receives_a_copy_of_a_held_message() {
    let limits = FutureReleaseLimits::new(FutureReleaseLimits::MAX_INTERVAL, Timestamp::MAX);
    let offered = [Extension::Prdr, Extension::FutureRelease(limits)];
    for hold in ["HOLDFOR=3600", "HOLDUNTIL=2999-01-01T00:00:00Z"] {
        let flags = ExtensionFlags::default();
        let stored = stored_with(flags, &offered, Protocol::Smtp, &two_recipients(hold));
        assert!(stored.is_empty(), "{stored:?}");
    }
}
