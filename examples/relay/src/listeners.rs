//! The listeners of a relay, and the configuration of their sessions.

use std::{io, net::SocketAddr, sync::Arc};

use smtp_driver::{ExpectProxy, Listener, Peer, ServeOptions};
use smtp_proto::{
    server::Config,
    types::{Extension, Host, Keyword},
};
use smtp_rustls::ServerTls;

use crate::flags::RelayFlags;

/// The kind of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Mail from other hosts.
    Smtp,
    /// Mail from users, with STARTTLS.
    Submission,
    /// Mail from users, under TLS from the first octet.
    Smtps,
    /// Mail from other hosts through a proxy.
    Proxy,
}

/// A listening socket, and the settings of its sessions.
pub(crate) struct Bound {
    pub(crate) kind: Kind,
    pub(crate) listener: Listener,
    pub(crate) config: Arc<Config>,
    pub(crate) options: ServeOptions,
}

impl Kind {
    /// Returns true if `--relay-from` applies to this kind.
    pub(crate) const fn network_counts(self) -> bool {
        matches!(self, Self::Smtp | Self::Proxy)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Smtps => "smtps",
            Self::Proxy => "proxy",
        }
    }
}

/// Binds all listeners of the flags, and prints the address of each.
///
/// # Errors
///
/// If the flags contradict each other, or the system refuses an address.
pub(crate) fn bind(flags: &RelayFlags) -> Result<Vec<Bound>, String> {
    let listen = &flags.listen;
    if !listen.listen_proxy.is_empty() && listen.proxy_from.is_empty() {
        return Err("--listen-proxy: give --proxy-from, or everybody could claim any address".into());
    }
    let (hostname, tls) = (flags.hostname()?, flags.server_tls()?);
    let kinds = [
        (Kind::Smtp, &listen.listen),
        (Kind::Submission, &listen.listen_submission),
        (Kind::Smtps, &listen.listen_tls),
        (Kind::Proxy, &listen.listen_proxy),
    ];
    let mut bound = Vec::new();
    for (kind, addresses) in kinds {
        for address in addresses {
            let config = Arc::new(config(flags, kind, &hostname, tls.is_some())?);
            bound.push(Bound {
                kind,
                listener: listener(*address, kind)?,
                config,
                options: options(flags, kind, tls.clone()),
            });
        }
    }
    Ok(bound)
}

fn listener(address: SocketAddr, kind: Kind) -> Result<Listener, String> {
    let cannot = |error: io::Error| format!("cannot listen on {address}: {error}");
    let listener = Listener::bind(address).map_err(cannot)?;
    // The system has replaced port 0.
    if let Peer::Ip(address) = listener.local().map_err(cannot)? {
        announce(address, kind);
    }
    Ok(listener)
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn announce(address: SocketAddr, kind: Kind) {
    println!("listening on {address} ({})", kind.name());
}

/// Returns the configuration of the sessions of this kind.
fn config(flags: &RelayFlags, kind: Kind, hostname: &Host<'static>, has_tls: bool) -> Result<Config, String> {
    let mut config = match kind {
        Kind::Smtp | Kind::Proxy => Config::new(hostname.clone()),
        Kind::Submission | Kind::Smtps => Config::submission(hostname.clone(), flags.users()?.mechanisms()),
    };
    if has_tls {
        config.extensions.add(Extension::RequireTls);
    }
    // A next hop without BINARYMIME could not accept the message.
    config.extensions.remove(Keyword::BinaryMime);
    config.set_max_message_size(flags.listen.max_size);
    // Delay replies only after failed logins, not after other errors.
    config.limits.errors.soft = config.limits.errors.hard;
    config.limits.unknown_commands.soft = config.limits.unknown_commands.hard;
    if flags.process.cut_through {
        // The session with the next hop handles one recipient after the other.
        config.limits.max_open_rcpts = 1;
        // A next hop without DSN gets no NOTIFY, so this relay would have to send the reports, which it cannot (RFC 3461
        // section 5.2.2).
        config.extensions.remove(Keyword::Dsn);
    }
    Ok(config)
}

fn options(flags: &RelayFlags, kind: Kind, tls: Option<ServerTls>) -> ServeOptions {
    let mut options = ServeOptions::default();
    // A network of own clients often has one address.
    options.max_connections_per_peer = options.max_connections;
    if let Some(tls) = tls {
        options = match kind {
            Kind::Smtps => options.implicit_tls(tls),
            Kind::Smtp | Kind::Submission | Kind::Proxy => options.starttls(tls),
        };
    }
    if kind == Kind::Proxy {
        options.expect_proxy = Some(ExpectProxy::new(flags.listen.proxy_from.iter().cloned()));
    }
    options
}
