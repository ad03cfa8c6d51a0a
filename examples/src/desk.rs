//! What the `server` examples do with the questions of a session, whatever drives it.

use std::{io, net::IpAddr, sync::Arc};

use smtp_proto::{
    TlsUpgrade,
    sasl::AuthOutcome,
    server::{AuthFailure, Collector, Event, Server, Ticket, ticket},
    trace::{Received, ReturnPath},
    types::Rejection,
};
use smtp_rustls::ServerTls;

use crate::{
    serve::{self, Flags},
    store::{self, Incoming, Store},
    users::{Attempt, Users},
};

/// What all sessions share.
#[derive(Debug)]
#[non_exhaustive]
pub struct Site {
    /// What was asked for.
    pub flags: Flags,
    /// The settings for TLS, if there is an identity.
    pub tls: Option<ServerTls>,
    store: Store,
    users: Users,
}

impl Site {
    /// What the flags ask for.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn new(flags: Flags) -> Result<Self, String> {
        let (tls, users) = (flags.tls()?, flags.users()?);
        let store = flags.store()?;
        Ok(Self::of(flags, tls, store, users))
    }

    /// With parts that come from elsewhere.
    #[must_use]
    pub const fn of(flags: Flags, tls: Option<ServerTls>, store: Store, users: Users) -> Self {
        Self {
            flags,
            tls,
            store,
            users,
        }
    }

    /// Who may log in.
    #[must_use]
    pub const fn users(&self) -> &Users {
        &self.users
    }
}

/// The application's side of one session.
#[derive(Debug)]
pub struct Desk {
    site: Arc<Site>,
    peer: IpAddr,
    attempt: Attempt,
    transaction: Transaction,
}

/// The transaction in hand.
#[derive(Debug, Default)]
struct Transaction {
    envelope: Collector,
    message: Option<Incoming>,
    /// The name of the message in the store, once it is there.
    kept: Option<String>,
}

/// What is left to do for the driver.
#[derive(Debug)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "drivers do each of these")]
pub enum Todo {
    /// Nothing: go on.
    Nothing,
    /// The TLS handshake.
    StartTls(TlsUpgrade),
    /// [Run](Keeping::run) this where waiting for the disk holds nobody up, and tell what came of it to
    /// [`Desk::kept`].
    Keep(Box<Keeping>),
    /// The session is over.
    Close,
}

impl Desk {
    /// For a session with this client.
    #[must_use]
    pub fn new(site: Arc<Site>, peer: IpAddr) -> Self {
        Self {
            site,
            peer: peer.to_canonical(),
            attempt: Attempt::default(),
            transaction: Transaction::default(),
        }
    }

    /// Answers a question. Content is written to its file here: the system takes it into memory, as a rule. A server whose
    /// disks are slower than its clients hands it to a thread of its own.
    pub fn handle(&mut self, event: Event<'_>, server: &mut Server) -> Todo {
        // The machine gives tickets out and takes them back at once, or behind the one wait for the disk.
        let answered = match event {
            Event::Auth {
                mechanism,
                request,
                ticket,
            } => {
                let users = &self.site.users;
                let progress = users.judge(mechanism, request, &server.sasl_context(), &mut self.attempt);
                if progress == AuthOutcome::Reject {
                    log(&self.attempt.failure(mechanism, self.peer));
                }
                server.answer_auth(ticket, progress)
            }
            // Nothing was shown, so nobody has guessed at anything.
            Event::AuthFailed(AuthFailure::NoToken) => Ok(()),
            Event::AuthFailed(why) => {
                log(&std::mem::take(&mut self.attempt).end(why, self.peer));
                Ok(())
            }
            Event::Mail { mail, ticket } => {
                self.transaction = Transaction::default();
                self.transaction.envelope.accept_mail(server, ticket, mail)
            }
            Event::Recipient { index, rcpt, ticket } => {
                match self.site.flags.judge(rcpt.forward_path(), server.identity()) {
                    Ok(()) => {
                        let envelope = &mut self.transaction.envelope;
                        envelope.accept_recipient(server, ticket, index, rcpt)
                    }
                    Err(rejection) => server.reject(ticket, rejection),
                }
            }
            Event::Data { ticket } => match self.begin(server) {
                Ok(message) => {
                    self.transaction.message = Some(message);
                    server.accept(ticket)
                }
                Err(error) => {
                    log(&format!("cannot store: {error}"));
                    server.reject(ticket, serve::not_stored())
                }
            },
            Event::Body(octets) => {
                let written = self
                    .transaction
                    .message
                    .as_mut()
                    .map(|message| message.write(octets));
                if let Some(Err(error)) = written {
                    log(&format!("cannot store: {error}"));
                    self.transaction.message = None;
                    let _ = server.reject_body(serve::not_stored());
                }
                Ok(())
            }
            Event::EndOfData { ticket, .. } => {
                let message = self.transaction.message.take();
                if message.as_ref().is_some_and(Incoming::is_looping) {
                    server.reject(ticket, Rejection::LOOP)
                } else {
                    let keeping = Box::new(Keeping {
                        store: self.site.store.clone(),
                        message,
                        kept: self.transaction.kept.clone(),
                        ticket,
                    });
                    if self.site.store.waits() {
                        return Todo::Keep(keeping);
                    }
                    self.kept(keeping.run(), server);
                    Ok(())
                }
            }
            Event::StartTls(upgrade) => return Todo::StartTls(upgrade),
            Event::Expand { ticket, .. } => server.reject(ticket, serve::no_lists()),
            Event::Reset(_) => {
                self.transaction = Transaction::default();
                Ok(())
            }
            Event::Closed(_) => return Todo::Close,
            other => server.proceed(other),
        };
        if let Err(stale) = answered {
            log(&stale.to_string());
        }
        self.forget(server);
        Todo::Nothing
    }

    /// Says what came of keeping a message, and returns its name in the store if it is there.
    pub fn kept(&mut self, kept: Kept, server: &mut Server) -> Option<String> {
        let answered = match &kept.name {
            Ok(name) => {
                self.transaction.kept.get_or_insert_with(|| name.clone());
                server.accept_with(kept.ticket, serve::stored_as(name))
            }
            Err(error) => {
                log(&format!("cannot store: {error}"));
                server.reject(kept.ticket, serve::not_stored())
            }
        };
        if let Err(stale) = answered {
            log(&stale.to_string());
        }
        self.forget(server);
        kept.name.ok()
    }

    /// Drops what there is of a transaction that is over: the session may have a long rest before the next one.
    fn forget(&mut self, server: &Server) {
        if !server.state().in_transaction() {
            self.transaction = Transaction::default();
        }
    }

    /// Opens the store for a message, with its trace lines on top.
    fn begin(&self, server: &Server) -> io::Result<Incoming> {
        let missing = || io::Error::other("a message without hello or sender");
        let envelope = &self.transaction.envelope;
        let reverse_path = envelope.reverse_path().ok_or_else(missing)?;
        let (_, hello) = server.hello().ok_or_else(missing)?;
        let (host, protocol) = (&server.config().hostname, server.protocol_name());
        let mut received = Received::new(hello, self.peer, host, protocol, store::unix_time());
        let mut recipients = envelope.recipients();
        if let (Some(only), None) = (recipients.next(), recipients.next()) {
            received = received.with_recipient(only.forward_path());
        }
        if let Some(info) = server.tls() {
            received = received.with_tls(info);
        }
        self.site
            .store
            .begin(&format!("{}{received}", ReturnPath(reverse_path)))
    }
}

/// A message on its way into the store for good: once in SMTP, once for each recipient in LMTP.
#[derive(Debug)]
pub struct Keeping {
    store: Store,
    message: Option<Incoming>,
    kept: Option<String>,
    ticket: Ticket<ticket::EndOfData>,
}

impl Keeping {
    /// Keeps it. This waits for the disk.
    #[must_use]
    pub fn run(self) -> Kept {
        let name = match (self.message, self.kept) {
            (Some(message), _) => message.keep(),
            (None, Some(id)) => self.store.keep_copy(&id),
            (None, None) => Err(io::Error::other("the message is not there")),
        };
        Kept {
            name,
            ticket: self.ticket,
        }
    }
}

/// What came of keeping a message.
#[derive(Debug)]
pub struct Kept {
    name: io::Result<String>,
    ticket: Ticket<ticket::EndOfData>,
}

#[expect(clippy::print_stderr, reason = "the log of a program for the terminal")]
fn log(line: &str) {
    eprintln!("{line}");
}
