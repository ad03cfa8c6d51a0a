//! One attempt: the deliveries of a claim, at the hosts that its route names.

use std::{
    io, mem,
    sync::atomic::{AtomicBool, Ordering},
};

use smtp_proto::{
    client::RequestError,
    types::{Code, Envelope, ForwardPath, Keyword as Ext},
};
use smtp_relay::{
    pace::Verdict,
    route::{
        Attempted, Family, Fate, Final, Keyword, Need, Outcome, Past, Reason, Route, Target, TlsRequiredField,
    },
};
use smtp_tokio::{Client, Error};
use tracing::{Instrument, debug, error, info_span, warn};

use super::{Hop, Hosts, Shared, drive, fenced::Fenced, kept, parameters, results};
use crate::spool::{Claim, Spool, random};

/// The attempt at the hosts of one route.
struct Attempt<'a, S> {
    shared: &'a Shared<S>,
    claim: &'a Claim,
    /// The recipients of the claim that no host took, in their order.
    envelope: Envelope,
    /// The recipients that a host with DSN took: it sends the reports.
    dsn: Vec<bool>,
    verdict: Verdict,
    /// The lease is lost: nothing more is sent.
    lost: bool,
    /// The last session and its key, to be kept after the results are recorded.
    last: Option<(String, Hop)>,
}

/// The end of one transaction.
enum Ran {
    /// The fates of the recipients that are known.
    Fates(Vec<(ForwardPath<'static>, Fate)>),
    /// The session takes no further transaction: connect again.
    SessionIsOver,
    /// Nothing can be sent to this host.
    Not(Outcome),
    /// The lease is lost.
    LeaseLost,
}

/// Delivers a claim, and records the results. Returns what was learned about the destination.
pub(super) async fn deliver<S: Spool>(shared: &Shared<S>, claim: Claim) -> Verdict {
    let span = info_span!("delivery", id = %claim.head.id, to = %claim.next_hop);
    deliver_in_span(shared, claim).instrument(span).await
}

async fn deliver_in_span<S: Spool>(shared: &Shared<S>, claim: Claim) -> Verdict {
    // The claim may have waited.
    match shared.spool.renew(&claim).await {
        Ok(true) => {}
        Ok(false) => return Verdict::Neutral,
        Err(error) => {
            warn!(%error, "cannot renew a lease");
            let _ = shared.spool.release(claim).await;
            return Verdict::Neutral;
        }
    }
    let open = claim
        .recipients
        .iter()
        .filter(|(_, state)| results::is_open(state));
    let indices = open.clone().map(|(n, _)| *n);
    let envelope = claim.head.envelope.only(indices);
    let envelope = envelope.with_parameters(parameters(&claim.head.envelope, &claim.facts));
    let recipients = envelope.recipients().len();
    if recipients == 0 {
        // Only reports are owed.
        results::settle(shared, claim, Vec::new(), &[]).await;
        return Verdict::Neutral;
    }
    shared.metrics.attempts.add(1);
    let to = envelope.recipients().first();
    let to = to.map(|to| shared.settings.routing.destination(to.forward_path()));
    let Some(Ok(to)) = to else {
        // The server checks this, so the file of the message is damaged.
        error!("a recipient has no destination");
        let finals = vec![Final::Failed(Reason::NoSuchDomain); recipients];
        results::settle(shared, claim, finals, &vec![false; recipients]).await;
        return Verdict::Neutral;
    };
    let field = match claim.facts.tls_optional {
        true => TlsRequiredField::No,
        false => TlsRequiredField::Absent,
    };
    let need = Need::of(&claim.head.envelope, field);
    let attempts = open.map(|(_, state)| state.attempts).max();
    let route = Route::new(shared.settings.route.clone(), to, recipients, need, random())
        .with_past(past(attempts.unwrap_or_default()));
    let mut attempt = Attempt {
        shared,
        claim: &claim,
        dsn: vec![false; recipients],
        envelope,
        verdict: Verdict::Neutral,
        lost: false,
        last: None,
    };
    let finals = drive(route, recipients, &shared.lookups, &mut attempt).await;
    let Attempt {
        dsn,
        verdict,
        lost,
        last,
        ..
    } = attempt;
    if lost {
        debug!("the lease was lost: nothing is recorded");
    } else {
        results::settle(shared, claim, finals, &dsn).await;
    }
    if let Some((key, hop)) = last {
        shared.kept.put(key, hop).await;
    }
    verdict
}

/// The earlier attempts, from their number. The first one begins with IPv6, and then the families take turns.
const fn past(attempts: u32) -> Past {
    match attempts {
        0 => Past::None,
        odd if odd % 2 == 1 => Past::Over(Family::V6),
        _ => Past::Over(Family::V4),
    }
}

impl<S: Spool> Hosts for Attempt<'_, S> {
    async fn attempt(&mut self, target: Target, recipients: &[usize]) -> Attempted {
        if self.lost {
            return Outcome::Unreachable.into();
        }
        if let Some((_, earlier)) = self.last.take() {
            tokio::spawn(earlier.quit());
        }
        if self.verdict == Verdict::Neutral {
            self.verdict = Verdict::Bad;
        }
        let key = kept::key(&target);
        let idle = self.shared.kept.take(&key);
        let mut is_reused = idle.is_some();
        let mut hop = match idle {
            Some(hop) => hop,
            None => match self.shared.connector.connect(&target).await {
                Ok(hop) => hop,
                Err(attempted) => return attempted,
            },
        };
        self.verdict = Verdict::Good;
        let tried = hop.tried;
        let mut fates = vec![Fate::NotSent; recipients.len()];
        let envelope = match self.envelope_for(&target, &hop.client, recipients) {
            Ok(envelope) => envelope,
            Err(outcome) => {
                self.last = Some((key, hop));
                return Attempted::new(outcome).with_addresses(tried);
            }
        };
        let limits = hop.client.extensions().limits();
        let mut parts = envelope.split(limits).peekable();
        let mut transactions = 0;
        let mut outcome = None;
        while let Some(part) = parts.peek() {
            match transaction(self.shared, self.claim, &mut hop.client, part.clone()).await {
                // The host had ended a session that was kept.
                Ran::Fates(known) if is_reused && !hop.client.is_usable() && is_stale(&known) => {}
                Ran::Fates(known) => {
                    let dsn = hop.client.extensions().has(Ext::Dsn);
                    self.note(&envelope, recipients, known, dsn, &mut fates);
                    parts.next();
                    transactions += 1;
                    if hop.client.is_usable() {
                        continue;
                    }
                }
                // MAILMAX (RFC 9422 section 4.1).
                Ran::SessionIsOver if transactions > 0 || is_reused => {}
                Ran::SessionIsOver => break,
                Ran::Not(other) => {
                    outcome = (transactions == 0).then_some(other);
                    break;
                }
                Ran::LeaseLost => {
                    self.lost = true;
                    break;
                }
            }
            if parts.peek().is_none() {
                break;
            }
            let another = match self.shared.connector.connect(&target).await {
                Ok(another) => another,
                // Nothing was sent to this host.
                Err(attempted) if is_reused && transactions == 0 => return attempted,
                Err(_) => break,
            };
            (transactions, is_reused) = (0, false);
            tokio::spawn(mem::replace(&mut hop, another).quit());
        }
        self.last = Some((key, hop));
        Attempted::new(outcome.unwrap_or(Outcome::Ran(fates))).with_addresses(tried)
    }
}

impl<S: Spool> Attempt<'_, S> {
    /// The envelope for a host: with REQUIRETLS as the route says.
    fn envelope_for(
        &self,
        target: &Target,
        client: &Client,
        recipients: &[usize],
    ) -> Result<Envelope, Outcome> {
        let envelope = self.envelope.only(recipients.iter().copied());
        let verified = client.tls().is_some_and(|info| info.peer_verified);
        let offered = client.extensions().has(Ext::RequireTls) && verified;
        Ok(match target.require_tls {
            Keyword::Required if !offered => return Err(Outcome::KeywordMissing),
            Keyword::Required => with_require_tls(envelope),
            Keyword::IfOffered if offered => with_require_tls(envelope),
            Keyword::IfOffered | Keyword::Omit => envelope,
        })
    }

    /// Notes the fates of a transaction. A split by domains changes the order of recipients, so each is found by its path.
    fn note(
        &mut self,
        envelope: &Envelope,
        recipients: &[usize],
        known: Vec<(ForwardPath<'static>, Fate)>,
        dsn: bool,
        fates: &mut [Fate],
    ) {
        for (path, fate) in known {
            let all = envelope.recipients().iter().zip(recipients).zip(fates.iter_mut());
            let mut open =
                all.filter(|((rcpt, _), fate)| *rcpt.forward_path() == path && **fate == Fate::NotSent);
            let Some(((_, index), place)) = open.next() else {
                continue;
            };
            if let Some(flag) = self.dsn.get_mut(*index) {
                *flag = dsn && matches!(fate, Fate::Accepted(_));
            }
            *place = fate;
        }
    }
}

/// Returns true if a host decided nothing about a message, or only that the session is over.
fn is_stale(known: &[(ForwardPath<'static>, Fate)]) -> bool {
    known.iter().all(|(_, fate)| match fate {
        Fate::NotSent => true,
        Fate::Refused { reply, .. } => reply.code() == Code::NOT_AVAILABLE,
        _ => false,
    })
}

fn with_require_tls(envelope: Envelope) -> Envelope {
    let parameters = envelope.parameters().clone().with_require_tls();
    envelope.with_parameters(parameters)
}

/// Sends the message to the recipients of one transaction.
async fn transaction<S: Spool>(
    shared: &Shared<S>,
    claim: &Claim,
    client: &mut Client,
    part: Envelope,
) -> Ran {
    let spool = &shared.spool;
    let content = match spool.content(claim).await {
        Ok(content) => content,
        Err(error) => {
            error!(%error, "cannot read the message");
            return Ran::Fates(Vec::new());
        }
    };
    let is_lost = AtomicBool::new(false);
    let fence = async {
        let holds = spool.renew(claim).await?;
        is_lost.store(!holds, Ordering::Relaxed);
        if holds {
            Ok(())
        } else {
            Err(io::Error::other("the lease is lost"))
        }
    };
    let sent = client.send_from(part, Fenced::new(content, fence)).await;
    let receipt = match sent {
        Ok(receipt) => receipt,
        Err(failed) => match failed.error {
            Error::Rejected(
                RequestError::Over
                | RequestError::TooManyTransactions(_)
                | RequestError::TooManySessionDomains(_),
            ) => return Ran::SessionIsOver,
            Error::Rejected(error) => return Ran::Not(Outcome::of_request_error(&error)),
            Error::Source(error) => {
                warn!(%error, "the message was not sent to its end");
                return if is_lost.into_inner() {
                    Ran::LeaseLost
                } else {
                    Ran::Fates(Vec::new())
                };
            }
            error => {
                debug!(%error, "the session ended");
                failed.receipt
            }
        },
    };
    let fates = receipt
        .recipients()
        .map(|(path, status)| (path.clone(), status.into()));
    Ran::Fates(fates.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_begin_with_each_family_in_turn() {
        let first = [
            Past::None,
            Past::Over(Family::V6),
            Past::Over(Family::V4),
            Past::Over(Family::V6),
        ];
        assert_eq!([0, 1, 2, 3].map(past), first);
    }
}
