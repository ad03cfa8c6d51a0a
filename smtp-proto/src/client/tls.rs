//! STARTTLS (RFC 3207), seen from the client.

use alloc::boxed::Box;

use super::{Client, Closed, Event, Stage, config::Tls};
use crate::{
    state::{Move, State},
    time::Phase,
    tls::{TlsInfo, TlsUpgrade},
    types::{Extensions, Keyword, Reply},
};

impl Client {
    /// Says that the session is under TLS, and what is known of it: the handshake for this upgrade is done, and the
    /// server is the one that was meant. All that was learnt in plaintext is forgotten, and the session begins anew
    /// with EHLO (RFC 3207 section 4.2). When the handshake fails, call [`tls_failed`](Self::tls_failed) instead.
    pub fn tls_established(&mut self, upgrade: TlsUpgrade, facts: TlsInfo) {
        let _ = upgrade;
        if matches!(self.stage, Stage::Upgrading) {
            self.tls = Some(Box::new(facts));
            self.extensions = Extensions::default();
            self.needs_reset = false;
            self.authenticated = false;
            self.transactions = 0;
            self.state = self.state.after(Move::StartTls).unwrap_or(State::Greeted);
            self.waiting.stop();
            self.stage = Stage::Introduce(self.first_verb());
        }
    }

    /// Says that the handshake for this upgrade failed, or that the server is not the one that was meant. The session
    /// is over ([`Closed::TlsFailed`]), with the policy [`Tls::Opportunistic`], too: the stream is no longer in clear.
    pub fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if matches!(self.stage, Stage::Upgrading) {
            self.close(Closed::TlsFailed);
        }
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// What is known of the TLS session; `None` in clear.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_deref()
    }

    /// Whether TLS is wanted and not there.
    pub(super) fn must_encrypt(&self) -> bool {
        self.config.tls == Tls::Required && self.tls.is_none()
    }

    /// EHLO was answered: goes on to STARTTLS if the policy says so.
    pub(super) fn secure(&mut self) {
        let offered = self.extensions.has(Keyword::StartTls);
        match self.config.tls {
            _ if self.tls.is_some() => self.log_in(),
            Tls::Required | Tls::Opportunistic if offered => {
                self.send(&[b"STARTTLS"]);
                self.stage = Stage::StartTls;
            }
            Tls::Required => self.leave(Closed::TlsNotOffered),
            Tls::Opportunistic | Tls::Disabled => self.log_in(),
        }
    }

    /// STARTTLS was answered. RFC 3207 section 4 has 220 for a yes; any other 2yz is one by its first digit (RFC 5321
    /// section 4.2). Taken for a no, it would let mail go in clear to a server that waits for a handshake.
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
                let upgrade = TlsUpgrade::try_new(&self.output, input)?;
                self.stage = Stage::Upgrading;
                // The driver does the handshake without looking here: its time begins now.
                let time = self.config.timeouts.handshake;
                self.waiting.run(Phase::Handshake, time, self.now);
                return Some(Event::StartTls(upgrade));
            }
            _ => {}
        }
        None
    }
}
