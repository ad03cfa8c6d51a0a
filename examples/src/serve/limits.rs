//! Limits of the example `server`.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;
use smtp_proto::server::Config;

/// Limits of messages, sessions and connections.
#[derive(Clone, Debug, Args)]
#[non_exhaustive]
pub struct LimitFlags {
    /// Maximum octets of a message
    #[arg(long, value_name = "BYTES", default_value_t = 25 << 20)]
    pub max_size: u64,
    /// Maximum recipients of a message
    #[arg(long, value_name = "N", default_value = "1000")]
    pub max_recipients: NonZeroU32,
    /// Maximum transactions of a session (no limit without it)
    #[arg(long, value_name = "N")]
    pub max_transactions: Option<NonZeroU32>,
    /// Maximum recipient domains of a session (no limit without it)
    #[arg(long, value_name = "N")]
    pub max_recipient_domains: Option<NonZeroU32>,
    /// Seconds to wait for a command
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
    /// Maximum simultaneous connections of each listener
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub max_connections: usize,
    /// Maximum simultaneous connections of one client, for each listener [default: --max-connections]
    #[arg(long, value_name = "N")]
    pub max_connections_per_peer: Option<usize>,
}

impl LimitFlags {
    pub(super) fn max_connections_per_peer(&self) -> usize {
        self.max_connections_per_peer.unwrap_or(self.max_connections)
    }

    pub(super) fn apply(&self, config: &mut Config) {
        config.set_max_message_size(self.max_size);
        config.set_max_recipients(self.max_recipients);
        if let Some(most) = self.max_transactions {
            config.set_max_transactions(most);
        }
        if let Some(most) = self.max_recipient_domains {
            config.set_max_recipient_domains(most);
        }
        let (timeouts, timeout) = (&mut config.timeouts, Duration::from_secs(self.timeout));
        (timeouts.command, timeouts.data, timeouts.write) = (timeout, timeout, timeout);
        timeouts.handshake = timeouts.handshake.min(timeout);
        // Delay replies only after failed logins, not after other errors.
        config.limits.errors.soft = config.limits.errors.hard;
        config.limits.unknown_commands.soft = config.limits.unknown_commands.hard;
    }
}
