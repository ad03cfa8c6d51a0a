use std::{format, string::String, vec::Vec};

use super::*;
use crate::{client::ReplyTo, syntax::parse_reply};

/// Outcomes by recipient: a reply to RCPT or, if positive, to the message; `?` unknown, `-` not accepted.
fn outcomes(list: &[(&str, &'static str)]) -> Outcomes {
    list.iter()
        .map(|(path, outcome)| {
            let status = match *outcome {
                "?" => RecipientStatus::Unknown,
                "-" => RecipientStatus::NotAccepted,
                line => {
                    let reply = parse_reply(line.as_bytes()).unwrap();
                    match Retry::of_reply(&reply) {
                        None => RecipientStatus::Accepted(reply),
                        Some(retry) => RecipientStatus::Refused {
                            to: ReplyTo::Recipient(0),
                            reply,
                            retry,
                        },
                    }
                }
            };
            RecipientOutcome::new(ForwardPath::parse(path).unwrap(), status)
        })
        .collect()
}

fn shown(outcomes: &Outcomes) -> Vec<String> {
    let show = |outcome: &RecipientOutcome| match &outcome.status {
        RecipientStatus::Accepted(reply) | RecipientStatus::Refused { reply, .. } => {
            format!("{} {}", outcome.recipient, reply.code())
        }
        RecipientStatus::NotAccepted => format!("{} -", outcome.recipient),
        RecipientStatus::Unknown => format!("{} ?", outcome.recipient),
    };
    outcomes.iter().map(show).collect()
}

#[test]
fn only_pending_outcomes_are_replaced() {
    let first = [
        ("a@x", "250 ok\r\n"),
        ("b@x", "450 later\r\n"),
        ("c@x", "550 no\r\n"),
        ("d@x", "?"),
        ("e@x", "-"),
    ];
    let mut all = outcomes(&first);
    let pending: Vec<_> = all.pending().map(|path| format!("{path}")).collect();
    assert_eq!(pending.len(), 2);
    all.merge(outcomes(&first.map(|(path, _)| (path, "251 ok\r\n"))));
    assert_eq!(
        shown(&all),
        ["<a@x> 250", "<b@x> 251", "<c@x> 550", "<d@x> ?", "<e@x> 251"]
    );
    assert!(!all.all_accepted());
}

#[test]
fn a_repeated_recipient_has_two_outcomes() {
    let mut all = outcomes(&[("a@x", "-"), ("b@x", "-"), ("a@x", "-")]);
    all.merge(outcomes(&[("a@x", "250 1\r\n"), ("a@x", "550 2\r\n")]));
    assert_eq!(shown(&all), ["<a@x> 250", "<b@x> -", "<a@x> 550"]);
    all.merge(outcomes(&[("c@x", "250 ok\r\n"), ("b@x", "451 later\r\n")]));
    assert_eq!(shown(&all), ["<a@x> 250", "<b@x> 451", "<a@x> 550", "<c@x> 250"]);
}
