//! The envelope of the `send` examples.

use clap::{Args, ValueEnum};
use smtp_proto::types::{
    Envelope, ForwardPath, MailParameters, Notify, RcptParameters, Ret, ReversePath, Xtext,
};

/// The envelope, with the parameters of MAIL and RCPT.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct EnvelopeFlags {
    /// Reverse-path; empty for none
    #[arg(long, value_name = "ADDRESS")]
    pub from: String,
    /// Forward-path (repeatable)
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub to: Vec<String>,
    /// Events to notify about: success,failure,delay or never
    #[arg(long, value_name = "EVENTS")]
    pub dsn_notify: Option<String>,
    /// Part of the message to return in a notification of failure
    #[arg(long, value_name = "PART")]
    pub dsn_ret: Option<Return>,
    /// Identifier of the message in notifications
    #[arg(long, value_name = "ID")]
    pub dsn_envid: Option<String>,
}

/// The part of the message that a notification of failure returns.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, missing_docs, reason = "the choices of the flag")]
pub enum Return {
    Full,
    Hdrs,
}

impl EnvelopeFlags {
    /// The envelope.
    ///
    /// # Errors
    ///
    /// If an address or a parameter is invalid.
    pub fn envelope(&self) -> Result<Envelope, String> {
        let reverse_path =
            ReversePath::parse(&self.from).map_err(|error| format!("--from {:?}: {error}", self.from))?;
        let mut envelope = Envelope::new(reverse_path).with_parameters(self.mail_parameters()?);
        for address in &self.to {
            let path = ForwardPath::parse(address).map_err(|error| format!("--to {address:?}: {error}"))?;
            envelope = envelope.recipient_with(path, self.rcpt_parameters()?);
        }
        Ok(envelope)
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
        Ok(parameters)
    }

    fn rcpt_parameters(&self) -> Result<RcptParameters<'_>, String> {
        let mut parameters = RcptParameters::default();
        if let Some(events) = &self.dsn_notify {
            parameters = parameters.with_notify(notify(events)?);
        }
        Ok(parameters)
    }
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
