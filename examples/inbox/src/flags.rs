//! The flags of the program, and their effect on the SMTP server.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::Parser;
use smtp_proto::{
    data::BareLineEndings,
    sasl::{Mechanism, PlaintextAuth, Secret},
    server::{Auth, Config, EarlyTalker, HeloParameters},
    types::Host,
};
use smtp_rustls::{Identity, ServerSettings, ServerTls};

/// Catches the mail that your program sends, and shows it with the session on a web page.
#[derive(Clone, Debug, Parser)]
#[command(name = "inbox")]
pub(crate) struct Flags {
    /// Address for SMTP; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1025")]
    pub(crate) listen: SocketAddr,
    /// Address for the web page; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8025")]
    pub(crate) web: SocketAddr,
    /// A further name under which browsers may ask for the page
    #[arg(long, value_name = "NAME")]
    pub(crate) web_host: Vec<String>,
    /// Messages to keep; the oldest goes first. Sessions without a message count apart
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pub(crate) keep: usize,
    /// Mebibytes of messages to keep; the oldest goes first
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(crate) keep_mib: usize,
    /// Also store the messages in this Maildir, and show those that are there already
    #[arg(long, value_name = "DIR")]
    pub(crate) maildir: Option<PathBuf>,
    /// Offer a button that sends a message on to this server, such as smtp://mail.example.org
    #[arg(long, value_name = "URL")]
    pub(crate) release_to: Option<String>,
    /// Refuse this recipient or sender for good (550); @example.org is all of a domain
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) reject: Vec<String>,
    /// Refuse this recipient or sender for now (450); @example.org is all of a domain
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) tempfail: Vec<String>,
    /// Accept this login and no other. Without it every login is accepted
    // Parsed later: clap would show a wrong value, and with it the password.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<String>,
    /// Refuse mail before a login (530)
    #[arg(long)]
    pub(crate) require_auth: bool,
    /// Offer STARTTLS, with a new self-signed certificate for localhost
    #[arg(long)]
    pub(crate) self_signed: bool,
    /// Refuse mail before STARTTLS (530)
    #[arg(long, requires = "self_signed")]
    pub(crate) require_tls: bool,
    /// Refuse the faults of clients that are otherwise accepted with a warning
    #[arg(long)]
    pub(crate) strict: bool,
}

/// A login that is accepted.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: Secret,
}

fn parse_user(text: &str) -> Result<User, String> {
    let (name, password) = text.split_once(':').ok_or("--user: write NAME:PASSWORD")?;
    if name.is_empty() || password.is_empty() {
        return Err("--user: the name or the password is empty".into());
    }
    Ok(User {
        name: name.into(),
        password: password.as_bytes().into(),
    })
}

impl Flags {
    /// The configuration of the SMTP server.
    pub(crate) fn config(&self) -> Result<Arc<Config>, String> {
        let hostname = Host::parse("localhost").map_err(|error| error.to_string())?;
        let mut config = Config::new(hostname);
        config.offer_auth([Mechanism::PLAIN, Mechanism::LOGIN]);
        if self.require_tls {
            config.tls = smtp_proto::server::Tls::Required;
        }
        if self.require_auth {
            config.auth = Auth::Required;
        }
        if self.strict {
            config.leniency = smtp_proto::syntax::Leniency::STRICT;
            config.line_endings = BareLineEndings::Reject;
        } else {
            config.plaintext_auth = PlaintextAuth::Insecure;
            config.leniency.missing_brackets = true;
            config.leniency.trailing_dot = true;
            config.helo_parameters = HeloParameters::AcceptSizeAndBody;
            config.early_talker = EarlyTalker::Tolerate;
            // The service normalises, and counts.
            config.line_endings = BareLineEndings::Keep;
        }
        Ok(Arc::new(config))
    }

    /// The logins that are accepted.
    pub(crate) fn users(&self) -> Result<Vec<User>, String> {
        self.user.iter().map(|text| parse_user(text)).collect()
    }

    /// The settings for STARTTLS.
    pub(crate) fn tls(&self) -> Result<Option<ServerTls>, String> {
        if !self.self_signed {
            return Ok(None);
        }
        let identity = Identity::self_signed(["localhost"]).map_err(|error| error.to_string())?;
        let settings = ServerSettings::new(identity).build();
        settings.map(Some).map_err(|error| error.to_string())
    }
}
