//! A message in the spool, and the states of its recipients.

use serde::{Deserialize, Serialize};
use smtp_proto::{data::ContentSummary, types::Envelope};

use super::Id;

/// The facts of a message that are known before its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: Id,
    /// The time of acceptance.
    pub(crate) accepted: u64,
    /// The envelope as it was received.
    pub(crate) envelope: Envelope,
    /// The next hop of each recipient: a domain, an address in brackets, or a smart host. Recipients that share one are
    /// delivered together.
    pub(crate) next_hops: Vec<String>,
}

/// The facts of a message that are known after its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The octets of the content.
    pub(crate) octets: u64,
    /// The octets as SIZE counts them.
    pub(crate) size: u64,
    /// The content has octets above 127.
    pub(crate) eight_bit: bool,
    /// The header section has octets above 127.
    pub(crate) utf8_header: bool,
    /// The header section has `TLS-Required: No` (RFC 8689 section 3).
    pub(crate) tls_optional: bool,
}

/// The state of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The time of the next attempt.
    pub(crate) due: u64,
    /// The attempts so far.
    pub(crate) attempts: u32,
    /// The end, if it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ending: Option<Ending>,
    /// The sender got a delay notice.
    #[serde(default)]
    pub(crate) noticed: bool,
    /// The host that took the message, if the report about this (`NOTIFY=SUCCESS`) could not be stored yet. Nothing is sent to such a
    /// recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owed: Option<String>,
    /// The last result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Last>,
    /// The last reply of a host, maybe of an earlier attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) heard: Option<Heard>,
}

/// The end of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// A next hop took responsibility.
    Delivered,
    /// The recipient has failed; its report is in the spool, if there is one.
    Failed,
}

/// The result of the last attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// The time of the attempt.
    pub(crate) at: u64,
    /// The enhanced status code.
    pub(crate) status: String,
    /// The text of the host, or of this relay if no host said anything.
    pub(crate) text: String,
}

/// A negative reply of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) host: String,
    /// The reply with its code. Several lines are joined by spaces.
    pub(crate) reply: String,
}

/// The new state of one recipient, by its index in the envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) n: usize,
    #[serde(flatten)]
    pub(crate) state: State,
}

impl Facts {
    /// The facts of a content.
    pub(crate) const fn of(summary: &ContentSummary) -> Self {
        Self {
            octets: summary.octets,
            size: summary.size,
            eight_bit: summary.eight_bit,
            utf8_header: summary.utf8_header,
            tls_optional: false,
        }
    }
}

impl Head {
    /// The states of the recipients when the message was accepted.
    pub(crate) fn first_states(&self) -> Vec<State> {
        let first = State {
            due: self.accepted,
            ..State::default()
        };
        vec![first; self.envelope.recipients().len()]
    }
}
