//! Line endings and leniencies of the example `server`.

use clap::{Args, ValueEnum};
use smtp_proto::{
    data::BareLineEndings,
    server::{Config, EarlyTalker, HeloParameters, UnknownPolicy},
    syntax::Leniency,
};

/// Deviations from the protocol that the server accepts.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct SyntaxFlags {
    /// Policy for a bare CR or LF in a message
    #[arg(long, value_name = "POLICY", default_value = "reject")]
    pub line_endings: LineEndings,
    /// Accept only the exact grammar, without the usual leniencies
    #[arg(long)]
    pub strict: bool,
    /// Accept this deviation from the protocol (repeatable), for testing a device
    #[arg(long, value_name = "NAME")]
    pub leniency: Vec<Lenient>,
}

/// A deviation from the protocol that some clients need.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the choices of the flag")]
pub enum Lenient {
    /// `MAIL FROM: <a@b.example>` (on without --strict).
    SpaceAfterColon,
    /// `EHLO my_pc` (on without --strict).
    HelloNames,
    /// `MAIL FROM:a@b.example`.
    MissingBrackets,
    /// `<a@b.example.>`; the last dot is ignored.
    TrailingDot,
    /// Commands before the greeting.
    EarlyTalk,
    /// SIZE and BODY after HELO.
    HeloParameters,
    /// Unknown parameters of MAIL and RCPT, which are ignored.
    UnknownParameters,
}

/// The policy for a bare CR or LF in a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the choices of the flag")]
pub enum LineEndings {
    /// Refuse the message.
    Reject,
    /// Replace each by CRLF.
    Normalize,
    /// Keep each.
    Keep,
}

impl SyntaxFlags {
    pub(super) fn apply(&self, config: &mut Config) {
        config.line_endings = match self.line_endings {
            LineEndings::Reject => BareLineEndings::Reject,
            LineEndings::Normalize => BareLineEndings::Normalize,
            LineEndings::Keep => BareLineEndings::Keep,
        };
        if self.strict {
            config.leniency = Leniency::STRICT;
        }
        for lenient in &self.leniency {
            let leniency = &mut config.leniency;
            match lenient {
                Lenient::SpaceAfterColon => leniency.space_after_colon = true,
                Lenient::HelloNames => leniency.loose_hello_names = true,
                Lenient::MissingBrackets => leniency.missing_brackets = true,
                Lenient::TrailingDot => leniency.trailing_dot = true,
                Lenient::EarlyTalk => config.early_talker = EarlyTalker::Tolerate,
                Lenient::HeloParameters => config.helo_parameters = HeloParameters::AcceptSizeAndBody,
                Lenient::UnknownParameters => config.unknown_parameters = UnknownPolicy::AskApplication,
            }
        }
    }
}
