//! Sends one message over SMTP or LMTP, and prints the outcome for each recipient.
//!
//! `cargo run --release -p examples --example send -- --help`
//!
//! Each flag is a field in one of the groups below; its doc comment is the help. `--help` lists the groups in the order of
//! [`Flags`]. The function `apply` of a group sets the configuration of the session; [`EnvelopeFlags::envelope`] sets the
//! parameters of MAIL and RCPT.

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
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use examples::{
    exit::{self, Exit},
    runtime::Runtime,
};
use smtp_driver::{ClientBuilder, Connect};
use smtp_proto::{client::Config, types::Keyword};

use self::{
    envelope::EnvelopeFlags,
    login::LoginFlags,
    proxy::{Ends, ProxyFlags, ends},
    session::SessionFlags,
    tls::{Tls, TlsFlags},
};

/// Sends one message, and prints the outcome for each recipient.
#[derive(Clone, Debug, Parser)]
#[command(name = "send")]
pub(crate) struct Flags {
    /// The server
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: String,
    #[command(flatten)]
    pub(crate) envelope: EnvelopeFlags,
    #[command(flatten)]
    pub(crate) tls: TlsFlags,
    #[command(flatten)]
    pub(crate) login: LoginFlags,
    #[command(flatten)]
    pub(crate) proxy: ProxyFlags,
    #[command(flatten)]
    pub(crate) session: SessionFlags,
    /// Print the progress
    #[arg(long)]
    pub(crate) progress: bool,
    /// Runtime
    #[arg(long, value_name = "RUNTIME", default_value = "tokio")]
    pub(crate) runtime: Runtime,
    /// The message [default: standard input]
    pub(crate) file: Option<PathBuf>,
}

impl Flags {
    /// The configuration of the session.
    ///
    /// # Errors
    ///
    /// If a flag is invalid, or the flags contradict each other. The text contains no secrets.
    pub(crate) fn config(&self) -> Result<Arc<Config>, String> {
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

fn main() -> ExitCode {
    use smtp_async_std::{Io, Stream}; // the same for smol and async-std
    exit::run("send", |flags: Flags| match flags.runtime {
        Runtime::Tokio => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())?;
            runtime.block_on(run::<smtp_tokio::Io<_>>(flags, |io| match io.get_ref() {
                smtp_tokio::Stream::Tcp(stream) => ends(stream),
                _ => None,
            }))
        }
        Runtime::Smol => smol::block_on(run::<Io<Stream>>(flags, |io| ends(io.get_ref()))),
        Runtime::AsyncStd => async_std::task::block_on(run::<Io<Stream>>(flags, |io| ends(io.get_ref()))),
        Runtime::Blocking => {
            smtp_blocking::block_on(run::<smtp_blocking::Io<smtp_blocking::Stream>>(flags, |io| {
                ends(io.get_ref())
            }))
        }
    })
}

/// Sends the message, and prints the outcome. `ends` returns the addresses for a PROXY header.
///
/// # Errors
///
/// If a flag is invalid, or the flags contradict each other.
async fn run<T: Connect<Error = io::Error>>(flags: Flags, ends: Ends<T>) -> Result<Exit, String> {
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
        // Ignore a failure of QUIT, because the outcome is known.
        let _ = client.quit().await;
    }
    Ok(exit)
}

#[cfg(test)]
mod tests;
