//! The server: accepts mail from clients, and stores it in the spool.

mod content;
mod who;

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use examples::users::{Attempt, Users};
use smtp_driver::{About, Accept, AuthAttempt, Bytes, Service};
use smtp_proto::{
    sasl::AuthOutcome,
    server::{AuthFailure, Reset},
    types::{Envelope, Host, Mail, Rcpt, Rejection},
};
use tracing::{info, warn};

pub(crate) use self::{
    content::Content,
    who::{Client, Who},
};
use crate::{
    metrics::Metrics,
    next_hop::Routing,
    spool::{Head, Id, Spool, now},
};

/// The parts of a server that all listeners share.
pub(crate) struct Door {
    pub(crate) hostname: Host<'static>,
    pub(crate) who: Who,
    pub(crate) users: Users,
    pub(crate) routing: Routing,
    pub(crate) metrics: Arc<Metrics>,
}

/// The service of one kind of listeners: stores each message before it accepts it.
pub(crate) struct Intake<S> {
    pub(crate) door: Arc<Door>,
    pub(crate) spool: S,
    /// True if `--relay-from` applies.
    pub(crate) network_counts: bool,
}

/// A transaction.
pub(crate) struct Transaction<I> {
    about: About,
    mail: Mail<'static>,
    incoming: Option<(Id, I, Content)>,
    /// The message, after it was stored.
    stored: Option<Id>,
}

impl Door {
    /// Checks that the client may send to a recipient, and that the recipient has a next hop.
    pub(crate) fn check(
        &self,
        about: &About,
        network_counts: bool,
        rcpt: &Rcpt<'_>,
    ) -> Result<(), Rejection> {
        let client = Client {
            peer: about.peer(),
            identity: about.identity(),
            network_counts,
        };
        self.who.check(client, rcpt.forward_path())?;
        self.routing.destination(rcpt.forward_path()).map(|_| ())
    }

    /// Returns the trace field for a message.
    pub(crate) fn received(&self, about: &About, to: &[Rcpt<'static>]) -> Result<Vec<u8>, Rejection> {
        let received = about.received(&self.hostname, now() / 1000);
        let mut received = received.ok_or(Rejection::LOCAL_ERROR)?;
        if let [only] = to {
            received = received.with_recipient(only.forward_path());
        }
        Ok(received.to_string().into_bytes())
    }

    pub(crate) fn auth(&self, about: &About, attempt: &mut AuthAttempt) -> AuthOutcome {
        let (mechanism, request) = (attempt.mechanism, &attempt.request);
        let state = about.state::<Mutex<Attempt>>();
        let mut state = lock(&state);
        let outcome = self
            .users
            .judge(mechanism, request, &about.sasl_context(), &mut state);
        if outcome == AuthOutcome::Reject {
            warn!("{}", state.failure(mechanism, peer(about)));
        }
        outcome
    }

    pub(crate) fn auth_failed(about: &About, why: AuthFailure) {
        // Without a token there was no attempt to guess.
        if why != AuthFailure::NoToken {
            let state = about.state::<Mutex<Attempt>>();
            let attempt = std::mem::take(&mut *lock(&state));
            warn!("{}", attempt.end(why, peer(about)));
        }
    }
}

impl<S: Spool> Intake<S> {
    fn head(&self, mail: &Mail<'static>, to: &[Rcpt<'static>]) -> Result<Head, Rejection> {
        let (reverse_path, parameters) = mail.clone().into_parts();
        let mut envelope = Envelope::new(reverse_path).with_parameters(parameters);
        let mut next_hops = Vec::new();
        for rcpt in to {
            let (path, parameters) = rcpt.clone().into_parts();
            next_hops.push(self.door.routing.next_hop(&path)?);
            envelope = envelope.recipient_with(path, parameters);
        }
        Ok(Head {
            id: Id::new(),
            accepted: now(),
            envelope,
            next_hops,
        })
    }

    fn not_stored(&self, error: &io::Error) -> Rejection {
        warn!(%error, "cannot store a message");
        self.door.metrics.not_stored.add(1);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Rejection::NO_STORAGE
            }
            _ => Rejection::LOCAL_ERROR,
        }
    }
}

impl<S: Spool> Service for Intake<S> {
    type Mail = Transaction<S::Incoming>;

    async fn connect(&self, _: &About) -> Result<Accept, Rejection> {
        self.door.metrics.sessions.add(1);
        Ok(Accept::Yes)
    }

    async fn auth(&self, about: &About, attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
        Ok(self.door.auth(about, attempt))
    }

    fn auth_failed(&self, about: &About, why: AuthFailure) {
        Door::auth_failed(about, why);
    }

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Self::Mail, Rejection> {
        Ok(Transaction {
            about: about.clone(),
            mail,
            incoming: None,
            stored: None,
        })
    }

    async fn recipient(&self, transaction: &Self::Mail, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        self.door.check(&transaction.about, self.network_counts, rcpt)?;
        Ok(Accept::Yes)
    }

    async fn begin(&self, transaction: &mut Self::Mail, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let received = self.door.received(&transaction.about, to)?;
        let head = self.head(&transaction.mail, to)?;
        let id = head.id.clone();
        let mut incoming = self
            .spool
            .begin(head)
            .await
            .map_err(|error| self.not_stored(&error))?;
        let written = self.spool.write(&mut incoming, &received).await;
        written.map_err(|error| self.not_stored(&error))?;
        let mut content = Content::new();
        content.feed(&received);
        transaction.incoming = Some((id, incoming, content));
        Ok(Accept::Yes)
    }

    async fn body(&self, transaction: &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        let (_, incoming, content) = transaction.incoming.as_mut().ok_or(Rejection::LOCAL_ERROR)?;
        content.feed(&octets);
        let written = self.spool.write(incoming, &octets).await;
        written.map_err(|error| self.not_stored(&error))
    }

    async fn message(&self, transaction: &mut Self::Mail, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let (id, incoming, content) = transaction.incoming.take().ok_or(Rejection::LOCAL_ERROR)?;
        let facts = content.finish(to.iter().map(Rcpt::forward_path))?;
        let stored = self.spool.commit(incoming, facts).await;
        stored.map_err(|error| self.not_stored(&error))?;
        self.door.metrics.accepted.add(1);
        let from = transaction.mail.reverse_path().as_str();
        info!(%id, from, recipients = to.len(), octets = facts.octets, client = %transaction.about.peer(), "accepted");
        let accept = Accept::text(format!("queued as {id}"));
        transaction.stored = Some(id);
        Ok(accept)
    }

    /// Deletes a stored message that was not acknowledged: the client will send it again.
    fn reset(&self, transaction: Self::Mail, _: Reset) {
        if let Some(id) = transaction.stored {
            let spool = self.spool.clone();
            tokio::spawn(async move {
                let withdrawn = spool.delete(&id).await;
                info!(%id, ?withdrawn, "withdrawn: the client did not wait for the reply");
            });
        }
    }
}

/// Returns the address of the client. A client on a Unix socket is on this computer.
fn peer(about: &About) -> IpAddr {
    let peer = about.peer().ip();
    peer.map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.to_canonical())
}

fn lock(attempt: &Mutex<Attempt>) -> MutexGuard<'_, Attempt> {
    attempt.lock().unwrap_or_else(PoisonError::into_inner)
}
