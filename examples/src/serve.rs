//! The flags of the example `server`.
//!
//! Each flag is a field in one of the groups below; its doc comment is the help. `--help` lists the groups in the order of
//! [`Flags`]. The function `apply` of a group sets the configuration of the sessions.

mod auth;
mod extensions;
mod limits;
mod listen;
mod policy;
mod proxy;
mod syntax;
mod tls;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Parser};
use smtp_driver::ServeOptions;
use smtp_proto::{
    server::Config,
    types::{Host, Protocol},
};
use smtp_rustls::ServerTls;

pub use self::{
    auth::AuthFlags,
    extensions::ExtensionFlags,
    limits::LimitFlags,
    listen::{Bound, ListenFlags},
    policy::PolicyFlags,
    proxy::ProxyFlags,
    syntax::{Lenient, LineEndings, SyntaxFlags},
    tls::TlsFlags,
};
use crate::{
    runtime::Runtime,
    site::{Disk, Site},
    store::Store,
    users::Users,
};

/// A small mail server: accepts mail for its domains and stores it in a Maildir.
#[derive(Clone, Debug, Parser)]
#[command(name = "server")]
#[expect(clippy::exhaustive_structs, missing_docs, reason = "the groups of flags")]
pub struct Flags {
    #[command(flatten)]
    pub listen: ListenFlags,
    #[command(flatten)]
    pub store: StoreFlags,
    #[command(flatten)]
    pub tls: TlsFlags,
    #[command(flatten)]
    pub auth: AuthFlags,
    #[command(flatten)]
    pub policy: PolicyFlags,
    #[command(flatten)]
    pub proxy: ProxyFlags,
    #[command(flatten)]
    pub extensions: ExtensionFlags,
    #[command(flatten)]
    pub limits: LimitFlags,
    #[command(flatten)]
    pub syntax: SyntaxFlags,
    /// Runtime
    #[arg(long, value_name = "RUNTIME", default_value = "tokio")]
    pub runtime: Runtime,
}

/// Storage of messages.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct StoreFlags {
    /// Directory for messages
    #[arg(long, value_name = "DIR", default_value = "./maildir")]
    pub maildir: PathBuf,
    /// Accept and discard messages, for load tests
    #[arg(long)]
    pub discard: bool,
}

impl Flags {
    /// Opens the store and the listeners, and prints a line for each listener. `disk` waits for the disk.
    ///
    /// # Errors
    ///
    /// If the flags contradict each other, or the system refuses a file or an address. Secrets are not in the message.
    pub fn open(&self, disk: Disk) -> Result<(Arc<Site>, Vec<Bound>), String> {
        let (tls, users) = (self.tls()?, self.users()?);
        let site = Site::new(self.hostname()?, self.store.open()?, users)
            .with_disk(disk)
            .with_policy(self.policy.clone())
            .with_proxies(self.proxy.clone())
            .with_extensions(self.extensions.clone());
        let mut bound = Vec::new();
        for endpoint in self.listen.endpoints() {
            let config = self.config(endpoint.protocol, site.users())?;
            let mut options = ServeOptions::default();
            options.max_connections = self.limits.max_connections;
            options.max_connections_per_peer = self.limits.max_connections_per_peer();
            options.expect_proxy = endpoint.is_proxied.then(|| self.proxy.expected());
            if let Some(tls) = tls.clone() {
                options = match endpoint.implicit_tls {
                    true => options.implicit_tls(tls),
                    false => options.starttls(tls),
                };
            }
            bound.push(endpoint.bind(config, options)?);
        }
        Ok((Arc::new(site), bound))
    }

    /// The configuration of the sessions of one listener.
    ///
    /// # Errors
    ///
    /// If the name of the server is invalid.
    pub fn config(&self, protocol: Protocol, users: &Users) -> Result<Arc<Config>, String> {
        let mut config = Config::new(self.hostname()?);
        config.protocol = protocol;
        self.tls.apply(&mut config);
        self.auth.apply(&mut config, users);
        self.extensions.apply(&mut config);
        self.limits.apply(&mut config);
        self.syntax.apply(&mut config);
        Ok(Arc::new(config))
    }

    /// The settings for TLS, if there is an identity.
    ///
    /// # Errors
    ///
    /// If the flags contradict each other, or the certificate and the key cannot be used.
    pub fn tls(&self) -> Result<Option<ServerTls>, String> {
        let tls = self.tls.settings(&self.listen.hostname)?;
        if tls.is_none() && !self.listen.listen_tls.is_empty() {
            return Err("--listen-tls: give --cert and --key, or --self-signed".into());
        }
        Ok(tls)
    }

    /// The users that may authenticate.
    ///
    /// # Errors
    ///
    /// If the flags contradict each other, or a name or secret cannot be used. Secrets are not in the message.
    pub fn users(&self) -> Result<Users, String> {
        self.auth.users(&self.tls)
    }

    fn hostname(&self) -> Result<Host<'static>, String> {
        let name = &self.listen.hostname;
        let host = Host::parse(name).map_err(|error| format!("--hostname {name:?}: {error}"))?;
        Ok(host.into_owned())
    }
}

impl StoreFlags {
    fn open(&self) -> Result<Store, String> {
        if self.discard {
            return Ok(Store::discard());
        }
        Store::maildir(&self.maildir)
            .map_err(|error| format!("--maildir {}: {error}", self.maildir.display()))
    }
}

#[cfg(test)]
mod tests;
