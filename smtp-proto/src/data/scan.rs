//! Finds the places where message octets cannot simply go through.

use memchr::{memchr, memchr2, memmem};

use super::{CR, DOT, LF};

/// Most octets that one call looks at behind the first lines: a slice with many places to stop at is not searched to
/// its end for each of them, and what is given out is still in the first-level cache.
const WINDOW: usize = 16 * 1024;

/// Where a run of message octets stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// A dot behind a CRLF, at this index.
    Dot(usize),
    /// The first octet of a bare CR or LF, at this index.
    Bare(usize),
    /// Neither is among this many octets. The last one may be a CR that nothing is known of yet.
    Clean(usize),
}

/// Octets that are judged at once: enough to make up for the test behind them, and few to go through again when it
/// says that a stop is among them.
const BLOCK: usize = 256;

/// Line ends looked at one by one before longer runs are: where each line has a stop, those do not pay.
const NEAR: usize = 2;

/// Finds the first bare CR or LF, or with `DOTS` the first dot behind a CRLF, in octets that do not follow a CR.
#[inline]
pub(super) fn lines<const DOTS: bool>(bytes: &[u8]) -> Stop {
    match line::<DOTS>(bytes, 0) {
        Ok(next) => lines_from::<DOTS>(bytes, next),
        Err(stop) => stop,
    }
}

/// Goes on behind the first line end.
#[inline(never)]
fn lines_from<const DOTS: bool>(bytes: &[u8], mut from: usize) -> Stop {
    let bytes = bytes.get(..from + WINDOW).unwrap_or(bytes);
    for _ in 1..NEAR {
        match line::<DOTS>(bytes, from) {
            Ok(next) => from = next,
            Err(stop) => return stop,
        }
    }
    // A block is judged with the two octets behind it. The first one begins with the LF of the line end just seen.
    let at = calm_blocks::<true, DOTS>(bytes, from - 1);
    // An LF here was judged together with the octet before it.
    from = at + usize::from(bytes.get(at) == Some(&LF));
    loop {
        match line::<DOTS>(bytes, from) {
            Ok(next) => from = next,
            Err(stop) => return stop,
        }
    }
}

/// Finds the next line end; gives where the next line starts.
#[inline(always)]
fn line<const DOTS: bool>(bytes: &[u8], from: usize) -> Result<usize, Stop> {
    let Some(at) = bytes.get(from..).and_then(|rest| memchr2(CR, LF, rest)) else {
        return Err(Stop::Clean(bytes.len()));
    };
    let at = from + at;
    match bytes.get(at..) {
        Some([CR, LF, DOT, ..]) if DOTS => Err(Stop::Dot(at + 2)),
        Some([CR, LF, ..]) => Ok(at + 2),
        Some([CR]) => Err(Stop::Clean(bytes.len())),
        _ => Err(Stop::Bare(at)),
    }
}

/// Goes through blocks that nothing has to be done about: where the first one begins that is not such, or is not whole.
///
/// With the feature `simd`, it is compiled for each of the vector instruction sets that there may be, and the best is taken.
fn calm_blocks<const BARE: bool, const DOTS: bool>(bytes: &[u8], at: usize) -> usize {
    #[cfg(feature = "simd")]
    {
        let level = fearless_simd::Level::new();
        fearless_simd::dispatch!(level, _simd => each_calm_block::<BARE, DOTS>(bytes, at))
    }
    #[cfg(not(feature = "simd"))]
    each_calm_block::<BARE, DOTS>(bytes, at)
}

#[inline(always)]
fn each_calm_block<const BARE: bool, const DOTS: bool>(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk)
        && is_calm::<BARE, DOTS>(block)
    {
        at += BLOCK;
    }
    at
}

/// Whether of the first [`BLOCK`] octets, with `BARE`, each CR and no other has an LF behind it, and with `DOTS` no LF has a
/// dot behind it.
///
/// No branch depends on an octet: the compiler makes vector instructions of it.
#[inline(always)]
fn is_calm<const BARE: bool, const DOTS: bool>(block: &[u8; BLOCK + 2]) -> bool {
    let pairs = block.iter().zip(block.iter().skip(1)).zip(block.iter().skip(2));
    pairs.fold(0, |stops, ((&octet, &next), &after)| {
        let (cr, lf, dot) = (
            u8::from(octet == CR),
            u8::from(next == LF),
            u8::from(DOTS && after == DOT),
        );
        stops | (u8::from(BARE) & (cr ^ lf)) | (lf & dot)
    }) == 0
}

/// Finds the first dot behind a CRLF, whatever other line ends there are, in octets that do not follow a CR.
#[inline]
pub(super) fn dots(bytes: &[u8]) -> Stop {
    let mut from = 0;
    for _ in 0..NEAR {
        let Some(at) = bytes.get(from..).and_then(|rest| memchr(LF, rest)) else {
            return Stop::Clean(bytes.len());
        };
        from += at + 1;
        if bytes.get(from) == Some(&DOT) && bytes.get(..from).is_some_and(|line| line.ends_with(b"\r\n")) {
            return Stop::Dot(from);
        }
    }
    dots_from(bytes, from)
}

/// Goes on behind a line end.
#[inline(never)]
fn dots_from(bytes: &[u8], from: usize) -> Stop {
    let bytes = bytes.get(..from + WINDOW).unwrap_or(bytes);
    // As above; a bare LF before a dot only makes the search behind the blocks longer. Without the best vector instructions
    // the blocks cost more than that search.
    #[cfg(feature = "simd")]
    let from = calm_blocks::<false, true>(bytes, from - 1);
    match bytes.get(from..).and_then(|rest| memmem::find(rest, b"\r\n.")) {
        Some(at) => Stop::Dot(from + at + 2),
        None => Stop::Clean(bytes.len()),
    }
}

#[cfg(test)]
mod tests;
