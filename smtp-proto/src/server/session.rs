//! The machine: its parts, and the ways in which it ends.

use alloc::{boxed::Box, sync::Arc};

use super::{
    abuse::AbuseMeter,
    clock::Clock,
    config::Config,
    event::{Closed, Event, Reset},
    info::SessionInfo,
    lines::{Line, LineKind, LineReader},
    phase::{Phase, Step},
    replies::{Replies, Reply},
};
use crate::{
    state::State,
    types::{ClientName, Extensions, Keyword, Verb},
};

/// No further command is read while more octets than this wait to be written.
pub(super) const OUTPUT_HIGH: usize = 4096;

/// The server's side of one SMTP or LMTP session.
///
/// [`Machine`](crate::Machine) has the contract with the driver, and [`Event`] the questions to the application. Most
/// answers are [`accept`](Self::accept), [`accept_with`](Self::accept_with) and [`reject`](Self::reject).
#[derive(Debug)]
pub struct Server {
    pub(super) config: Arc<Config>,
    pub(super) session: SessionInfo,
    pub(super) phase: Phase,
    pub(super) replies: Replies,
    pub(super) lines: LineReader,
    pub(super) abuse: AbuseMeter,
    pub(super) clock: Clock,
    /// The end of a transaction that was not reported yet.
    pub(super) ended: Option<Reset>,
    pub(super) shutdown: Option<Shutdown>,
    /// The client sends nothing more.
    pub(super) end_of_input: bool,
}

/// The time at which [`Server::shutdown`] ends the session: after the open transaction, or at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a switch")]
pub enum Shutdown {
    /// After the open transaction. At once if there is none.
    Gracefully,
    /// At once. An open transaction is reset.
    Now,
}

/// The next thing to do.
#[repr(u8)] // a tag of its own is read faster than one in the niche of an event
pub(super) enum Next<'i> {
    /// Return this event.
    Event(Event<'i>),
    /// A step was taken: look for the next one.
    Again,
    /// Nothing can be done until something happens outside.
    Wait(Await),
    /// The session is over, except for the last output.
    Over(Closed),
}

/// The condition that a wait ends with, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Await {
    /// More input.
    Input,
    /// An answer, or that output is written: no input is read.
    Progress,
}

impl Server {
    /// Creates a session with a newly connected client.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let enhanced = config.extensions.has(Keyword::EnhancedStatusCodes);
        Self {
            config,
            session: SessionInfo::default(),
            phase: Phase::Connected,
            replies: Replies::new(enhanced),
            lines: LineReader::default(),
            abuse: AbuseMeter::default(),
            clock: Clock::new(),
            ended: None,
            shutdown: None,
            end_of_input: false,
        }
    }

    /// The extensions of this session, to change them. A change applies to commands and parameters at once. The client
    /// learns of it in the reply to its next EHLO.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        self.session
            .extensions
            .get_or_insert_with(|| Box::new(self.config.extensions.clone()))
    }

    /// Ends the session with 421 (RFC 5321 section 3.8). Poll afterwards.
    pub fn shutdown(&mut self, how: Shutdown) {
        self.shutdown = self.shutdown.max(Some(how));
    }

    /// The extensions of this session.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        self.session.extensions(&self.config)
    }

    /// The configuration that all sessions share.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The state of the session.
    #[must_use]
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// The verb and name of the last accepted EHLO, HELO or LHLO. Returns `None` before it.
    #[must_use]
    pub fn hello(&self) -> Option<(Verb, &ClientName<'static>)> {
        self.session.hello.as_ref().map(|hello| (hello.verb, &hello.name))
    }

    /// Returns true if the session awaits a command outside of a transaction, no question is open, and all output is
    /// written.
    ///
    /// If the driver also has no unused input, the roles on the stream can be exchanged after ATRN (RFC 2645).
    #[must_use]
    pub fn awaits_command(&self) -> bool {
        matches!(self.phase, Phase::Ready(_))
            && self.replies.is_empty()
            && self.replies.output.is_empty()
            && self.lines.at_start()
    }

    /// The number of accepted recipients of the open transaction.
    #[must_use]
    pub fn recipients(&self) -> u32 {
        self.phase
            .transaction()
            .map_or(0, |transaction| transaction.recipients())
    }

    /// Takes a step, and notes the end of a transaction that it leaves.
    #[inline(always)] // or no step is known in the table
    pub(super) fn advance(&mut self, step: Step) {
        if let Some(reset) = self.phase.advance(step) {
            self.ended = Some(reset);
        }
    }

    /// Returns `true` if the session is over, except for the last output.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }

    /// Decides how the session ends. An open transaction is lost with it.
    pub(super) fn close(&mut self, why: Closed) {
        self.end(Step::Close(why));
    }

    /// Queues a last reply and decides how the session ends.
    pub(super) fn close_with(&mut self, reply: &'static str, why: Closed) {
        self.end_with(reply, Step::Close(why));
    }

    /// Answers QUIT.
    pub(super) fn quit<'i>(&mut self) -> Next<'i> {
        self.end_with("221 2.0.0 bye", Step::Quit);
        Next::Again
    }

    fn end(&mut self, step: Step) {
        if self.is_closed() {
            return;
        }
        self.replies.abandon();
        self.lines.end_chunk();
        self.advance(step);
        self.clock.stop_writing();
    }

    fn end_with(&mut self, reply: &'static str, step: Step) {
        // During a TLS handshake no reply is sent, because the client would read it as TLS data.
        let is_silent = match self.phase {
            Phase::Handshake(_) | Phase::Closed(_) => true,
            Phase::StartTls(_) => self.replies.output.is_empty(),
            _ => false,
        };
        if !is_silent {
            self.replies.abandon();
            // In place of the greeting it has no enhanced code (RFC 2034 section 4).
            self.replies.enhanced &= !matches!(self.phase, Phase::Connected | Phase::Reconnected);
            self.replies.reply(&Reply::Fixed(reply));
        }
        self.end(step);
    }

    /// Counts a command without progress. Returns `true` if there were too many, and the session ends.
    pub(super) fn count_idle(&mut self) -> bool {
        self.abuse.count_idle();
        self.end_if_idle()
    }

    /// Ends the session if there were too many commands without progress.
    #[inline]
    pub(super) fn end_if_idle(&mut self) -> bool {
        let is_idle = self.abuse.is_idle(self.config.limits.max_idle_commands);
        if is_idle {
            self.close_with(
                "421 4.7.0 too many commands without mail, closing",
                Closed::TooManyIdleCommands,
            );
        }
        is_idle
    }

    /// Counts octets that are dropped. Returns `true` if there were too many, and the session ends.
    pub(super) fn discard(&mut self, octets: usize) -> bool {
        let too_many = self
            .abuse
            .discard(octets as u64, self.config.limits.max_discarded_octets);
        if too_many {
            self.close_drop_limit();
        }
        too_many
    }

    /// Ends a session that exceeds the limit for dropped octets.
    #[cold]
    pub(super) fn close_drop_limit(&mut self) {
        self.close_with("421 4.7.0 too much to be skipped, closing", Closed::DropLimit);
    }

    /// Ends a session because the octets of a chunk cannot be distinguished from commands.
    #[cold]
    pub(super) fn close_unknown_chunk_size(&mut self) {
        self.close_with(
            "421 4.7.0 cannot tell where the chunk ends, closing",
            Closed::ChunkSizeUnknown,
        );
    }

    /// Reads the next line.
    #[inline(always)] // or every command pays for a call
    pub(super) fn read_line<'i>(&mut self, input: &mut &'i [u8], limit: usize, kind: LineKind) -> Line<'i> {
        let budget = (&mut self.abuse, self.config.limits.max_discarded_octets);
        let line = self.lines.next(input, limit, kind, budget);
        if !matches!(line, Line::Incomplete) {
            self.clock.input_came();
        }
        line
    }

    /// Handles a read that returned no line to process.
    #[cold]
    pub(super) fn without_line<'i>(&mut self, line: &Line<'_>) -> Next<'i> {
        match line {
            Line::LostChunk => self.close_unknown_chunk_size(),
            Line::Endless => self.close_with("421 4.7.0 line too long, closing", Closed::DropLimit),
            Line::TooMuchDropped => self.close_drop_limit(),
            Line::Incomplete if !self.end_of_input || !self.replies.is_empty() => {
                return Next::Wait(Await::Input);
            }
            Line::Incomplete => self.close(Closed::ConnectionClosed),
            _ => {}
        }
        Next::Again
    }
}
