//! STARTTLS (RFC 3207), seen from the server.

use super::{Closed, Counters, Event, Next, Server, Tls, body::Mode, pipeline::Reply};
use crate::{
    state::{Move, State},
    types::{Command, Keyword},
    upgrade::TlsUpgrade,
};

impl Server {
    /// Says that the session is under TLS: the handshake for this upgrade is done. All that the client said in
    /// plaintext is forgotten, and it has to introduce itself again (RFC 3207 section 4.2); what the application
    /// did to [`extensions_mut`](Self::extensions_mut) stays. When the handshake fails, call [`lost`](crate::Machine::lost) instead.
    pub fn tls_started(&mut self, upgrade: TlsUpgrade) {
        let _ = upgrade;
        if !matches!(self.mode, Mode::Upgrading) {
            return;
        }
        self.encrypted = true;
        self.mode = Mode::Commands;
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
        self.reading.stop();
    }

    /// Says that the stream is under TLS from its first octet, before the machine was polled; see
    /// [`over_tls`](Self::over_tls).
    pub fn begin_over_tls(&mut self) {
        self.encrypted |= self.state == State::Connected && self.pipeline.len() == 0;
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether this session is offered an extension now: STARTTLS only in clear, REQUIRETLS only under TLS
    /// (RFC 3207 section 4.2, RFC 8689 section 2).
    pub(super) fn offers(&self, keyword: Keyword) -> bool {
        self.extensions().has(keyword)
            && match keyword {
                Keyword::StartTls => !self.encrypted,
                Keyword::RequireTls => self.encrypted,
                _ => true,
            }
    }

    /// Whether a command has to wait for TLS (RFC 3207 section 4: 530 to all but NOOP, EHLO, STARTTLS and QUIT).
    pub(super) fn needs_tls(&self, command: &Command<'_>) -> bool {
        let harmless = matches!(
            command,
            Command::Noop(_) | Command::Ehlo(_) | Command::Lhlo(_) | Command::StartTls | Command::Quit
        );
        self.config.tls == Tls::Required && !self.encrypted && !harmless
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
            self.close(Closed::Eof);
            return Next::Again;
        }
        if matches!(self.mode, Mode::Upgrade)
            && let Some(upgrade) = TlsUpgrade::prove(&self.pipeline.output, input)
        {
            self.mode = Mode::Upgrading;
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
