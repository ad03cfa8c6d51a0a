//! The service of the example `server`, on every runtime.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smtp_driver::{About, Accept, AuthAttempt, Bytes, Service};
use smtp_proto::{
    sasl::AuthOutcome,
    server::{AuthFailure, Member},
    trace::ReturnPath,
    types::{
        ClientInfo, ClientName, Etrn, EtrnAnswer, Host, Keyword, Mail, Query, Rcpt, Rejection, Timestamp,
    },
};

use crate::{
    serve::{ExtensionFlags, PolicyFlags, ProxyFlags},
    store::{Incoming, Store, Stored, unix_time},
    users::{Attempt, Users},
};

/// The rejection for EXPN, because there are no lists (RFC 5321 section 3.5.3).
const NO_LIST: Rejection = Rejection::from_static(550, (5, 1, 1), "no such list");

/// Initial octets of the buffer for trace fields, which is enough for most.
const TRACE: usize = 300;

/// The service: a mail server with users that stores messages.
pub struct Site {
    hostname: Host<'static>,
    policy: PolicyFlags,
    proxies: ProxyFlags,
    extensions: ExtensionFlags,
    store: Store,
    users: Users,
    on_stored: Option<OnStored>,
    disk: Disk,
}

type OnStored = Box<dyn Fn(&About) + Send + Sync>;

/// Runs work that waits for the disk: on another thread if sessions share this one.
pub type Disk = fn(Work) -> Pin<Box<dyn Future<Output = io::Result<Stored>> + Send>>;

/// Work that stores a message.
pub type Work = Box<dyn FnOnce() -> io::Result<Stored> + Send>;

/// A transaction.
#[derive(Debug)]
pub struct Transaction {
    about: About,
    mail: Mail<'static>,
    incoming: Option<Incoming>,
    /// The message in the store.
    stored: Option<Arc<Stored>>,
}

impl Site {
    /// Creates a server that accepts mail to every recipient. It waits for the disk on the threads of the sessions.
    #[must_use]
    pub fn new(hostname: Host<'static>, store: Store, users: Users) -> Self {
        Self {
            hostname,
            policy: PolicyFlags::default(),
            proxies: ProxyFlags::default(),
            extensions: ExtensionFlags::default(),
            store,
            users,
            on_stored: None,
            disk: |work| Box::pin(async { work() }),
        }
    }

    /// Sets the way to wait for the disk.
    #[must_use]
    pub const fn with_disk(mut self, disk: Disk) -> Self {
        self.disk = disk;
        self
    }

    /// Sets the recipients that are accepted.
    #[must_use]
    pub fn with_policy(mut self, policy: PolicyFlags) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the proxies that are trusted.
    #[must_use]
    pub fn with_proxies(mut self, proxies: ProxyFlags) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sets the extensions whose rules the service enforces.
    #[must_use]
    pub fn with_extensions(mut self, extensions: ExtensionFlags) -> Self {
        self.extensions = extensions;
        self
    }

    /// Calls a function before each message is stored, with the facts of the session.
    #[must_use]
    pub fn on_stored(mut self, call: impl Fn(&About) + Send + Sync + 'static) -> Self {
        self.on_stored = Some(Box::new(call));
        self
    }

    /// The users that may authenticate.
    #[must_use]
    pub const fn users(&self) -> &Users {
        &self.users
    }

    /// Offers FUTURERELEASE to a client that has authenticated. Not in LMTP, because the extension is for submission (RFC
    /// 4865 section 3).
    fn offer_future_release(&self, about: &About) {
        if let Some(extension) = self.extensions.future_release(next_second())
            && !about.protocol_name().starts_with("LMTP")
        {
            about.handle().offer(extension);
        }
    }

    /// Opens the store for a message, with its trace fields at the top.
    fn open(&self, transaction: &Transaction, to: &[Rcpt<'static>]) -> io::Result<Incoming> {
        let received = transaction.about.received(&self.hostname, unix_time());
        let mut received = received.ok_or_else(|| io::Error::other("a message without EHLO"))?;
        if let [only] = to {
            received = received.with_recipient(only.forward_path());
        }
        if let Some(priority) = transaction.mail.parameters().priority() {
            received = received.with_priority(priority);
        }
        let mut trace = String::with_capacity(TRACE);
        ReturnPath(transaction.mail.reverse_path())
            .write_to(&mut trace)
            .and_then(|()| received.write_to(&mut trace))
            .map_err(io::Error::other)?;
        self.store.begin(trace)
    }
}

impl Service for Site {
    type Mail = Transaction;

    async fn connect(&self, about: &About) -> Result<Accept, Rejection> {
        self.proxies.offer(about);
        Ok(Accept::Yes)
    }

    async fn xclient(&self, about: &About, info: &ClientInfo<'static>) -> Result<Option<String>, Rejection> {
        // An offer after a login was only for that user.
        about.handle().withdraw(Keyword::FutureRelease);
        let login = info.login().filter(|login| self.users.knows(login));
        if login.is_some() {
            self.offer_future_release(about);
        }
        Ok(login.map(Into::into))
    }

    /// Accepts the origin of the next message, for the log.
    async fn xforward(&self, _: &About, _: &ClientInfo<'static>) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }

    async fn auth(&self, about: &About, attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
        let (mechanism, request) = (attempt.mechanism, &attempt.request);
        let state = about.state::<Mutex<Attempt>>();
        let mut state = lock(&state);
        let outcome = self
            .users
            .judge(mechanism, request, &about.sasl_context(), &mut state);
        if outcome == AuthOutcome::Reject {
            log(state.failure(mechanism, peer(about)));
        }
        if matches!(outcome, AuthOutcome::Accept(_)) {
            self.offer_future_release(about);
        }
        Ok(outcome)
    }

    fn auth_failed(&self, about: &About, why: AuthFailure) {
        // Without a token there was no attempt to guess.
        if why != AuthFailure::NoToken {
            let state = about.state::<Mutex<Attempt>>();
            let attempt = std::mem::take(&mut *lock(&state));
            log(attempt.end(why, peer(about)));
        }
    }

    async fn hello(&self, about: &About, _: &ClientName<'static>) -> Result<Accept, Rejection> {
        if about.identity().is_some() {
            self.offer_future_release(about);
        }
        Ok(Accept::Yes)
    }

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Transaction, Rejection> {
        if !about.xforward().is_empty() {
            log(format!("passed on by {}: {}", peer(about), about.xforward()));
        }
        // Read the clock only for a message that is held.
        if mail.parameters().hold().is_some() {
            mail.parameters().release_time(next_second())?;
        }
        Ok(Transaction {
            about: about.clone(),
            mail,
            incoming: None,
            stored: None,
        })
    }

    async fn recipient(&self, transaction: &Transaction, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        self.policy
            .check(rcpt.forward_path(), transaction.about.identity())?;
        self.extensions.check_owner(rcpt.parameters())?;
        Ok(Accept::Yes)
    }

    async fn begin(&self, transaction: &mut Transaction, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        transaction.incoming = Some(self.open(transaction, to).map_err(not_stored)?);
        Ok(Accept::Yes)
    }

    /// Writes to the file without another thread, because the system usually stores the octets in memory.
    async fn body(&self, transaction: &mut Transaction, octets: Bytes) -> Result<(), Rejection> {
        match &mut transaction.incoming {
            Some(incoming) => incoming.write(&octets).map_err(not_stored),
            None => Ok(()),
        }
    }

    async fn message(&self, transaction: &mut Transaction, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let parameters = transaction.mail.parameters();
        if let Some(incoming) = &mut transaction.incoming {
            incoming.end_header().map_err(not_stored)?;
            if incoming.is_looping() {
                return Err(Rejection::LOOP);
            }
            self.extensions
                .check_classes(parameters.solicitation(), incoming.solicitation())?;
        }
        if let Some(call) = &self.on_stored {
            call(&transaction.about);
        }
        let (incoming, first) = (transaction.incoming.take(), transaction.stored.clone());
        let due = parameters.hold().map(|hold| hold.release_time(next_second()));
        // With LMTP and PRDR there is a call for each recipient, and each gets a copy.
        let keep = move || match (incoming, first) {
            (Some(incoming), _) => incoming.keep(due),
            (None, Some(first)) => first.copy(),
            (None, None) => Err(io::Error::other(
                "the message was not stored for the first recipient",
            )),
        };
        let kept = if self.store.waits() {
            (self.disk)(Box::new(keep)).await
        } else {
            keep()
        };
        let kept = kept.map_err(not_stored)?;
        let changed = ExtensionFlags::changed_priority(parameters.priority(), transaction.about.identity());
        let accept = Accept::text(match changed {
            Some(priority) => format!("{}, stored as {}", priority.changed().as_str(), kept.id()),
            None => format!("stored as {}", kept.id()),
        });
        transaction.stored.get_or_insert_with(|| Arc::new(kept));
        Ok(accept)
    }

    async fn etrn(&self, _: &About, etrn: &Etrn<'static>) -> Result<EtrnAnswer, Rejection> {
        self.policy.start_queue(etrn)
    }

    async fn expand(&self, _: &About, _: &Query<'static>) -> Result<Vec<Member<'static>>, Rejection> {
        Err(NO_LIST)
    }
}

/// Shows no secrets.
impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("hostname", &self.hostname)
            .field("policy", &self.policy)
            .field("proxies", &self.proxies)
            .field("store", &self.store)
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

/// Returns the current time, rounded up, so that no message is released early.
fn next_second() -> Timestamp {
    let seconds = i64::try_from(unix_time()).unwrap_or(i64::MAX);
    Timestamp::from_unix_time(seconds)
        .unwrap_or(Timestamp::MAX)
        .saturating_add(1)
}

/// Returns the address of the client. A client on a Unix socket is on this computer.
fn peer(about: &About) -> IpAddr {
    let peer = about.peer().ip();
    peer.map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.to_canonical())
}

fn lock(attempt: &Mutex<Attempt>) -> MutexGuard<'_, Attempt> {
    attempt.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs the error, and returns the rejection for a message that could not be stored.
fn not_stored(error: io::Error) -> Rejection {
    log(format!("cannot store: {error}"));
    Rejection::LOCAL_ERROR
}

#[expect(clippy::print_stderr, reason = "the log of a program for the terminal")]
pub(crate) fn log(line: impl fmt::Display) {
    eprintln!("{line}");
}

#[cfg(test)]
mod tests;
