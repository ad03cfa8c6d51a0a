//! Sending a message on to a real server.

use smtp_driver::{InvalidUrl, Mailer, Url};
use smtp_proto::types::Envelope;
use smtp_tokio::{Io, Stream};

use crate::message::Message;

/// The way to a real server.
#[derive(Debug)]
pub(crate) struct Releaser {
    mailer: Mailer<Io<Stream>>,
    /// The URL without its password.
    pub(crate) target: String,
}

impl Releaser {
    /// Makes the way to the server of a URL. It connects when there is a message.
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        // The URL is not in the message, because it may have a password.
        let parsed: Url = url
            .parse()
            .map_err(|error: InvalidUrl| format!("--release-to: {error}"))?;
        let mailer = Mailer::from_url(url).map_err(|error| format!("--release-to: {error}"))?;
        Ok(Self {
            mailer,
            target: parsed.to_string(),
        })
    }

    /// Sends a message with its envelope. Returns the last reply, or the reason why the server did not take it.
    pub(crate) async fn release(&self, message: &Message) -> Result<String, String> {
        let envelope = Envelope::parse(&message.envelope.from, &message.envelope.to);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let sent = self.mailer.send((envelope, &message.content)).await;
        sent.map_err(|error| chain(&error))?;
        let recipients = message.envelope.to.len();
        let recipients = match recipients {
            1 => "1 recipient".to_owned(),
            more => format!("{more} recipients"),
        };
        Ok(format!("{} has accepted it for {recipients}", self.target))
    }
}

/// An error and its sources in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
