//! STARTTLS (RFC 3207), seen from the server.

use alloc::boxed::Box;

use super::{Closed, Counters, Event, Next, Server, Tls, body::Mode, pipeline::Reply};
use crate::{
    state::{Move, State},
    time::Phase,
    tls::{TlsInfo, TlsUpgrade},
    types::{Command, Keyword},
};

impl Server {
    /// Says that the session is under TLS, and what is known of it: the handshake for this upgrade is done. All that
    /// the client said in plaintext is forgotten, and it has to introduce itself again (RFC 3207 section 4.2); what the
    /// application did to [`extensions_mut`](Self::extensions_mut) stays. When the handshake fails, call
    /// [`tls_failed`](Self::tls_failed) instead.
    pub fn tls_established(&mut self, upgrade: TlsUpgrade, facts: TlsInfo) {
        let _ = upgrade;
        if !matches!(self.mode, Mode::Upgrading) {
            return;
        }
        self.tls = Some(Box::new(facts));
        self.mode = Mode::Commands;
        self.reading.stop();
        if self.state == State::Connected {
            return;
        }
        self.state = self.state.after(Move::StartTls).unwrap_or(State::Greeted);
        self.hello = None;
        self.login = None;
        self.trusts_originators = false;
        self.attempted = false;
        // What was dropped has cost something, under TLS or not, and guessing is guessing.
        self.counters = Counters {
            dropped: self.counters.dropped,
            failed_logins: self.counters.failed_logins,
            ..Counters::default()
        };
        self.pipeline.enhanced = self.extensions().has(Keyword::EnhancedStatusCodes);
    }

    /// Says that the handshake for this upgrade failed. The session is over ([`Closed::TlsFailed`]), and nothing is
    /// said.
    pub fn tls_failed(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if matches!(self.mode, Mode::Upgrading) {
            self.close(Closed::TlsFailed);
        }
    }

    /// Says that TLS is spoken from the first octet, before the machine was polled, and the handshake is to be done
    /// (RFC 8314 section 3.3). Go on as with [`Event::StartTls`]. `None` when something was said already.
    ///
    /// The time of the handshake begins at the origin of the driver's clock.
    #[must_use = "the session stands still until the handshake is done"]
    pub fn start_implicit_tls(&mut self) -> Option<TlsUpgrade> {
        if !self.is_untouched() {
            return None;
        }
        let upgrade = TlsUpgrade::try_new(&self.pipeline.output, &[])?;
        self.begin_handshake();
        Some(upgrade)
    }

    /// Says that the stream is under TLS already, from its first octet and before the machine was polled, and what is
    /// known of it (RFC 8314 section 3.3). It means nothing later.
    pub fn set_implicit_tls(&mut self, facts: TlsInfo) {
        if self.is_untouched() {
            self.tls = Some(Box::new(facts));
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

    /// Whether nothing was asked or said yet.
    fn is_untouched(&self) -> bool {
        self.state == State::Connected
            && matches!(self.mode, Mode::Commands)
            && self.tls.is_none()
            && self.pipeline.is_empty()
            && self.closing.is_none()
    }

    /// The driver does the handshake from now on, and its time is running.
    fn begin_handshake(&mut self) {
        self.mode = Mode::Upgrading;
        let time = self.config.timeouts.handshake;
        self.reading.run(Phase::Handshake, time, self.now);
    }

    /// Whether this session is offered an extension now: STARTTLS only in clear, REQUIRETLS only under TLS
    /// (RFC 3207 section 4.2, RFC 8689 section 2).
    pub(super) fn offers(&self, keyword: Keyword) -> bool {
        self.extensions().has(keyword)
            && match keyword {
                Keyword::StartTls => self.tls.is_none(),
                Keyword::RequireTls => self.tls.is_some(),
                _ => true,
            }
    }

    /// Whether a command has to wait for TLS (RFC 3207 section 4: 530 to all but NOOP, EHLO, STARTTLS and QUIT).
    pub(super) fn needs_tls(&self, command: &Command<'_>) -> bool {
        if self.config.tls == Tls::Optional || self.tls.is_some() {
            return false;
        }
        !matches!(
            command,
            Command::Noop(_) | Command::Ehlo(_) | Command::Lhlo(_) | Command::StartTls | Command::Quit
        )
    }

    /// STARTTLS was said in its turn. Octets behind it are an attempt to have something done under TLS that was
    /// said in clear (CVE-2011-0411).
    pub(super) fn start_tls<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if input.is_empty() {
            self.pipeline.reply(&Reply::Fixed("220 2.0.0 ready for TLS"));
            self.mode = Mode::Upgrade;
        } else {
            self.tampered();
        }
        Next::Again
    }

    /// Hands out the proof that the stream may change to TLS, once the reply is written.
    pub(super) fn next_upgrade<'i>(&mut self, input: &[u8]) -> Next<'i> {
        if !input.is_empty() {
            self.tampered();
            return Next::Again;
        }
        if self.end_of_input {
            self.close(Closed::ConnectionClosed);
            return Next::Again;
        }
        if matches!(self.mode, Mode::Upgrade)
            && let Some(upgrade) = TlsUpgrade::try_new(&self.pipeline.output, input)
        {
            self.begin_handshake();
            return Next::Event(Event::StartTls(upgrade));
        }
        Next::Wait(false)
    }

    fn tampered(&mut self) {
        self.close_with(
            "421 4.7.0 plaintext behind STARTTLS, closing",
            Closed::PlaintextBeforeTls,
        );
    }
}
