//! A message becomes durable, once.

use tokio::time::{sleep, timeout};
use tracing::warn;

use super::{
    Incoming, Postgres,
    backoff::Backoff,
    pool::{Fault, Lent},
    rows::{self, DeliveryColumns, MailColumns},
    sql,
};
use crate::spool::{Facts, Id, random};

use std::time::Duration;

/// Time to find out if a message was stored, for a client that waits for its reply.
const PATIENCE: Duration = Duration::from_secs(15);

impl Postgres {
    /// Stores a message in one transaction.
    pub(super) async fn insert(&self, incoming: &Incoming, facts: Facts) -> Result<(), Fault> {
        let head = &incoming.head;
        let parameters = head.envelope.parameters();
        let (mail, rcpt) = (MailColumns::of(head), DeliveryColumns::of(head));
        let mut lent = self.0.pool.lend().await?;
        let inserted = lent
            .execute(
                sql::INSERT,
                &[
                    &rows::uuid(&head.id),
                    &i64::try_from(head.accepted).unwrap_or_default(),
                    &head.envelope.reverse_path().as_str(),
                    &mail.envid,
                    &mail.ret,
                    &parameters.smtputf8(),
                    &mail.body,
                    &parameters.require_tls(),
                    &mail.deliver_by,
                    &mail.by_mode,
                    &mail.priority,
                    &i64::try_from(facts.size).unwrap_or(i64::MAX),
                    &incoming.content,
                    &parameters.to_string(),
                    &facts.eight_bit,
                    &facts.utf8_header,
                    &facts.tls_optional,
                    &rcpt.next_hop,
                    &rcpt.recipient,
                    &rcpt.orcpt,
                    &rcpt.notify,
                    &rcpt.parameters,
                ],
            )
            .await;
        durable(inserted, &lent).map(|_| ())
    }

    /// Finds out if a message was stored whose COMMIT was not answered.
    pub(super) async fn was_stored(&self, id: &Id) -> bool {
        let id = rows::uuid(id);
        let search = async {
            let mut backoff = Backoff::default();
            loop {
                match self.find(&id).await {
                    Ok(found) => return found,
                    Err(error) => warn!(id, %error, "cannot find out if a message was stored"),
                }
                sleep(backoff.next(random())).await;
            }
        };
        timeout(PATIENCE, search).await.unwrap_or(false)
    }

    async fn find(&self, id: &str) -> Result<bool, Fault> {
        let mut lent = self.0.pool.lend().await?;
        let found = lent.execute(sql::FIND, &[&id]).await;
        durable(found, &lent).map(|found| found > 0)
    }
}

/// Takes a warning at a COMMIT as a failure: it says that a standby server may lack the transaction.
fn durable(result: Result<u64, Fault>, lent: &Lent<'_>) -> Result<u64, Fault> {
    let changed = result?;
    if lent.was_warned() {
        Err(Fault::Warned)
    } else {
        Ok(changed)
    }
}
