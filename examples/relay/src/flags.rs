//! The flags of `relay`.
//!
//! Each flag is a field in one of the groups below; its doc comment is the help.

mod duration;
mod smart_host;

use std::{net::IpAddr, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use smtp_driver::IpNetwork;
use smtp_proto::{
    sasl::Secret,
    types::{ClientName, Host},
};
use smtp_relay::{
    Name,
    retry::Schedule,
    route::{Config, Dane, Families, Family},
};
use smtp_rustls::{Roots, ServerTls};

use self::duration::Span;
pub(crate) use self::smart_host::SmartHostFlags;
use examples::{exit::chain, serve::TlsFlags, users::Users};

/// The flags of `relay queue`, which are separate from those of `relay`.
#[derive(Clone, Debug, Parser)]
#[command(name = "relay")]
pub(crate) struct QueueFlags {
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// A task other than relaying.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Action {
    /// Shows and changes the queue, even while a relay runs
    #[command(subcommand)]
    Queue(QueueCommand),
}

/// A command about the queue.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Lists the recipients in the queue
    List {
        #[command(flatten)]
        place: Place,
        /// Print a JSON object in a line for each recipient
        #[arg(long)]
        json: bool,
    },
    /// Shows a message
    Show {
        /// The id of the message
        id: String,
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Tries a message again now; `all` means all messages
    Retry {
        /// The id of the message, or `all`
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Deletes messages without a report to their senders
    Delete {
        /// The ids of the messages
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// The spool.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Directory of the spool, or the URL of a PostgreSQL database, which several relays can share
    #[arg(long, value_name = "DIR|postgres://...")]
    pub(crate) spool: PathBuf,
}

/// The error for a database URL in a program without the feature.
#[cfg(not(feature = "postgres"))]
pub(crate) const NO_DATABASE: &str = "built without the feature postgres";

impl Place {
    /// The URL, if the spool is a database.
    pub(crate) fn database(&self) -> Option<&str> {
        let text = self.spool.to_str()?;
        let schemes = ["postgres://", "postgresql://"];
        schemes
            .iter()
            .any(|scheme| text.starts_with(scheme))
            .then_some(text)
    }

    /// The error text for a spool that cannot be used. It shows no password.
    pub(crate) fn cannot(&self, error: &dyn std::fmt::Display) -> String {
        match self.database() {
            Some(_) => format!("--spool: {error}"),
            None => format!("--spool {}: {error}", self.spool.display()),
        }
    }
}

/// A small mail relay: accepts mail, stores it, and delivers it to the next hop.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "relay",
    after_help = "The queue: relay queue list|show|retry|delete --help"
)]
pub(crate) struct RelayFlags {
    #[command(flatten)]
    pub(crate) listen: ListenFlags,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) who: WhoFlags,
    #[command(flatten)]
    pub(crate) tls: TlsFlags,
    #[command(flatten)]
    pub(crate) delivery: DeliveryFlags,
    #[command(flatten)]
    pub(crate) smart_host: SmartHostFlags,
    #[command(flatten)]
    pub(crate) process: ProcessFlags,
}

/// Addresses and name.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListenFlags {
    /// Listen here for SMTP (repeatable); with port 0 the system chooses a port
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Listen here for submission with STARTTLS and AUTH (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen_submission: Vec<SocketAddr>,
    /// Listen here for submission with implicit TLS and AUTH (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen_tls: Vec<SocketAddr>,
    /// Listen here for SMTP behind a proxy (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen_proxy: Vec<SocketAddr>,
    /// Networks of the proxies (repeatable)
    #[arg(long, value_name = "NET")]
    pub(crate) proxy_from: Vec<IpNetwork>,
    /// Name of this relay, in the greeting, EHLO and Received
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub(crate) hostname: String,
    /// Maximum octets of a message
    #[arg(long, value_name = "BYTES", default_value_t = 25 << 20)]
    pub(crate) max_size: u64,
}

/// Clients that may relay.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhoFlags {
    /// Networks whose clients may send to every domain (repeatable)
    #[arg(long, value_name = "NET")]
    pub(crate) relay_from: Vec<IpNetwork>,
    /// Domain to which every client may send (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) relay_domain: Vec<String>,
    /// Accept this user, who may send to every domain (repeatable)
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub(crate) user: Vec<Secret>,
}

/// Deliveries.
#[derive(Clone, Debug, Args)]
pub(crate) struct DeliveryFlags {
    /// `system`, the address and port of a name server, or a file with DNS records
    #[arg(long, value_name = "system|ADDR|FILE", default_value = "system")]
    pub(crate) dns: PathBuf,
    /// Trust anchors of DNSSEC [default: the keys of the root]
    #[arg(long, value_name = "FILE")]
    pub(crate) dns_anchor: Option<PathBuf>,
    /// Port of the next hops
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) port: u16,
    /// Local address of deliveries
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<IpAddr>,
    /// Address of this relay in the DNS (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) own_address: Vec<IpAddr>,
    /// Trusted certificates in PEM [default: the trust store of this computer]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// MTA-STS policies in place of HTTPS: DIR/DOMAIN.txt, or one file for all
    #[arg(long, value_name = "FILE-OR-DIR")]
    pub(crate) sts: Option<PathBuf>,
    /// Waits between attempts; the last wait repeats
    #[arg(
        long,
        value_name = "SPANS",
        value_delimiter = ',',
        default_value = "5m,15m,30m,1h,2h,4h"
    )]
    pub(crate) retry: Vec<Span>,
    /// Time until a message expires
    #[arg(long, value_name = "SPAN", default_value = "5d")]
    pub(crate) expire: Span,
    /// Time until the sender gets a delay notice
    #[arg(long, value_name = "SPAN", default_value = "4h")]
    pub(crate) delay_notice: Span,
    /// Seconds for each phase of a delivery [default: those of RFC 5321]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Seconds for connecting
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) connect_timeout: u64,
    /// Maximum simultaneous sessions with one destination
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) sessions: u32,
    /// Maximum simultaneous deliveries
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) workers: usize,
}

/// The parts that this process runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProcessFlags {
    /// Name of this process, for leases
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Seconds of a lease
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) lease: u64,
    /// Only accept mail; another process delivers it
    #[arg(long, conflicts_with_all = ["worker_only", "cut_through"])]
    pub(crate) front_end_only: bool,
    /// Only deliver mail; another process accepts it
    #[arg(long, conflicts_with = "cut_through")]
    pub(crate) worker_only: bool,
    /// Store nothing: return the next hop's reply to the client
    #[arg(long)]
    pub(crate) cut_through: bool,
    /// Serve counters at this address, as Prometheus text
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
}

impl RelayFlags {
    /// The name of this relay.
    pub(crate) fn hostname(&self) -> Result<Host<'static>, String> {
        let name = &self.listen.hostname;
        let host = Host::parse(name).map_err(|error| format!("--hostname {name:?}: {error}"))?;
        Ok(host.into_owned())
    }

    /// The name of this relay as a client.
    pub(crate) fn client_name(&self) -> Result<ClientName<'static>, String> {
        let name = &self.listen.hostname;
        let client = ClientName::parse(name).map_err(|error| format!("--hostname {name:?}: {error}"))?;
        Ok(client.into_owned())
    }

    /// The TLS settings for clients of this server, if there is a certificate.
    pub(crate) fn server_tls(&self) -> Result<Option<ServerTls>, String> {
        let settings = self.tls.settings(&self.listen.hostname)?;
        let submission = !self.listen.listen_submission.is_empty() || !self.listen.listen_tls.is_empty();
        if submission && settings.is_none() {
            return Err(
                "--listen-submission and --listen-tls: give --cert and --key, or --self-signed".into(),
            );
        }
        Ok(settings)
    }

    /// The users that may authenticate.
    pub(crate) fn users(&self) -> Result<Users, String> {
        let pairs = self.who.user.iter().map(|value| {
            let (name, password) = value
                .expose_str()
                .and_then(|value| value.split_once(':'))
                .ok_or("--user: give a name, a colon and a password")?;
            Ok((name.to_owned(), Secret::from(password)))
        });
        let pairs = pairs.collect::<Result<Vec<_>, String>>()?;
        Users::new(pairs, Vec::new()).map_err(|why| format!("--user: {why}"))
    }
}

impl DeliveryFlags {
    /// The trusted certificates of `--ca`.
    pub(crate) fn roots(&self) -> Result<Option<Roots>, String> {
        let roots = self.ca.as_ref().map(Roots::from_file).transpose();
        roots.map_err(|error| format!("--ca: {}", chain(&error)))
    }

    /// The schedule of attempts, **in milliseconds**: the rules do not depend on the unit.
    pub(crate) fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::new(
            self.retry.iter().map(|span| span.millis().max(1000)).collect(),
            self.expire.millis(),
        );
        schedule.delay_notice = Some(self.delay_notice.millis());
        schedule.jitter = 10;
        schedule
    }

    /// The settings of routes.
    pub(crate) fn route(&self, hostname: &str) -> Config {
        let mut config = Config::default();
        config.own_names.extend(Name::parse(hostname));
        config.own_addresses.clone_from(&self.own_address);
        config.port = self.port;
        config.dane = Dane::Verify;
        if let Some(address) = self.bind {
            config.families = Families::Only(Family::of(address));
        }
        config
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout)
    }
}
