//! The kinds of input, and the implementations that read each kind.

use crate::{codec, mailin_session, mailrs, message, ours, outcome::Outcome, registry};

/// A kind of input.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A command line, without its CRLF.
    Command,
    /// A reply, with all its CRLFs.
    Reply,
    /// A reply to EHLO, with all its CRLFs.
    Ehlo,
    /// The input after the reply 354.
    Body,
}

/// Another implementation.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&[u8]) -> Outcome,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Command, Self::Reply, Self::Ehlo, Self::Body];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Reply => "reply",
            Self::Ehlo => "ehlo",
            Self::Body => "body",
        }
    }

    pub(crate) fn inputs(self) -> &'static str {
        match self {
            Self::Command => "inputs/commands.txt",
            Self::Reply => "inputs/replies.txt",
            Self::Ehlo => "inputs/ehlo.txt",
            Self::Body => "inputs/bodies.txt",
        }
    }

    /// Mutations of each input. Those of bodies are cut out of what ends a message.
    pub(crate) fn mutations(self) -> usize {
        match self {
            Self::Command => 2,
            Self::Reply => 3,
            Self::Ehlo => 2,
            Self::Body => 6,
        }
    }

    pub(crate) fn ours(self, input: &[u8]) -> Outcome {
        match self {
            Self::Command => ours::command(input),
            Self::Reply => ours::reply(input),
            Self::Ehlo => ours::ehlo(input),
            Self::Body => ours::body(input),
        }
    }

    pub(crate) fn peers(self) -> &'static [Peer] {
        match self {
            Self::Command => COMMAND,
            Self::Reply => REPLY,
            Self::Ehlo => EHLO,
            Self::Body => BODY,
        }
    }
}

const COMMAND: &[Peer] = &[
    peer("smtp-proto 0.2", registry::command),
    peer("smtp-codec", codec::command),
    peer("smtp-message", message::command),
    peer("mailin", mailin_session::command),
    peer("mailrs", mailrs::command),
];

const REPLY: &[Peer] = &[
    peer("smtp-proto 0.2", registry::reply),
    peer("smtp-codec", codec::reply),
    peer("smtp-message", message::reply),
];

const EHLO: &[Peer] = &[
    peer("smtp-proto 0.2", registry::ehlo),
    peer("smtp-codec", codec::ehlo),
];

const BODY: &[Peer] = &[
    peer("smtp-proto 0.2", registry::body),
    peer("smtp-message", message::body),
    peer("mailin", mailin_session::body),
    peer("mailrs", mailrs::body),
];

const fn peer(name: &'static str, read: fn(&[u8]) -> Outcome) -> Peer {
    Peer { name, read }
}
