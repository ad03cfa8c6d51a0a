//! The flags of the `send` examples, and the program.
//!
//! A flag is a field with its help as doc comment, in one of the groups below. `--help` lists the groups in the order of
//! [`Flags`]. A flag about the session has its effect in the function `apply` of its group, a parameter of MAIL or RCPT in
//! [`EnvelopeFlags::envelope`].

mod envelope;
mod login;
mod proxy;
mod report;
mod session;
mod tls;

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use clap::Parser;
use smtp_driver::{ClientBuilder, Connect};
use smtp_proto::{client::Config, types::Keyword};

pub use self::{
    envelope::{EnvelopeFlags, Return},
    login::LoginFlags,
    proxy::{Ends, ProxyFlags, Version, ends},
    session::{Endings, SessionFlags},
    tls::{Tls, TlsFlags},
};
use crate::exit::Exit;

/// Sends one message, and prints the outcome for each recipient.
#[derive(Clone, Debug, Parser)]
#[command(name = "send")]
#[expect(clippy::exhaustive_structs, missing_docs, reason = "the groups of flags")]
pub struct Flags {
    /// The server
    #[arg(long, value_name = "HOST:PORT")]
    pub server: String,
    #[command(flatten)]
    pub envelope: EnvelopeFlags,
    #[command(flatten)]
    pub tls: TlsFlags,
    #[command(flatten)]
    pub login: LoginFlags,
    #[command(flatten)]
    pub proxy: ProxyFlags,
    #[command(flatten)]
    pub session: SessionFlags,
    /// Print the progress
    #[arg(long)]
    pub progress: bool,
    /// The message; standard input without it
    pub file: Option<PathBuf>,
}

impl Flags {
    /// The configuration of the session.
    ///
    /// # Errors
    ///
    /// If a flag is invalid, or the flags contradict each other. Secrets are not in the message.
    pub fn config(&self) -> Result<Arc<Config>, String> {
        let mut config = Config::new(self.session.name()?);
        self.tls.apply(&mut config);
        self.login.apply(&mut config, self.tls.tls)?;
        self.session.apply(&mut config)?;
        Ok(Arc::new(config))
    }

    fn message(&self) -> Result<Vec<u8>, String> {
        let read = match &self.file {
            Some(path) => fs::read(path),
            None => {
                let mut message = Vec::new();
                io::stdin().lock().read_to_end(&mut message).map(|_| message)
            }
        };
        read.map_err(|error| format!("cannot read the message: {error}"))
    }
}

/// Sends the message, and prints the outcome. `ends` finds the addresses for the header of a proxy.
///
/// # Errors
///
/// If a flag is invalid, or the flags contradict each other.
pub async fn run<T: Connect<Error = io::Error>>(flags: Flags, ends: Ends<T>) -> Result<Exit, String> {
    let info = flags.proxy.info()?;
    let (config, mut envelope, message) = (flags.config()?, flags.envelope.envelope()?, flags.message()?);
    let builder = ClientBuilder::<T>::new(config);
    let builder = match flags.tls.tls {
        Tls::None => builder,
        Tls::Implicit => builder.implicit_tls(flags.tls.settings(&flags.server)?),
        Tls::Opportunistic | Tls::Starttls => builder.starttls(flags.tls.settings(&flags.server)?),
    };
    let connected = proxy::connect(builder, &flags.server, flags.proxy.proxy, ends).await;
    let mut client = match connected {
        Ok(client) => client,
        Err(error) => return Ok(report::not_connected(&error, &flags)),
    };
    if flags.progress {
        report::complain(&format!("connected to {}", flags.server));
    }
    if let Some(info) = info {
        match client.xclient(info).await {
            Ok(reply) if reply.is_positive_completion() => {}
            Ok(reply) => {
                let _ = client.quit().await;
                return Ok(report::not_passed(&reply));
            }
            Err(error) => return Ok(report::not_connected(&error, &flags)),
        }
    }
    if flags.envelope.may_go_without_rrvs() && !client.extensions().has(Keyword::Rrvs) {
        report::went_without(Keyword::Rrvs);
        envelope = flags.envelope.without_rrvs().envelope()?;
    }
    let (exit, is_open) = report::sent(client.send(envelope, message).await)?;
    if is_open {
        // The outcome is known, so the end of the session does not matter.
        let _ = client.quit().await;
    }
    Ok(exit)
}

#[cfg(test)]
mod tests;
