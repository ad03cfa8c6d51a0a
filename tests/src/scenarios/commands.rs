//! Commands and messages in groups, in chunks, and with octets that look like the end of data.

use smtp_proto::{data::BareLineEndings, types::Protocol};

use super::{
    Adapter,
    stage::{Stage, deliver},
};

/// The replies to a pipelined group are sent together (RFC 2920 section 3.2).
pub fn a_group<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.ready();
    for _ in 0..3 {
        peer.say(
            "MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@mx.example>\r\nRCPT TO:<no@mx.example>\r\nDATA\r\n",
        );
        let replies = peer.flight();
        let codes: Vec<_> = replies.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["250", "250", "550", "354"]);
        peer.ask("Hello\r\n.", "250 2.6.0");
    }
    // The end of a message, and what follows it.
    peer.say("MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n");
    peer.expect("250");
    peer.expect("250");
    peer.expect("354");
    peer.say("Hello\r\n.\r\nNOOP\r\nQUIT\r\n");
    let rest = peer.rest();
    let codes: Vec<_> = rest.lines().map(|line| &line[..9]).collect();
    assert_eq!(codes, ["250 2.6.0", "250 2.0.0", "221 2.0.0"]);
    assert_eq!(stage.taken().len(), 4);
    stage.close(peer);
}

/// Each command gets a reply, however late the client reads the replies.
pub fn a_thousand_commands<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| {
        plan.little_room = true;
        plan.config.limits.max_idle_commands = 2000;
    });
    let mut peer = stage.ready();
    peer.say("NOOP\r\n".repeat(1000));
    for _ in 0..1000 {
        peer.expect("250 2.0.0");
    }
    deliver(&mut peer);
    peer.ask("QUIT", "221");
    assert_eq!(peer.rest(), "");
    assert_eq!(stage.taken().len(), 1);
    stage.close(peer);
}

/// Chunks hold any octets (RFC 3030).
pub fn chunks<A: Adapter>() {
    let stage = Stage::open::<A>();
    let mut peer = stage.in_transaction("ann", false);
    let body = b"\r\n.\r\nQUIT\r\n\n\r\0\xff.".repeat(5000);
    let (first, rest) = body.split_at(70_000);
    // The last chunk, and commands after it, in the same write.
    let mut said = format!("BDAT {}\r\n", first.len()).into_bytes();
    said.extend_from_slice(first);
    said.extend_from_slice(format!("BDAT 0\r\nBDAT {}\r\n", rest.len()).as_bytes());
    said.extend_from_slice(rest);
    said.extend_from_slice(b"BDAT 0 LAST\r\nNOOP\r\n");
    peer.say(said);
    for _ in 0..3 {
        peer.expect("250 2");
    }
    peer.expect("250 2.6.0");
    peer.expect("250 2.0.0");
    let taken = stage.taken();
    assert!(taken.len() == 1 && taken[0].body == body);
    deliver(&mut peer);
    assert_eq!(stage.taken().len(), 1);
    stage.close(peer);
}

/// Each recipient has a reply (RFC 2033 section 4.2).
pub fn lmtp<A: Adapter>() {
    let stage = Stage::with::<A>(|plan| plan.config.protocol = Protocol::Lmtp);
    let mut peer = stage.greeted();
    peer.ask("EHLO client.example", "5");
    peer.ask("LHLO client.example", "250");
    peer.ask("MAIL FROM:<ann@client.example>", "250");
    for name in ["bob", "full", "carl"] {
        peer.ask(&format!("RCPT TO:<{name}@mx.example>"), "250");
    }
    peer.ask("RCPT TO:<no@mx.example>", "550");
    peer.ask("DATA", "354");
    peer.say("Hello\r\n.\r\n");
    peer.expect("250");
    peer.expect("452");
    peer.expect("250");
    let taken = stage.taken();
    let to: Vec<_> = taken.iter().flat_map(|mail| &mail.to).collect();
    assert_eq!(to, ["bob@mx.example", "carl@mx.example"]);
    assert_eq!(taken[0].with, "LMTP");
    peer.ask("QUIT", "221");
    stage.close(peer);
}

/// Octets that look like the end of a message do not end it: the rest is text, or the message is refused (CVE-2023-51764).
pub fn end_of_data<A: Adapter>() {
    const ENDS: [&str; 12] = [
        "\n.\n",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n.\0\r\n",
        "\r\n. \r\n",
        "\r\n..\r\n",
        "\r\r\n.\r\r\n",
        "\n\n.\r\n",
        "\r\n\r.\r\n",
    ];
    for policy in [
        BareLineEndings::Reject,
        BareLineEndings::Normalize,
        BareLineEndings::Keep,
    ] {
        let stage = Stage::with::<A>(|plan| plan.config.line_endings = policy);
        for end in ENDS {
            let mut peer = stage.in_transaction("ann", true);
            let smuggled = "MAIL FROM:<eve@client.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\nevil";
            peer.say(format!("Hello{end}{smuggled}\r\n.\r\nQUIT\r\n"));
            let stored = peer.reply()[0].starts_with("250 2.6.0");
            peer.expect("221");
            assert_eq!(peer.rest(), "", "{policy:?} {end:?}");
            let taken = stage.taken();
            assert_eq!(taken.len(), usize::from(stored), "{policy:?} {end:?}");
            for mail in taken {
                assert_eq!(mail.from, "ann@client.example");
                assert!(mail.body.ends_with(b"evil\r\n"), "{policy:?} {end:?}");
            }
        }
        stage.close(());
    }
}
