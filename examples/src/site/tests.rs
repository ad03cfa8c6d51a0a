use std::fs;

use smtp_driver::{
    converse,
    testing::{Network, ScriptedPeer, join, session},
};
use smtp_proto::{
    server::Config,
    types::{Extension, Extensions, Protocol},
};

use super::*;

/// Plays this session with a server, and returns the stored messages.
fn stored_after(protocol: Protocol, script: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::parse("mx.example").unwrap();
    let store = Store::maildir(folder.path()).unwrap();
    let site = Site::<SameThread>::new(host.clone(), store, Users::new([], []).unwrap());
    let mut config = Config::new(host);
    config.protocol = protocol;
    config.extensions = Extensions::default();
    config.extensions.add(Extension::SmtpUtf8);
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
fn in_lmtp_each_recipient_gets_a_copy() {
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
