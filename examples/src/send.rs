//! The flags of the `send` examples, the envelope they ask for, and the report.

use std::{
    fs,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use smtp_driver::{Error, SendError};
use smtp_proto::{
    client::{self, Closed, Config, ExtensionUse, Login, Receipt, RecipientStatus, ReplyTo, Retry, Timeouts},
    data::LineEndings,
    sasl::{Context, Credentials, Mechanism, PlaintextAuth, Secret},
    types::{
        AddressLiteral, ClientName, Envelope, ForwardPath, Host, MailParameters, Notify, Protocol,
        RcptParameters, Ret, ReversePath, Xtext,
    },
};

use smtp_rustls::ClientTls;

use crate::{
    exit::{Exit, chain},
    tls,
};

/// Sends one message and says what became of it for each recipient.
#[derive(Clone, Debug, Parser)]
#[command(name = "send")]
#[non_exhaustive]
pub struct Flags {
    /// The server
    #[arg(long, value_name = "HOST:PORT")]
    pub server: String,
    /// Reverse-path; empty for none
    #[arg(long, value_name = "ADDRESS")]
    pub from: String,
    /// Forward-path (repeatable)
    #[arg(long, value_name = "ADDRESS", required = true)]
    pub to: Vec<String>,
    /// When TLS is used
    #[arg(long, value_name = "POLICY", default_value = "starttls")]
    pub tls: Tls,
    /// Trusted certificates in PEM [default: those that this computer trusts]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The name that the server's certificate has to have [default: the host of --server]
    #[arg(long, value_name = "NAME")]
    pub tls_name: Option<String>,
    /// What to say in EHLO [default: the address literal of the loopback interface]
    #[arg(long, value_name = "NAME")]
    pub helo: Option<String>,
    /// Log in as this user; EXTERNAL: act as this one; ANONYMOUS: be traced by this
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// ... with this password; OAUTHBEARER and XOAUTH2: with this token
    #[arg(long, value_name = "PASSWORD")]
    pub password: Option<Secret>,
    /// ... by this mechanism only [default: the strongest for a password that the server offers]
    #[arg(long, value_name = "MECHANISM")]
    pub auth: Option<String>,
    /// Log in without TLS, too: whoever listens can use the password
    #[arg(long)]
    pub insecure_auth: bool,
    /// Speak LMTP
    #[arg(long)]
    pub lmtp: bool,
    /// Seconds for each phase
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    pub timeout: f64,
    /// Send one command at a time
    #[arg(long)]
    pub no_pipelining: bool,
    /// Send with BDAT when the server offers CHUNKING
    #[arg(long)]
    pub bdat: bool,
    /// What to do with a bare CR or LF in the message
    #[arg(long, value_name = "POLICY", default_value = "normalize")]
    pub line_endings: Endings,
    /// When to send a notice: success,failure,delay or never
    #[arg(long, value_name = "EVENTS")]
    pub dsn_notify: Option<String>,
    /// What a notice of failure gives back
    #[arg(long, value_name = "PART")]
    pub dsn_ret: Option<Return>,
    /// What notices call the message
    #[arg(long, value_name = "ID")]
    pub dsn_envid: Option<String>,
    /// Say what is going on
    #[arg(long)]
    pub progress: bool,
    /// The message; standard input without it
    pub file: Option<PathBuf>,
}

/// When TLS is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(clippy::exhaustive_enums, missing_docs, reason = "the choices of the flag")]
pub enum Tls {
    None,
    Opportunistic,
    Starttls,
    Implicit,
}

/// What to do with a bare CR or LF.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, missing_docs, reason = "the choices of the flag")]
pub enum Endings {
    Normalize,
    Reject,
}

/// What a notice gives back.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, missing_docs, reason = "the choices of the flag")]
pub enum Return {
    Full,
    Hdrs,
}

impl Flags {
    /// The configuration of the session.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags.
    pub fn config(&self) -> Result<Arc<Config>, String> {
        let mut config = Config::new(self.name()?);
        let timeout =
            Duration::try_from_secs_f64(self.timeout).map_err(|error| format!("--timeout: {error}"))?;
        config.timeouts = Timeouts::all(timeout);
        config.tls = match self.tls {
            Tls::Starttls => client::Tls::Required,
            Tls::Opportunistic => client::Tls::Opportunistic,
            Tls::None | Tls::Implicit => client::Tls::Disabled,
        };
        if self.insecure_auth {
            config.plaintext_auth = PlaintextAuth::Insecure;
        }
        config.login = self.login()?;
        config.protocol = if self.lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        config.pipelining = if self.no_pipelining {
            ExtensionUse::Never
        } else {
            ExtensionUse::IfOffered
        };
        config.chunking = if self.bdat {
            ExtensionUse::IfOffered
        } else {
            ExtensionUse::Never
        };
        config.line_endings = match self.line_endings {
            Endings::Normalize => LineEndings::Normalize,
            Endings::Reject => LineEndings::Refuse,
        };
        Ok(Arc::new(config))
    }

    /// Whom to trust, and which name the server's certificate has to have.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags.
    pub fn client_tls(&self) -> Result<ClientTls, String> {
        let host = self
            .server
            .rsplit_once(':')
            .map_or(self.server.as_str(), |(host, _)| host);
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        tls::client(self.ca.as_deref(), self.tls_name.as_deref().unwrap_or(host))
    }

    /// The envelope.
    ///
    /// # Errors
    ///
    /// What is wrong with the flags.
    pub fn envelope(&self) -> Result<Envelope, String> {
        let reverse_path =
            ReversePath::parse(&self.from).map_err(|error| format!("--from {:?}: {error}", self.from))?;
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
        let mut envelope = Envelope::new(reverse_path).with_parameters(parameters);
        for address in &self.to {
            let path = ForwardPath::parse(address).map_err(|error| format!("--to {address:?}: {error}"))?;
            let mut parameters = RcptParameters::default();
            if let Some(notify) = &self.dsn_notify {
                parameters = parameters.with_notify(self::notify(notify)?);
            }
            envelope = envelope.recipient_with(path, parameters);
        }
        Ok(envelope)
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn message(&self) -> Result<Vec<u8>, String> {
        let read = match &self.file {
            Some(path) => fs::read(path),
            None => {
                let mut message = Vec::new();
                io::stdin().lock().read_to_end(&mut message).map(|_| message)
            }
        };
        read.map_err(|error| format!("cannot read the message: {error}"))
    }

    /// Who the client says it is; `None`: it does not say.
    fn login(&self) -> Result<Option<Login>, String> {
        let Some(credentials) = self.credentials()? else {
            return if self.insecure_auth {
                Err("--insecure-auth: give --user and --password".into())
            } else {
                Ok(None)
            };
        };
        let mut login = Login::new(credentials);
        login.mechanism = self.mechanism()?;
        if self.tls == Tls::None && !self.insecure_auth {
            return Err("--tls none: to log in without TLS, say --insecure-auth".into());
        }
        // What cannot be sent is found out before anything is: each of these can, over TLS.
        let mut context = Context::default();
        context.channel_binding = Some(&[0; 32]);
        let usable = |mechanism: &Mechanism| login.credentials.start(*mechanism, &context).is_some();
        let mechanisms = login.credentials.mechanisms();
        if let Some(mechanism) = login.mechanism
            && !mechanisms.contains(&mechanism)
        {
            return Err(format!(
                "--auth {mechanism}: this client does not know it, see --help"
            ));
        }
        if !mechanisms.iter().any(usable) {
            return Err(
                "--user and --password: a name has 1 to 255 octets and no control characters, \
                        a password is not empty, a token has letters, digits and -._~+/= only"
                    .into(),
            );
        }
        Ok(Some(login))
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let mechanism = self.mechanism()?;
        let credentials = match (mechanism, &self.user, &self.password) {
            (None, None, None) => return Ok(None),
            (Some(Mechanism::EXTERNAL), user, None) => {
                Credentials::external().with_authorization_id(user.as_deref().unwrap_or_default())
            }
            (Some(Mechanism::ANONYMOUS), trace, None) => {
                Credentials::anonymous(trace.as_deref().unwrap_or_default())
            }
            (Some(mechanism @ (Mechanism::EXTERNAL | Mechanism::ANONYMOUS)), _, Some(_)) => {
                return Err(format!("--password: {mechanism} has none"));
            }
            (_, None, _) => return Err("--password and --auth: give --user, too".into()),
            (_, Some(_), None) => return Err("--user: give --password, too".into()),
            (Some(Mechanism::OAUTHBEARER | Mechanism::XOAUTH2), Some(user), Some(token)) => {
                Credentials::token(user, token.clone())
            }
            (_, Some(user), Some(password)) => Credentials::password(user, password.clone()),
        };
        Ok(Some(credentials))
    }

    fn mechanism(&self) -> Result<Option<Mechanism>, String> {
        let parse =
            |name: &String| Mechanism::parse(name).map_err(|error| format!("--auth {name:?}: {error}"));
        self.auth.as_ref().map(parse).transpose()
    }

    fn name(&self) -> Result<ClientName<'static>, String> {
        match &self.helo {
            Some(name) => ClientName::parse(name)
                .map(ClientName::into_owned)
                .map_err(|error| format!("--helo {name:?}: {error}")),
            None => {
                let literal = AddressLiteral::from(IpAddr::V4(Ipv4Addr::LOCALHOST));
                ClientName::try_from(Host::Literal(literal)).map_err(|error| error.to_string())
            }
        }
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

/// Prints a line for each recipient (those who get the message on `out`, the others on `errors`), and says with
/// what to exit.
///
/// # Errors
///
/// When nothing can be printed.
pub fn report(receipt: &Receipt, out: &mut impl Write, errors: &mut impl Write) -> io::Result<Exit> {
    let mut exit = Exit::Success;
    for (recipient, status) in receipt.recipients() {
        match &status {
            RecipientStatus::Accepted(reply) => writeln!(out, "{recipient} accepted: {reply}")?,
            RecipientStatus::Refused { to, reply, .. } => {
                writeln!(errors, "{recipient} refused at {}: {reply}", stage(*to))?;
            }
            RecipientStatus::Unknown => {
                writeln!(
                    errors,
                    "{recipient} unknown: the connection ended before the final reply"
                )?;
            }
            _ => writeln!(errors, "{recipient} failed: nothing was sent")?,
        }
        exit = exit.max(status.retry().map_or(Exit::Success, exit_after));
    }
    Ok(exit)
}

/// Says why there is no session, and with what to exit.
#[must_use]
pub fn not_connected(error: &Error<io::Error>, flags: &Flags) -> Exit {
    let hint = match error {
        Error::Closed {
            why: Closed::NoMechanism,
            ..
        } if matches!(flags.tls, Tls::Opportunistic) && !flags.insecure_auth => {
            "; without TLS, none without --insecure-auth"
        }
        _ => "",
    };
    complain(&format!("{}{hint}", chain(error)));
    exit_after(error.retry())
}

/// Says what became of the message, and with what to exit; whether the session is there to be ended.
///
/// # Errors
///
/// When nothing can be printed.
pub fn conclude(sent: Result<Receipt, SendError<io::Error>>) -> Result<(Exit, bool), String> {
    let (receipt, failure) = match sent {
        Ok(receipt) => (receipt, None),
        Err(failed) => (failed.receipt, Some(failed.error)),
    };
    let exit = report(&receipt, &mut io::stdout().lock(), &mut io::stderr().lock())
        .map_err(|error| format!("cannot print: {error}"))?;
    // What was accepted stays accepted, whatever becomes of the session afterwards.
    let Some(error) = failure else {
        return Ok((exit, true));
    };
    complain(&chain(&error));
    Ok(match error {
        Error::Rejected(_) => (exit_after(error.retry()), true),
        _ if exit == Exit::Refused => (exit, false),
        _ => (exit.max(exit_after(error.retry())), false),
    })
}

/// The exit code that tells a caller to try again, or not to.
const fn exit_after(retry: Retry) -> Exit {
    match retry {
        Retry::Now | Retry::Later | Retry::Unknown => Exit::Temporary,
        Retry::Never => Exit::Refused,
    }
}

#[expect(clippy::print_stderr, reason = "what a program for the terminal has to say")]
fn complain(what: &str) {
    eprintln!("send: {what}");
}

fn stage(asked: ReplyTo) -> &'static str {
    match asked {
        ReplyTo::Mail => "MAIL",
        ReplyTo::Recipient(_) => "RCPT",
        ReplyTo::Data => "DATA",
        ReplyTo::Chunk => "BDAT",
        ReplyTo::Reset => "RSET",
        ReplyTo::Message | ReplyTo::MessageFor(_) => "the end of the message",
        _ => "the session",
    }
}

#[cfg(test)]
mod tests;
