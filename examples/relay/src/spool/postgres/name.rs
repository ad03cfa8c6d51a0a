//! The name of a process, which its leases bear.
//!
//! A process holds its name by an advisory lock, on a connection of its own. A name that is free belongs to nobody who is
//! alive, so a process that takes it takes back the leases of the one before.

use std::{fs, sync::Weak, time::Duration};

use tokio::time::sleep;
use tokio_postgres::types::ToSql;
use tracing::{info, warn};

use super::{
    backoff::Backoff,
    pool::{Connection, Fault, Pool},
    rows, sql,
};
use crate::spool::random;

/// Names that are tried: processes that share a name.
const NAMES: u32 = 1000;

/// The connection is looked at this often.
const INTERVAL: Duration = Duration::from_secs(1);

/// A name that is held.
#[derive(Debug)]
pub(super) struct Held {
    /// The number of the name: the first half of the leases.
    pub(super) number: i64,
    connection: Connection,
}

/// The name of this computer.
pub(super) fn of_computer() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "relay".into(),
        name => name.into(),
    }
}

/// Takes a name: this one, or the first one like it that no process holds. Takes back the leases of the process that had it.
pub(super) async fn take(pool: &Pool, name: &str) -> Result<Held, Fault> {
    let mut connection = pool.connect().await?;
    for n in 1..=NAMES {
        let own = if n == 1 {
            name.to_owned()
        } else {
            format!("{name}/{n}")
        };
        let number = number(&mut connection, &own).await?;
        if try_lock(&mut connection, number).await? {
            let (first, last) = (rows::lease(number, 0), rows::lease(number, u64::MAX));
            let freed = pool.execute(sql::FREE_RANGE, &[&first, &last]).await?;
            info!(name = own, freed, "spool is open");
            return Ok(Held { number, connection });
        }
    }
    // So many processes: a number that no other process has.
    Ok(Held {
        number: random().cast_signed(),
        connection,
    })
}

/// Keeps a name as long as the pool is there.
pub(super) async fn keep(mut held: Held, pool: Weak<Pool>) {
    let mut backoff = Backoff::default();
    loop {
        sleep(INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        if !held.connection.is_closed() {
            continue;
        }
        match take_again(&pool, held.number).await {
            Ok(Some(connection)) => {
                held.connection = connection;
                backoff = Backoff::default();
            }
            result => {
                if backoff.is_new() {
                    warn!(?result, "cannot hold the name of this process");
                }
                sleep(backoff.next(random())).await;
            }
        }
    }
}

async fn take_again(pool: &Pool, number: i64) -> Result<Option<Connection>, Fault> {
    let mut connection = pool.connect().await?;
    let locked = try_lock(&mut connection, number).await?;
    Ok(locked.then_some(connection))
}

async fn number(connection: &mut Connection, name: &str) -> Result<i64, Fault> {
    first(connection, sql::NUMBER, &[&name]).await
}

async fn try_lock(connection: &mut Connection, number: i64) -> Result<bool, Fault> {
    first(connection, sql::TAKE_NUMBER, &[&number]).await
}

/// The only value of the only row.
async fn first<T>(
    connection: &mut Connection,
    sql: &'static str,
    arguments: &[&(dyn ToSql + Sync)],
) -> Result<T, Fault>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    let rows = connection.query(sql, arguments).await?;
    let row = rows.first().ok_or(Fault::Timeout)?;
    row.try_get(0).map_err(Fault::Refused)
}
