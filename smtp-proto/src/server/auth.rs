//! AUTH (RFC 4954) on the server: the exchange. The application checks the credentials.

use alloc::{boxed::Box, string::String};

use super::{
    config::{Auth, UnknownPolicy},
    event::{AuthFailure, Closed, Event},
    exchange::{Awaits, Exchange},
    info::Login,
    lines::Line,
    phase::Step,
    question::{Question, Round, Shown},
    replies::{Reply, Turn},
    session::{Next, Server},
    ticket::{self, StaleTicket, Ticket},
};
use crate::{
    output::Sink,
    sasl::{self, AuthOutcome, AuthRequest, Context, Mechanism, Shape},
    types::{self, AuthIdentity, Command, Extensions, Keyword, Mail, Rejection},
};

/// The longest challenge or response in base64, in octets (RFC 4954 section 4).
const LONGEST: usize = types::Auth::MAX_INITIAL;

/// The reply to a longer response (RFC 4954 section 6), in the command or on a line of its own.
pub(super) const TOO_LONG: &str = "500 5.5.6 authentication response too long";

impl Server {
    /// The authenticated identity, as the application named it. Returns `None` before authentication.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.session.login.as_ref().map(|login| &*login.identity)
    }

    /// The mechanism by which the client authenticated. Returns `None` before authentication, and after a login that
    /// XCLIENT granted.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        self.session.login.as_ref().and_then(|login| login.mechanism)
    }

    /// The properties of this session that the server's side of a mechanism needs:
    /// [`sasl::ScramServer::new`](crate::sasl), or your own mechanism.
    #[must_use]
    pub fn sasl_context(&self) -> Context<'_> {
        let info = self.tls();
        Context {
            host: None,
            port: None,
            channel_binding: info.and_then(|info| info.channel_binding.as_ref().map(<[u8; 32]>::as_slice)),
            plus_offered: listed(self.extensions())
                .any(|mechanism| mechanism.binds_channel() && self.fits(mechanism)),
        }
    }

    /// Trusts the AUTH parameter of MAIL from now on: the original submitter of a message (RFC 4954 section 5).
    ///
    /// Without this call, [`Event::Mail`] has [`AuthIdentity::UNKNOWN`] in place of the parameter. STARTTLS ends the
    /// trust.
    pub const fn trust_originators(&mut self) {
        self.session.trusts_originators = true;
    }

    /// Answers [`Event::Auth`]: accepts an identity, rejects the client, or sends a challenge.
    ///
    /// The reply to a rejection is 535 ([`Rejection::CREDENTIALS`]). For another reply, call [`reject`](Self::reject):
    /// with [`Rejection::AUTH_FAILURE`], for example, if the credentials cannot be checked now. A challenge that is too
    /// long for a line ([`Auth::MAX_INITIAL`](types::Auth::MAX_INITIAL)) ends the exchange with 454.
    ///
    /// # Errors
    ///
    /// Returns [`StaleTicket`] if the question is closed.
    pub fn answer_auth(
        &mut self,
        ticket: Ticket<ticket::Auth>,
        outcome: AuthOutcome,
    ) -> Result<(), StaleTicket> {
        let (question, turn) = self.replies.take(&ticket)?;
        if let Question::Auth(round) = question {
            self.judge(turn, round, outcome);
        }
        Ok(())
    }

    fn judge(&mut self, turn: Turn, round: Round, outcome: AuthOutcome) {
        match outcome {
            AuthOutcome::Accept(identity) => self.accept_auth(turn, round, identity),
            AuthOutcome::Reject => self.reject_auth(turn, round, Rejection::CREDENTIALS),
            AuthOutcome::Challenge(octets) if sasl::base64::length(octets.len()) <= LONGEST => {
                self.replies.answer(turn, &Reply::Ready(&[]));
                self.challenge(round.mechanism, Awaits::Step, &octets);
            }
            AuthOutcome::Challenge(_) => self.reject_auth(turn, round, Rejection::AUTH_FAILURE),
        }
    }

    /// Returns `true` if a command requires authentication first (RFC 4954 section 6, RFC 6409 section 4.3): commands
    /// about mail and mailboxes, and those that only the application knows.
    pub(super) fn needs_auth(&self, command: &Command<'_>) -> bool {
        if self.config.auth == Auth::Optional || self.session.login.is_some() {
            return false;
        }
        match command {
            Command::Mail(_)
            | Command::Rcpt(_)
            | Command::Data
            | Command::Bdat(_)
            | Command::Vrfy(_)
            | Command::Expn(_)
            | Command::Etrn(_) => true,
            Command::Unknown(_) => self.config.unknown_commands == UnknownPolicy::AskApplication,
            _ => false,
        }
    }

    /// The mechanisms that the client can use now, separated by spaces: none after authentication.
    pub(super) fn mechanisms(&self) -> String {
        let mut list = String::new();
        if self.session.login.is_none() && self.extensions().has(Keyword::Auth) {
            for mechanism in listed(self.extensions()).filter(|mechanism| self.fits(*mechanism)) {
                if !list.is_empty() {
                    list.push(' ');
                }
                list.push_str(mechanism.as_str());
            }
        }
        list
    }

    /// Returns `true` if a mechanism may be used on the stream as it is.
    fn fits(&self, mechanism: Mechanism) -> bool {
        match self.tls() {
            _ if mechanism == Mechanism::EXTERNAL => self.client_certificate().is_some(),
            None if mechanism.binds_channel() => false,
            None => self.config.plaintext_auth.allows(mechanism),
            Some(info) => !mechanism.binds_channel() || info.channel_binding.is_some(),
        }
    }

    /// The certificate of the client. After XCLIENT, the certificate in the TLS session is that of the proxy and does
    /// not identify the client. Channel binding remains valid, because the peer of this TLS session knows the password.
    fn client_certificate(&self) -> Option<&[u8]> {
        if !self.xclient().as_str().is_empty() {
            return None;
        }
        self.tls().and_then(|info| info.peer_certificate.as_deref())
    }

    /// Handles an in-sequence AUTH.
    pub(super) fn auth<'i>(&mut self, command: &types::Auth<'_>) -> Next<'i> {
        if self.session.login.is_some() {
            return self.refuse("503 5.5.1 you are authenticated already");
        }
        let named = |mechanism: &Mechanism| mechanism.as_str().eq_ignore_ascii_case(command.mechanism());
        let Some(mechanism) = listed(self.extensions()).find(named) else {
            return self.refuse("504 5.5.4 mechanism not recognised");
        };
        if !self.fits(mechanism) {
            return self.refuse(match self.tls() {
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
        self.judge_response(mechanism, awaits, initial.as_bytes())
    }

    /// Begins an exchange without an initial response.
    fn begin_exchange<'i>(&mut self, mechanism: Mechanism) -> Next<'i> {
        match mechanism.shape() {
            Shape::OneResponse => self.challenge(mechanism, Awaits::Everything, b""),
            Shape::Login => self.challenge(mechanism, Awaits::User, b"Username:"),
            Shape::ClientFirst => self.challenge(mechanism, Awaits::Begin, b""),
            // The application knows if the mechanism has an initial response.
            Shape::ServerFirst | Shape::Unknown => {
                return self.ask_auth(mechanism, AuthRequest::Begin { initial: None });
            }
        }
        Next::Again
    }

    /// Handles the next response of an exchange.
    pub(super) fn next_response<'i>(&mut self, exchange: Exchange, line: &[u8]) -> Next<'i> {
        self.advance(Step::Response);
        let Exchange { mechanism, awaits } = exchange;
        match awaits {
            // The exchange has already failed. Send the same reply even if the client cancels with `*`.
            Awaits::Refusal(rejection) => {
                self.replies.reply(&Reply::Rejection(&rejection));
                self.count_failed_login();
                Next::Again
            }
            Awaits::Discovery => self.end_exchange(AuthFailure::NoToken),
            _ if line == b"*" => self.end_exchange(AuthFailure::Cancelled),
            awaits => self.judge_response(mechanism, awaits, line),
        }
    }

    /// Handles a wait for a response that ends without one.
    pub(super) fn without_response<'i>(&mut self, line: &Line<'_>) -> Next<'i> {
        match line {
            Line::TooLong | Line::TooLongAuth => self.end_exchange(AuthFailure::TooLong),
            // CR and LF are not base64.
            Line::Bare(_) => self.end_exchange(AuthFailure::NotBase64),
            line => self.without_line(line),
        }
    }

    /// Decodes a response and asks the application about it.
    fn judge_response<'i>(&mut self, mechanism: Mechanism, awaits: Awaits, response: &[u8]) -> Next<'i> {
        let Some(response) = sasl::base64::decode(response) else {
            return self.end_exchange(AuthFailure::NotBase64);
        };
        let request = match awaits {
            Awaits::Everything => {
                if let Some(failure) = sasl::bearer_discovery(mechanism, response.expose()) {
                    self.challenge(mechanism, Awaits::Discovery, failure);
                    return Next::Again;
                }
                if lacks_password(mechanism, response.expose()) {
                    return self.end_exchange(AuthFailure::EmptyPassword);
                }
                AuthRequest::parse(mechanism, response.expose(), self.client_certificate())
            }
            Awaits::User => {
                self.challenge(mechanism, Awaits::Password { user: response }, b"Password:");
                return Next::Again;
            }
            Awaits::Password { .. } if response.expose().is_empty() => {
                return self.end_exchange(AuthFailure::EmptyPassword);
            }
            Awaits::Password { user } => AuthRequest::login(user.expose(), response),
            Awaits::Begin => Ok(AuthRequest::Begin {
                initial: Some(response),
            }),
            Awaits::Step | Awaits::Refusal(_) | Awaits::Discovery => Ok(AuthRequest::Step { response }),
        };
        match request {
            Ok(request) => self.ask_auth(mechanism, request),
            Err(_) => self.end_exchange(AuthFailure::Malformed),
        }
    }

    /// Asks the application about a response.
    fn ask_auth<'i>(&mut self, mechanism: Mechanism, request: AuthRequest) -> Next<'i> {
        let shown = match request {
            AuthRequest::Step { .. } => Shown::Step,
            _ => Shown::First,
        };
        let question = Question::Auth(Round { mechanism, shown });
        Next::Event(Event::Auth {
            mechanism,
            request,
            ticket: self.replies.ask(question, self.clock.now),
        })
    }

    /// Sends a challenge (334) and waits for the response.
    fn challenge(&mut self, mechanism: Mechanism, awaits: Awaits, octets: &[u8]) {
        let output = &mut self.replies.output;
        output.put(b"334 ");
        sasl::base64::encode(octets, output);
        output.put(b"\r\n");
        self.advance(Step::Challenge(Box::new(Exchange { mechanism, awaits })));
    }

    fn accept_auth(&mut self, turn: Turn, round: Round, identity: String) {
        self.replies
            .answer(turn, &Reply::Fixed("235 2.7.0 authenticated"));
        self.session.login = Some(Login::new(identity, round.mechanism));
        self.abuse.login_accepted();
    }

    /// Rejects the client's response.
    pub(super) fn reject_auth(&mut self, turn: Turn, round: Round, rejection: Rejection) {
        // If the application sends its own challenge to a bearer mechanism, do not send the RFC 7628 challenge as well.
        if !rejection.is_transient()
            && round.shown == Shown::First
            && let Some(failure) = sasl::bearer_failure(round.mechanism)
        {
            self.replies.answer(turn, &Reply::Ready(&[]));
            return self.challenge(round.mechanism, Awaits::Refusal(rejection), failure);
        }
        self.replies.answer(turn, &Reply::Rejection(&rejection));
        self.count_failed_login();
    }

    /// Ends an exchange that the client cancelled, or whose response is faulty.
    fn end_exchange<'i>(&mut self, failure: AuthFailure) -> Next<'i> {
        self.advance(Step::Response);
        self.replies.reply(&Reply::Fixed(match failure {
            AuthFailure::Cancelled => "501 5.7.0 authentication cancelled",
            AuthFailure::InitialResponse => "501 5.7.0 this mechanism has no initial response",
            AuthFailure::NotBase64 => "501 5.5.2 cannot decode this base64",
            AuthFailure::Malformed => "501 5.5.2 malformed authentication response",
            AuthFailure::TooLong => TOO_LONG,
            AuthFailure::NoToken | AuthFailure::EmptyPassword => "535 5.7.8 authentication failed",
        }));
        if !matches!(failure, AuthFailure::NoToken | AuthFailure::EmptyPassword) {
            self.count_error();
        }
        self.count_failed_login();
        if self.is_closed() {
            return Next::Again;
        }
        Next::Event(Event::AuthFailed(failure))
    }

    /// Counts an exchange without success.
    pub(super) fn count_failed_login(&mut self) {
        let strike = self.abuse.count_failed_login(self.config.limits.failed_logins);
        self.act_on(
            strike,
            "421 4.7.0 too many failed logins, closing",
            Closed::TooManyFailedLogins,
        );
    }

    /// Returns `true` if the AUTH parameter of MAIL may be used.
    pub(super) fn takes_originators(&self) -> bool {
        self.session.login.is_some() || !self.mechanisms().is_empty()
    }
}

/// Removes the originator that an untrusted client names (RFC 4954 section 5).
#[cold]
pub(super) fn without_originator(mail: Mail<'_>) -> Mail<'_> {
    let kind = mail.kind();
    let (reverse_path, parameters) = mail.into_parts();
    Mail::trusted(kind, reverse_path, parameters.with_auth(AuthIdentity::UNKNOWN))
}

/// The mechanisms that the server is configured to offer.
fn listed(extensions: &Extensions) -> impl Iterator<Item = Mechanism> {
    extensions
        .auth_mechanisms()
        .filter_map(|name| Mechanism::parse(name).ok())
}

/// Returns `true` for a response of PLAIN that is well-formed except for its empty password (RFC 4616 section 2).
fn lacks_password(mechanism: Mechanism, response: &[u8]) -> bool {
    let mut fields = response.split(|octet| *octet == 0).skip(1);
    mechanism == Mechanism::PLAIN
        && fields.next().is_some_and(|user| !user.is_empty())
        && fields.next() == Some(&[])
        && fields.next().is_none()
}
