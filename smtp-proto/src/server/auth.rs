//! AUTH (RFC 4954), seen from the server: the frame of an exchange. Whether what a client shows is right is for the
//! application to say.

use alloc::{boxed::Box, string::String};

use super::{
    Auth, AuthFailure, Closed, Event, Next, OUTPUT_HIGH, Server, StaleTicket, UnknownPolicy,
    body::Mode,
    command::Line,
    pipeline::Reply,
    ticket::{self, Kind, Ticket},
};
use crate::{
    output::Sink,
    sasl::{self, AuthOutcome, AuthRequest, Context, Mechanism, Secret, Shape},
    types::{self, AuthIdentity, Command, Extensions, Keyword, Mail, Rejection},
};

/// The longest challenge or response in base64, in octets (RFC 4954 section 4).
const LONGEST: usize = types::Auth::MAX_INITIAL;

/// What is said of a response that is longer (RFC 4954 section 6), behind the command or on a line of its own.
pub(super) const TOO_LONG: &str = "500 5.5.6 authentication response too long";

/// An exchange that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    mechanism: Mechanism,
    awaits: Awaits,
}

/// What the next response of the client is.
#[derive(Debug)]
enum Awaits {
    /// All that there is to say: PLAIN and its like.
    Everything,
    /// LOGIN: the user name.
    User,
    /// LOGIN: the password.
    Password { user: Secret },
    /// The first of several steps.
    Begin,
    /// The answer to a challenge of the application's.
    Step,
    /// Nothing of interest: a bearer's refusal is told in two rounds (RFC 7628 section 3.2.3).
    Refusal(Rejection),
    /// The same, when no token was shown.
    Discovery,
}

/// Who the client is.
#[derive(Debug)]
pub(super) struct Login {
    identity: Box<str>,
    mechanism: Mechanism,
}

impl Server {
    /// Whom the client has proven to be, as the application named it; `None` before that.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.login.as_ref().map(|login| &*login.identity)
    }

    /// How the client has proven who it is.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.login.as_ref().map(|login| login.mechanism)
    }

    /// What the server's side of a mechanism has to know of the session, for
    /// [`sasl::ScramServer::new`](crate::sasl) and mechanisms of the application's own.
    #[must_use]
    pub fn sasl_context(&self) -> Context<'_> {
        let facts = self.tls();
        Context {
            host: None,
            port: None,
            channel_binding: facts.and_then(|facts| facts.channel_binding.as_ref().map(<[u8; 32]>::as_slice)),
            plus_offered: listed(self.extensions())
                .any(|mechanism| mechanism.binds_channel() && self.fits(mechanism)),
        }
    }

    /// Believes from now on what this client says in the AUTH parameter of MAIL: who submitted a message first (RFC 4954
    /// section 5). Without this, [`Event::Mail`] shows [`AuthIdentity::UNKNOWN`] in its place. STARTTLS takes the
    /// trust away.
    pub const fn trust_originators(&mut self) {
        self.trusts_originators = true;
    }

    /// Answers [`Event::Auth`]: the client is this one, is not the one it says, or has to go on.
    ///
    /// The ticket has to go back to the session that gave it: another would let its own client in.
    ///
    /// A refusal is said with 535 ([`Rejection::CREDENTIALS`]); for another, such as
    /// [`Rejection::AUTH_FAILURE`] when nothing can be found out now, there is [`reject`](Self::reject). A challenge
    /// that is too long for a line ([`Auth::MAX_INITIAL`](types::Auth::MAX_INITIAL)) ends the exchange with 454.
    ///
    /// # Errors
    ///
    /// [`StaleTicket`] when the question is closed.
    pub fn answer_auth(
        &mut self,
        ticket: Ticket<ticket::Auth>,
        progress: AuthOutcome,
    ) -> Result<(), StaleTicket> {
        self.pipeline.check(&ticket)?;
        match progress {
            AuthOutcome::Accept(identity) => self.authenticated(&ticket, identity),
            AuthOutcome::Reject => self.refuse_auth(&ticket, Rejection::CREDENTIALS),
            AuthOutcome::Challenge(octets) if sasl::base64::length(octets.len()) <= LONGEST => {
                self.pipeline.answer(&ticket, &Reply::Ready(&[]));
                if let Mode::Auth(exchange) = &self.mode {
                    self.challenge(exchange.mechanism, Awaits::Step, &octets);
                }
            }
            AuthOutcome::Challenge(_) => self.refuse_auth(&ticket, Rejection::AUTH_FAILURE),
        }
        Ok(())
    }

    /// Whether a command has to wait until the client has said who it is (RFC 4954 section 6, RFC 6409 section 4.3):
    /// what is about mail and mailboxes, and what only the application knows.
    pub(super) fn needs_auth(&self, command: &Command<'_>) -> bool {
        if self.config.auth == Auth::Optional || self.login.is_some() {
            return false;
        }
        match command {
            Command::Mail(_)
            | Command::Rcpt(_)
            | Command::Data
            | Command::Bdat(_)
            | Command::Vrfy(_)
            | Command::Expn(_) => true,
            Command::Unknown(_) => self.config.unknown_commands == UnknownPolicy::AskApplication,
            _ => false,
        }
    }

    /// The mechanisms that are of use now, parted by spaces: none to a client that has said who it is.
    pub(super) fn mechanisms(&self) -> String {
        let mut list = String::new();
        if self.login.is_none() && self.extensions().has(Keyword::Auth) {
            for mechanism in listed(self.extensions()).filter(|mechanism| self.fits(*mechanism)) {
                if !list.is_empty() {
                    list.push(' ');
                }
                list.push_str(mechanism.as_str());
            }
        }
        list
    }

    /// Whether a mechanism may be used on the stream as it is.
    fn fits(&self, mechanism: Mechanism) -> bool {
        match self.tls() {
            None if mechanism.binds_channel() || mechanism == Mechanism::EXTERNAL => false,
            None => self.config.plaintext_auth.allows(mechanism),
            Some(facts) if mechanism == Mechanism::EXTERNAL => facts.peer_certificate.is_some(),
            Some(facts) => !mechanism.binds_channel() || facts.channel_binding.is_some(),
        }
    }

    /// AUTH was said in its turn.
    pub(super) fn auth<'i>(&mut self, command: &types::Auth<'_>) -> Next<'i> {
        if self.login.is_some() {
            return self.fault_with("503 5.5.1 you are authenticated already");
        }
        let named = |mechanism: &Mechanism| mechanism.as_str().eq_ignore_ascii_case(command.mechanism());
        let Some(mechanism) = listed(self.extensions()).find(named) else {
            return self.fault_with("504 5.5.4 mechanism not recognised");
        };
        if !self.fits(mechanism) {
            return self.fault_with(match self.tls() {
                None => "538 5.7.11 this mechanism needs TLS",
                Some(_) => "504 5.5.4 this mechanism does not fit the session",
            });
        }
        let Some(initial) = command.initial_response() else {
            return self.begin_exchange(mechanism);
        };
        let awaits = match mechanism.shape() {
            Shape::OneResponse => Awaits::Everything,
            Shape::Login => Awaits::User,
            Shape::ClientFirst | Shape::Unknown => Awaits::Begin,
            Shape::ServerFirst => return self.end_exchange(AuthFailure::InitialResponse),
        };
        let initial = if initial == "=" { "" } else { initial };
        self.respond(mechanism, awaits, initial.as_bytes())
    }

    /// The exchange begins without an initial response.
    fn begin_exchange<'i>(&mut self, mechanism: Mechanism) -> Next<'i> {
        match mechanism.shape() {
            Shape::OneResponse => self.challenge(mechanism, Awaits::Everything, b""),
            Shape::Login => self.challenge(mechanism, Awaits::User, b"Username:"),
            Shape::ClientFirst => self.challenge(mechanism, Awaits::Begin, b""),
            // Whether the client is to begin is for the application to say.
            Shape::ServerFirst | Shape::Unknown => {
                return self.judge(mechanism, AuthRequest::Begin { initial: None });
            }
        }
        Next::Again
    }

    /// The next response of the exchange.
    pub(super) fn next_response<'i>(&mut self, input: &mut &'i [u8]) -> Next<'i> {
        if self.pipeline.output.len() >= OUTPUT_HIGH {
            return Next::Wait(false);
        }
        let line = match self.read_line(input, self.config.limits.max_auth_octets) {
            Line::Whole(line) => line,
            Line::TooLong => return self.end_exchange(AuthFailure::TooLong),
            Line::Incomplete => return Next::Wait(true),
            Line::Ended => return Next::Again,
        };
        let Mode::Auth(exchange) = core::mem::replace(&mut self.mode, Mode::Commands) else {
            return Next::Again;
        };
        match exchange.awaits {
            // It has failed, so `*` has the same reply: what the client breaks off then is no exchange.
            Awaits::Refusal(rejection) => {
                self.pipeline.reply(&Reply::Rejection(&rejection));
                self.failed_auth();
                Next::Again
            }
            Awaits::Discovery => self.end_exchange(AuthFailure::NoToken),
            _ if line == b"*" => self.end_exchange(AuthFailure::Cancelled),
            awaits => self.respond(exchange.mechanism, awaits, line),
        }
    }

    /// Looks at a response in base64 and asks the application what it is worth.
    fn respond<'i>(&mut self, mechanism: Mechanism, awaits: Awaits, response: &[u8]) -> Next<'i> {
        let Some(response) = sasl::base64::decode(response) else {
            return self.end_exchange(AuthFailure::NotBase64);
        };
        let claim = match awaits {
            Awaits::Everything => {
                if let Some(failure) = sasl::bearer_discovery(mechanism, response.expose()) {
                    self.challenge(mechanism, Awaits::Discovery, failure);
                    return Next::Again;
                }
                let certificate = self.tls().and_then(|facts| facts.peer_certificate.as_deref());
                AuthRequest::parse(mechanism, response.expose(), certificate)
            }
            Awaits::User => {
                self.challenge(mechanism, Awaits::Password { user: response }, b"Password:");
                return Next::Again;
            }
            Awaits::Password { user } => AuthRequest::login(user.expose(), response),
            Awaits::Begin => Ok(AuthRequest::Begin {
                initial: Some(response),
            }),
            Awaits::Step | Awaits::Refusal(_) | Awaits::Discovery => Ok(AuthRequest::Step { response }),
        };
        match claim {
            Ok(claim) => self.judge(mechanism, claim),
            Err(_) => self.end_exchange(AuthFailure::Malformed),
        }
    }

    /// Asks the application what it thinks of this.
    fn judge<'i>(&mut self, mechanism: Mechanism, claim: AuthRequest) -> Next<'i> {
        // A challenge of the application's own is all that there is to be said to a bearer.
        let awaits = match claim {
            AuthRequest::Step { .. } => Awaits::Step,
            _ => Awaits::Begin,
        };
        self.mode = Mode::Auth(Box::new(Exchange { mechanism, awaits }));
        Next::Event(Event::Auth {
            mechanism,
            claim,
            ticket: self.pipeline.ask(Kind::Auth, self.now),
        })
    }

    /// Says 334 and waits for the response.
    fn challenge(&mut self, mechanism: Mechanism, awaits: Awaits, octets: &[u8]) {
        let output = &mut self.pipeline.output;
        output.put(b"334 ");
        sasl::base64::encode(octets, output);
        output.put(b"\r\n");
        self.mode = Mode::Auth(Box::new(Exchange { mechanism, awaits }));
    }

    fn authenticated(&mut self, ticket: &Ticket<ticket::Auth>, identity: String) {
        self.pipeline
            .answer(ticket, &Reply::Fixed("235 2.7.0 authenticated"));
        if let Mode::Auth(exchange) = core::mem::replace(&mut self.mode, Mode::Commands) {
            self.login = Some(Login {
                identity: identity.into_boxed_str(),
                mechanism: exchange.mechanism,
            });
        }
        self.counters.failed_logins = 0;
    }

    /// Says no to what the client has shown.
    pub(super) fn refuse_auth<Q>(&mut self, ticket: &Ticket<Q>, rejection: Rejection) {
        let Mode::Auth(exchange) = &self.mode else {
            return;
        };
        if !rejection.is_transient()
            && !matches!(exchange.awaits, Awaits::Step)
            && let Some(failure) = sasl::bearer_failure(exchange.mechanism)
        {
            let mechanism = exchange.mechanism;
            self.pipeline.answer(ticket, &Reply::Ready(&[]));
            return self.challenge(mechanism, Awaits::Refusal(rejection), failure);
        }
        self.mode = Mode::Commands;
        self.pipeline.answer(ticket, &Reply::Rejection(&rejection));
        self.failed_auth();
    }

    /// The application did not say what it thinks in time.
    pub(super) fn auth_unanswered(&mut self) {
        self.mode = Mode::Commands;
        self.pipeline
            .answer_oldest(&Reply::Rejection(&Rejection::AUTH_FAILURE));
        self.failed_auth();
    }

    /// Ends an exchange that the client broke off or got wrong, or that had nothing for the application.
    fn end_exchange<'i>(&mut self, fault: AuthFailure) -> Next<'i> {
        self.mode = Mode::Commands;
        self.pipeline.reply(&Reply::Fixed(match fault {
            AuthFailure::Cancelled => "501 5.7.0 authentication cancelled",
            AuthFailure::InitialResponse => "501 5.7.0 this mechanism has no initial response",
            AuthFailure::NotBase64 => "501 5.5.2 cannot decode this base64",
            AuthFailure::Malformed => "501 5.5.2 malformed authentication response",
            AuthFailure::TooLong => TOO_LONG,
            AuthFailure::NoToken => "535 5.7.8 authentication failed",
        }));
        if fault != AuthFailure::NoToken {
            self.fault();
        }
        self.failed_auth();
        if self.closing.is_some() {
            return Next::Again;
        }
        Next::Event(Event::AuthFailed(fault))
    }

    /// Counts an exchange that let nobody in.
    fn failed_auth(&mut self) {
        self.counters.failed_logins = self.counters.failed_logins.saturating_add(1);
        let bound = self.config.limits.failed_logins;
        if self.counters.failed_logins > bound.hard {
            self.close_with(
                "421 4.7.0 too many failed logins, closing",
                Closed::TooManyFailedLogins,
            );
        } else if self.counters.failed_logins > bound.soft {
            self.punish();
        }
    }

    /// Whether the AUTH parameter of MAIL may be used.
    pub(super) fn takes_originators(&self) -> bool {
        self.login.is_some() || !self.mechanisms().is_empty()
    }
}

/// Takes away what a client that is not trusted says of the originator (RFC 4954 section 5).
#[cold]
pub(super) fn without_claims(mail: Mail<'_>) -> Mail<'_> {
    let kind = mail.kind();
    let (reverse_path, parameters) = mail.into_parts();
    Mail::trusted(kind, reverse_path, parameters.with_auth(AuthIdentity::UNKNOWN))
}

/// The mechanisms that a server was told to offer.
fn listed(extensions: &Extensions) -> impl Iterator<Item = Mechanism> {
    extensions
        .auth_mechanisms()
        .filter_map(|name| Mechanism::parse(name).ok())
}
