//! Message data without a session: dot-stuffing, chunks, and the properties of a message.
//!
//! The types here process the octets between `354` and the end of data, or inside `BDAT` chunks. They know no commands,
//! replies or time. [`DotUnstuffer`] and [`ChunkReader`] serve the receiving side, [`DotStuffer`] and
//! [`ContentScanner`] the sending side. They neither copy nor keep message octets: they return slices of their input,
//! and constants for added octets.
//!
//! Only CRLF ends a line, and only `CRLF . CRLF` ends a message (RFC 5321, sections 2.3.8 and 4.1.1.4). A CR without
//! an LF after it, or an LF without a CR before it, is *bare*: it does not start a line, so a dot after it is not
//! special. SMTP smuggling exploits programs that accept anything looser.

mod chunk;
mod content_scanner;
mod scan;
mod stuff;
mod unstuff;

pub use chunk::ChunkReader;
pub use content_scanner::{ContentScanner, ContentSummary};
pub use stuff::{DotStuffer, LineEndings, Unsendable};
pub use unstuff::{BareLineEndings, DotUnstuffer, Unstuffed};

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const DOT: u8 = b'.';
