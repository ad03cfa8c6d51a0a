//! Pieces of a message for one vectored write.

use smtp_proto::{
    Machine,
    client::{BodyPermit, BodyStep, Client, More},
};

/// Maximum pieces of a message in one write. A text with bare line feeds has two pieces per line.
const PIECES: usize = 256;

/// Maximum slices in one write: the pieces of a message, and the output before and after them.
pub const MAX_IO_SLICES: usize = PIECES + 3;

/// Pieces of a message for one write, together with the output of the machine before and after them: the end of data is
/// sent with the last text, and a chunk with its command.
#[derive(Debug)]
pub(crate) struct MessageWrite<'b> {
    /// The right to send more. `None` if the message is complete, or if no more of it can be sent.
    permit: Option<BodyPermit>,
    /// Octets of the block that were used.
    used: usize,
    pieces: [&'b [u8]; PIECES],
    /// Octets of the machine's output before the pieces. The rest of the output follows the pieces.
    head: usize,
    /// The first piece of a second chunk, whose command is between it and the other pieces.
    next_chunk: &'b [u8],
    /// The machine must receive a reply before it can send more.
    blocked: bool,
    /// Octets written, of the pieces and of the output before and after them.
    pub(crate) written: usize,
}

impl<'b> MessageWrite<'b> {
    pub(crate) fn new(machine: &mut Client, permit: BodyPermit, block: &'b [u8], more: More) -> Self {
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
            // Content that cannot be sent ends the session; the machine's next event reports that.
            Err(_) => {
                gathered.pieces = [&[]; PIECES];
                None
            }
            Ok(Some(BodyStep::NeedInput)) if rest.is_empty() && more == More::Last => {
                // An error ends the session; the machine's next event reports it.
                let _ = machine.end_body(permit);
                None
            }
            // An open chunk is completed anyway, because the server counts its octets.
            Ok(Some(BodyStep::Abort)) => None,
            Ok(_) => Some(permit),
        };
        gathered
    }

    /// Takes the right to send more. Returns `None` if the message is complete, or if no more of it can be sent.
    pub(crate) const fn take_permit(&mut self) -> Option<BodyPermit> {
        self.permit.take()
    }

    /// Number of octets of the block that were used.
    #[must_use]
    pub(crate) const fn used(&self) -> usize {
        self.used
    }

    /// Returns true if a reply must arrive before more can be sent: wait, then prepare the write again.
    #[must_use]
    pub(crate) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// The slices to write with one write, in order: at most [`MAX_IO_SLICES`], none empty.
    ///
    /// They include commands of the next transaction only in plaintext, where a stream reports the number of octets
    /// written. Over TLS, progress is known only after a flush. Therefore a write ends with the end of data, and the
    /// following commands go into the next write.
    pub(crate) fn slices<'s>(&'s self, machine: &'s Client) -> impl Iterator<Item = &'s [u8]> {
        let output = if machine.is_encrypted() {
            machine.output()
        } else {
            machine.all_output()
        };
        self.unwritten_with(output)
    }

    /// The unwritten rest of the pieces, and of this output before and after them.
    pub(crate) fn unwritten_with<'s>(&'s self, output: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let (before, after) = output.split_at_checked(self.head).unwrap_or((output, &[]));
        let all = core::iter::once(before)
            .chain(self.pieces.iter().copied())
            .chain([after, self.next_chunk]);
        let mut skip = self.written;
        all.filter_map(move |octets| {
            let rest = octets.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(octets.len());
            (!rest.is_empty()).then_some(rest)
        })
    }

    /// Number of octets of the machine's output to defer with the pieces after a partial write: those before the pieces, or
    /// all of them if a second chunk follows.
    pub(crate) const fn deferred_output(&self, output: &[u8]) -> usize {
        if self.next_chunk.is_empty() && self.head < output.len() {
            self.head
        } else {
            output.len()
        }
    }

    /// Number of octets in the pieces.
    pub(crate) fn octets(&self) -> usize {
        self.pieces.iter().map(|piece| piece.len()).sum()
    }
}
