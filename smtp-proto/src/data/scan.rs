//! Search for the octets at which message content cannot be copied unchanged.

use memchr::{memchr, memchr2, memmem};

use super::{CR, DOT, LF};

/// Maximum octets searched in one call after the first lines. Bounds repeated searches of a slice with many stops, and
/// keeps the returned octets in the first-level cache.
const WINDOW: usize = 16 * 1024;

/// The end of a run of unchanged message octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// A dot after a CRLF, at this index.
    Dot(usize),
    /// The first octet of a bare CR or LF, at this index.
    Bare(usize),
    /// Neither is among this many octets. The last octet may be a CR whose next octet is not known yet.
    Clean(usize),
}

/// Block size of the vectorized scan, in octets. Larger blocks amortize the branch; smaller ones cost less to rescan
/// after a hit.
const BLOCK: usize = 256;

/// Line ends found one by one before the block scan starts, which does not pay if every line has a stop.
const SINGLE_LINES: usize = 2;

/// Finds the first bare CR or LF, or with `DOTS` the first dot after a CRLF, in octets that do not follow a CR.
#[inline]
pub(super) fn lines<const DOTS: bool>(bytes: &[u8]) -> Stop {
    match line::<DOTS>(bytes, 0) {
        Ok(next) => lines_from::<DOTS>(bytes, next),
        Err(stop) => stop,
    }
}

/// Continues [`lines`] after the first line end.
#[inline(never)]
fn lines_from<const DOTS: bool>(bytes: &[u8], mut from: usize) -> Stop {
    let bytes = bytes.get(..from + WINDOW).unwrap_or(bytes);
    for _ in 1..SINGLE_LINES {
        match line::<DOTS>(bytes, from) {
            Ok(next) => from = next,
            Err(stop) => return stop,
        }
    }
    // Each block is checked together with the two octets after it. The first block begins with the LF just found.
    let at = skip_blocks::<true, DOTS>(bytes, from - 1);
    // An LF here was checked together with the octet before it.
    from = at + usize::from(bytes.get(at) == Some(&LF));
    loop {
        match line::<DOTS>(bytes, from) {
            Ok(next) => from = next,
            Err(stop) => return stop,
        }
    }
}

/// Finds the next line end. Returns the index at which the next line starts.
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

/// Skips blocks without a stop. Returns the index of the first block that contains one or is incomplete.
///
/// With the feature `simd`, this is compiled for each vector instruction set, and the best one is selected at run time.
fn skip_blocks<const BARE: bool, const DOTS: bool>(bytes: &[u8], at: usize) -> usize {
    #[cfg(feature = "simd")]
    {
        let level = fearless_simd::Level::new();
        fearless_simd::dispatch!(level, _simd => skip_each_block::<BARE, DOTS>(bytes, at))
    }
    #[cfg(not(feature = "simd"))]
    skip_each_block::<BARE, DOTS>(bytes, at)
}

#[inline(always)]
fn skip_each_block<const BARE: bool, const DOTS: bool>(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk)
        && has_no_stop::<BARE, DOTS>(block)
    {
        at += BLOCK;
    }
    at
}

/// Returns true if the first [`BLOCK`] octets contain no stop: with `BARE`, LF follows each CR and no other octet; with
/// `DOTS`, no dot follows an LF.
///
/// No branch depends on an octet, so that the compiler can vectorize the loop. Indices instead of `zip` and `skip`,
/// whose functions are inlined only with link-time optimization. Three arrays give three loads; a window of three
/// octets gives shuffles, which cost a third more.
#[inline(always)]
fn has_no_stop<const BARE: bool, const DOTS: bool>(block: &[u8; BLOCK + 2]) -> bool {
    let ([octets @ .., _, _], [_, next @ .., _], [_, _, after @ ..]) = (block, block, block);
    let mut stops = 0;
    for index in 0..BLOCK {
        let is = |octets: &[u8; BLOCK], octet| u8::from(octets.get(index) == Some(&octet));
        let (cr, lf, dot) = (is(octets, CR), is(next, LF), u8::from(DOTS) & is(after, DOT));
        stops |= (u8::from(BARE) & (cr ^ lf)) | (lf & dot);
    }
    stops == 0
}

/// Finds the first dot after a CRLF, ignoring bare CR and LF, in octets that do not follow a CR.
#[inline]
pub(super) fn dots(bytes: &[u8]) -> Stop {
    let mut from = 0;
    for _ in 0..SINGLE_LINES {
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

/// Continues [`dots`] after a line end.
#[inline(never)]
fn dots_from(bytes: &[u8], from: usize) -> Stop {
    let bytes = bytes.get(..from + WINDOW).unwrap_or(bytes);
    // As in `lines_from`; a bare LF before a dot only makes the search after the blocks longer. Without the best vector
    // instructions the block scan costs more than that search.
    #[cfg(feature = "simd")]
    let from = skip_blocks::<false, true>(bytes, from - 1);
    match bytes.get(from..).and_then(|rest| memmem::find(rest, b"\r\n.")) {
        Some(at) => Stop::Dot(from + at + 2),
        None => Stop::Clean(bytes.len()),
    }
}

#[cfg(test)]
mod tests;
