//! STARTTLS (RFC 3207), seen from the client.

use super::{Client, Closed, Event, Stage, config::Tls};
use crate::{
    state::{Move, State},
    types::{Extensions, Keyword, Reply},
    upgrade::TlsUpgrade,
};

impl Client {
    /// Says that the session is under TLS: the handshake for this upgrade is done, and the server is the one that
    /// was meant. All that was learnt in plaintext is forgotten, and the session begins anew with EHLO (RFC 3207
    /// section 4.2). When the handshake fails, call [`lost`](crate::Machine::lost) instead: never go on in clear.
    pub fn tls_started(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if self.stage == Stage::Upgrading {
            self.encrypted = true;
            self.extensions = Extensions::default();
            self.needs_reset = false;
            self.transactions = 0;
            self.state = self.state.after(Move::StartTls).unwrap_or(State::Greeted);
            self.waiting.stop();
            self.stage = Stage::Introduce(self.first_verb());
        }
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether TLS is wanted and not there.
    pub(super) fn must_encrypt(&self) -> bool {
        self.config.tls == Tls::Required && !self.encrypted
    }

    /// EHLO was answered: goes on to STARTTLS if the policy says so.
    pub(super) fn secure(&mut self) {
        let offered = self.extensions.has(Keyword::StartTls);
        match self.config.tls {
            _ if self.encrypted => self.log_in(),
            Tls::Required | Tls::Opportunistic if offered => {
                self.send(&[b"STARTTLS"]);
                self.stage = Stage::StartTls;
            }
            Tls::Required => self.leave(Closed::TlsNotOffered),
            Tls::Opportunistic | Tls::Disabled => self.log_in(),
        }
    }

    /// STARTTLS was answered.
    pub(super) fn start_tls_answered(&mut self, reply: &Reply<'_>) {
        if reply.is_positive_completion() {
            self.stage = Stage::Upgrade;
        } else if self.must_encrypt() {
            self.leave(Closed::TlsRefused);
        } else {
            self.log_in();
        }
    }

    /// Hands out the proof that the stream may change to TLS. Whatever came behind the reply to STARTTLS was put
    /// there by somebody in between, and ends the session.
    pub(super) fn upgrade<'i>(&mut self, input: &[u8]) -> Option<Event<'i>> {
        match self.stage {
            Stage::Upgrade | Stage::Upgrading if !input.is_empty() => self.close(Closed::PlaintextBeforeTls),
            Stage::Upgrade => {
                let upgrade = TlsUpgrade::prove(&self.output, input)?;
                self.stage = Stage::Upgrading;
                return Some(Event::StartTls(upgrade));
            }
            _ => {}
        }
        None
    }
}
