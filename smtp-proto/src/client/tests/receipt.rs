use super::*;
use crate::{syntax::parse_reply, types::RcptParameters};

fn delivered(replies: &str) -> Session {
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y c@y d@y")).written().server(replies);
    if session.permit.is_some() {
        session.end().written();
    }
    session
}

#[test]
fn a_receipt_names_every_recipient_with_its_reply() {
    let mut session = delivered("250|250|550 no|451 later|354");
    session.server("250-queued|250 as 42");
    assert_eq!(
        session.outcomes(),
        [
            "Accepted 250",
            "Refused Recipient(1) 550",
            "Refused Recipient(2) 451"
        ]
    );
    let receipt = session.receipts.pop_front().unwrap();
    let paths: Vec<_> = receipt
        .recipients()
        .map(|(path, _)| path.as_str().to_string())
        .collect();
    assert_eq!(paths, ["b@y", "c@y", "d@y"]);
    assert!(!receipt.all_accepted());
    let (asked, reply) = receipt.message().unwrap();
    assert_eq!(
        (asked, reply.raw()),
        (ReplyTo::Message, b"250-queued\r\n250 as 42\r\n".as_slice())
    );
}

#[test]
fn all_are_accepted_only_by_the_final_reply() {
    let mut session = delivered("250|250|250|250|354");
    assert!(!session.receipts.front().unwrap().all_accepted());
    assert_eq!(session.outcomes(), ["NotAccepted"; 3]);
    session.server("250 ok");
    assert!(session.receipts.pop_front().unwrap().all_accepted());
}

#[test]
fn a_session_that_ends_early_sent_nothing() {
    let mut session = delivered("250|550");
    session.eof();
    assert_eq!(
        session.outcomes(),
        ["Refused Recipient(0) 550", "NotAccepted", "NotAccepted"]
    );
    let session = delivered("250|250|421 bye");
    assert_eq!(
        session.outcomes(),
        ["NotAccepted", "Refused Recipient(1) 421", "NotAccepted"]
    );
}

#[test]
fn a_lost_final_reply_is_unknown_for_accepted_recipients() {
    let mut session = delivered("250|550|250|250|354");
    session.connection_lost();
    assert_eq!(
        session.outcomes(),
        ["Refused Recipient(0) 550", "Unknown", "Unknown"]
    );
}

#[test]
fn transient_outcomes_may_be_retried() {
    let transient = |session: &Session| -> Vec<bool> {
        let receipt = session.receipts.front().unwrap();
        receipt
            .recipients()
            .map(|(_, fate)| fate.is_transient())
            .collect()
    };
    // 552 to RCPT may mean too many recipients (RFC 5321 section 4.5.3.1.10).
    let mut session = delivered("250|550|452|552|503");
    assert_eq!(transient(&session), [false, true, false]);
    session = delivered("250|250|452|552|354");
    assert_eq!(transient(&session), [true; 3]);
    session = delivered("250|550|552 5.5.3 too many|552 5.2.2 full|503");
    assert_eq!(transient(&session), [false, true, false]);
    session = delivered("250|250|250|250|354");
    session.connection_lost();
    assert_eq!(transient(&session), [true; 3]);
    session = delivered("250|250|250|250|354");
    session.server("552 too big");
    assert_eq!(transient(&session), [false; 3]);
    session = delivered("250|250|250|250|354");
    session.server("250 ok");
    assert_eq!(transient(&session), [false; 3]);
}

#[test]
fn recipients_without_a_reply_are_not_accepted() {
    let mut receipt = Receipt::new(&to("b@y"));
    let reply = parse_reply(b"250 ok\r\n").unwrap();
    receipt.record(&Event::Reply {
        to: ReplyTo::Message,
        reply,
    });
    assert!(!receipt.all_accepted());
    let mut receipt = Receipt::new(&to("b@y"));
    let (why, message) = (Closed::ConnectionClosed, MessageOutcome::Unknown);
    receipt.record(&Event::Closed { why, message });
    assert!(
        receipt
            .recipients()
            .all(|(_, fate)| fate == RecipientStatus::NotAccepted)
    );
}

#[test]
fn a_receipt_lists_the_omitted_extensions() {
    let omitted = |mail: &str, rcpt: &str, offer: &str| -> Vec<Keyword> {
        let mail = MailParameters::parse(mail).unwrap().into_owned();
        let rcpt = RcptParameters::parse(rcpt).unwrap().into_owned();
        let envelope = to("a@y")
            .with_parameters(mail)
            .recipient_with(Mailbox::parse("b@y").unwrap(), rcpt);
        let session = Session::with(config(), offer);
        let mut receipt = Receipt::new(&envelope);
        receipt.record_offer(session.client.extensions());
        receipt.omitted().collect()
    };
    let mail = "RET=HDRS AUTH=<> BY=1;N MT-PRIORITY=1 SOLICIT=a SIZE=1";
    let rcpt = "RRVS=2026-01-01T00:00:00Z;C";
    assert_eq!(
        omitted(mail, rcpt, ""),
        [
            Keyword::Dsn,
            Keyword::Auth,
            Keyword::MtPriority,
            Keyword::DeliverBy,
            Keyword::Rrvs,
            Keyword::NoSoliciting,
        ]
    );
    let offer = "DSN|AUTH PLAIN|MT-PRIORITY|DELIVERBY|RRVS|NO-SOLICITING";
    assert_eq!(omitted(mail, rcpt, offer), []);
    assert_eq!(omitted("", "", ""), []);
    for rcpt in ["NOTIFY=NEVER", "ORCPT=rfc822;b@y"] {
        assert_eq!(omitted("ENVID=a", rcpt, "RRVS"), [Keyword::Dsn]);
        assert_eq!(omitted("", rcpt, ""), [Keyword::Dsn]);
    }
}

#[test]
#[deny(
    unfulfilled_lint_expectations,
    reason = "without must_use there is nothing to expect"
)]
fn a_receipt_cannot_be_overlooked() {
    #[expect(unused_must_use, reason = "the compiler reports it")]
    Receipt::new(&to("b@y"));
    #[expect(unused_must_use, reason = "the type says it, not only this function")]
    Receipt::default();
}
