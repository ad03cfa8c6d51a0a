use std::string::String;

use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::{syntax::parse_reply, types::Verb};

/// Stores a value, checks the text, and loads it again.
#[track_caller]
fn stores_as<T: Serialize + DeserializeOwned + core::fmt::Debug + PartialEq>(value: &T, expected: &str) {
    let stored = serde_json::to_string(value).unwrap();
    assert_eq!(stored, expected);
    assert_eq!(serde_json::from_str::<T>(&stored).unwrap(), *value);
}

/// Checks that each of these texts is refused.
#[track_caller]
fn refuses<T: DeserializeOwned + core::fmt::Debug>(texts: &[&str]) {
    for text in texts {
        serde_json::from_str::<T>(text).unwrap_err();
    }
}

#[test]
fn advice_and_verbs_are_stored_as_strings() {
    for (retry, word) in [
        (Retry::Now, "now"),
        (Retry::Later, "later"),
        (Retry::Never, "never"),
        (Retry::Unknown, "unknown"),
    ] {
        stores_as(&retry, &format!("\"{word}\""));
    }
    for verb in [
        Verb::Ehlo,
        Verb::Helo,
        Verb::Lhlo,
        Verb::Mail,
        Verb::Send,
        Verb::Soml,
        Verb::Saml,
        Verb::Rcpt,
        Verb::Data,
        Verb::Bdat,
        Verb::Rset,
        Verb::Vrfy,
        Verb::Expn,
        Verb::Help,
        Verb::Noop,
        Verb::Quit,
        Verb::StartTls,
        Verb::Auth,
        Verb::Turn,
        Verb::Debug,
    ] {
        stores_as(&verb, &format!("\"{verb}\""));
    }
}

#[test]
fn the_command_of_a_reply_is_stored_as_a_string_with_its_data() {
    for (to, text) in [
        (ReplyTo::Greeting, r#""greeting""#),
        (ReplyTo::Hello(Verb::Lhlo), r#"{"hello":"LHLO"}"#),
        (ReplyTo::StartTls, r#""start-tls""#),
        (ReplyTo::Auth, r#""auth""#),
        (ReplyTo::Mail, r#""mail""#),
        (ReplyTo::Recipient(3), r#"{"recipient":3}"#),
        (ReplyTo::Data, r#""data""#),
        (ReplyTo::Chunk, r#""chunk""#),
        (ReplyTo::Message, r#""message""#),
        (ReplyTo::MessageFor(0), r#"{"message-for":0}"#),
        (ReplyTo::Reset, r#""reset""#),
        (ReplyTo::Verify, r#""verify""#),
        (ReplyTo::Expand, r#""expand""#),
        (ReplyTo::Help, r#""help""#),
        (ReplyTo::Noop, r#""noop""#),
        (ReplyTo::Command, r#""command""#),
        (ReplyTo::Quit, r#""quit""#),
        (ReplyTo::Nothing, r#""nothing""#),
    ] {
        stores_as(&to, text);
    }
}

#[test]
fn outcomes_are_a_list_of_recipients() {
    stores_as(&Outcomes::default(), "[]");
    let reply = |text: &'static str| parse_reply(text.as_bytes()).unwrap();
    let statuses = [
        RecipientStatus::Accepted(reply("250 ok\r\n")),
        RecipientStatus::Refused {
            to: ReplyTo::Recipient(1),
            reply: reply("552-5.5.3 too\r\n552 5.5.3 many\r\n"),
            retry: Retry::Later,
        },
        RecipientStatus::NotAccepted,
        RecipientStatus::Unknown,
    ];
    let bob = || ForwardPath::parse("b@y").unwrap();
    let outcomes: Outcomes = statuses
        .into_iter()
        .map(|status| RecipientOutcome::new(bob(), status))
        .collect();
    stores_as(
        &outcomes,
        concat!(
            r#"[{"recipient":"<b@y>","status":{"accepted":"250 ok\r\n"}},"#,
            r#"{"recipient":"<b@y>","status":{"refused":{"to":{"recipient":1},"reply":"552-5.5.3 too\r\n552 5.5.3 many\r\n","retry":"later"}}},"#,
            r#"{"recipient":"<b@y>","status":"not-accepted"},"#,
            r#"{"recipient":"<b@y>","status":"unknown"}]"#,
        ),
    );
}

#[test]
fn a_borrowed_status_can_be_stored() {
    let text = String::from("250 ok\r\n");
    let status = RecipientStatus::Accepted(parse_reply(text.as_bytes()).unwrap());
    assert_eq!(
        serde_json::to_string(&status).unwrap(),
        r#"{"accepted":"250 ok\r\n"}"#
    );
}

/// A queue can continue with its stored outcomes: the receipt of a session loads unchanged, and merges.
#[test]
fn stored_outcomes_merge_with_those_of_the_next_host() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y c@y"))
        .written()
        .server("250|250|450 4.2.1 later|451");
    let outcomes = session.receipts.pop_front().unwrap().into_outcomes();
    let stored = serde_json::to_string(&outcomes).unwrap();
    let mut loaded: Outcomes = serde_json::from_str(&stored).unwrap();
    assert_eq!(loaded, outcomes);
    let accepted = RecipientStatus::Accepted(parse_reply(b"250 ok\r\n").unwrap());
    let next = RecipientOutcome::new(ForwardPath::parse("b@y").unwrap(), accepted);
    loaded.merge([next].into_iter().collect());
    assert_eq!(loaded.pending().count(), 1);
}

#[test]
fn bad_texts_are_refused() {
    refuses::<Retry>(&[r#""soon""#, r#""Later""#, "1", "null"]);
    refuses::<Verb>(&[r#""XFOO""#, r#""ehlo""#, "0", "null"]);
    refuses::<ReplyTo>(&[
        r#""rcpt""#,
        r#""recipient""#,
        r#"{"recipient":-1}"#,
        r#"{"recipient":1,"mail":1}"#,
        r#"{"hello":"XFOO"}"#,
        r#"{"mail":1}"#,
    ]);
    refuses::<RecipientStatus<'_>>(&[
        r#""accepted""#,
        r#"{"accepted":"250 ok"}"#,
        r#"{"accepted":null}"#,
        r#"{"refused":{"to":"mail","reply":"550 no\r\n"}}"#,
        r#"{"refused":{"to":"mail","reply":"550 no\r\n","retry":"soon"}}"#,
        r#"{"refused":{"to":"mail","reply":"no\r\n","retry":"never"}}"#,
        r#"{"delayed":"450 later\r\n"}"#,
    ]);
    refuses::<RecipientOutcome>(&[
        "{}",
        r#"{"recipient":"<b@y>"}"#,
        r#"{"recipient":"b","status":"unknown"}"#,
    ]);
    refuses::<Outcomes>(&["{}", "[1]", r#"[{"recipient":"<b@y>","status":"lost"}]"#, "null"]);
}
