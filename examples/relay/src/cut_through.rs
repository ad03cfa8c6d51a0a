//! The server that stores nothing, and returns the next hop's replies.
//!
//! The first recipient of a transaction determines the next hop; its reply is that of the first host that accepts it.
//! Recipients of another next hop get a temporary rejection, so the client sends the message to them in another transaction.
//!
//! The session with the next hop begins before the content, so a field `TLS-Required: No` (RFC 8689 section 4.1) arrives too
//! late: the policies of the recipient's domain apply anyway, and RCPT gets 451 if no host satisfies them.

mod sessions;

use std::sync::Arc;

use smtp_driver::{About, Accept, AuthAttempt, Bytes, Service};
use smtp_proto::{
    client::{ReplyTo, Retry},
    sasl::AuthOutcome,
    server::AuthFailure,
    types::{Envelope, Keyword as Ext, Mail, MailParameters, Rcpt, Rejection, Reply},
};
use smtp_relay::route::{Attempted, Fate, Final, Keyword, Need, Outcome, Route, Target, TlsRequiredField};
use smtp_tokio::Error;
use tokio::sync::Mutex;
use tracing::{debug, info};

use self::sessions::Permit;
pub(crate) use self::sessions::Sessions;
use crate::{
    delivery::{Connector, Hop, Hosts, Lookups, Settings, drive},
    intake::{Content, Door},
    spool::random,
};

/// The rejection for a recipient of another next hop.
const ANOTHER_HOP: Rejection = Rejection::from_static(
    451,
    (4, 5, 3),
    "one destination at a time: send again to this recipient",
);

/// The rejection for a recipient whose next hop has the maximum number of sessions.
const BUSY: Rejection = Rejection::from_static(
    451,
    (4, 4, 5),
    "too many sessions with this destination: send again later",
);

/// The parts that all listeners share.
pub(crate) struct Passage {
    pub(crate) settings: Settings,
    pub(crate) sessions: Sessions,
    pub(crate) connector: Connector,
    pub(crate) lookups: Arc<Lookups>,
}

/// The service of one kind of listeners.
pub(crate) struct CutThrough {
    pub(crate) door: Arc<Door>,
    pub(crate) passage: Arc<Passage>,
    /// True if `--relay-from` applies.
    pub(crate) network_counts: bool,
}

/// A transaction, and its session with the next hop.
pub(crate) struct Transaction {
    about: About,
    mail: Mail<'static>,
    next: Mutex<Next>,
    content: Content,
}

/// The state of the session with the next hop.
#[derive(Default)]
enum Next {
    /// No recipient was accepted.
    #[default]
    None,
    Open(Box<Session>),
    /// The session is over, so the accepted recipients are lost.
    Lost,
}

/// A session with a next hop that accepted MAIL and a recipient.
struct Session {
    hop: Hop,
    next_hop: String,
    permit: Permit,
}

/// The attempts for the first recipient.
struct First<'a> {
    passage: &'a Passage,
    mail: &'a Mail<'static>,
    rcpt: &'a Rcpt<'static>,
    accepted: Option<Hop>,
}

impl CutThrough {
    /// Finds a host that accepts the first recipient.
    async fn first(
        &self,
        mail: &Mail<'static>,
        rcpt: &Rcpt<'static>,
    ) -> Result<(Hop, Reply<'static>), Rejection> {
        let Passage {
            settings, lookups, ..
        } = &*self.passage;
        let to = settings.routing.destination(rcpt.forward_path())?;
        let envelope = Envelope::new(mail.reverse_path().clone()).with_parameters(mail.parameters().clone());
        let need = Need::of(&envelope, TlsRequiredField::Absent);
        let route = Route::new(Arc::clone(&settings.route), to, 1, need, random());
        let mut first = First {
            passage: &self.passage,
            mail,
            rcpt,
            accepted: None,
        };
        let mut finals = drive(route, 1, lookups, &mut first).await;
        match (finals.pop(), first.accepted) {
            (Some(Final::Delivered { reply, .. }), Some(hop)) => Ok((hop, reply)),
            (Some(result), _) => Err(result.rejection().unwrap_or(Rejection::LOCAL_ERROR)),
            (None, _) => Err(Rejection::LOCAL_ERROR),
        }
    }
}

impl Hosts for First<'_> {
    async fn attempt(&mut self, target: Target, _: &[usize]) -> Attempted {
        let mut hop = match self.passage.connector.connect(&target).await {
            Ok(hop) => hop,
            Err(attempted) => return attempted,
        };
        let outcome = offer(self.mail, self.rcpt, &target, &mut hop).await;
        let tried = hop.tried;
        if matches!(&outcome, Outcome::Ran(fates) if matches!(fates[..], [Fate::Accepted(_)])) {
            self.accepted = Some(hop);
        } else {
            // End this session first: one session at a time, even with several hosts of a destination.
            hop.quit().await;
        }
        Attempted::new(outcome).with_addresses(tried)
    }
}

impl Service for CutThrough {
    type Mail = Transaction;

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

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Transaction, Rejection> {
        Ok(Transaction {
            about: about.clone(),
            mail,
            next: Mutex::default(),
            content: Content::new(),
        })
    }

    async fn recipient(&self, transaction: &Transaction, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        self.door.check(&transaction.about, self.network_counts, rcpt)?;
        let next_hop = self.door.routing.next_hop(rcpt.forward_path())?;
        let mut next = transaction.next.lock().await;
        let mut session = match std::mem::replace(&mut *next, Next::Lost) {
            Next::Open(session) if session.next_hop == next_hop => session,
            Next::Open(session) => {
                *next = Next::Open(session);
                return Err(ANOTHER_HOP);
            }
            Next::Lost => return Err(Rejection::LOCAL_ERROR),
            Next::None => {
                *next = Next::None;
                let permit = self.passage.sessions.acquire(&next_hop).await.ok_or(BUSY)?;
                let (hop, reply) = self.first(&transaction.mail, rcpt).await?;
                *next = Next::Open(Box::new(Session {
                    hop,
                    next_hop,
                    permit,
                }));
                return Ok(Accept::Relay(reply));
            }
        };
        // The session is dropped with this future: the next hop must not deliver to a recipient that got a refusal here.
        let reply = session.hop.client.rcpt(rcpt.clone()).await;
        if session.hop.client.is_usable() {
            *next = Next::Open(session);
        }
        reply.map(Accept::Relay).map_err(rejection)
    }

    async fn begin(&self, transaction: &mut Transaction, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let received = self.door.received(&transaction.about, to)?;
        transaction.content.feed(&received);
        let session = session(&mut transaction.next)?;
        if let Some(refusal) = session.hop.client.data().await.map_err(rejection)? {
            return Ok(Accept::Relay(refusal));
        }
        let refusal = session.hop.client.send_body(&received).await.map_err(rejection)?;
        Ok(refusal.map_or(Accept::Yes, Accept::Relay))
    }

    async fn body(&self, transaction: &mut Transaction, octets: Bytes) -> Result<(), Rejection> {
        transaction.content.feed(&octets);
        let session = session(&mut transaction.next)?;
        match session.hop.client.send_body(&octets).await.map_err(rejection)? {
            Some(refusal) => Err((&refusal).try_into().unwrap_or(Rejection::LOCAL_ERROR)),
            None => Ok(()),
        }
    }

    async fn message(
        &self,
        transaction: &mut Transaction,
        to: &[Rcpt<'static>],
    ) -> Result<Accept, Rejection> {
        // Without the final dot, the next hop discards the message.
        let Next::Open(mut session) = std::mem::replace(transaction.next.get_mut(), Next::Lost) else {
            return Err(Rejection::LOCAL_ERROR);
        };
        let content = std::mem::replace(&mut transaction.content, Content::new());
        content.finish(to.iter().map(Rcpt::forward_path))?;
        let replies = session.hop.client.end_of_data().await;
        let next_hop = session.next_hop.clone();
        debug!(next_hop, ?replies);
        // A lost reply becomes 451, so the client sends the message again (RFC 1047).
        let reply = replies
            .map_err(|_| Rejection::LOCAL_ERROR)?
            .pop()
            .ok_or(Rejection::LOCAL_ERROR)?;
        let Session { hop, permit, .. } = *session;
        tokio::spawn(async move {
            hop.quit().await;
            drop(permit);
        });
        if reply.is_positive_completion() {
            let from = transaction.mail.reverse_path().as_str();
            info!(from, recipients = to.len(), next_hop, "passed on");
            self.door.metrics.accepted.add(1);
            self.door.metrics.delivered.add(to.len());
        }
        Ok(Accept::Relay(reply))
    }
}

fn session(next: &mut Mutex<Next>) -> Result<&mut Session, Rejection> {
    match next.get_mut() {
        Next::Open(session) => Ok(session),
        Next::None | Next::Lost => Err(Rejection::LOCAL_ERROR),
    }
}

/// Sends MAIL and RCPT.
async fn offer(given: &Mail<'static>, rcpt: &Rcpt<'static>, target: &Target, hop: &mut Hop) -> Outcome {
    let client = &mut hop.client;
    let verified = client.tls().is_some_and(|info| info.peer_verified);
    let offered = verified && client.extensions().has(Ext::RequireTls);
    let require_tls = match target.require_tls {
        Keyword::Required if !offered => return Outcome::KeywordMissing,
        Keyword::Required => true,
        Keyword::IfOffered => offered,
        Keyword::Omit => false,
    };
    let mail = Mail::new(
        given.reverse_path().clone(),
        parameters(given.parameters(), require_tls),
    );
    match client.mail(mail).await {
        Ok(reply) if !reply.is_positive_completion() => return refused(ReplyTo::Mail, reply),
        Ok(_) => {}
        Err(error) => return failed(error),
    }
    match client.rcpt(rcpt.clone()).await {
        Ok(reply) if reply.is_positive_completion() => Outcome::Ran(vec![Fate::Accepted(reply)]),
        Ok(reply) => refused(ReplyTo::Recipient(0), reply),
        Err(error) => failed(error),
    }
}

/// Returns the parameters for the next hop: without AUTH, and with REQUIRETLS if the route requires it.
fn parameters(given: &MailParameters<'static>, require_tls: bool) -> MailParameters<'static> {
    let mut parameters = MailParameters::default();
    if let Some(size) = given.size() {
        // Add room for the trace field.
        parameters = parameters.with_size(size.saturating_add(1000));
    }
    if let Some(body) = given.body() {
        parameters = parameters.with_body(body);
    }
    if let Some(ret) = given.ret() {
        parameters = parameters.with_ret(ret);
    }
    if given.smtputf8() {
        parameters = parameters.with_smtputf8();
    }
    if require_tls {
        parameters = parameters.with_require_tls();
    }
    match given.envelope_id() {
        Some(id) => parameters
            .clone()
            .with_envelope_id(id.clone())
            .unwrap_or(parameters),
        None => parameters,
    }
}

/// Returns the outcome for a refusal.
fn refused(to: ReplyTo, reply: Reply<'static>) -> Outcome {
    let retry = Retry::of_reply(&reply).unwrap_or(Retry::Later);
    Outcome::Ran(vec![Fate::Refused { to, reply, retry }])
}

/// Returns the outcome for a command without a reply.
fn failed(error: Error) -> Outcome {
    match error {
        Error::Rejected(error) => Outcome::of_request_error(&error),
        Error::Closed {
            reply: Some((to, reply)),
            ..
        } => refused(to, reply),
        _ => Outcome::Ran(vec![Fate::NotSent]),
    }
}

/// Returns the rejection for an error of a session that has begun.
fn rejection(error: Error) -> Rejection {
    match &error {
        Error::Closed {
            reply: Some((_, reply)),
            ..
        } => reply.try_into().unwrap_or(Rejection::LOCAL_ERROR),
        _ if error.retry() == Retry::Never => Rejection::TRANSACTION_FAILED,
        _ => Rejection::LOCAL_ERROR,
    }
}
