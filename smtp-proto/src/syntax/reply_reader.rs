//! Framing of replies in input that grows, with bounded memory.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

use memchr::memchr2;

use super::reply::{Position, reply_code, separator};
use super::{ReplyError, ReplyFault, ReplyLimits};
use crate::types::{Code, Reply};

/// Reader of replies from input that grows from call to call. It examines each octet once.
///
/// A reply within the [limits](ReplyLimits) borrows the input, so an incomplete one stays in the input. If a reply is
/// longer, the reader consumes the input as it comes, and keeps the part within the limits. Memory is therefore always
/// bounded.
///
/// ```
/// use smtp_proto::syntax::{ReplyLimits, ReplyReader};
///
/// let (mut reader, limits) = (ReplyReader::new(), ReplyLimits::default());
/// let mut input: &[u8] = b"250-mx.example.org\r\n250 PIPE";
/// assert_eq!(reader.read(&mut input, &limits), Ok(None));
///
/// // The same octets come again, with more after them.
/// let mut input: &[u8] = b"250-mx.example.org\r\n250 PIPELINING\r\n220 the next";
/// let reply = reader.read(&mut input, &limits)?.expect("it is whole");
/// assert_eq!(reply.lines().last(), Some(&b"PIPELINING"[..]));
/// assert_eq!(input, b"220 the next");
/// # Ok::<(), smtp_proto::syntax::ReplyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    /// Octets of the whole lines before the current one.
    start: usize,
    /// Octets of the current line that contain no line end.
    searched: usize,
    /// Whole lines before the current one.
    lines: usize,
    /// The code of the last line, and the beginning of a line of the same reply that has the same code and is not the last.
    code: Option<(Code, [u8; 4])>,
    /// A reply beyond the limits.
    cut: Option<Box<Cut>>,
    /// Text of the last reply was dropped.
    was_cut: bool,
}

/// A reply beyond the limits, of which the beginning is kept.
#[derive(Clone, Debug, Default)]
struct Cut {
    /// Whole lines within the limits.
    kept: Vec<u8>,
    /// The start of the last line kept.
    last_line: usize,
    lines: usize,
    code: Option<Code>,
    /// The text of a line is under way.
    text: Option<TextOfLine>,
    /// Octets of the reply that were consumed.
    taken: usize,
}

/// The text of a line beyond the limits.
#[derive(Clone, Copy, Debug)]
struct TextOfLine {
    /// The line is the last of its reply.
    last: Position,
    /// The line is kept, with at most this many further octets; `None` if it is dropped.
    room: Option<usize>,
}

impl ReplyReader {
    /// Creates a reader for the first octet of a reply.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the reply at the start of `input`, and advances `input` past it. Returns `None` if the reply is
    /// incomplete: pass the rest of `input` again, followed by more octets.
    ///
    /// ```abnf
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF   ; RFC 5321 section 4.2
    /// ```
    ///
    /// Lines whose codes differ only in the last two digits are one reply, and the last code counts. Text may contain
    /// any octet except a bare LF, and a CR only before another CR or a LF.
    ///
    /// # Errors
    ///
    /// Returns [`ReplyError`] as soon as a line is certain not to be a reply line. The error does not depend on how the
    /// input is cut. Its position counts from the start of the reply. Do not use the reader again.
    pub fn read<'i>(
        &mut self,
        input: &mut &'i [u8],
        limits: &ReplyLimits,
    ) -> Result<Option<Reply<'i>>, ReplyError> {
        if self.is_new() {
            let whole = match input.get(3) {
                Some(b' ') => one_line(input, limits),
                _ => several_lines(input, limits),
            };
            if let Some((reply, rest)) = whole {
                *input = rest;
                self.was_cut = false;
                return Ok(Some(reply));
            }
        }
        if self.cut.is_none() {
            match self.find(input, limits)? {
                Found::Whole(code, length) => {
                    let (raw, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
                    *input = rest;
                    *self = Self::default();
                    return Ok(Some(Reply::from_scanned(code, raw)));
                }
                Found::More => return Ok(None),
                Found::Beyond => {}
            }
        }
        self.cut(input, limits)
    }

    /// Returns true if text of the last reply was dropped because it was beyond the limits.
    #[must_use]
    pub const fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// Returns true if no octet of a reply was read.
    const fn is_new(&self) -> bool {
        self.start == 0 && self.searched == 0 && self.code.is_none() && self.cut.is_none()
    }

    /// Looks for the end of a reply that stays in the input.
    fn find(&mut self, input: &[u8], limits: &ReplyLimits) -> Result<Found, ReplyError> {
        let most_of_line = limits.line_octets();
        let most = limits.total_octets();
        loop {
            let line = input.get(self.start..).unwrap_or_default();
            let position = self.head(line).map_err(|fault| error(fault, line, self.start))?;
            let end = line_end(line, self.searched).map_err(|at| bare(self.start + at))?;
            let reached = match end {
                End::At(end) => end,
                End::After(_) => line.len(),
            };
            if reached > most_of_line || self.start + reached > most {
                return Ok(Found::Beyond);
            }
            let code = match (end, self.code) {
                (End::At(_), Some((code, _))) => code,
                (End::After(searched), _) => {
                    self.searched = searched;
                    return Ok(Found::More);
                }
                (End::At(_), None) => return Err(ReplyError::new(ReplyFault::Malformed, self.start)),
            };
            self.start += reached;
            self.searched = 0;
            self.lines += 1;
            if position == Position::Last {
                return Ok(Found::Whole(code, self.start));
            }
            if self.lines >= limits.lines {
                return Ok(Found::Beyond);
            }
        }
    }

    /// Checks the beginning of a line, as far as it has come.
    fn head(&mut self, line: &[u8]) -> Result<Position, ReplyFault> {
        if self.code.is_some_and(|(_, start)| line.starts_with(&start)) {
            return Ok(Position::Inner);
        }
        let (code, position) = match head(line)? {
            Some((code, position @ (Position::Inner | Position::Last))) => (code, position),
            // The octet after the code may show that this is not a reply line.
            _ => return Ok(Position::Unknown),
        };
        if let Some((first, _)) = self.code {
            same_class(first, code)?;
        }
        let [a, b, c] = code.digits();
        self.code = Some((code, [a, b, c, b'-']));
        Ok(position)
    }

    /// Consumes input of a reply beyond the limits.
    #[cold]
    fn cut<'i>(
        &mut self,
        input: &mut &'i [u8],
        limits: &ReplyLimits,
    ) -> Result<Option<Reply<'i>>, ReplyError> {
        let cut = self.cut.get_or_insert_default();
        loop {
            let line = match cut.text {
                Some(line) => line,
                None => match cut
                    .head(input, limits)
                    .map_err(|fault| error(fault, input, cut.taken))?
                {
                    Some(line) => line,
                    None => return Ok(None),
                },
            };
            let (text, whole) = match line_end(input, 0).map_err(|at| bare(cut.taken + at))? {
                End::At(end) => (end - 2, true),
                End::After(searched) => (searched, false),
            };
            let (octets, rest) = input.split_at_checked(text).unwrap_or((input, &[]));
            let kept = octets.get(..line.room.unwrap_or(0)).unwrap_or(octets);
            cut.kept.extend_from_slice(kept);
            *input = rest;
            cut.taken = cut.taken.saturating_add(octets.len());
            if !whole {
                cut.text = Some(TextOfLine {
                    room: line.room.map(|room| room - kept.len()),
                    ..line
                });
                return Ok(None);
            }
            *input = input.get(2..).unwrap_or_default();
            cut.taken = cut.taken.saturating_add(2);
            cut.text = None;
            if line.room.is_some() {
                cut.kept.extend_from_slice(b"\r\n");
                cut.lines += 1;
            }
            if let (Position::Last, Some(code)) = (line.last, cut.code) {
                let reply = mem::take(cut).into_reply(code);
                *self = Self {
                    was_cut: true,
                    ..Self::default()
                };
                return Ok(Some(reply));
            }
        }
    }
}

impl Cut {
    /// Takes the code of a line, and the separator after it.
    fn head(&mut self, input: &mut &[u8], limits: &ReplyLimits) -> Result<Option<TextOfLine>, ReplyFault> {
        let (code, last) = match head(input)? {
            Some((code, last @ (Position::Inner | Position::Last))) => (code, last),
            _ => return Ok(None),
        };
        if let Some(first) = self.code {
            same_class(first, code)?;
        }
        self.code = Some(code);
        let separator = input
            .get(3..4)
            .filter(|octet| *octet != b"\r")
            .unwrap_or_default();
        let head = 3 + separator.len();
        let room = limits
            .total_octets()
            .saturating_sub(self.kept.len())
            .min(limits.line_octets())
            .checked_sub(head + 2)
            .filter(|_| self.lines < limits.lines.max(1));
        if room.is_some() {
            self.last_line = self.kept.len();
            self.kept.extend_from_slice(&code.digits());
            self.kept.extend_from_slice(separator);
        }
        *input = input.get(head..).unwrap_or_default();
        self.taken = self.taken.saturating_add(head);
        Ok(Some(TextOfLine { last, room }))
    }

    /// Creates a whole reply from the kept lines.
    fn into_reply(mut self, code: Code) -> Reply<'static> {
        let [a, b, c] = code.digits();
        match self.kept.get_mut(self.last_line..) {
            Some([x, y, z, separator @ b'-', ..]) => [*x, *y, *z, *separator] = [a, b, c, b' '],
            Some([x, y, z, ..]) => [*x, *y, *z] = [a, b, c],
            _ => {}
        }
        Reply::from_scanned(code, &self.kept).into_owned()
    }
}

/// The end of a reply.
enum Found {
    Whole(Code, usize),
    /// The reply is not whole.
    More,
    /// The reply is beyond the limits.
    Beyond,
}

/// The end of a line.
#[derive(Clone, Copy)]
enum End {
    /// The index after its CRLF.
    At(usize),
    /// It has not come: this many octets were searched.
    After(usize),
}

/// Finds a whole reply of one line with text, which most are: a fast path of [`ReplyReader::find`].
#[inline]
fn one_line<'i>(input: &'i [u8], limits: &ReplyLimits) -> Option<(Reply<'i>, &'i [u8])> {
    let code = code(input.first_chunk()?)?;
    let end = memchr2(b'\r', b'\n', input)? + 2;
    let (raw, rest) = input.split_at_checked(end)?;
    (raw.ends_with(b"\r\n") && end <= limits.line_octets() && end <= limits.total_octets())
        .then_some((Reply::from_scanned(code, raw), rest))
}

/// The same for a reply of several lines with one code.
fn several_lines<'i>(input: &'i [u8], limits: &ReplyLimits) -> Option<(Reply<'i>, &'i [u8])> {
    let digits: &[u8; 3] = input.first_chunk()?;
    let code = code(digits)?;
    let most_of_line = limits.line_octets();
    let mut rest = input;
    for _ in 0..limits.lines.max(1) {
        let [x, y, z, separator] = rest.first_chunk()?;
        let end = memchr2(b'\r', b'\n', rest)?;
        let (line, after) = rest.split_at_checked(end + 2)?;
        if [*x, *y, *z] != *digits || !line.ends_with(b"\r\n") || line.len() > most_of_line {
            return None;
        }
        rest = after;
        match separator {
            b'-' => {}
            b' ' | b'\r' => {
                let length = input.len() - rest.len();
                let (raw, rest) = input.split_at_checked(length)?;
                let fits = length <= limits.total_octets();
                return fits.then_some((Reply::from_scanned(code, raw), rest));
            }
            _ => return None,
        }
    }
    None
}

#[inline]
fn code(digits: &[u8; 3]) -> Option<Code> {
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] = digits else {
        return None;
    };
    let digit = |octet: &u8| u16::from(octet - b'0');
    Code::new(digit(a) * 100 + digit(b) * 10 + digit(c))
}

/// Parses the start of a line: `Reply-code separator`. Returns `None` if too little of the line has come.
#[inline]
fn head(line: &[u8]) -> Result<Option<(Code, Position)>, ReplyFault> {
    let Ok((rest, digits)) = reply_code(line) else {
        return match line {
            // RFC 8446 section 5.1: alert and handshake records. No text begins with these octets.
            [0x15 | 0x16, ..] => Err(ReplyFault::TlsRecord),
            _ if line.iter().all(u8::is_ascii_digit) => Ok(None),
            _ => Err(ReplyFault::Malformed),
        };
    };
    let number = digits
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
    let code = Code::new(number).ok_or(ReplyFault::Code(number))?;
    match (separator(rest), rest) {
        (Ok((_, position)), _) => Ok(Some((code, position))),
        (Err(_), [b'\r'] | []) => Ok(Some((code, Position::Unknown))),
        (Err(_), [b'\n', ..]) => Err(ReplyFault::BareLineEnding),
        (Err(_), _) => Err(ReplyFault::Malformed),
    }
}

/// Adds the position to a fault at the start of `line`, which begins after `before` octets of the reply.
#[cold]
fn error(fault: ReplyFault, line: &[u8], before: usize) -> ReplyError {
    let digits = line.iter().take(3).take_while(|octet| octet.is_ascii_digit());
    let at = match fault {
        ReplyFault::Malformed | ReplyFault::BareLineEnding => digits.count(),
        _ => 0,
    };
    ReplyError::new(fault, before + at)
}

/// The error for a bare CR or LF.
#[cold]
const fn bare(position: usize) -> ReplyError {
    ReplyError::new(ReplyFault::BareLineEnding, position)
}

/// Codes of one class make one reply; codes of different classes contradict each other.
fn same_class(first: Code, then: Code) -> Result<(), ReplyFault> {
    if first.severity() == then.severity() {
        Ok(())
    } else {
        Err(ReplyFault::MixedCodes { first, then })
    }
}

/// Finds the end of a line, whose first `searched` octets contain none. The error is the position of a bare CR or LF.
fn line_end(line: &[u8], mut searched: usize) -> Result<End, usize> {
    loop {
        let rest = line.get(searched..).unwrap_or_default();
        let Some(at) = memchr2(b'\r', b'\n', rest) else {
            return Ok(End::After(line.len()));
        };
        match rest.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => return Ok(End::At(searched + at + 2)),
            [b'\r'] => return Ok(End::After(searched + at)),
            // Some servers end a line with CR CR LF.
            [b'\r', b'\r', ..] => searched += at + 1,
            _ => return Err(searched + at),
        }
    }
}

#[cfg(test)]
mod tests;
