//! AUTH (RFC 4954).

use alloc::boxed::Box;

use super::{
    Client, Closed, Fallback, Login, Rejected, RequestError,
    exchange::{Answer, Exchange, Purpose},
    stage::Stage,
    transaction::Leftover,
};
use crate::{
    output::Sink,
    sasl::{self, ClientMechanism, Context, Mechanism},
    state::{Move, State},
    types::{Code, Keyword},
};

/// The longest AUTH command with an initial response in octets, CRLF included (RFC 4954 section 4). A longer response
/// is sent after an empty challenge.
const LONGEST_COMMAND: usize = 512;

impl Client {
    /// Authenticates with a mechanism of the application's choice (AUTH, RFC 4954). The replies come as
    /// [`ReplyTo::Auth`](super::ReplyTo::Auth): 334 for each challenge, which the mechanism answers, then 235 or a
    /// refusal. For a login in every session, set [`Config::login`](super::Config::login) instead.
    ///
    /// If the mechanism cancels the exchange, the session ends, because the server cannot be trusted.
    ///
    /// # Errors
    ///
    /// Returns the mechanism in [`Rejected`] if the session is not ready, if the server does not offer it, if
    /// [`plaintext_auth`](super::Config::plaintext_auth) forbids it, or if the client is authenticated already.
    pub fn authenticate(
        &mut self,
        mechanism: Box<dyn ClientMechanism>,
    ) -> Result<(), Rejected<Box<dyn ClientMechanism>>> {
        match self.judge_auth(mechanism.mechanism()) {
            Ok(leftover) => {
                self.begin_exchange(mechanism, Purpose::Application(leftover));
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: mechanism,
                error,
            }),
        }
    }

    /// Returns true if the server has authenticated the client.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.session.authenticated
    }

    /// Starts the login of the configuration, if it has one.
    pub(super) fn log_in(&mut self) {
        let config = self.config.clone();
        match &config.login {
            Some(login) if !self.session.authenticated => match self.choose(login, None) {
                Some(mechanism) => self.begin_exchange(mechanism, Purpose::Login),
                None => self.leave(Closed::NoMechanism),
            },
            _ => self.enter(Stage::Welcome),
        }
    }

    /// Performs the step of the exchange that follows a reply.
    pub(super) fn auth_answered(&mut self, answer: Answer, mechanism: Mechanism, purpose: Purpose) {
        match (answer, purpose) {
            (Answer::Respond(response), _) => {
                let length = sasl::base64::length(response.expose().len());
                self.output.reserve_secret(length + "\r\n".len());
                sasl::base64::encode(response.expose(), &mut self.output);
                self.output.put(b"\r\n");
                self.timers.waiting.stop();
            }
            (Answer::Cancel, _) => self.send(&[b"*"]),
            (Answer::Accepted, Purpose::Login) => {
                self.session.authenticated = true;
                self.enter(Stage::Welcome);
            }
            (Answer::Accepted, Purpose::Application(leftover)) => {
                self.session.authenticated = true;
                self.enter(Stage::Ready(leftover));
            }
            (Answer::Refused(code), Purpose::Login) => match self.next_mechanism(code, mechanism) {
                Some(next) => self.begin_exchange(next, Purpose::Login),
                None => self.leave(Closed::LoginRefused),
            },
            (Answer::Refused(_), Purpose::Application(leftover)) => self.enter(Stage::Ready(leftover)),
            (Answer::Cancelled(fault), _) => self.leave(Closed::LoginCancelled(fault)),
            (Answer::Unexpected, _) => self.close(Closed::Unexpected),
        }
    }

    /// Returns the reason against this mechanism, or the leftover to keep during the exchange.
    fn judge_auth(&self, mechanism: Mechanism) -> Result<Leftover, RequestError> {
        let leftover = self.turn()?;
        if leftover.state().after(Move::Auth) != Some(State::Ready) {
            Err(RequestError::OutOfTurn)
        } else if self.session.authenticated {
            Err(RequestError::Authenticated)
        } else if !self.offers(mechanism) {
            Err(RequestError::NotOffered(Keyword::Auth))
        } else if !self.allows(mechanism) {
            Err(RequestError::NeedsTls)
        } else {
            Ok(leftover)
        }
    }

    /// Starts the next mechanism after a refusal with this code, if the configuration allows that. The order of the
    /// mechanisms is fixed, so each is tried once. In plaintext, no weaker mechanism is tried: an attacker may have
    /// sent the refusal to see the password (RFC 4954 section 4). No mechanism is weaker than one that sends the secret
    /// in plaintext.
    fn next_mechanism(&self, code: Code, refused: Mechanism) -> Option<Box<dyn ClientMechanism>> {
        let login = self.config.login.as_ref()?;
        let unsupported = matches!(code.get(), 504 | 534);
        let allowed = unsupported || (code.get() == 535 && login.fallback == Fallback::AnyRefusal);
        if allowed && (self.is_encrypted() || refused.is_plaintext()) {
            self.choose(login, Some(refused))
        } else {
            None
        }
    }

    /// Starts the strongest mechanism that both sides support and the policy allows, of those after the refused one.
    fn choose(&self, login: &Login, refused: Option<Mechanism>) -> Option<Box<dyn ClientMechanism>> {
        let info = self.tls();
        let known = Context {
            host: info.and_then(|info| info.server_name.as_deref()),
            channel_binding: info.and_then(|info| info.channel_binding.as_ref().map(<[u8; 32]>::as_slice)),
            ..Context::default()
        };
        login
            .credentials
            .mechanisms()
            .iter()
            .copied()
            .skip_while(|mechanism| refused.is_some_and(|refused| refused != *mechanism))
            .filter(|mechanism| refused != Some(*mechanism))
            .filter(|mechanism| login.mechanism.is_none_or(|only| only == *mechanism))
            .filter(|mechanism| self.allows(*mechanism) && self.offers(*mechanism))
            .find_map(|mechanism| {
                let context = Context {
                    plus_offered: self.offers_plus(mechanism),
                    ..known
                };
                login.credentials.start(mechanism, &context)
            })
    }

    /// Returns true if the policy allows the mechanism on the stream as it is.
    fn allows(&self, mechanism: Mechanism) -> bool {
        self.is_encrypted() || self.config.plaintext_auth.allows(mechanism)
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        self.session
            .extensions
            .auth_mechanisms()
            .any(|offered| offered.eq_ignore_ascii_case(mechanism.as_str()))
    }

    /// Returns true if the server offers the form of this mechanism that binds to the TLS session.
    fn offers_plus(&self, mechanism: Mechanism) -> bool {
        let name = mechanism.as_str().trim_end_matches("-PLUS");
        self.session
            .extensions
            .auth_mechanisms()
            .filter_map(|offered| offered.split_at_checked(name.len()))
            .any(|(start, end)| start.eq_ignore_ascii_case(name) && end.eq_ignore_ascii_case("-PLUS"))
    }

    fn begin_exchange(&mut self, mut mechanism: Box<dyn ClientMechanism>, purpose: Purpose) {
        let name = mechanism.mechanism();
        let mut unsent = None;
        self.output.reserve_secret(LONGEST_COMMAND);
        self.output.put(b"AUTH ");
        self.output.put(name.as_str().as_bytes());
        if let Some(initial) = mechanism.initial_response() {
            let response = sasl::base64::length(initial.expose().len()).max(1);
            if "AUTH ".len() + name.as_str().len() + " ".len() + response + "\r\n".len() <= LONGEST_COMMAND {
                self.output.put(b" ");
                if initial.is_empty() {
                    self.output.put(b"=");
                } else {
                    sasl::base64::encode(initial.expose(), &mut self.output);
                }
            } else {
                unsent = Some(initial);
            }
        }
        self.output.put(b"\r\n");
        self.timers.waiting.stop();
        self.enter(Stage::Auth(Exchange::new(mechanism, unsent, purpose)));
    }
}
