//! The relay: all parts together, from the flags to the signal that ends it.

use std::{io, sync::Arc, time::Duration};

use examples::exit::Exit;
use smtp_driver::Service;
use smtp_proto::client;
use smtp_relay::pace::Limits;
use smtp_tokio::{ShutdownHandle, serve_until};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tracing_subscriber::EnvFilter;

use crate::{
    cut_through::{CutThrough, Passage, Sessions},
    delivery::{self, Connector, ConnectorSettings, Kept, Lookups, Settings, Shared},
    dns,
    flags::RelayFlags,
    intake::{Door, Intake, Who},
    listeners::{self, Bound},
    metrics::{self, Metrics},
    next_hop::Routing,
    spool::{Spool, files::Files},
    sts::Policies,
};

#[cfg(feature = "postgres")]
use crate::spool::postgres::Postgres;

/// The parts that do not depend on the spool.
struct Parts {
    door: Arc<Door>,
    settings: Settings,
    connector: Connector,
    lookups: Arc<Lookups>,
    metrics: Arc<Metrics>,
}

/// Runs a relay until SIGTERM or SIGINT, and then finishes what is in hand.
///
/// # Errors
///
/// If the flags contradict each other, or the system refuses something.
pub(crate) async fn run(flags: RelayFlags) -> Result<Exit, String> {
    log();
    // Before the relay announces itself, so that no signal is missed.
    let mut signals = Signals::new().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let parts = Parts::new(&flags)?;
    let place = &flags.place;
    match place.database() {
        Some(url) => {
            let opened = tokio::select! {
                opened = database(&flags, url) => opened?,
                () = signals.wait() => {
                    tracing::info!("stopping");
                    return Ok(Exit::Success);
                }
            };
            relay(&flags, parts, opened, signals.wait()).await
        }
        None => {
            let opened = Files::open(&place.spool).await;
            let spool = opened.map_err(|error| place.cannot(&error))?;
            relay(&flags, parts, spool, signals.wait()).await
        }
    }
}

#[cfg(feature = "postgres")]
async fn database(flags: &RelayFlags, url: &str) -> Result<Postgres, String> {
    let process = &flags.process;
    let lease = Duration::from_secs(process.lease.max(1));
    let opened = Postgres::open(url, process.name.as_deref(), lease).await;
    opened.map_err(|error| flags.place.cannot(&error))
}

#[cfg(not(feature = "postgres"))]
async fn database(flags: &RelayFlags, _: &str) -> Result<Files, String> {
    Err(flags.place.cannot(&crate::flags::NO_DATABASE))
}

async fn relay<S: Spool>(
    flags: &RelayFlags,
    parts: Parts,
    spool: S,
    signal: impl Future<Output = ()>,
) -> Result<Exit, String> {
    let (stop, mut tasks) = (ShutdownHandle::new(), JoinSet::new());
    let Parts {
        door,
        settings,
        connector,
        lookups,
        metrics,
    } = parts;
    if let Some(address) = flags.process.metrics {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("--metrics {address}: {error}"))?;
        tasks.spawn(metrics::serve(listener, Arc::clone(&metrics), stop.clone()));
    }
    let mut servers = JoinSet::new();
    if flags.process.cut_through {
        // Nothing is stored, and what is left of another time is not sent: the spool is open for `relay queue` only.
        let passage = Arc::new(Passage {
            sessions: Sessions::new(settings.pace.most),
            settings,
            connector,
            lookups,
        });
        for bound in listeners::bind(flags)? {
            let (door, passage) = (Arc::clone(&door), Arc::clone(&passage));
            let network_counts = bound.kind.network_counts();
            let service = CutThrough {
                door,
                passage,
                network_counts,
            };
            spawn(&mut servers, bound, service, &stop);
        }
        return until_stopped(signal, &stop, servers, tasks).await;
    }
    if !flags.process.worker_only {
        for bound in listeners::bind(flags)? {
            let intake = Intake {
                door: Arc::clone(&door),
                spool: spool.clone(),
                network_counts: bound.kind.network_counts(),
            };
            spawn(&mut servers, bound, intake, &stop);
        }
    }
    if !flags.process.front_end_only {
        let shared = Shared {
            spool,
            settings,
            connector,
            kept: Kept::default(),
            lookups,
            metrics,
        };
        tasks.spawn(delivery::run(Arc::new(shared), stop.clone()));
    }
    until_stopped(signal, &stop, servers, tasks).await
}

/// Waits for a signal, and then for all that is in hand.
async fn until_stopped(
    signal: impl Future<Output = ()>,
    stop: &ShutdownHandle,
    servers: JoinSet<io::Result<()>>,
    tasks: JoinSet<()>,
) -> Result<Exit, String> {
    signal.await;
    tracing::info!("stopping");
    stop.shut_down();
    for served in servers.join_all().await {
        served.map_err(|error| format!("cannot serve: {error}"))?;
    }
    tasks.join_all().await;
    Ok(Exit::Success)
}

fn spawn(
    servers: &mut JoinSet<io::Result<()>>,
    bound: Bound,
    service: impl Service + 'static,
    stop: &ShutdownHandle,
) {
    let Bound {
        listener,
        config,
        options,
        ..
    } = bound;
    servers.spawn(serve_until(listener, config, options, stop.clone(), service));
}

impl Parts {
    fn new(flags: &RelayFlags) -> Result<Self, String> {
        let (hostname, roots) = (flags.hostname()?, flags.delivery.roots()?);
        let routing = match flags.smart_host.smart_host(flags.delivery.port)? {
            Some(host) => Routing::SmartHost(host),
            None => Routing::ByDomain,
        };
        let dns = dns::open(&flags.delivery.dns, flags.delivery.dns_anchor.as_deref())?;
        let policies = Policies::open(Arc::clone(&dns), flags.delivery.sts.as_deref(), roots.as_ref())?;
        let metrics = Arc::<Metrics>::default();
        let door = Door {
            hostname: hostname.clone(),
            who: Who::new(&flags.who.relay_from, &flags.who.relay_domain)?,
            users: flags.users()?,
            routing: routing.clone(),
            metrics: Arc::clone(&metrics),
        };
        let schedule = flags.delivery.schedule();
        let mut pace = Limits::default();
        pace.most = flags.delivery.sessions.max(1);
        pace.initial = pace.initial.min(pace.most);
        // A destination is not left alone for longer than a message waits.
        let first = schedule.waits.first().map_or(0, |wait| wait / 1000);
        pace.pause = pace.pause.min(first.max(1));
        let settings = Settings {
            hostname,
            routing,
            route: Arc::new(flags.delivery.route(&flags.listen.hostname)),
            schedule,
            pace,
            workers: flags.delivery.workers.max(1),
        };
        let mut client = client::Config::new(flags.client_name()?);
        if let Some(seconds) = flags.delivery.timeout {
            client.timeouts = client::Timeouts::all(Duration::from_secs(seconds));
        }
        let connector = Connector::new(ConnectorSettings {
            client,
            login: flags.smart_host.login(),
            roots,
            bind: flags.delivery.bind,
            connect_timeout: flags.delivery.connect_timeout(),
        });
        Ok(Self {
            door: Arc::new(door),
            settings,
            connector,
            lookups: Arc::new(Lookups { dns, policies }),
            metrics,
        })
    }
}

/// The signals that end the relay.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Writes the log to standard error: `RUST_LOG` chooses its extent.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // Fails if there is a log already, as in tests.
    let _ = log.try_init();
}

#[cfg(test)]
mod tests;
