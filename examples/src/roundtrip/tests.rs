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
