//! Values of the protocol: addresses, commands, parameters, replies, envelopes and extensions. Each value is valid,
//! because its constructor checks it.
//!
//! - No value contains a character that can end a line, control a terminal or reorder text: [`Printable::allows`] is
//!   the rule. Exceptions: [`Reply`] has the octets that the peer sent and replaces such characters in `Display`, and
//!   [`Text`] may contain tabs.
//! - One type serves for borrowed and owned values: `Mailbox<'i>` is a slice of the parsed line, `into_owned` copies it
//!   to a `Mailbox<'static>`, and `as_borrowed` borrows it again.
//! - Values keep the text as it was sent, with quotes, the case of letters, source routes and xtext.
//! - Every type that holds text converts from a string (`parse`, `FromStr`, `TryFrom`) and to one (`as_str`,
//!   `AsRef<str>`).
//!
//! The types:
//!
//! - Addresses: [`Mailbox`], [`Domain`], [`AddressLiteral`], [`Host`]; in an [`Envelope`], [`ReversePath`] and
//!   [`ForwardPath`].
//! - Sent by a client: [`Command`], with [`Mail`], [`Rcpt`], [`Bdat`] and [`Query`]; [`MailParameters`] and
//!   [`RcptParameters`] with their values, such as [`Body`] and [`Notify`].
//! - Sent by a server: [`Reply`], with [`Code`], [`EnhancedCode`] and [`Text`]; [`Rejection`]; [`Extensions`].
//! - Errors: an `Invalid...` type for each kind of value.

mod announced;
mod argument;
mod attribute;
mod checked;
mod client_info;
mod code;
mod command;
mod conversions;
mod domain;
mod enhanced;
mod envelope;
mod etrn;
mod excerpt;
mod extension;
mod extensions;
mod invalid;
mod keyword;
mod literal;
mod mailbox;
mod parameter;
mod path;
mod postmaster;
mod printable;
mod protocol;
mod rejection;
mod reply;
mod solicitation;
#[cfg(feature = "serde")]
mod stored;
mod text;
mod timestamp;

pub use announced::{AnnouncedLimits, FutureReleaseLimits};
pub use argument::{Argument, Auth, ClientName, ClientNameKind, Query, UnknownCommand};
pub use attribute::{ClientAttribute, ClientAttributes};
pub(crate) use client_info::unprefixed;
pub use client_info::{ClientInfo, ClientSource, ClientValue, Xclient, Xforward};
pub use code::{Code, InvalidCode, Severity};
pub use command::{Bdat, Command, Mail, MailKind, Rcpt, Verb};
pub use domain::Domain;
pub use enhanced::{EnhancedCode, InvalidEnhancedCode};
pub use envelope::{Envelope, Recipient};
pub use etrn::{Etrn, EtrnAnswer, EtrnScope, InvalidEtrnAnswer};
pub use extension::{Extension, InvalidExtension};
pub use extensions::{Extensions, ExtensionsIter};
pub use invalid::{
    AddressFault, ArgumentFault, InvalidAddress, InvalidArgument, InvalidParameter, ParameterFault,
};
pub use keyword::Keyword;
pub use literal::{AddressLiteral, Host};
pub use mailbox::Mailbox;
pub use parameter::{
    AuthIdentity, Body, ByMode, DeliverBy, Hold, HoldInterval, MailParameters, NoSupportAction, Notify,
    OriginalRecipient, Parameter, Priority, RcptParameters, Ret, Rrvs, Xtext,
};
pub(crate) use parameter::{OtherParameters, RareMailParameters};
pub use path::{ForwardPath, Path, ReversePath};
pub use postmaster::Postmaster;
pub use printable::Printable;
pub use protocol::Protocol;
pub use rejection::{InvalidRejection, Rejection};
pub use reply::{InvalidReply, Reply};
pub use solicitation::SolicitationKeywords;
pub use text::{InvalidText, Text};
pub use timestamp::Timestamp;

pub(crate) use extension::{is_keyword, is_priority_profile};
pub(crate) use literal::write_address;
pub(crate) use reply::{begin_line, line_end, write_reply};
