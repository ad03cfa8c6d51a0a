//! Leases: taken in batches, given back when they ran out.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_postgres::Row;
use tracing::{error, warn};

use super::{
    Postgres, Shared,
    pool::{self, Fault},
    rows::{self, Delivery, Message, Stored},
    sql,
};
use crate::spool::{Claim, Facts, Head, State, random};

/// Time between two looks for leases that ran out.
const FREE_EXPIRED: Duration = Duration::from_millis(500);

/// Messages by the text of their UUIDs.
type Messages = HashMap<String, (Arc<Head>, Facts, Vec<State>)>;

impl Postgres {
    /// Leases deliveries that are due.
    pub(super) async fn take(&self, most: usize, full: &HashSet<Arc<str>>) -> io::Result<Vec<Claim>> {
        self.free().await?;
        let mut doubt = Doubt {
            shared: &self.0,
            leases: (0..most).map(|_| rows::lease(self.0.process, random())).collect(),
        };
        let claims = self.lease(&doubt.leases, full).await?;
        doubt.leases.clear();
        Ok(claims)
    }

    /// Gives back the leases that ran out, and those that this process may hold without knowing.
    async fn free(&self) -> Result<(), Fault> {
        let doubtful = self.0.doubtful().clone();
        if !doubtful.is_empty() {
            self.0.pool.execute(sql::FREE, &[&doubtful]).await?;
            self.0.doubtful().retain(|lease| !doubtful.contains(lease));
        }
        let is_time = {
            let mut freed = self.0.freed.lock().unwrap_or_else(PoisonError::into_inner);
            let is_time = freed.elapsed() >= FREE_EXPIRED;
            if is_time {
                *freed = Instant::now();
            }
            is_time
        };
        if is_time {
            let freed = self.0.pool.execute(sql::FREE_EXPIRED, &[]).await?;
            if freed > 0 {
                warn!(recipients = freed, "leases ran out");
            }
        }
        Ok(())
    }

    async fn lease(&self, leases: &[String], full: &HashSet<Arc<str>>) -> io::Result<Vec<Claim>> {
        let full: Vec<&str> = full.iter().map(|hop| &**hop).collect();
        let arguments: pool::Arguments<'_> = &[&leases, &self.0.lease, &full];
        let mut leased = self.0.pool.query(sql::CLAIM, arguments).await?;
        if leased.is_empty() && !full.is_empty() {
            leased = self.0.pool.query(sql::CLAIM_OTHERS, arguments).await?;
        }
        let mut claims: HashMap<String, Leased> = HashMap::new();
        for row in &leased {
            let (message, n, next_hop, lease) = leased_row(row).map_err(io::Error::other)?;
            let claim = claims.entry(lease).or_insert_with(|| Leased {
                message,
                next_hop,
                recipients: Vec::new(),
            });
            claim.recipients.extend(usize::try_from(n));
        }
        let mut ids: Vec<&str> = claims.values().map(|leased| leased.message.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let stored = self.read(&ids).await?;
        let claims = claims.into_iter();
        let mut claims: Vec<Claim> = claims
            .filter_map(|(lease, leased)| leased.claim(&lease, &stored))
            .collect();
        claims.sort_by(|a, b| a.head.id.cmp(&b.head.id));
        Ok(claims)
    }

    /// Reads messages, by the text of their UUIDs. Those that are damaged are left out, with a line in the log.
    async fn read(&self, ids: &[&str]) -> io::Result<Messages> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let messages = self.0.pool.query(sql::MESSAGES, &[&ids]).await?;
        let stored = self.join(&messages, ids).await?;
        let stored = stored.into_iter();
        Ok(stored
            .map(|stored| {
                (
                    rows::uuid(&stored.head.id),
                    (Arc::new(stored.head), stored.facts, stored.states),
                )
            })
            .collect())
    }

    /// Joins messages and their deliveries.
    pub(super) async fn join(&self, messages: &[Row], ids: &[&str]) -> io::Result<Vec<Stored>> {
        let mut deliveries: HashMap<String, Vec<Delivery>> = HashMap::new();
        for row in self.0.pool.query(sql::DELIVERIES, &[&ids]).await? {
            let delivery = Delivery::read(&row).map_err(io::Error::other)?;
            deliveries
                .entry(delivery.message.clone())
                .or_default()
                .push(delivery);
        }
        let mut stored = Vec::new();
        for row in messages {
            let message = Message::read(row).map_err(io::Error::other)?;
            let id = message.id.clone();
            // Without deliveries it ended meanwhile.
            let Some(deliveries) = deliveries.remove(&id) else {
                continue;
            };
            match message.with(deliveries) {
                Ok(message) => stored.push(message),
                Err(damaged) => error!(id, %damaged, "a message cannot be used"),
            }
        }
        Ok(stored)
    }
}

/// Leases that were asked for. Unless they are cleared, the database may have given them: the answer was lost, or nobody
/// waited for it.
struct Doubt<'s> {
    shared: &'s Shared,
    leases: Vec<String>,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.shared.doubtful().append(&mut self.leases);
    }
}

/// The recipients of a lease.
#[derive(Debug)]
struct Leased {
    message: String,
    next_hop: String,
    recipients: Vec<usize>,
}

impl Leased {
    fn claim(mut self, lease: &str, stored: &Messages) -> Option<Claim> {
        let (head, facts, states) = stored.get(&self.message)?;
        self.recipients.sort_unstable();
        let recipients = self.recipients.into_iter();
        Some(Claim {
            head: Arc::clone(head),
            facts: *facts,
            next_hop: self.next_hop.into(),
            recipients: recipients
                .filter_map(|n| Some((n, states.get(n)?.clone())))
                .collect(),
            lease: rows::lease_number(lease)?,
        })
    }
}

fn leased_row(row: &Row) -> Result<(String, i32, String, String), tokio_postgres::Error> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
}
