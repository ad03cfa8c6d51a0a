//! A transaction and its message data: the values that the phases own.

use alloc::{boxed::Box, vec::Vec};
use core::{mem, time::Duration};

use super::{config::Timeouts, event::Reset, question::MailQuestion};
use crate::{
    data::{BareLineEndings, ChunkReader, DotUnstuffer, Unstuffed},
    state::State,
    time::{Deadline, Instant, Phase},
    types::{Body, Protocol, Rejection},
};

/// The facts of an open transaction that the machine needs. All others belong to the application.
#[derive(Debug)]
pub(super) struct Transaction {
    /// The BODY parameter of MAIL.
    pub(super) body: Option<Body>,
    /// MAIL had the parameter SMTPUTF8.
    pub(super) smtputf8: bool,
    /// RCPT was refused by the machine.
    rcpt_refused: bool,
    /// RCPT questions so far: the index of the next one.
    asked: u32,
    accepted: Accepted,
}

/// The accepted recipients.
#[derive(Debug)]
enum Accepted {
    /// SMTP: one reply for all of them.
    Count(u32),
    /// LMTP: one reply for each. Their indices in the order of the commands; the answers may come in another order.
    Each(Vec<u32>),
    /// PRDR: the same, if there are several recipients.
    Prdr(Vec<u32>),
}

impl Transaction {
    pub(super) const fn new(protocol: Protocol, mail: MailQuestion) -> Self {
        Self {
            body: mail.body,
            smtputf8: mail.smtputf8,
            rcpt_refused: false,
            asked: 0,
            accepted: match protocol {
                Protocol::Smtp if mail.prdr => Accepted::Prdr(Vec::new()),
                Protocol::Smtp => Accepted::Count(0),
                Protocol::Lmtp => Accepted::Each(Vec::new()),
            },
        }
    }

    /// Numbers the next RCPT question.
    pub(super) const fn next_index(&mut self) -> u32 {
        let index = self.asked;
        self.asked = self.asked.saturating_add(1);
        index
    }

    /// Notes a RCPT command that the machine refused.
    pub(super) const fn refuse(&mut self) {
        self.rcpt_refused = true;
    }

    /// Moves the transaction into the next phase.
    #[inline]
    pub(super) const fn take(&mut self) -> Self {
        let none = MailQuestion {
            body: None,
            smtputf8: false,
            prdr: false,
        };
        mem::replace(self, Self::new(Protocol::Smtp, none))
    }

    /// Returns `true` if all RCPT commands, at least one, were refused. Commands pipelined after them are out of order,
    /// but not by a fault of the client (RFC 2920 section 3.1).
    pub(super) const fn are_all_refused(&self) -> bool {
        self.recipients() == 0 && (self.rcpt_refused || self.asked > 0)
    }

    /// Adds a recipient.
    pub(super) fn accept(&mut self, index: u32) {
        match &mut self.accepted {
            Accepted::Count(count) => *count = count.saturating_add(1),
            Accepted::Each(indices) | Accepted::Prdr(indices) => {
                let at = indices.partition_point(|earlier| *earlier < index);
                indices.insert(at, index);
            }
        }
    }

    /// The number of accepted recipients.
    pub(super) const fn recipients(&self) -> u32 {
        match &self.accepted {
            Accepted::Count(count) => *count,
            Accepted::Each(indices) | Accepted::Prdr(indices) => indices.len() as u32,
        }
    }

    /// The number of replies that refuse the whole message.
    const fn refusals(&self) -> u32 {
        match &self.accepted {
            Accepted::Count(_) | Accepted::Prdr(_) => 1,
            Accepted::Each(indices) => indices.len() as u32,
        }
    }

    /// The number of decisions on the whole message.
    pub(super) const fn decisions(&self) -> u32 {
        match &self.accepted {
            Accepted::Count(_) => 1,
            Accepted::Each(indices) | Accepted::Prdr(indices) => indices.len() as u32,
        }
    }

    /// The recipient of decision number `decision` on the message. `None`: all of them.
    pub(super) fn recipient(&self, decision: u32) -> Option<u32> {
        match &self.accepted {
            Accepted::Count(_) => None,
            Accepted::Prdr(indices) if indices.len() < 2 => None,
            Accepted::Each(indices) | Accepted::Prdr(indices) => indices.get(decision as usize).copied(),
        }
    }

    /// Returns `true` if the client asked for a reply for each recipient, and there are several (draft-hall-prdr).
    pub(super) const fn has_prdr(&self) -> bool {
        match &self.accepted {
            Accepted::Prdr(indices) => indices.len() > 1,
            _ => false,
        }
    }
}

/// The reason for refusing a message whose data has begun.
#[derive(Debug)]
pub(super) enum Failure {
    TooBig,
    BareLineEnding,
    Application(Box<Rejection>),
}

impl Failure {
    pub(super) const fn reset(&self) -> Reset {
        match self {
            Self::TooBig => Reset::TooBig,
            Self::BareLineEnding => Reset::BareLineEnding,
            Self::Application(_) => Reset::Refused,
        }
    }

    pub(super) const fn rejection(&self) -> &Rejection {
        match self {
            Self::TooBig => const { &Rejection::TOO_BIG },
            Self::BareLineEnding => const { &Rejection::BARE_LINE_ENDING },
            Self::Application(rejection) => rejection,
        }
    }
}

/// A transaction whose message data is being received.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) transaction: Transaction,
    /// Octets of data so far, as RFC 1870 counts them.
    octets: u64,
    /// The reason for which the message will be refused.
    failure: Option<Failure>,
    pace: Pace,
}

/// A piece of message data, divided.
#[derive(Debug)]
pub(super) struct Piece<'i> {
    /// Octets for the application.
    pub(super) within: &'i [u8],
    /// Octets to be dropped.
    pub(super) beyond: &'i [u8],
}

impl Transfer {
    pub(super) const fn new(transaction: Transaction, pace: Pace, failure: Option<Failure>) -> Self {
        Self {
            transaction,
            octets: 0,
            failure,
            pace,
        }
    }

    /// Moves the message into the next phase.
    pub(super) const fn take(&mut self) -> Self {
        Self {
            transaction: self.transaction.take(),
            octets: self.octets,
            failure: self.failure.take(),
            pace: self.pace,
        }
    }

    /// Refuses the message, unless it was refused before.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.failure = Some(failure);
        }
    }

    pub(super) const fn is_refused(&self) -> bool {
        self.failure.is_some()
    }

    /// Returns the reason for refusing the message, and the number of replies due.
    pub(super) fn take_failure(&mut self) -> Option<(Failure, u32)> {
        Some((self.failure.take()?, self.transaction.refusals()))
    }

    /// Returns `true` if this number of further octets exceeds the limit for messages.
    pub(super) const fn would_exceed(&self, octets: u64, limit: u64) -> bool {
        self.octets.saturating_add(octets) > limit
    }

    /// Ends the wait for data.
    pub(super) fn pause(&mut self, now: Instant) {
        self.pace.pause(now);
    }

    /// Returns the deadline for the next data.
    pub(super) fn await_data(&mut self, now: Instant) -> Deadline {
        self.pace.resume(now)
    }

    /// Counts a piece of the message, and divides it at the limit, so that the application receives the same octets
    /// however the input was cut.
    fn divide<'i>(&mut self, piece: &'i [u8], limit: u64) -> Piece<'i> {
        if self.failure.is_some() {
            return Piece {
                within: &[],
                beyond: piece,
            };
        }
        let room = usize::try_from(limit.saturating_sub(self.octets)).unwrap_or(usize::MAX);
        self.octets = self.octets.saturating_add(piece.len() as u64);
        let (within, beyond) = piece.split_at_checked(room).unwrap_or((piece, &[]));
        if !beyond.is_empty() {
            self.failure = Some(Failure::TooBig);
        }
        Piece { within, beyond }
    }
}

/// Message text after DATA.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) transfer: Transfer,
    unstuffer: DotUnstuffer,
    line_endings: BareLineEndings,
}

/// The bounds of message data.
pub(super) struct Bounds<'s> {
    /// The largest message.
    pub(super) octets: u64,
    pub(super) timeouts: &'s Timeouts,
    pub(super) now: Instant,
}

/// The result of reading message data.
#[derive(Debug)]
pub(super) enum Data<'i> {
    /// The next octets.
    Piece(Piece<'i>),
    /// More input is needed.
    NeedMore,
}

impl Text {
    pub(super) const fn new(transfer: Transfer, line_endings: BareLineEndings) -> Self {
        Self {
            transfer,
            unstuffer: DotUnstuffer::new(line_endings),
            line_endings,
        }
    }

    /// Reads the next piece of the message. Returns `None` at the end of the message.
    pub(super) fn next<'i>(&mut self, input: &mut &'i [u8], bounds: &Bounds<'_>) -> Option<Data<'i>> {
        let before = input.len();
        let unstuffed = self.unstuffer.next(input);
        let arrived = before - input.len();
        let is_bare = self.unstuffer.saw_bare_line_ending() && self.line_endings == BareLineEndings::Reject;
        if is_bare && !matches!(unstuffed, Unstuffed::NeedMore) {
            self.transfer.fail(Failure::BareLineEnding);
        }
        match unstuffed {
            Unstuffed::Piece(piece) => {
                let piece = self.transfer.divide(piece, bounds.octets);
                let kept = arrived.saturating_sub(piece.beyond.len());
                self.transfer.pace.arrived(kept, bounds.timeouts, bounds.now);
                Some(Data::Piece(piece))
            }
            Unstuffed::NeedMore => {
                self.transfer.pace.arrived(arrived, bounds.timeouts, bounds.now);
                Some(Data::NeedMore)
            }
            Unstuffed::End => None,
        }
    }
}

/// A BDAT chunk that is being received.
#[derive(Debug)]
pub(super) struct Chunk {
    octets: ChunkReader,
    pub(super) last: bool,
    /// The chunk has no octets.
    pub(super) empty: bool,
    /// The first chunk of the message, which was refused: the state is still [`State::Recipients`].
    first_refused: bool,
}

impl Chunk {
    pub(super) const fn new(size: u64, last: bool) -> Self {
        Self {
            octets: ChunkReader::new(size),
            last,
            empty: size == 0,
            first_refused: false,
        }
    }

    /// A refused first chunk.
    pub(super) const fn refused(size: u64, last: bool) -> Self {
        Self {
            first_refused: true,
            ..Self::new(size, last)
        }
    }

    pub(super) const fn state(&self) -> State {
        if self.first_refused {
            State::Recipients
        } else {
            State::Chunks
        }
    }

    /// Reads the next piece of the chunk, which belongs to this message. Returns `None` at the end of the chunk.
    pub(super) fn next<'i>(
        &mut self,
        transfer: &mut Transfer,
        input: &mut &'i [u8],
        bounds: &Bounds<'_>,
    ) -> Option<Data<'i>> {
        match self.octets.take(input) {
            Some(octets) => {
                let piece = transfer.divide(octets, bounds.octets);
                transfer
                    .pace
                    .arrived(piece.within.len(), bounds.timeouts, bounds.now);
                Some(Data::Piece(piece))
            }
            None if self.octets.remaining() == 0 => {
                transfer.pace.pause(bounds.now);
                None
            }
            None => Some(Data::NeedMore),
        }
    }
}

/// Time for message data. It has a rate, so that a large message may take long, but a peer that sends slowly may not.
///
/// The time left shrinks while the machine waits, and grows with each octet that is kept, up to [`Timeouts::data`]. No
/// wait lasts longer than that, even after a burst.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    left: Duration,
    /// Octets that have not yet restored a second.
    unpaid: u32,
    waiting_since: Option<Instant>,
}

impl Pace {
    pub(super) const fn new(timeouts: &Timeouts) -> Self {
        Self {
            left: timeouts.data,
            unpaid: 0,
            waiting_since: None,
        }
    }

    /// Ends the wait.
    pub(super) fn pause(&mut self, now: Instant) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(now.since(since));
        }
    }

    /// Ends the wait, and credits octets that are kept. Octets that are dropped earn nothing.
    fn arrived(&mut self, octets: usize, timeouts: &Timeouts, now: Instant) {
        self.pause(now);
        let octets = u64::from(self.unpaid).saturating_add(octets as u64);
        let rate = u64::from(timeouts.min_data_rate.max(1));
        self.unpaid = (octets % rate) as u32;
        let earned = Duration::from_secs(octets / rate);
        self.left = self.left.saturating_add(earned).min(timeouts.data);
    }

    /// Returns the deadline of the wait, which begins now unless it is running.
    pub(super) fn resume(&mut self, now: Instant) -> Deadline {
        let since = *self.waiting_since.get_or_insert(now);
        Deadline::new(since + self.left, Phase::DataBlock)
    }
}
