//! AUTH (RFC 4954), seen from the client.

use alloc::boxed::Box;

use super::{Client, Closed, Login, Rejected, RequestError, Stage};
use crate::{
    output::Sink,
    sasl::{self, ClientMechanism, Context, Mechanism, MechanismError, Secret},
    state::Move,
    types::{Auth, Code, Keyword, Reply},
};

/// The longest AUTH command with an initial response in octets, CRLF included (RFC 4954 section 4): a longer one waits
/// for the server to ask.
const LONGEST_COMMAND: usize = 512;

/// An exchange that is under way.
#[derive(Debug)]
pub(super) struct Exchange {
    mechanism: Box<dyn ClientMechanism>,
    /// An initial response that had no room behind the command.
    unsaid: Option<Secret>,
    /// The client has broken it off.
    cancelled: Option<MechanismError>,
    /// The machine began it; the session depends on it.
    automatic: bool,
}

impl Client {
    /// Says who the client is, by a mechanism of the application's own choice (AUTH, RFC 4954). Its replies come as
    /// [`ReplyTo::Auth`](super::ReplyTo::Auth): 334 for each challenge, which the mechanism answers, and at last 235 or a refusal. A login
    /// that every session needs belongs into [`Config::login`](super::Config::login) instead.
    ///
    /// Once the client breaks the exchange off, the session ends: the server is not what it seems.
    ///
    /// # Errors
    ///
    /// Gives the mechanism back when the session is not ready, when the server does not offer it, when
    /// [`plaintext_auth`](super::Config::plaintext_auth) forbids it, or when this client is authenticated already.
    pub fn authenticate(
        &mut self,
        mechanism: Box<dyn ClientMechanism>,
    ) -> Result<(), Rejected<Box<dyn ClientMechanism>>> {
        let error = if let Err(error) = self.turn() {
            error
        } else if self.state.after(Move::Auth).is_none() {
            RequestError::OutOfTurn
        } else if self.authenticated {
            RequestError::Authenticated
        } else if !self.offers(mechanism.mechanism()) {
            RequestError::NotOffered(Keyword::Auth)
        } else if !self.allows(mechanism.mechanism()) {
            RequestError::NeedsTls
        } else {
            self.begin_exchange(mechanism, false);
            return Ok(());
        };
        Err(Rejected {
            value: mechanism,
            error,
        })
    }

    /// Whether the server knows who the client is.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// EHLO was answered, and the session is as secure as it gets: logs in if the configuration says so.
    pub(super) fn log_in(&mut self) {
        let config = self.config.clone();
        match &config.login {
            Some(login) if !self.authenticated => match self.choose(login) {
                Some(mechanism) => self.begin_exchange(mechanism, true),
                None => self.leave(Closed::NoMechanism),
            },
            _ => self.stage = Stage::Welcome,
        }
    }

    /// The strongest mechanism that both sides have and that may be used.
    fn choose(&self, login: &Login) -> Option<Box<dyn ClientMechanism>> {
        let facts = self.tls();
        let known = Context {
            host: facts.and_then(|facts| facts.server_name.as_deref()),
            channel_binding: facts.and_then(|facts| facts.channel_binding.as_ref().map(<[u8; 32]>::as_slice)),
            ..Context::default()
        };
        login
            .credentials
            .mechanisms()
            .iter()
            .copied()
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

    /// Whether a mechanism may be used on the stream as it is.
    fn allows(&self, mechanism: Mechanism) -> bool {
        self.is_encrypted() || self.config.plaintext_auth.allows(mechanism)
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        self.extensions
            .auth_mechanisms()
            .any(|offered| offered.eq_ignore_ascii_case(mechanism.as_str()))
    }

    /// Whether the form of this mechanism is offered that binds to the TLS session.
    fn offers_plus(&self, mechanism: Mechanism) -> bool {
        let name = mechanism.as_str().trim_end_matches("-PLUS");
        self.extensions
            .auth_mechanisms()
            .filter_map(|offered| offered.split_at_checked(name.len()))
            .any(|(start, end)| start.eq_ignore_ascii_case(name) && end.eq_ignore_ascii_case("-PLUS"))
    }

    fn begin_exchange(&mut self, mut mechanism: Box<dyn ClientMechanism>, automatic: bool) {
        let name = mechanism.mechanism();
        let mut unsaid = None;
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
                unsaid = Some(initial);
            }
        }
        self.output.put(b"\r\n");
        self.exchange = Some(Exchange {
            mechanism,
            unsaid,
            cancelled: None,
            automatic,
        });
        self.waiting.stop();
        self.stage = Stage::Auth;
    }

    /// A reply came in the exchange: 334, 235 or a refusal.
    pub(super) fn auth_answered(&mut self, reply: &Reply<'_>) {
        let Some(mut exchange) = self.exchange.take() else {
            return;
        };
        match (reply.code(), exchange.cancelled) {
            // The server goes on with an exchange that is broken off.
            (Code::CHALLENGE | Code::AUTHENTICATED, Some(_)) => self.close(Closed::Unexpected),
            (Code::CHALLENGE, None) => {
                match exchange.respond(reply) {
                    Ok(response) => {
                        self.output
                            .reserve_secret(sasl::base64::length(response.expose().len()) + 2);
                        sasl::base64::encode(response.expose(), &mut self.output);
                        self.output.put(b"\r\n");
                        self.waiting.stop();
                    }
                    Err(cancel) => {
                        exchange.cancelled = Some(cancel);
                        self.send(&[b"*"]);
                    }
                }
                self.exchange = Some(exchange);
            }
            (Code::AUTHENTICATED, None) => match exchange.mechanism.verify_success() {
                Ok(()) => {
                    self.authenticated = true;
                    self.stage = if exchange.automatic {
                        Stage::Welcome
                    } else {
                        Stage::Ready
                    };
                }
                // The server has let the client in and has not proven who it is itself: nobody to give mail to.
                Err(cancel) => self.leave(Closed::LoginCancelled(cancel)),
            },
            (_, Some(cancel)) => self.leave(Closed::LoginCancelled(cancel)),
            (_, None) if exchange.automatic => self.leave(Closed::LoginRefused),
            (_, None) => self.stage = Stage::Ready,
        }
    }
}

impl Exchange {
    /// The response to a challenge.
    fn respond(&mut self, reply: &Reply<'_>) -> Result<Secret, MechanismError> {
        let mut lines = reply.lines();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(MechanismError::MalformedChallenge);
        };
        let challenge = sasl::base64::decode(line).ok_or(MechanismError::MalformedChallenge)?;
        let response = match self.unsaid.take() {
            Some(initial) if challenge.is_empty() => initial,
            Some(_) => return Err(MechanismError::UnexpectedStep),
            None => self.mechanism.respond(challenge.expose())?,
        };
        if sasl::base64::length(response.expose().len()) > Auth::MAX_INITIAL {
            return Err(MechanismError::ResponseTooLong);
        }
        Ok(response)
    }
}
