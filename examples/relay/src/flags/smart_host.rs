//! The smart host, which accepts mail for all domains.

use clap::{Args, ValueEnum};
use smtp_proto::{
    client::Login,
    sasl::{Credentials, Secret},
};
use smtp_relay::{
    Name,
    route::{Peer, SmartHost, SmartHostTls},
};

/// The smart host.
#[derive(Clone, Debug, Args)]
pub(crate) struct SmartHostFlags {
    /// Send all mail to this host
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) smart_host: Option<String>,
    /// TLS policy for the smart host
    #[arg(
        long,
        value_name = "HOW",
        default_value = "opportunistic",
        requires = "smart_host"
    )]
    pub(crate) smart_host_tls: SmartHostTlsFlag,
    /// User name at the smart host
    #[arg(long, value_name = "NAME", requires = "smart_host_password")]
    pub(crate) smart_host_user: Option<String>,
    /// Password at the smart host
    #[arg(long, value_name = "PASSWORD", requires = "smart_host_user")]
    pub(crate) smart_host_password: Option<Secret>,
}

/// The TLS policy for the smart host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SmartHostTlsFlag {
    /// No TLS
    None,
    /// STARTTLS if the host offers it, without verification
    Opportunistic,
    /// STARTTLS with a certificate for the host
    Starttls,
    /// TLS from the first octet, with a certificate for the host
    Implicit,
}

impl SmartHostFlags {
    /// The smart host. The default of its port is `port`.
    pub(crate) fn smart_host(&self, port: u16) -> Result<Option<SmartHost>, String> {
        let Some(text) = &self.smart_host else {
            return Ok(None);
        };
        let wrong = || format!("--smart-host {text:?}: give a host, or a host, a colon and a port");
        let (host, port) = match text.rsplit_once(':') {
            // An IPv6 address has colons, too.
            Some((host, digits)) if !host.contains(':') || host.ends_with(']') => {
                (host, digits.parse().map_err(|_| wrong())?)
            }
            _ => (text.as_str(), port),
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let peer = match bare.parse() {
            Ok(address) => Peer::Address(address),
            Err(_) => Peer::Name(Name::parse(bare).map_err(|_| wrong())?),
        };
        Ok(Some(SmartHost::new(peer, port).with_tls(
            match self.smart_host_tls {
                SmartHostTlsFlag::None => SmartHostTls::Plaintext,
                SmartHostTlsFlag::Opportunistic => SmartHostTls::Opportunistic,
                SmartHostTlsFlag::Starttls => SmartHostTls::StartTls,
                SmartHostTlsFlag::Implicit => SmartHostTls::Implicit,
            },
        )))
    }

    /// The login at the smart host.
    pub(crate) fn login(&self) -> Option<Login> {
        let (user, password) = (self.smart_host_user.as_ref()?, self.smart_host_password.as_ref()?);
        Some(Login::new(Credentials::password(user, password.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smart_host(text: &str) -> Result<Option<SmartHost>, String> {
        let flags = SmartHostFlags {
            smart_host: Some(text.into()),
            smart_host_tls: SmartHostTlsFlag::Opportunistic,
            smart_host_user: None,
            smart_host_password: None,
        };
        flags.smart_host(25)
    }

    #[test]
    fn a_smart_host_has_a_port_or_the_default_port() {
        for (text, host, port) in [
            ("mail.example", "mail.example", 25),
            ("mail.example:587", "mail.example", 587),
            ("192.0.2.1:587", "192.0.2.1", 587),
            ("[2001:db8::1]:587", "2001:db8::1", 587),
            ("2001:db8::1", "2001:db8::1", 25),
        ] {
            let found = smart_host(text).unwrap().unwrap();
            assert_eq!(
                (found.host.to_string().as_str(), found.port),
                (host, port),
                "{text}"
            );
        }
        for text in ["", "mail example", "mail.example:x", "mail.example:70000"] {
            assert!(smart_host(text).is_err(), "{text}");
        }
    }
}
