//! Delivery status notifications: the decision, the report, and a reader of reports (RFC 3461, RFC 3464, RFC 6522, RFC 6533).
//!
//! 1. [`Wish::action`] decides if the sender gets a notification of an event.
//! 2. A [`Notice`] reports one recipient. A [`Report`] is the notification with all notices of one message:
//!    [`Report::pieces`] are its octets, [`Report::envelope`] is its envelope.
//! 3. [`Status::parse`] reads the fields of a notification from another server.
//!
//! ```
//! use smtp_proto::types::{ForwardPath, Host, MailParameters, RcptParameters, ReversePath};
//! use smtp_relay::dsn::{Action, Event, Notice, Report, Returned, Wish};
//!
//! let sender = ReversePath::parse("ann@example.org")?;
//! let bob = ForwardPath::parse("bob@example.net")?;
//! let (here, there) = (Host::parse("mx.example.org")?, Host::parse("mx.example.net")?);
//!
//! let parameters = MailParameters::parse("ENVID=order17")?;
//! let wish = Wish::of(&parameters, &RcptParameters::default());
//! let action = wish.action(&sender, Event::Failed).ok_or("no notification")?;
//! assert_eq!(action, Action::Failed);
//! let notice = Notice::new(&bob, action, "5.1.1".parse()?).with_reply(&there, b"550 5.1.1 no such user here");
//! let notices = [notice];
//! let original = b"From: ann@example.org\r\nSubject: Hello\r\n\r\nHello\r\n";
//! let report = Report::new(&sender, &here, &notices, 1_800_000_600, 0x5eed)
//!     .ok_or("the sender is null")?
//!     .with_message(1_800_000_000, &parameters)
//!     .with_original(Returned::Headers(original));
//! let message: Vec<u8> = report.pieces().flat_map(|piece| piece.into_owned()).collect();
//! let message = String::from_utf8(message)?;
//! assert!(message.contains("\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
//! assert!(report.envelope().reverse_path().mailbox().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod clean;
mod fields;
mod notice;
mod original;
mod report;
mod status;
mod text;

pub use action::{Action, Event, Wish};
pub use notice::Notice;
pub use original::Returned;
pub use report::{Form, Report};
pub use status::{Field, InvalidStatus, MessageFields, RecipientFields, Status, Typed};

#[cfg(test)]
mod tests;
