//! Pieces of a message for one write.

use crate::{
    client::{BodyPermit, BodyStep, Client, More},
    machine::Machine,
};

/// How many pieces of a message go into one write. A text with bare line feeds has two pieces a line.
const PIECES: usize = 256;

/// How many slices one write has at most: the pieces of a message, and what goes before and behind them.
pub const SLICES: usize = PIECES + 3;

/// Pieces of a message that are written in one go with what the machine has to say before and behind them: the end of
/// a message leaves with its last text, and a chunk with its command.
#[derive(Debug)]
pub struct MessageWrite<'b> {
    /// The right to send more; `None` once the message is complete, or no more of it is wanted.
    permit: Option<BodyPermit>,
    /// Octets of the block that were used.
    used: usize,
    pieces: [&'b [u8]; PIECES],
    /// Octets of the machine's output that stand before the pieces; the rest stands behind them.
    head: usize,
    /// The first piece of a chunk that begins behind the end of another: its command stands between them.
    next_chunk: &'b [u8],
    /// Nothing can be sent before a reply came.
    blocked: bool,
    /// Octets of the pieces, and of what stands around them, that were written.
    pub(super) written: usize,
}

impl<'b> MessageWrite<'b> {
    pub(super) fn new(machine: &mut Client, permit: BodyPermit, block: &'b [u8], more: More) -> Self {
        let mut gathered = Self {
            permit: None,
            used: 0,
            pieces: [&[]; PIECES],
            head: machine.output().len(),
            next_chunk: &[],
            blocked: false,
            written: 0,
        };
        let mut rest = block;
        let mut slots = gathered.pieces.iter_mut().enumerate();
        let last = loop {
            let Some((index, slot)) = slots.next() else {
                break Ok(None);
            };
            match machine.body(&permit, &mut rest, more) {
                Ok(BodyStep::Write(piece)) if index > 0 && machine.output().len() > gathered.head => {
                    gathered.next_chunk = piece;
                    break Ok(None);
                }
                Ok(BodyStep::Write(piece)) => *slot = piece,
                Ok(other) => break Ok(Some(other)),
                Err(unsendable) => break Err(unsendable),
            }
            gathered.head = machine.output().len();
        };
        gathered.used = block.len() - rest.len();
        gathered.blocked = last == Ok(Some(BodyStep::AwaitReply)) && gathered.used == 0 && gathered.head == 0;
        gathered.permit = match last {
            // What cannot be sent ends the session; the machine says so in its next event.
            Err(_) => {
                gathered.pieces = [&[]; PIECES];
                None
            }
            Ok(Some(BodyStep::NeedInput)) if rest.is_empty() && more == More::Last => {
                // An error ends the session, too.
                let _ = machine.end_body(permit);
                None
            }
            // A chunk that was open is completed all the same, to stay in step.
            Ok(Some(BodyStep::Abort)) => None,
            Ok(_) => Some(permit),
        };
        gathered
    }

    /// The right to send more; `None` once the message is complete, or no more of it is wanted.
    pub const fn take_permit(&mut self) -> Option<BodyPermit> {
        self.permit.take()
    }

    /// How many octets of the block were used.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.used
    }

    /// Whether nothing can be sent before a reply came: wait, and gather again.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// What is left to be written in one go, in order. At most [`SLICES`], none empty.
    ///
    /// Commands of the next transaction are among it in clear only, where a stream says how much of a write has left.
    /// Of TLS nobody knows before a flush, and then all or nothing: so there the end of a message is the end of a write,
    /// and the commands are what the machine has to say next.
    pub fn slices<'s>(&'s self, machine: &'s Client) -> impl Iterator<Item = &'s [u8]> {
        let output = if machine.is_encrypted() {
            machine.output()
        } else {
            machine.all_output()
        };
        self.around(output)
    }

    /// What is left of the pieces with this output around them.
    pub(super) fn around<'s>(&'s self, output: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let (before, behind) = output.split_at_checked(self.head).unwrap_or((output, &[]));
        let all = core::iter::once(before)
            .chain(self.pieces.iter().copied())
            .chain([behind, self.next_chunk]);
        let mut skip = self.written;
        all.filter_map(move |octets| {
            let rest = octets.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(octets.len());
            (!rest.is_empty()).then_some(rest)
        })
    }

    /// How many octets of the machine's output have to be put aside with the pieces when not all was written: those
    /// before them, and with a chunk behind them all.
    pub(super) const fn kept(&self, output: &[u8]) -> usize {
        if self.next_chunk.is_empty() && self.head < output.len() {
            self.head
        } else {
            output.len()
        }
    }

    /// How many octets the pieces have.
    pub(super) fn octets(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }
}
