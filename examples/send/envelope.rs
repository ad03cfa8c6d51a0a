//! The envelope of the example `send`.

use clap::{Args, ValueEnum};
use smtp_proto::types::{
    DeliverBy, Envelope, ForwardPath, Hold, HoldInterval, InvalidParameter, MailParameters, Notify, Priority,
    RcptParameters, Ret, ReversePath, Rrvs, SolicitationKeywords, Timestamp, Xtext,
};

/// The envelope, with the parameters of MAIL and RCPT.
#[derive(Clone, Debug, Args)]
pub(crate) struct EnvelopeFlags {
    /// Reverse-path; empty for the null reverse-path
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: String,
    /// Forward-path (repeatable)
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub(crate) to: Vec<String>,
    /// Events that cause a notification: success,failure,delay or never
    #[arg(long, value_name = "EVENTS")]
    pub(crate) dsn_notify: Option<String>,
    /// Part of the message to return in a notification of failure
    #[arg(long, value_name = "PART")]
    pub(crate) dsn_ret: Option<Return>,
    /// Identifier of the message in notifications
    #[arg(long, value_name = "ID")]
    pub(crate) dsn_envid: Option<String>,
    /// Deadline of the delivery; after it the server returns the message (R) or notifies the sender (N); T: also notify of
    /// relaying
    #[arg(long, value_name = "SECONDS;R|N[T]", allow_hyphen_values = true)]
    pub(crate) by: Option<DeliverBy>,
    /// Time for which the server holds the message
    #[arg(
        long,
        value_name = "SECONDS",
        allow_hyphen_values = true,
        conflicts_with = "hold_until"
    )]
    pub(crate) hold_for: Option<HoldInterval>,
    /// Time until which the server holds the message, such as 2030-06-01T12:00:00Z
    #[arg(long, value_name = "TIMESTAMP")]
    pub(crate) hold_until: Option<Timestamp>,
    /// Priority, from -9 to 9
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) priority: Option<Priority>,
    /// Time since which the recipients must own their mailboxes; if the server lacks RRVS, R fails and C continues
    #[arg(long, value_name = "TIMESTAMP[;C|R]")]
    pub(crate) rrvs: Option<Rrvs>,
    /// Classes of the message, as in its Solicitation field (separated by commas)
    #[arg(long, value_name = "KEYWORDS", value_parser = classes)]
    pub(crate) solicit: Option<SolicitationKeywords<'static>>,
    /// Send the message over verified TLS only, at each hop
    #[arg(long)]
    pub(crate) require_tls: bool,
}

/// The part of the message that a notification of failure returns.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Return {
    Full,
    Hdrs,
}

impl EnvelopeFlags {
    /// Returns the envelope.
    ///
    /// # Errors
    ///
    /// If an address or a parameter is invalid.
    pub(crate) fn envelope(&self) -> Result<Envelope, String> {
        let reverse_path =
            ReversePath::parse(&self.from).map_err(|error| format!("--from {:?}: {error}", self.from))?;
        let mut envelope = Envelope::new(reverse_path).with_parameters(self.mail_parameters()?);
        for address in &self.to {
            let path = ForwardPath::parse(address).map_err(|error| format!("--to {address:?}: {error}"))?;
            envelope = envelope.recipient_with(path, self.rcpt_parameters()?);
        }
        Ok(envelope)
    }

    /// Returns true if the message may be sent to a server without RRVS. The default of RRVS is R, but for relays (RFC 7293
    /// section 3.1); here only an explicit R forbids it.
    #[must_use]
    pub(crate) fn may_go_without_rrvs(&self) -> bool {
        self.rrvs.is_some_and(|rrvs| rrvs.given_action().is_none())
    }

    /// Returns the same flags without RRVS.
    #[must_use]
    pub(crate) fn without_rrvs(&self) -> Self {
        Self {
            rrvs: None,
            ..self.clone()
        }
    }

    fn mail_parameters(&self) -> Result<MailParameters<'_>, String> {
        let mut parameters = MailParameters::default();
        if let Some(ret) = self.dsn_ret {
            parameters = parameters.with_ret(match ret {
                Return::Full => Ret::Full,
                Return::Hdrs => Ret::Headers,
            });
        }
        if let Some(id) = &self.dsn_envid {
            parameters = Xtext::encode(id)
                .and_then(|id| parameters.with_envelope_id(id))
                .map_err(|error| format!("--dsn-envid {id:?}: {error}"))?;
        }
        if let Some(by) = self.by {
            parameters = parameters.with_deliver_by(by);
        }
        let until = self.hold_until.map(Hold::Until);
        if let Some(hold) = self.hold_for.map(Hold::For).or(until) {
            parameters = parameters.with_hold(hold);
        }
        if let Some(priority) = self.priority {
            parameters = parameters.with_priority(priority);
        }
        if let Some(classes) = &self.solicit {
            parameters = parameters.with_solicitation(classes.as_borrowed());
        }
        if self.require_tls {
            parameters = parameters.with_require_tls();
        }
        Ok(parameters)
    }

    fn rcpt_parameters(&self) -> Result<RcptParameters<'_>, String> {
        let mut parameters = RcptParameters::default();
        if let Some(events) = &self.dsn_notify {
            parameters = parameters.with_notify(notify(events)?);
        }
        if let Some(rrvs) = self.rrvs {
            parameters = parameters.with_rrvs(rrvs);
        }
        Ok(parameters)
    }
}

fn classes(words: &str) -> Result<SolicitationKeywords<'static>, InvalidParameter> {
    SolicitationKeywords::parse(words.to_owned())
}

fn notify(words: &str) -> Result<Notify, String> {
    let mut notify = None;
    for word in words.split(',') {
        let event = match word {
            "success" => Notify::SUCCESS,
            "failure" => Notify::FAILURE,
            "delay" => Notify::DELAY,
            "never" if words == "never" => return Ok(Notify::NEVER),
            _ => {
                return Err(format!(
                    "--dsn-notify {words:?}: give success,failure,delay or never alone"
                ));
            }
        };
        notify = Some(notify.map_or(event, |events| events | event));
    }
    notify.ok_or_else(|| "--dsn-notify: give success,failure,delay or never".into())
}
