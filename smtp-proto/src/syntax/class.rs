//! Classes of octets, looked up in one table.
//!
//! A class holds either all octets from 0x80 or none, so a run of one class in a `str` never ends within a
//! character.

/// `atext`, with UTF-8 (RFC 5322 section 3.2.3, RFC 6531 section 3.3).
pub(super) const ATEXT: u8 = 1;
/// `Let-dig / "-"`, with UTF-8 (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
pub(super) const LDH: u8 = 1 << 1;
/// `qtextSMTP`, with UTF-8 (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
pub(super) const QTEXT: u8 = 1 << 2;
/// `dcontent` (RFC 5321 section 4.1.3).
pub(super) const DCONTENT: u8 = 1 << 3;
/// `esmtp-value`, with UTF-8 (RFC 5321 section 4.1.2, RFC 6531 section 3.3).
pub(super) const VALUE: u8 = 1 << 4;
/// `ALPHA / DIGIT / "-"` (RFC 5321 section 4.1.2: `esmtp-keyword`, `Ldh-str`).
pub(crate) const KEYWORD: u8 = 1 << 5;
/// `xchar` (RFC 3461 section 4).
pub(super) const XCHAR: u8 = 1 << 6;
/// Printable ASCII and the space, with UTF-8: the text of an argument.
pub(super) const TEXT: u8 = 1 << 7;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated by the compiler, within the loop's bounds"
        )]
        let class = &mut table[octet];
        *class = classes(octet as u8);
        octet += 1;
    }
    table
};

const fn classes(octet: u8) -> u8 {
    let mut classes = 0;
    if octet.is_ascii_alphanumeric() || octet == b'-' {
        classes |= ATEXT | LDH | KEYWORD;
    }
    if matches!(
        octet,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'/'
            | b'='
            | b'?'
            | b'^'
            | b'_'
            | b'`'
            | b'{'..=b'~'
    ) {
        classes |= ATEXT;
    }
    if matches!(octet, 32..=126) {
        classes |= TEXT;
    }
    if matches!(octet, 32..=33 | 35..=91 | 93..=126) {
        classes |= QTEXT;
    }
    if matches!(octet, 33..=90 | 94..=126) {
        classes |= DCONTENT;
    }
    if matches!(octet, 33..=60 | 62..=126) {
        classes |= VALUE;
        if octet != b'+' {
            classes |= XCHAR;
        }
    }
    if !octet.is_ascii() {
        classes |= ATEXT | LDH | QTEXT | VALUE | TEXT;
    }
    classes
}

/// Returns true if `octet` is of `class`.
#[expect(clippy::indexing_slicing, reason = "the table has a place for every octet")]
#[inline]
pub(crate) fn is(octet: u8, class: u8) -> bool {
    CLASSES[usize::from(octet)] & class != 0
}

/// Returns true if all octets of `text` are of `class`.
pub(super) fn all(text: &str, class: u8) -> bool {
    text.bytes().all(|octet| is(octet, class))
}

/// Returns true if `text` is `word` in any case of letters. The word consists of letters, and of digits if `text` has
/// no control characters: then this is exact, and a few instructions.
#[inline]
pub(crate) fn is_word<const N: usize>(text: impl AsRef<[u8]>, word: &[u8; N]) -> bool {
    <&[u8; N]>::try_from(text.as_ref())
        .is_ok_and(|text| text.map(|octet| octet | 0x20) == word.map(|octet| octet | 0x20))
}
