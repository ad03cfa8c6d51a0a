//! States of recipients and notifications for the sender, made from the results of a route.

use std::sync::Arc;

use smtp_proto::types::{EnhancedCode, Rejection};
use smtp_relay::{
    dsn::{Action, Event, Wish},
    retry::{Next, Schedule, Times},
    route::{Final, Reason},
};
use tracing::{error, info, warn};

use super::{Shared, report};
use crate::spool::{Claim, Ending, Heard, Last, Progress, Spool, State, now, random};

/// The longest time until a recipient is tried again whose report could not be stored, in milliseconds.
const PAUSE: u64 = 60_000;

/// A notice for the report about a recipient.
#[derive(Debug)]
pub(super) struct Note {
    /// The index in the envelope.
    pub(super) n: usize,
    pub(super) action: Action,
    pub(super) status: EnhancedCode,
    pub(super) heard: Option<Heard>,
    /// The name or address of the host that took the message.
    pub(super) by: Option<String>,
    pub(super) explanation: Option<String>,
    pub(super) at: u64,
    pub(super) retried_until: Option<u64>,
}

/// Stores the notifications that are due, and then records the results. So nothing is forgotten before its report is stored; a
/// crash between the two sends the report twice. `finals` and `dsn` are about the recipients that are [`open`](is_open).
pub(super) async fn settle<S: Spool>(shared: &Shared<S>, claim: Claim, finals: Vec<Final>, dsn: &[bool]) {
    let (mut results, mut notes) = (Vec::new(), Vec::new());
    let (at, seed) = (now(), random());
    let mut finals = finals.iter().zip(dsn);
    for (n, before) in &claim.recipients {
        let (state, note) = match &before.owed {
            Some(by) => owed(*n, before, by),
            None => {
                let Some((result, dsn)) = finals.next() else {
                    break;
                };
                progress(shared, &claim, *n, before, result, *dsn, at, seed)
            }
        };
        results.push(Progress { n: *n, state });
        notes.extend(note);
    }
    if !notes.is_empty() {
        match report::store(shared, &claim, &notes, at).await {
            Ok(()) => shared.metrics.reports.add(1),
            Err(error) => {
                error!(%error, "cannot store a report");
                postpone(shared, &claim, &mut results, &notes, at);
            }
        }
    }
    count(shared, &claim, &results);
    // The spool logs an error.
    let _ = shared.spool.record(claim, results).await;
}

/// Ends the lease of a delivery that panicked: an attempt without a result, as if the session had been lost. If that panics,
/// too, the message stays as it was and is tried again after a pause.
pub(super) async fn after_panic<S: Spool>(shared: Arc<Shared<S>>, claim: Claim) {
    // The results may have been recorded before.
    match shared.spool.renew(&claim).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => warn!(%error, "cannot renew a lease"),
    }
    let (own, again) = (Arc::clone(&shared), claim.clone());
    let settled = tokio::spawn(async move {
        let recipients = again
            .recipients
            .iter()
            .filter(|(_, state)| is_open(state))
            .count();
        let finals = vec![Final::Deferred(Reason::Lost); recipients];
        settle(&own, again, finals, &vec![false; recipients]).await;
    });
    if settled.await.is_ok() {
        return;
    }
    let due = now() + pause(&shared.settings.schedule);
    let results = claim.recipients.iter().map(|(n, before)| Progress {
        n: *n,
        state: State {
            due,
            ..before.clone()
        },
    });
    let results = results.collect();
    let _ = shared.spool.record(claim, results).await;
}

/// Returns true if the message is still to be sent to a recipient: no host took it.
pub(super) const fn is_open(state: &State) -> bool {
    state.owed.is_none()
}

/// The end of a recipient whose report could not be stored before, and the note for this report.
fn owed(n: usize, before: &State, by: &str) -> (State, Option<Note>) {
    let state = State {
        ending: Some(Ending::Delivered),
        owed: None,
        ..before.clone()
    };
    let last = before.last.as_ref();
    let note = Note {
        n,
        action: Action::Relayed,
        status: last
            .and_then(|last| last.status.parse().ok())
            .unwrap_or_else(sent),
        heard: None,
        by: Some(by.to_owned()),
        explanation: None,
        at: last.map_or(before.due, |last| last.at) / 1000,
        retried_until: None,
    };
    (state, Some(note))
}

/// Keeps recipients in the queue whose report could not be stored. A message that a host took is not sent again: only its report is
/// owed, until the message expires.
fn postpone<S>(shared: &Shared<S>, claim: &Claim, results: &mut [Progress], notes: &[Note], at: u64) {
    let schedule = &shared.settings.schedule;
    let (due, expiry) = (
        at + pause(schedule),
        schedule.expiry(&Times::new(claim.head.accepted)),
    );
    for note in notes {
        let result = results.iter_mut().find(|result| result.n == note.n);
        let before = claim.recipients.iter().find(|(n, _)| *n == note.n);
        let (Some(result), Some((_, before))) = (result, before) else {
            continue;
        };
        if result.state.ending != Some(Ending::Delivered) {
            result.state = State {
                due,
                ..before.clone()
            };
        } else if at < expiry {
            result.state.ending = None;
            result.state.owed = Some(note.by.clone().unwrap_or_default());
            result.state.due = due;
        } else {
            error!(id = %claim.head.id, "the report about a delivery is given up: the message has expired");
        }
    }
}

/// Time until a message is tried again that is the same as before: at most the first wait of the schedule.
fn pause(schedule: &Schedule) -> u64 {
    schedule.waits.first().map_or(PAUSE, |wait| PAUSE.min(*wait))
}

#[expect(clippy::too_many_arguments, reason = "the facts of one recipient")]
fn progress<S>(
    shared: &Shared<S>,
    claim: &Claim,
    n: usize,
    before: &State,
    result: &Final,
    dsn: bool,
    at: u64,
    seed: u64,
) -> (State, Option<Note>) {
    let text = match (result, result.refusal()) {
        (Final::Delivered { reply, .. }, _) => joined(reply.raw()),
        (_, Some(refusal)) => joined(refusal.reply.raw()),
        (Final::Failed(why) | Final::Deferred(why), None) => why.to_string(),
    };
    let heard = match result.refusal() {
        Some(refusal) => Some(Heard {
            host: refusal.host.to_string(),
            reply: text.clone(),
        }),
        None => before.heard.clone(),
    };
    let mut state = State {
        due: before.due,
        attempts: before.attempts.saturating_add(1),
        ending: None,
        noticed: before.noticed,
        owed: None,
        last: Some(Last {
            at,
            status: result.status().to_string(),
            text: text.clone(),
        }),
        heard,
    };
    let envelope = &claim.head.envelope;
    let (sender, recipient) = (envelope.reverse_path(), envelope.recipients().get(n));
    let wish = recipient.map_or_else(Wish::default, |rcpt| {
        Wish::of(envelope.parameters(), rcpt.parameters())
    });
    let mut note = Note {
        n,
        action: Action::Failed,
        status: result.status(),
        heard: state.heard.clone(),
        by: None,
        explanation: None,
        at: at / 1000,
        retried_until: None,
    };
    let recipient = recipient.map_or("", |recipient| recipient.forward_path().as_str());
    let event = match result {
        Final::Delivered { by, .. } => {
            info!(recipient, %by, reply = text, "delivered");
            state.ending = Some(Ending::Delivered);
            note.by = Some(by.to_string());
            note.heard = None;
            Event::Relayed {
                dsn,
                deliver_by: false,
            }
        }
        Final::Failed(_) => {
            info!(recipient, reason = text, "failed");
            state.ending = Some(Ending::Failed);
            if result.refusal().is_none() {
                note.heard = None;
                note.explanation = Some(text);
            }
            Event::Failed
        }
        Final::Deferred(_) => {
            let times = Times::new(claim.head.accepted);
            let schedule = &shared.settings.schedule;
            match schedule.next(at, &times, state.attempts, seed) {
                Next::At(due) => {
                    let notice = schedule.delay_notice(&times).filter(|_| !state.noticed);
                    let wanted = wish.action(sender, Event::Delayed).is_some();
                    let due = not_after_notice(due, at, notice.filter(|_| wanted));
                    info!(
                        recipient,
                        reason = text,
                        seconds = due.saturating_sub(at) / 1000,
                        "deferred"
                    );
                    state.due = due;
                    if notice.is_none_or(|notice| at < notice) {
                        return (state, None);
                    }
                    state.noticed = true;
                    note.retried_until = Some(schedule.expiry(&times) / 1000);
                    note.explanation = Some(text);
                    Event::Delayed
                }
                Next::Expired => {
                    info!(recipient, reason = text, "expired");
                    state.ending = Some(Ending::Failed);
                    note.status = expired();
                    note.explanation = Some(format!("the time for the delivery is over: {text}"));
                    Event::Failed
                }
            }
        }
    };
    let action = wish.action(sender, event);
    (state, action.map(|action| Note { action, ..note }))
}

/// The time of the next attempt: not after that of a notice which is still to come, so that the notice is not late. Waits are
/// hours in the end.
fn not_after_notice(due: u64, at: u64, notice: Option<u64>) -> u64 {
    match notice {
        Some(notice) if notice > at => due.min(notice),
        _ => due,
    }
}

/// The status of a recipient whose time is over (RFC 3463 section 3.5).
fn expired() -> EnhancedCode {
    EnhancedCode::new(5, 4, 7).unwrap_or_else(|| Rejection::TRANSACTION_FAILED.enhanced())
}

/// The status of a recipient that a host took.
fn sent() -> EnhancedCode {
    EnhancedCode::new(2, 0, 0).unwrap_or_else(|| Rejection::TRANSACTION_FAILED.enhanced())
}

/// The lines of a reply with their codes, joined by spaces.
pub(super) fn joined(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    text.split("\r\n")
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn count<S>(shared: &Shared<S>, claim: &Claim, results: &[Progress]) {
    for (Progress { state, .. }, (_, before)) in results.iter().zip(&claim.recipients) {
        let counter = match state.ending {
            // Counted when a host took the message.
            _ if !is_open(before) => continue,
            Some(Ending::Failed) => &shared.metrics.failed,
            None if is_open(state) => &shared.metrics.deferred,
            Some(Ending::Delivered) | None => &shared.metrics.delivered,
        };
        counter.add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_not_late() {
        assert_eq!(not_after_notice(900, 100, Some(400)), 400);
        assert_eq!(not_after_notice(300, 100, Some(400)), 300);
        assert_eq!(not_after_notice(900, 500, Some(400)), 900, "it is due now");
        assert_eq!(not_after_notice(900, 100, None), 900);
    }

    #[test]
    fn the_lines_of_a_reply_are_joined() {
        assert_eq!(
            joined(b"550-5.1.1 no\r\n550 5.1.1 such user\r\n"),
            "550-5.1.1 no 550 5.1.1 such user"
        );
        assert_eq!(joined(b"450 later\r\n"), "450 later");
    }
}
