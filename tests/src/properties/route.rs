//! Routes to the next hop, in a random world.

mod oracle;
mod world;

use std::sync::Arc;

use smtp_relay::route::{Lookup, Question, Route, Step, Ticket};

use self::{oracle::Oracle, world::World};

/// The maximum number of steps of a route. Each host has two address questions and five TLSA questions. Each address has two
/// attempts, some findings, and as many waits. Twenty hosts of [`smtp_relay::route::Config`] need fewer.
const MAX_STEPS: usize = 600;

/// Input: a world, which is a DNS, policies, hosts, settings and recipients. Property: a route ends within its limits, with
/// one result for each recipient, and obeys each TLS demand of a policy. No recipient is offered again after its result.
///
/// # Panics
/// Panics if the property fails.
pub fn route(data: &[u8]) {
    let mut world = World::new(data);
    let setting = world.setting();
    let mut oracle = Oracle::new(setting.clone());
    let mut route = Route::new(
        Arc::new(setting.config),
        setting.to,
        setting.recipients,
        setting.need,
        setting.seed,
    )
    .with_past(setting.past);
    let mut open: Vec<(Question, Ticket<Lookup>)> = Vec::new();
    for _ in 0..MAX_STEPS {
        match route.poll() {
            Step::Ask { question, ticket } => {
                assert!(
                    open.iter().all(|(other, _)| *other != question),
                    "{question} is open twice"
                );
                open.push((question, ticket));
            }
            Step::Wait => {
                assert!(!open.is_empty(), "waits for nothing");
                let (question, ticket) = open.swap_remove(world.below(open.len()));
                let answer = world.answer(&question);
                oracle.answered(&question, &answer);
                assert_eq!(route.answer(ticket, answer), Ok(()));
            }
            Step::Connect {
                target,
                recipients,
                ticket,
            } => {
                assert!(open.is_empty(), "an attempt beside questions");
                oracle.connect(&target, &recipients);
                let attempted = world.attempt(recipients.len());
                oracle.attempted(&target, &recipients, &attempted);
                assert_eq!(route.attempted(ticket, attempted), Ok(()));
            }
            Step::Finding(finding) => assert!(finding.host.is_none() || finding.result != Err(world::FETCH)),
            Step::Done(results) => {
                oracle.end(&results);
                let Step::Done(again) = route.poll() else {
                    panic!("the end is not the end");
                };
                assert_eq!(again, results);
                return;
            }
        }
    }
    panic!("a route without end: {oracle:?}");
}
