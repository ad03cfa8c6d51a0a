//! Listeners of the example `server`.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use clap::Args;
use smtp_driver::{Listener, Peer, ServeOptions};
use smtp_proto::{server::Config, types::Protocol};

/// Addresses and name of the server.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct ListenFlags {
    /// Listen here for SMTP (repeatable); with port 0 the system chooses a port [default: 127.0.0.1:2525]
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<SocketAddr>,
    /// Listen here for SMTP with implicit TLS (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_tls: Vec<SocketAddr>,
    /// Listen here for LMTP (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_lmtp: Vec<SocketAddr>,
    /// Listen here for SMTP behind a proxy, which sends a PROXY header (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub listen_proxy: Vec<SocketAddr>,
    /// The server's name, in the greeting and in Received
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub hostname: String,
}

/// A listening socket, and the settings of its sessions.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "the arguments of `serve_until`")]
pub struct Bound {
    /// The socket.
    pub listener: Listener,
    /// The configuration of the sessions.
    pub config: Arc<Config>,
    /// TLS, and the limits of connections.
    pub options: ServeOptions,
}

/// An address from the flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) protocol: Protocol,
    pub(super) implicit_tls: bool,
    pub(super) is_proxied: bool,
}

impl ListenFlags {
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        const SMTP: Endpoint = Endpoint {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2525),
            protocol: Protocol::Smtp,
            implicit_tls: false,
            is_proxied: false,
        };
        let kinds = [
            (&self.listen, SMTP),
            (
                &self.listen_tls,
                Endpoint {
                    implicit_tls: true,
                    ..SMTP
                },
            ),
            (
                &self.listen_lmtp,
                Endpoint {
                    protocol: Protocol::Lmtp,
                    ..SMTP
                },
            ),
            (
                &self.listen_proxy,
                Endpoint {
                    is_proxied: true,
                    ..SMTP
                },
            ),
        ];
        let mut endpoints = Vec::new();
        for (addresses, kind) in kinds {
            endpoints.extend(addresses.iter().map(|address| Endpoint {
                address: *address,
                ..kind
            }));
        }
        if endpoints.is_empty() {
            endpoints.push(SMTP);
        }
        endpoints
    }
}

impl Endpoint {
    /// Listens, and prints the address.
    pub(super) fn bind(&self, config: Arc<Config>, options: ServeOptions) -> Result<Bound, String> {
        let cannot = |error: io::Error| format!("cannot listen on {}: {error}", self.address);
        let listener = Listener::bind(self.address).map_err(cannot)?;
        // The system has replaced port 0.
        if let Peer::Ip(address) = listener.local().map_err(cannot)? {
            announce(address, self.kind());
        }
        Ok(Bound {
            listener,
            config,
            options,
        })
    }

    const fn kind(&self) -> &'static str {
        match self.protocol {
            Protocol::Smtp if self.implicit_tls => "smtps",
            Protocol::Smtp if self.is_proxied => "proxy",
            Protocol::Smtp => "smtp",
            Protocol::Lmtp => "lmtp",
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn announce(address: SocketAddr, kind: &str) {
    println!("listening on {address} ({kind})");
}
