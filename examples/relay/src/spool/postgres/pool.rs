//! Connections with the database.

use std::{
    collections::HashMap,
    fmt,
    future::poll_fn,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::AbortHandle,
    time::timeout,
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Error, Row, Statement,
    error::{DbError, SqlState},
    types::ToSql,
};
use tracing::{debug, warn};

use super::{sql, tls::Tls};

/// Arguments of a statement.
pub(super) type Arguments<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Connections at a time: more would not make a small server faster, and each is a process of it.
const MOST: usize = 16;

/// Time to connect, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(5);

/// Time for a statement. A server that is alive needs a fraction of it.
const STATEMENT: Duration = Duration::from_secs(20);

/// Attempts of a statement that may be repeated.
const ATTEMPTS: u32 = 4;

/// Connections that are kept. Each is lent to one user at a time.
pub(super) struct Pool {
    config: Config,
    tls: Tls,
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
}

/// A connection that is lent. Dropping it gives it back, also while an answer is awaited, which the driver skips then. In a
/// transaction, or after a fault that is not about one statement, it is closed.
#[derive(Debug)]
pub(super) struct Lent<'p> {
    pool: &'p Pool,
    /// `None` after the drop.
    connection: Option<Connection>,
    is_clean: bool,
    _permit: SemaphorePermit<'p>,
}

/// A connection.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    /// The server sent a warning.
    warned: Arc<AtomicBool>,
    task: AbortHandle,
}

/// The reason why a statement failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// There is no connection, and nothing was sent.
    #[error("cannot connect to the database")]
    Unreachable(#[source] Error),
    /// The connection ended: the statement was executed or not.
    #[error("the connection with the database was lost")]
    Lost(#[source] Error),
    /// No answer came in time: the statement was executed or not.
    #[error("the database does not answer")]
    Timeout,
    /// The server refused the statement, which has no effect.
    #[error("the database refused")]
    Refused(#[source] Error),
    /// The server warned at a COMMIT: the transaction may be lost with the server.
    #[error("the database warned")]
    Warned,
}

impl Pool {
    pub(super) fn new(mut config: Config, tls: Tls, application: &str) -> Self {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name(application);
        }
        Self {
            config,
            tls,
            idle: Mutex::default(),
            free: Semaphore::new(MOST),
        }
    }

    /// Opens a connection that is not kept.
    pub(super) async fn connect(&self) -> Result<Connection, Fault> {
        Connection::open(&self.config, self.tls.clone()).await
    }

    /// Lends a connection.
    pub(super) async fn lend(&self) -> Result<Lent<'_>, Fault> {
        let Ok(permit) = self.free.acquire().await else {
            return Err(Fault::Timeout);
        };
        let idle = loop {
            let last = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match last {
                Some(gone) if gone.client.is_closed() => {}
                idle => break idle,
            }
        };
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lent {
            pool: self,
            connection: Some(connection),
            is_clean: true,
            _permit: permit,
        })
    }

    /// Executes a statement that does no harm if it is executed twice.
    pub(super) async fn query(&self, sql: &'static str, arguments: Arguments<'_>) -> Result<Vec<Row>, Fault> {
        let mut attempt = 1;
        loop {
            let fault = match self.query_once(sql, arguments).await {
                Ok(rows) => return Ok(rows),
                Err(fault) => fault,
            };
            if attempt == ATTEMPTS || !fault.may_pass() {
                return Err(fault);
            }
            attempt += 1;
        }
    }

    /// As [`query`](Self::query), for a statement without rows. Returns the number of rows that it changed.
    pub(super) async fn execute(&self, sql: &'static str, arguments: Arguments<'_>) -> Result<u64, Fault> {
        let mut attempt = 1;
        loop {
            let fault = match self.execute_once(sql, arguments).await {
                Ok(changed) => return Ok(changed),
                Err(fault) => fault,
            };
            if attempt == ATTEMPTS || !fault.may_pass() {
                return Err(fault);
            }
            attempt += 1;
        }
    }

    async fn query_once(&self, sql: &'static str, arguments: Arguments<'_>) -> Result<Vec<Row>, Fault> {
        self.lend().await?.query(sql, arguments).await
    }

    async fn execute_once(&self, sql: &'static str, arguments: Arguments<'_>) -> Result<u64, Fault> {
        self.lend().await?.execute(sql, arguments).await
    }
}

impl Lent<'_> {
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        arguments: Arguments<'_>,
    ) -> Result<Vec<Row>, Fault> {
        let rows = self.connection()?.query(sql, arguments).await;
        self.seen(rows)
    }

    pub(super) async fn execute(
        &mut self,
        sql: &'static str,
        arguments: Arguments<'_>,
    ) -> Result<u64, Fault> {
        let changed = self.connection()?.execute(sql, arguments).await;
        self.seen(changed)
    }

    /// Begins a transaction. It is rolled back unless [`commit`](Self::commit) ends it.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        self.is_clean = false;
        self.connection()?.batch("begin").await
    }

    pub(super) async fn commit(mut self) -> Result<(), Fault> {
        self.connection()?.batch("commit").await?;
        self.is_clean = true;
        Ok(())
    }

    /// Returns true if the server sent a warning since the last call.
    pub(super) fn was_warned(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.warned.swap(false, Ordering::Relaxed))
    }

    fn connection(&mut self) -> Result<&mut Connection, Fault> {
        self.connection.as_mut().ok_or(Fault::Timeout)
    }

    fn seen<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        self.is_clean &= matches!(result, Ok(_) | Err(Fault::Refused(_)));
        result
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|_| self.is_clean);
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(connection.filter(|connection| !connection.is_closed()));
    }
}

impl Connection {
    async fn open(config: &Config, tls: Tls) -> Result<Self, Fault> {
        let opened = timeout(STATEMENT, config.connect(tls)).await;
        let (client, mut connection) = opened.map_err(|_| Fault::Timeout)?.map_err(Fault::Unreachable)?;
        let warned = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&warned);
        let task = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        warn!(message = notice.message(), "the database warns");
                        flag.store(true, Ordering::Relaxed);
                    }
                    Ok(_) => {}
                    Err(error) => {
                        debug!(%error, "the connection with the database ended");
                        break;
                    }
                }
            }
        });
        let connection = Self {
            client,
            statements: HashMap::new(),
            warned,
            task: task.abort_handle(),
        };
        connection.batch(sql::SESSION).await?;
        connection.warned.store(false, Ordering::Relaxed);
        Ok(connection)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        arguments: Arguments<'_>,
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.statement(sql).await?;
        in_time(self.client.query(&statement, arguments)).await
    }

    async fn execute(&mut self, sql: &'static str, arguments: Arguments<'_>) -> Result<u64, Fault> {
        let statement = self.statement(sql).await?;
        in_time(self.client.execute(&statement, arguments)).await
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), Fault> {
        in_time(self.client.batch_execute(sql)).await
    }

    /// A prepared statement, which the connection keeps.
    async fn statement(&mut self, sql: &'static str) -> Result<Statement, Fault> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = in_time(self.client.prepare(sql)).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
    match timeout(STATEMENT, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Fault::of(error)),
        Err(_) => Err(Fault::Timeout),
    }
}

impl Fault {
    fn of(error: Error) -> Self {
        match error.as_db_error().map(DbError::code) {
            // The server stops: its answer may be about an earlier statement or about none.
            Some(code) if is_end(code) => Self::Lost(error),
            Some(_) => Self::Refused(error),
            None if error.is_closed() || io_kind(&error).is_some() => Self::Lost(error),
            // A value that the driver cannot convert, before anything is sent.
            None => Self::Refused(error),
        }
    }

    /// Returns true if a statement that was sent may have been executed.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Timeout)
    }

    /// Returns true if the database is away, or has no room, and may be back in a while.
    pub(super) fn is_away(&self) -> bool {
        match self {
            Self::Lost(_) | Self::Timeout => true,
            Self::Unreachable(error) => match error.code() {
                Some(code) => is_end(code) || *code == SqlState::TOO_MANY_CONNECTIONS,
                // An error of TLS has a kind of its own: a certificate does not mend itself.
                None => {
                    error.is_closed() || io_kind(error).is_some_and(|kind| kind != io::ErrorKind::InvalidData)
                }
            },
            Self::Refused(_) | Self::Warned => false,
        }
    }

    /// Returns true if another attempt on another connection may succeed at once.
    fn may_pass(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused(error) => error.code().is_some_and(is_conflict),
            Self::Unreachable(_) | Self::Timeout | Self::Warned => false,
        }
    }
}

/// The codes of a server that ends sessions: class 57P.
fn is_end(code: &SqlState) -> bool {
    code.code().starts_with("57P")
}

/// The codes of transactions that were in each other's way: class 40.
fn is_conflict(code: &SqlState) -> bool {
    code.code().starts_with("40")
}

/// The kind of an error of the system or of TLS.
fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    source.map(io::Error::kind)
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Timeout => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, Shown(fault))
    }
}

/// A fault with its causes in one line: an `io::Error` is often shown without its sources.
#[derive(Debug)]
struct Shown(Fault);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = std::error::Error::source(&self.0);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Shown {}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration has the password.
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::postgres::tls::address;

    #[test]
    fn a_server_that_stops_leaves_the_result_open() {
        for code in [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ] {
            assert!(is_end(&code));
        }
        assert!(!is_end(&SqlState::UNIQUE_VIOLATION));
        assert!(is_conflict(&SqlState::T_R_DEADLOCK_DETECTED));
        assert!(!is_conflict(&SqlState::DISK_FULL));
    }

    #[test]
    fn a_password_is_not_shown() {
        let (config, tls) = address("postgres://relay:secret@localhost/mail").unwrap();
        assert!(!format!("{:?}", Pool::new(config, tls, "relay")).contains("secret"));
    }
}
