use super::*;

#[test]
fn the_message_has_all_its_parts() {
    let described = describe(&message().unwrap()).unwrap();
    for part in [
        "Round trip",
        "alice@client.example",
        ".this line begins with a dot",
        "<b>Bob</b>",
        "Grüße aus Köln.txt",
        "image/png",
    ] {
        assert!(described.contains(part), "{part:?} is not in\n{described}");
    }
}

#[test]
fn a_transcript_joins_what_one_side_says_and_cuts_long_texts() {
    let transcript = Transcript::default();
    transcript.note(Side::Server, b"220 mx ");
    transcript.note(Side::Server, b"ready\r\n");
    transcript.note(Side::Client, "line\r\n".repeat(40).as_bytes());
    let text = transcript.to_string();
    assert!(text.starts_with("S: 220 mx ready\nC: line\n"), "{text}");
    assert!(text.contains("C: [28 more lines]\n"), "{text}");
    assert_eq!(text.lines().count(), 1 + 2 * SHOWN + 1);
}

#[test]
fn behind_the_handshake_a_transcript_only_counts() {
    let transcript = Transcript::default();
    transcript.note(Side::Client, b"STARTTLS\r\n");
    transcript.note(Side::Server, b"220 go\r\n");
    for (side, octets) in [
        (Side::Client, b"\x16\x03\x01 hello".as_slice()),
        (Side::Server, b"\x16\x03\x03 hello yourself"),
        (Side::Client, b"secret"),
    ] {
        transcript.note(side, octets);
    }
    assert_eq!(
        transcript.to_string(),
        "C: STARTTLS\nS: 220 go\nC: [TLS from here on: 15 octets]\nS: [TLS from here on: 18 octets]\n"
    );
}

#[test]
fn the_received_field_is_found_and_unfolded() {
    let stored =
        b"Return-Path: <a@b>\r\nReceived: from a\r\n\tby b with ESMTPSA;\r\n\ttoday\r\nSubject: x\r\n";
    assert_eq!(received(stored), "Received: from a by b with ESMTPSA; today");
    assert_eq!(received(b"Subject: x\r\n"), "");
}
