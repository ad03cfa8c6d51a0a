//! Values that cannot be wrong: each is checked when it is made, and none can hold a control character.
//!
//! One type serves for borrowed and for owned values: `Mailbox<'i>` is a slice of the line it was parsed
//! from, `into_owned` makes it a `Mailbox<'static>`. What was sent is kept as it was sent: quotes, the case
//! of letters, source routes, xtext.
//!
//! - Addresses: [`Mailbox`], [`Domain`], [`AddressLiteral`], [`Host`]; in the envelope [`ReversePath`] and
//!   [`ForwardPath`], and all of it together in [`Envelope`].
//! - What a client says: [`Command`] with [`Mail`], [`Rcpt`], [`Bdat`], [`Query`]; parameters in [`MailParameters`]
//!   and [`RcptParameters`].
//! - What a server says: [`Reply`] as it came, [`Text`] and [`Rejection`] to be said, with [`Code`] and
//!   [`EnhancedCode`]; what it offers: [`Extensions`].

mod argument;
mod code;
mod command;
mod domain;
mod enhanced;
mod envelope;
mod excerpt;
mod extension;
mod extensions;
mod invalid;
mod literal;
mod mailbox;
mod parameter;
mod path;
mod protocol;
mod rejection;
mod reply;
mod text;

pub use argument::{Argument, Auth, ClientName, ClientNameKind, Query, UnknownCommand};
pub use code::{Code, Severity};
pub use command::{Bdat, Command, Mail, MailKind, Rcpt, Verb};
pub use domain::Domain;
pub use enhanced::EnhancedCode;
pub use envelope::{Envelope, Recipient};
pub use extension::{AnnouncedLimits, Extension, InvalidExtension, Keyword};
pub use extensions::Extensions;
pub use invalid::{
    AddressFault, ArgumentFault, InvalidAddress, InvalidArgument, InvalidParameter, ParameterFault,
};
pub use literal::{AddressLiteral, Host};
pub use mailbox::Mailbox;
pub(crate) use parameter::OtherParameters;
pub use parameter::{
    AuthIdentity, Body, MailParameters, Notify, OriginalRecipient, Parameter, RcptParameters, Ret, Xtext,
};
pub use path::{ForwardPath, Path, Postmaster, ReversePath};
pub use protocol::Protocol;
pub use rejection::{InvalidRejection, Rejection};
pub use reply::{InvalidReply, Reply};
pub use text::{InvalidText, Text};

pub(crate) use extension::is_keyword;
pub(crate) use reply::{begin_line, line_end, write_reply};
