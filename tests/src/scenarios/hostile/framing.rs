//! Octets that look like the end of a message: a server that treats them as the end runs commands from a message
//! (CVE-2023-51764 and others).

use smtp_proto::{
    client::{Closed, MessageOutcome},
    data::{BareLineEndings, LineEndings},
};

use crate::{
    escape,
    scenarios::{
        Adapter,
        peer::Peer,
        stage::Stage,
        talk::{ending, talk},
    },
};

/// Sequences that do not end a message (RFC 5321 section 4.1.1.4), at any place.
const NO_ENDS: [&str; 20] = [
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r.\n",
    "\n.\r",
    "\r\n.\r",
    "\r\n.\r\r\n",
    "\r\r\n.\r\r\n",
    "\n\n.\n\n",
    "\n\r.\n\r\n",
    "\r\n\r.\r\n",
    "\r\n\n.\r\n",
    "\r\n.\0\r\n",
    "\r\n\0.\r\n",
    "\r\0\n.\r\0\n",
    "\r\n.\r\0\n",
    "\0\r\n\0.\0\r\n",
    "\r\n. \r\n",
];

/// The commands that would run if the message had ended.
const SMUGGLED: &str = "MAIL FROM:<eve@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\nevil";

/// The intended message: without added dots, and with bare line endings as the policy has them.
fn meant(content: &str, policy: BareLineEndings) -> String {
    let lines = content.split("\r\n").map(|line| {
        let line = line.strip_prefix('.').unwrap_or(line);
        match policy {
            BareLineEndings::Normalize => line.replace(['\r', '\n'], "\r\n"),
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

/// At the beginning, in the middle and at the end, in one write or octet by octet: there is one message, or none if the
/// policy refuses it.
pub fn into_a_server<A: Adapter>() {
    let policies = [
        BareLineEndings::Reject,
        BareLineEndings::Normalize,
        BareLineEndings::Keep,
    ];
    for (policy, octet_by_octet) in policies.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let stage = Stage::with::<A>(|plan| {
            plan.config.line_endings = policy;
            plan.config.limits.max_idle_commands = u32::MAX;
        });
        let mut peer = stage.ready();
        for end in NO_ENDS {
            for content in [
                format!("{end}{SMUGGLED}\r\n"),
                format!("Hello{end}{SMUGGLED}\r\n"),
                format!("Hello\r\n{SMUGGLED}{end}\r\n"),
            ] {
                peer.ask("MAIL FROM:<ann@client.example>", "250");
                peer.ask("RCPT TO:<bob@mx.example>", "250");
                peer.ask("DATA", "354");
                let said = format!("{content}.\r\nNOOP\r\n");
                if octet_by_octet {
                    said.bytes().for_each(|octet| peer.say([octet]));
                } else {
                    peer.say(said);
                }
                let is_bare = content.replace("\r\n", "").contains(['\r', '\n']);
                let refused = policy == BareLineEndings::Reject && is_bare;
                peer.expect(if refused { "5" } else { "250 2.6.0" });
                peer.expect("250 2.0.0");
                let taken = stage.taken();
                let taken: Vec<_> = taken
                    .iter()
                    .map(|mail| (&*mail.from, escape(&mail.body)))
                    .collect();
                if refused {
                    assert_eq!(taken, []);
                } else {
                    let body = escape(meant(&content, policy).as_bytes());
                    assert_eq!(taken, [("ann@client.example", body)], "{policy:?} {end:?}");
                }
            }
        }
        peer.ask("QUIT", "221");
        stage.close(peer);
    }
}

/// A bare CR before CR LF `.` CR LF does not change the end of data (RFC 5321 section 4.1.1.4). The policy decides if the
/// message is accepted; input after the end is never message data.
pub fn a_bare_carriage_return_before_the_end<A: Adapter>() {
    for policy in [
        BareLineEndings::Reject,
        BareLineEndings::Normalize,
        BareLineEndings::Keep,
    ] {
        let stage = Stage::with::<A>(|plan| plan.config.line_endings = policy);
        let mut peer = stage.in_transaction("ann", true);
        let refused = policy == BareLineEndings::Reject;
        peer.ask("Hello\r\r\n.", if refused { "5" } else { "250 2.6.0" });
        peer.ask("QUIT", "221");
        assert_eq!(stage.taken().len(), usize::from(!refused));
        stage.close(peer);
    }
}

/// A client sends messages with these octets and with dots that need stuffing. Only the last line is a lone dot, whatever
/// line endings the server recognizes.
pub fn out_of_a_client<A: Adapter>() {
    let more = ["\r\n.\r\n", "\r\n..\r\n", "\r\n.\r\n.\r\n", "\r\r\n.\r\n"];
    for policy in [LineEndings::Normalize, LineEndings::Refuse, LineEndings::Keep] {
        for end in NO_ENDS.iter().chain(&more) {
            for content in [
                format!("{end}{SMUGGLED}\r\n"),
                format!("Hello{end}{SMUGGLED}\r\n"),
                format!("Hello\r\n{SMUGGLED}{end}"),
            ] {
                let talk = talk().with(|config| config.line_endings = policy);
                let talk = if content.len() % 2 == 0 {
                    talk.message(content.clone().into())
                } else {
                    talk.reader(content.clone().into())
                };
                let mut wire = Vec::new();
                let sent = talk.run::<A, _>(|peer| wire = take_what_comes(peer));
                let is_bare = content.replace("\r\n", "").contains(['\r', '\n']);
                let refused = policy != LineEndings::Normalize && is_bare;
                if refused {
                    // In the middle of the message there is nothing to be done but to break off.
                    let (why, fate) = ending(&sent.unwrap_err());
                    assert!(matches!(why, Closed::Unsendable(_)), "{why:?}");
                    assert_eq!(fate, MessageOutcome::NotAccepted);
                } else {
                    assert!(sent.unwrap().all_accepted());
                }
                is_safe(&wire, !refused);
            }
        }
    }
}

/// Plays a server that accepts everything. Returns the octets that this server reads as message data.
fn take_what_comes(mut peer: Peer) -> Vec<u8> {
    peer.welcome(&["8BITMIME"]);
    peer.envelope(true);
    let mut wire = Vec::new();
    while !wire.ends_with(b"\r\n.\r\n") && wire != b".\r\n" {
        let octet = peer.octets_or_less(1);
        if octet.is_empty() {
            return wire;
        }
        wire.extend(octet);
    }
    peer.say("250 thanks\r\n");
    peer.farewell();
    wire
}

/// Checks that only the last line is a lone dot, and only in a complete message, for each definition of a line.
#[track_caller]
fn is_safe(wire: &[u8], complete: bool) {
    let text: String = wire.iter().copied().map(char::from).collect();
    let lines = text.split(['\r', '\n']);
    let dots = lines.filter(|line| line.trim_end_matches('\0') == ".").count();
    assert_eq!(dots, usize::from(complete), "{}", escape(wire));
    // An incomplete message may end between CR and LF.
    let lines = text.strip_suffix('\r').filter(|_| !complete).unwrap_or(&text);
    let bare = lines.replace("\r\n", "").contains(['\r', '\n']);
    assert!(!bare, "{}", escape(wire));
    assert_eq!(text.ends_with("\r\n.\r\n") || text == ".\r\n", complete);
}
