//! Message bodies without session state.
//!
//! What travels between `354` and the final dot, or inside `BDAT` chunks, is handled here, apart from commands,
//! replies and time. [`DotUnstuffer`] and [`ChunkReader`] are the receiving side, [`DotStuffer`] and [`ContentScanner`] the
//! sending side. None of them copies or keeps message octets: what they give out are slices of what was put in
//! and, where an octet has to be added, of constants.
//!
//! A line ends with CRLF and with nothing else, and only `CRLF . CRLF` ends a message
//! (RFC 5321, sections 2.3.8 and 4.1.1.4). A CR without its LF, or an LF without its CR, is *bare*: it never starts
//! a line, so no dot behind it is special. Agreeing on anything looser is what SMTP smuggling lives on.

mod chunk;
mod scan;
mod stuff;
mod survey;
mod unstuff;

pub use chunk::ChunkReader;
pub use stuff::{DotStuffer, LineEndings, Unsendable};
pub use survey::{ContentScanner, ContentSummary};
pub use unstuff::{BareLineEndings, DotUnstuffer, Unstuffed};

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const DOT: u8 = b'.';
