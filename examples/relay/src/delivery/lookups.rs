//! Driving a route: passes its questions to the DNS and the policies, and its targets to the caller.

use std::{sync::Arc, time::Duration};

use smtp_relay::route::{
    Answer, Attempted, DnsFault, Final, Lookup, Question, Reason, Route, Step, Target, Ticket,
};
use tokio::{task::JoinSet, time::timeout};
use tracing::{debug, error};

use crate::{dns::Dns, sts::Policies};

/// Time for one lookup, which may have several queries.
const LIMIT: Duration = Duration::from_secs(60);

/// The answers to the questions of routes.
pub(crate) struct Lookups {
    pub(crate) dns: Arc<dyn Dns>,
    pub(crate) policies: Policies,
}

/// Attempts at the hosts that a route names.
pub(crate) trait Hosts: Send {
    /// Makes an attempt at one host, for these recipients of the route.
    fn attempt(&mut self, target: Target, recipients: &[usize]) -> impl Future<Output = Attempted> + Send;
}

impl Lookups {
    async fn answer(&self, question: Question) -> Answer {
        let answer = async {
            match question {
                Question::Sts(domain) => self.policies.answer(domain).await,
                question => self.dns.answer(question).await,
            }
        };
        timeout(LIMIT, answer)
            .await
            .unwrap_or(Answer::Failed(DnsFault::Unavailable))
    }
}

/// Drives a route to its end. Returns one result for each of its recipients.
pub(crate) async fn drive<H: Hosts>(
    mut route: Route,
    recipients: usize,
    lookups: &Arc<Lookups>,
    hosts: &mut H,
) -> Vec<Final> {
    let mut open: JoinSet<(Ticket<Lookup>, Answer)> = JoinSet::new();
    loop {
        let answered = match route.poll() {
            Step::Ask { question, ticket } => {
                let lookups = Arc::clone(lookups);
                open.spawn(async move {
                    let text = question.to_string();
                    let answer = lookups.answer(question).await;
                    debug!(question = text, ?answer);
                    (ticket, answer)
                });
                Ok(())
            }
            Step::Connect {
                target,
                recipients,
                ticket,
            } => {
                debug!(host = %target.host, addresses = ?target.addresses, tls = ?target.tls);
                let attempted = hosts.attempt(target, &recipients).await;
                debug!(?attempted);
                route.attempted(ticket, attempted)
            }
            Step::Finding(finding) => {
                debug!(?finding, "for a TLS report");
                Ok(())
            }
            Step::Wait => match open.join_next().await {
                Some(Ok((ticket, answer))) => route.answer(ticket, answer),
                lost => {
                    error!(?lost, "a lookup panicked");
                    return vec![Final::Deferred(Reason::Dns); recipients];
                }
            },
            Step::Done(results) => return results,
        };
        if let Err(error) = answered {
            error!(%error, "a route does not know its ticket");
        }
    }
}
