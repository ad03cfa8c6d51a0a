use super::*;

const ALL: &str = "PIPELINING|CHUNKING";

#[test]
fn every_accepted_recipient_has_a_final_reply_of_its_own() {
    let mut session = Session::at_end(lmtp(), ALL, "b@y c@y d@y");
    session
        .server("250|550 no")
        .reports("MessageFor(0) 250, MessageFor(1) 550");
    session.server("452 full").reports("MessageFor(2) 452, Accepted");
    assert_eq!(
        session.outcomes(),
        [
            "Accepted 250",
            "Refused MessageFor(1) 550",
            "Refused MessageFor(2) 452"
        ]
    );
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
}

#[test]
fn a_refused_recipient_has_no_final_reply() {
    let mut session = Session::with(lmtp(), ALL);
    session
        .deliver(to("b@y c@y b@y"))
        .written()
        .server("250|250|550|250|354")
        .end()
        .written();
    session
        .server("250|250")
        .reports_last("MessageFor(0) 250, MessageFor(2) 250, Accepted");
    assert_eq!(
        session.outcomes(),
        ["Accepted 250", "Refused Recipient(1) 550", "Accepted 250"]
    );
}

#[test]
fn with_all_final_replies_negative_the_message_is_refused() {
    let mut session = Session::at_end(lmtp(), ALL, "b@y c@y");
    session
        .server("550|450")
        .reports("MessageFor(0) 550, MessageFor(1) 450, Refused(MessageFor(1))");
}

#[test]
fn an_end_between_final_replies_leaves_the_others_unknown() {
    for (trouble, events) in [
        ("", "Closed ConnectionClosed Unknown"),
        ("421 bye", "MessageFor(1) 421, Closed NotAvailable Unknown"),
        ("354 go", "MessageFor(1) 354, Closed Unexpected Unknown"),
        ("what?", "Closed Malformed(Malformed) Unknown"),
    ] {
        let mut session = Session::at_end(lmtp(), ALL, "b@y c@y d@y");
        session.server("250 ok").reports("MessageFor(0) 250");
        if trouble.is_empty() {
            session.eof();
        } else {
            session.server(trouble);
        }
        session.reports(events);
        let refused = if trouble.starts_with("421") {
            "Refused MessageFor(1) 421"
        } else {
            "Unknown"
        };
        assert_eq!(session.outcomes(), ["Accepted 250", refused, "Unknown"]);
    }
}

#[test]
fn a_421_as_the_last_reply_keeps_earlier_acceptances() {
    let mut session = Session::at_end(lmtp(), ALL, "b@y c@y");
    session
        .server("250|421 bye")
        .reports("MessageFor(0) 250, MessageFor(1) 421, Accepted, Closed NotAvailable None");
    assert_eq!(session.outcomes(), ["Accepted 250", "Refused MessageFor(1) 421"]);
    let mut session = Session::at_end(lmtp(), ALL, "b@y");
    session
        .server("421 bye")
        .reports("MessageFor(0) 421, Closed NotAvailable NotAccepted");
}

#[test]
fn a_further_final_reply_is_unsolicited() {
    let mut session = Session::at_end(lmtp(), ALL, "b@y");
    session
        .server("250|250")
        .reports("MessageFor(0) 250, Accepted, Nothing 250, Closed Unsolicited None");
}

#[test]
fn a_354_without_recipients_ends_an_lmtp_session() {
    let mut session = Session::with(lmtp(), ALL);
    session.deliver(to("b@y")).written().server("250|550|354");
    session.reports_last("Data 354, Closed Unexpected NotAccepted");
    let mut session = Session::with(lmtp(), ALL);
    session
        .deliver(to("b@y"))
        .written()
        .server("250|550|503")
        .reports_last("Data 503, Refused(Recipient(0))");
}

#[test]
fn the_last_chunk_waits_until_those_before_it_are_accepted() {
    let mut config = lmtp();
    config.chunking = ExtensionUse::IfOffered;
    let mut session = Session::at_body(config, ALL, "b@y c@y");
    session.pass("Hi|", More::Yes);
    session
        .end()
        .sends("BDAT 4|Hi|")
        .server("250")
        .sends("BDAT 0 LAST|");
    session
        .server("250|550")
        .reports("Chunk 250, MessageFor(0) 250, MessageFor(1) 550, Accepted");
}
