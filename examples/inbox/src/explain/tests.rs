use smtp_driver::Side;

use super::explain;
use crate::session::tests::session;

/// The explanations of the server's lines in this session, as text, section and status.
fn explained(lines: &str) -> Vec<(String, String, String)> {
    let session = session(lines);
    let server = session
        .lines()
        .filter(|line| line.side != Side::Client)
        .map(explain);
    let shown = server.map(|explanation| {
        let rfc = explanation
            .rfc
            .map(|rfc| format!("{} {}", rfc.number, rfc.section));
        let status = explanation.status.map(|status| status.text);
        (
            explanation.meaning.to_owned(),
            rfc.unwrap_or_default(),
            status.unwrap_or_default().to_owned(),
        )
    });
    shown.collect()
}

#[test]
fn a_reply_is_explained_by_its_command() {
    let seen = explained(
        "S: 220 localhost ESMTP ready
         C: EHLO x
         S: 250-localhost
         S: 250-SIZE 1000
         S: 250 STARTTLS
         C: RCPT TO:<a@b.example>
         S: 503 5.5.1 send MAIL first
         C: MAIL FROM:<>
         S: 250 2.1.0 sender ok
         C: RCPT TO:<a@b.example>
         S: 550 5.1.1 no such user here
         C: QUIT
         S: 221 2.0.0 bye",
    );
    let sections: Vec<_> = seen.iter().map(|(_, rfc, _)| &rfc[..]).collect();
    let expected = [
        "5321 3.1",
        "5321 4.1.1.1",
        "1870 ",
        "3207 ",
        "5321 4.1.4",
        "5321 3.3",
        "5321 3.3",
        "5321 4.1.1.10",
    ];
    assert_eq!(sections, expected);
    assert_eq!(seen[4].2, "the command is not valid, or not now");
    assert_eq!(seen[6].2, "no mailbox of this name");
    assert!(seen.iter().all(|(text, ..)| !text.is_empty()));
}

#[test]
fn the_end_of_a_message_differs_from_its_beginning() {
    let seen = explained(
        "S: 220 localhost
         C: EHLO x
         S: 250 localhost
         C: MAIL FROM:<>
         S: 250 ok
         C: RCPT TO:<a@b>
         S: 250 ok
         C: DATA
         S: 354 go on
         C: <5 octets>
         C: .
         S: 250 2.6.0 stored as message 1",
    );
    assert!(seen[4].0.contains("waits for the message"));
    assert!(seen[5].0.contains("responsible"));
}
