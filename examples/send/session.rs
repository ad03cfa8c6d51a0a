//! Protocol of the example `send`.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use clap::{Args, ValueEnum};
use smtp_proto::{
    client::{Config, ExtensionUse, Timeouts},
    data::LineEndings,
    types::{AddressLiteral, ClientName, Host, Protocol},
};

/// Protocol, extensions and timeouts.
#[derive(Clone, Debug, Args)]
pub(crate) struct SessionFlags {
    /// Name in EHLO [default: the address literal of the loopback interface]
    #[arg(long, value_name = "NAME")]
    pub(crate) helo: Option<String>,
    /// Use LMTP
    #[arg(long)]
    pub(crate) lmtp: bool,
    /// Seconds for each phase
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    pub(crate) timeout: f64,
    /// Send one command at a time
    #[arg(long)]
    pub(crate) no_pipelining: bool,
    /// Send with BDAT if the server offers CHUNKING
    #[arg(long)]
    pub(crate) bdat: bool,
    /// Request a reply for each recipient after the message if the server offers PRDR
    #[arg(long)]
    pub(crate) prdr: bool,
    /// Policy for a bare CR or LF in the message
    #[arg(long, value_name = "POLICY", default_value = "normalize")]
    pub(crate) line_endings: Endings,
}

/// The policy for a bare CR or LF.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Endings {
    Normalize,
    Reject,
}

impl SessionFlags {
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), String> {
        let timeout =
            Duration::try_from_secs_f64(self.timeout).map_err(|error| format!("--timeout: {error}"))?;
        config.timeouts = Timeouts::all(timeout);
        config.protocol = if self.lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        config.pipelining = used_if(!self.no_pipelining);
        config.chunking = used_if(self.bdat);
        config.prdr = used_if(self.prdr);
        config.line_endings = match self.line_endings {
            Endings::Normalize => LineEndings::Normalize,
            Endings::Reject => LineEndings::Refuse,
        };
        Ok(())
    }

    pub(super) fn name(&self) -> Result<ClientName<'static>, String> {
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

const fn used_if(wanted: bool) -> ExtensionUse {
    if wanted {
        ExtensionUse::IfOffered
    } else {
        ExtensionUse::Never
    }
}
