//! Outcomes of a client: receipts, ends of sessions, requests.

use super::*;
use smtp_proto::{
    client::{Closed, Event, Outcome as Transaction, Receipt, RequestError},
    types::{AnnouncedLimits, Envelope, Keyword as Extension},
};

fn envelope(recipients: usize) -> Envelope {
    let recipients: Vec<_> = (0..recipients)
        .map(|number| std::format!("r{number}@d.example"))
        .collect();
    Envelope::parse("ann@example.org", recipients).unwrap()
}

/// A receipt of one transaction, by the replies to it.
fn receipt(recipients: usize, replies: &[(ReplyTo, &str)], end: Option<Event<'_>>) -> Receipt {
    let mut receipt = Receipt::new(&envelope(recipients));
    for (to, text) in replies {
        receipt.record(&Event::Reply {
            to: *to,
            reply: reply(text),
        });
    }
    if let Some(end) = end {
        receipt.record(&end);
    }
    receipt
}

fn fates(receipt: &Receipt) -> Vec<String> {
    let Outcome::Ran(fates) = Outcome::from(receipt) else {
        panic!()
    };
    fates
        .iter()
        .map(|fate| match fate {
            Fate::Accepted(_) => "accepted".to_string(),
            Fate::Refused { retry, .. } => std::format!("refused {retry:?}"),
            Fate::NotSent => "not sent".into(),
            Fate::Unknown => "unknown".into(),
        })
        .collect()
}

#[test]
fn a_receipt_has_the_fate_of_each_recipient() {
    let replies = [
        (ReplyTo::Mail, "250 ok"),
        (ReplyTo::Recipient(0), "250 ok"),
        (ReplyTo::Recipient(1), "550 no"),
        (ReplyTo::Recipient(2), "450 later"),
        (ReplyTo::Message, "250 queued"),
    ];
    let receipt = receipt(4, &replies, Some(Event::Finished(Transaction::Accepted)));
    assert_eq!(
        fates(&receipt),
        ["accepted", "refused Never", "refused Later", "not sent"]
    );
}

#[test]
fn a_lost_final_reply_is_an_unknown_fate() {
    // RFC 1047
    let lost = Event::Closed {
        why: Closed::ConnectionLost,
        message: smtp_proto::client::MessageOutcome::Unknown,
    };
    let receipt = receipt(
        2,
        &[
            (ReplyTo::Recipient(0), "250 ok"),
            (ReplyTo::Recipient(1), "550 no"),
        ],
        Some(lost),
    );
    assert_eq!(fates(&receipt), ["unknown", "refused Never"]);
}

#[test]
fn a_552_to_a_later_recipient_is_for_later() {
    // RFC 5321 section 4.5.3.1.10
    let replies = [
        (ReplyTo::Recipient(0), "250 ok"),
        (ReplyTo::Recipient(1), "552 too many"),
        (ReplyTo::Message, "250 ok"),
    ];
    assert_eq!(fates(&receipt(2, &replies, None)), ["accepted", "refused Later"]);
    assert_eq!(
        fates(&receipt(2, &[(ReplyTo::Recipient(0), "552 too big")], None))[0],
        "refused Never"
    );
}

#[test]
fn a_receipt_of_several_transactions_keeps_the_order_of_recipients() {
    // RFC 9422 section 4.2 (RCPTMAX)
    let limits = AnnouncedLimits::default().with_rcpt_max(2.try_into().unwrap());
    let whole = envelope(3);
    let mut receipt = Receipt::default();
    for part in whole.split(limits) {
        receipt.add_transaction(&part);
    }
    for (index, text) in [(0, "250 ok"), (1, "550 no")] {
        receipt.record(&Event::Reply {
            to: ReplyTo::Recipient(index),
            reply: reply(text),
        });
    }
    receipt.record(&Event::Reply {
        to: ReplyTo::Message,
        reply: reply("250 ok"),
    });
    receipt.record(&Event::Finished(Transaction::Accepted));
    assert_eq!(fates(&receipt), ["accepted", "refused Never", "not sent"]);
    let way = World {
        recipients: 3,
        ..world(TWO)
    }
    .run_with({
        let mut first = Some(receipt);
        move |_, recipients| first.take().map_or_else(|| accept(recipients), Attempted::from)
    });
    assert_eq!(way.tried[1].1, [2]);
    assert_eq!(
        way.end.iter().map(show).collect::<Vec<_>>(),
        ["delivered 2.0.0", "failed 5.0.0", "delivered 2.0.0"]
    );
}

#[test]
fn the_end_of_a_session_is_an_outcome() {
    let busy = || Some(reply("421 busy"));
    for (why, last, outcome) in [
        (
            Closed::TlsNotOffered,
            None,
            Outcome::TlsFailed(TlsFault::NotOffered),
        ),
        (
            Closed::TlsRefused,
            Some(reply("454 no")),
            Outcome::TlsFailed(TlsFault::NotOffered),
        ),
        (
            Closed::EhloRefused,
            Some(reply("502 what")),
            Outcome::TlsFailed(TlsFault::NotOffered),
        ),
        (Closed::TlsFailed, None, Outcome::TlsFailed(TlsFault::Handshake)),
        (
            Closed::PlaintextBeforeTls,
            None,
            Outcome::TlsFailed(TlsFault::Handshake),
        ),
        (Closed::Refused, busy(), Outcome::HostRefused(reply("421 busy"))),
        (
            Closed::NotAvailable,
            busy(),
            Outcome::HostRefused(reply("421 busy")),
        ),
        (Closed::Refused, None, Outcome::Unreachable),
        (Closed::Refused, Some(reply("250 odd")), Outcome::Unreachable),
        (Closed::ConnectionLost, busy(), Outcome::Unreachable),
        (Closed::Unsolicited, None, Outcome::Unreachable),
        (
            Closed::LoginRefused,
            Some(reply("535 no")),
            Outcome::LoginFailed(Some(reply("535 no"))),
        ),
        (
            Closed::NoMechanism,
            Some(reply("250 ok")),
            Outcome::LoginFailed(None),
        ),
    ] {
        assert_eq!(Outcome::of_closed(&why, last), outcome, "{why:?}");
    }
}

#[test]
fn a_request_that_was_not_carried_out_is_an_outcome() {
    for (error, outcome) in [
        (
            RequestError::NotOffered(Extension::RequireTls),
            Outcome::KeywordMissing,
        ),
        (
            RequestError::NotOffered(Extension::SmtpUtf8),
            Outcome::Unsendable(Lack::SmtpUtf8),
        ),
        (
            RequestError::NotOffered(Extension::EightBitMime),
            Outcome::Unsendable(Lack::EightBitMime),
        ),
        (
            RequestError::NotOffered(Extension::BinaryMime),
            Outcome::Unsendable(Lack::BinaryMime),
        ),
        (
            RequestError::NotOffered(Extension::Dsn),
            Outcome::Unsendable(Lack::Extension),
        ),
        (
            RequestError::ParameterNotOffered,
            Outcome::Unsendable(Lack::Extension),
        ),
        (
            RequestError::MailWithoutSmtpUtf8,
            Outcome::Unsendable(Lack::SmtpUtf8),
        ),
        (
            RequestError::TooBig { size: 2, limit: 1 },
            Outcome::Unsendable(Lack::Size),
        ),
        (RequestError::OutOfTurn, Outcome::Ran(vec![])),
    ] {
        assert_eq!(Outcome::of_request_error(&error), outcome);
    }
}
