//! A spool in PostgreSQL, for any number of front ends and workers.
//!
//! A message is one INSERT, with its deliveries. A lease is a column, so no transaction is open and no row is locked while a
//! message is sent. [`sql`] has the statements, and `schema.sql` the tables. The state of a process is the leases it holds:
//! it can end at any time.
//!
//! [`tls`] says how the connections are encrypted. Several servers in the URL and `target_session_attrs=read-write` find the
//! one that is the primary.

mod backoff;
mod claims;
mod content;
mod name;
mod pool;
mod rows;
mod sql;
mod storing;
mod tls;

use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::Row;
use tracing::{error, info, warn};

use self::{
    backoff::Backoff,
    content::Content,
    pool::{Fault, Pool},
    rows::ResultColumns,
};
use super::{Claim, Facts, Head, Id, Listed, Progress, Spool, now, random};

/// A spool in PostgreSQL. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Postgres(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: Arc<Pool>,
    /// The number of this process in its leases.
    process: i64,
    /// The time of a lease, in milliseconds.
    lease: i64,
    /// A delivery may have become due.
    changed: Notify,
    /// The time when leases that ran out were given back last.
    freed: Mutex<Instant>,
    look: Mutex<Look>,
    /// Leases that this process may hold in the database, without knowing.
    doubtful: Mutex<Vec<String>>,
}

/// The state of the queue when it was looked at last: a claim that cannot get anything asks nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Something is due.
    Due,
    /// Nothing is.
    Nothing,
    /// Something was due, and another process took it.
    Taken,
}

/// A message that is being received.
#[derive(Debug)]
pub(crate) struct Incoming {
    head: Head,
    content: Vec<u8>,
}

/// The longest time between two looks for work: other processes store messages, too.
const POLL: u64 = 700;

/// Time beyond the lease in which results are recorded, if the database is away.
const RECORDING: Duration = Duration::from_secs(300);

/// Time after an outage in which leases that ran out are not given back: longer than the longest wait of [`Backoff`].
const GRACE: Duration = Duration::from_secs(5);

/// Time between two lines in the log about a database that is away at the start.
const STILL_WAITING: Duration = Duration::from_secs(60);

/// Wait after another process took what was due, so that a worker cannot turn in a circle.
const PAUSE: Duration = Duration::from_millis(50);

impl Postgres {
    /// Opens the spool of a relay. `name` is that of the process; without it, it is that of the computer. A lease lasts
    /// for `lease`. Waits for a database that is away, and says so in the log.
    ///
    /// # Errors
    ///
    /// If the URL is malformed, or the database refuses.
    pub(crate) async fn open(url: &str, name: Option<&str>, lease: Duration) -> io::Result<Self> {
        let name = name.map_or_else(name::of_computer, str::to_owned);
        let pool = Arc::new(pool(url, &format!("relay {name}"))?);
        let (mut backoff, mut told) = (Backoff::default(), Instant::now());
        let held = loop {
            match prepare(&pool, &name).await {
                Ok(held) => break held,
                Err(fault) if !fault.is_away() => return Err(fault.into()),
                Err(fault) if backoff.is_new() || told.elapsed() > STILL_WAITING => {
                    warn!(error = %io::Error::from(fault), "waiting for the database");
                    told = Instant::now();
                }
                Err(_) => {}
            }
            sleep(backoff.next(random())).await;
        };
        let process = held.number;
        tokio::spawn(name::keep(held, Arc::downgrade(&pool)));
        Ok(Self::with(pool, process, lease))
    }

    /// Opens the spool for the commands of `relay queue`: it takes no name, and must not claim.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) async fn open_for_commands(url: &str) -> io::Result<Self> {
        let pool = Arc::new(pool(url, "relay queue")?);
        create(&pool).await?;
        Ok(Self::with(pool, random().cast_signed(), Duration::ZERO))
    }

    fn with(pool: Arc<Pool>, process: i64, lease: Duration) -> Self {
        Self(Arc::new(Shared {
            pool,
            process,
            lease: i64::try_from(lease.as_millis()).unwrap_or(i64::MAX),
            changed: Notify::new(),
            freed: Mutex::new(Instant::now()),
            look: Mutex::new(Look::Due),
            doubtful: Mutex::default(),
        }))
    }

    /// Records results in one transaction.
    async fn save(&self, claim: &Claim, columns: &ResultColumns, ended: bool) -> Result<(), Fault> {
        let (id, lease) = (rows::uuid(&claim.head.id), self.lease_of(claim));
        let mut lent = self.0.pool.lend().await?;
        lent.begin().await?;
        if !lent.query(sql::LOCK, &[&id]).await?.is_empty() {
            lent.execute(
                sql::RECORD,
                &[
                    &id,
                    &lease,
                    &columns.n,
                    &columns.due,
                    &columns.attempts,
                    &columns.ending,
                    &columns.noticed,
                    &columns.last_at,
                    &columns.last_status,
                    &columns.last_reply,
                    &columns.heard_host,
                    &columns.heard_reply,
                    &columns.owed,
                ],
            )
            .await?;
            if columns.n.len() < claim.recipients.len() {
                lent.execute(sql::RELEASE, &[&id, &lease]).await?;
            }
            if ended {
                lent.execute(sql::REMOVE_ENDED, &[&id]).await?;
            }
        }
        lent.commit().await
    }

    fn lease_of(&self, claim: &Claim) -> String {
        rows::lease(self.0.process, claim.lease)
    }

    async fn next_due(&self, full: &[&str]) -> io::Result<Option<Duration>> {
        let rows = self.0.pool.query(sql::NEXT_DUE, &[&full]).await?;
        let (mut due, end) = (seconds(&rows, 0)?, seconds(&rows, 1)?);
        if due.is_none() && !full.is_empty() {
            due = seconds(&self.0.pool.query(sql::NEXT_DUE_OTHERS, &[&full]).await?, 0)?;
        }
        let first = due.into_iter().chain(end).reduce(f64::min);
        Ok(first.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok()))
    }

    /// The number of deliveries that [`retry_some`](Self::retry_some) has to make due.
    pub(crate) async fn waiting(&self) -> io::Result<u64> {
        let rows = self.0.pool.query(sql::WAITING, &[]).await?;
        let waiting: i64 = match rows.first() {
            Some(row) => row.try_get(0).map_err(io::Error::other)?,
            None => 0,
        };
        Ok(waiting.unsigned_abs())
    }

    /// Makes a batch of deliveries due now, except for those that are leased, or were tried `since` this time in milliseconds: a
    /// worker may defer them again at once. Returns their number: 0 at the end.
    pub(crate) async fn retry_some(&self, since: u64) -> io::Result<u64> {
        let since = since.cast_signed();
        Ok(self.0.pool.execute(sql::RETRY_SOME, &[&since]).await?)
    }
}

impl Shared {
    /// Notes that a delivery may have become due.
    fn changed(&self) {
        self.saw(Look::Due);
        self.changed.notify_one();
    }

    /// Leaves leases that run out during an outage to the processes that have results: they come first after it.
    fn spare(&self) {
        *self.freed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + GRACE;
    }

    fn look(&self) -> Look {
        *self.look.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, look: Look) {
        *self.look.lock().unwrap_or_else(PoisonError::into_inner) = look;
    }

    fn doubtful(&self) -> MutexGuard<'_, Vec<String>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pool(url: &str, application: &str) -> io::Result<Pool> {
    let address = tls::address(url).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why));
    address.map(|(config, tls)| Pool::new(config, tls, application))
}

/// Makes the tables, and takes the name of a process.
async fn prepare(pool: &Pool, name: &str) -> Result<name::Held, Fault> {
    create(pool).await?;
    name::take(pool, name).await
}

/// The number in a column of the first row.
fn seconds(rows: &[Row], column: usize) -> io::Result<Option<f64>> {
    let seconds = rows.first().map(|row| row.try_get::<_, Option<f64>>(column));
    Ok(seconds.transpose().map_err(io::Error::other)?.flatten())
}

/// Makes the tables if they are missing. Several processes may do so at once.
async fn create(pool: &Pool) -> Result<(), Fault> {
    let rows = pool.query(sql::HAS_SCHEMA, &[]).await?;
    if rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
        return Ok(());
    }
    // On a connection that is not kept: a failure leaves a transaction.
    let schema = format!("begin; {}; {}; commit", sql::SCHEMA_LOCK, sql::SCHEMA);
    pool.connect().await?.batch(&schema).await?;
    info!("made the tables of the spool");
    Ok(())
}

impl Spool for Postgres {
    type Incoming = Incoming;
    type Content = Content;

    async fn begin(&self, head: Head) -> io::Result<Incoming> {
        Ok(Incoming {
            head,
            content: Vec::new(),
        })
    }

    async fn write(&self, incoming: &mut Incoming, octets: &[u8]) -> io::Result<()> {
        incoming
            .content
            .try_reserve(octets.len())
            .map_err(io::Error::other)?;
        incoming.content.extend_from_slice(octets);
        Ok(())
    }

    async fn commit(&self, incoming: Incoming, facts: Facts) -> io::Result<()> {
        if facts.octets != incoming.content.len() as u64 {
            return Err(io::Error::other("the facts are about another content"));
        }
        if let Err(fault) = self.insert(&incoming, facts).await {
            let id = &incoming.head.id;
            if !fault.is_open() || !self.was_stored(id).await {
                // The client will send it again. If it is there in spite of that, it arrives twice.
                if matches!(fault, Fault::Warned) {
                    let _ = self.0.pool.execute(sql::DELETE, &[&rows::uuid(id)]).await;
                }
                return Err(fault.into());
            }
            info!(%id, "a message was stored, though the answer was lost");
        }
        self.0.changed();
        Ok(())
    }

    async fn claim(&self, most: usize, full: &HashSet<Arc<str>>) -> io::Result<Vec<Claim>> {
        if self.0.look() == Look::Nothing {
            return Ok(Vec::new());
        }
        let claims = self.take(most, full).await?;
        if claims.is_empty() {
            let mut look = self.0.look.lock().unwrap_or_else(PoisonError::into_inner);
            *look = match *look {
                Look::Due => Look::Taken,
                _ => Look::Nothing,
            };
        }
        Ok(claims)
    }

    async fn renew(&self, claim: &Claim) -> io::Result<bool> {
        let (id, lease) = (rows::uuid(&claim.head.id), self.lease_of(claim));
        let arguments: pool::Arguments<'_> = &[&id, &lease, &self.0.lease];
        let renewed = self.0.pool.execute(sql::RENEW, arguments).await?;
        Ok(renewed == claim.recipients.len() as u64)
    }

    async fn content(&self, claim: &Claim) -> io::Result<Content> {
        let id = rows::uuid(&claim.head.id);
        Ok(Content::new(Arc::clone(&self.0.pool), id, claim.facts.octets))
    }

    async fn record(&self, claim: Claim, results: Vec<Progress>) -> io::Result<()> {
        let columns = ResultColumns::of(&results);
        let ended = results.iter().any(|result| result.state.ending.is_some());
        let patience = Duration::from_millis(self.0.lease.unsigned_abs()) + RECORDING;
        let began = Instant::now();
        let mut backoff = Backoff::default();
        // The hosts have their answers: the message would be sent again if the results were lost.
        while let Err(fault) = self.save(&claim, &columns, ended).await {
            if backoff.is_new() {
                error!(id = %claim.head.id, error = %io::Error::from(fault), "cannot record the results of a delivery");
            }
            if began.elapsed() > patience {
                return Err(io::Error::other("the results of a delivery are lost"));
            }
            sleep(backoff.next(random())).await;
        }
        self.0.changed();
        Ok(())
    }

    async fn release(&self, claim: Claim) -> io::Result<()> {
        let (id, lease) = (rows::uuid(&claim.head.id), self.lease_of(&claim));
        let released = self.0.pool.execute(sql::RELEASE, &[&id, &lease]).await;
        if released.is_err() {
            self.0.doubtful().push(lease);
        }
        released?;
        self.0.changed();
        Ok(())
    }

    async fn ready(&self, full: &HashSet<Arc<str>>) {
        let full: Vec<&str> = full.iter().map(|hop| &**hop).collect();
        if self.0.look() == Look::Taken {
            sleep(PAUSE).await;
        }
        let mut backoff = Backoff::default();
        loop {
            let changed = self.0.changed.notified();
            match self.next_due(&full).await {
                Ok(Some(Duration::ZERO)) => return self.0.saw(Look::Due),
                Ok(due) => {
                    backoff = Backoff::default();
                    let poll = Duration::from_millis(POLL / 2 + random() % (POLL / 2));
                    let _ = timeout(due.map_or(poll, |due| due.min(poll)), changed).await;
                }
                Err(error) => {
                    if backoff.is_new() {
                        error!(%error, "the queue waits for the database");
                    }
                    self.0.spare();
                    sleep(backoff.next(random())).await;
                }
            }
        }
    }

    async fn list(&self) -> io::Result<Vec<Listed>> {
        let messages = self.0.pool.query(sql::ALL_MESSAGES, &[]).await?;
        let ids = messages
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<Vec<&str>, _>>();
        let ids = ids.map_err(io::Error::other)?;
        let stored = self.join(&messages, &ids).await?.into_iter();
        Ok(stored
            .map(|stored| Listed {
                head: stored.head,
                octets: stored.facts.octets,
                states: stored.states,
            })
            .collect())
    }

    async fn retry(&self, id: Option<&Id>) -> io::Result<bool> {
        let known = match id {
            Some(id) => {
                let id = rows::uuid(id);
                self.0.pool.execute(sql::RETRY, &[&id]).await?;
                !self.0.pool.query(sql::KNOWN, &[&id]).await?.is_empty()
            }
            None => {
                // In batches: each is short, however long the queue is.
                let since = now();
                while self.retry_some(since).await? > 0 {}
                true
            }
        };
        self.0.changed();
        Ok(known)
    }

    async fn delete(&self, id: &Id) -> io::Result<bool> {
        Ok(self.0.pool.execute(sql::DELETE, &[&rows::uuid(id)]).await? > 0)
    }
}

#[cfg(test)]
mod tests;
