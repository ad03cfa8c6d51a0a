//! Deliveries: takes claims from the spool, and runs as many at a time as the window of each destination permits.

mod attempt;
mod fenced;
mod kept;
mod lookups;
mod parameters;
mod report;
mod results;
mod session;
mod tls;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use smtp_proto::{client, types::Host};
use smtp_relay::{
    pace::{Limits, Verdict, Window},
    retry::Schedule,
    route,
};
use smtp_rustls::Roots;
use smtp_tokio::ShutdownHandle;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{sleep, timeout},
};
use tracing::{error, warn};

pub(crate) use self::{
    kept::Kept,
    lookups::{Hosts, Lookups, drive},
    parameters::parameters,
    session::{Connector, Hop},
};
use crate::{
    metrics::Metrics,
    next_hop::Routing,
    spool::{Claim, Spool, now},
};

/// Maximum claims taken at once.
const BATCH: usize = 32;

/// Time for current deliveries after the signal to stop.
const GRACE: Duration = Duration::from_secs(60);

/// Maximum records of dead destinations; beyond it, records of those that may be tried again are removed.
const REMEMBERED: usize = 1000;

/// Maximum time between two checks of the dead destinations.
const LOOK: Duration = Duration::from_secs(60);

/// The settings of deliveries.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) hostname: Host<'static>,
    pub(crate) routing: Routing,
    pub(crate) route: Arc<route::Config>,
    /// The schedule of attempts, in milliseconds.
    pub(crate) schedule: Schedule,
    pub(crate) pace: Limits,
    pub(crate) workers: usize,
}

/// The parts that all deliveries share.
pub(crate) struct Shared<S> {
    pub(crate) spool: S,
    pub(crate) settings: Settings,
    pub(crate) connector: Connector,
    pub(crate) kept: Kept,
    pub(crate) lookups: Arc<Lookups>,
    pub(crate) metrics: Arc<Metrics>,
}

/// The settings of connections.
#[derive(Clone, Debug)]
pub(crate) struct ConnectorSettings {
    pub(crate) client: client::Config,
    pub(crate) login: Option<client::Login>,
    pub(crate) roots: Option<Roots>,
    pub(crate) bind: Option<IpAddr>,
    pub(crate) connect_timeout: Duration,
}

/// Delivers until the relay stops. Then finishes the current deliveries, and returns the other leases.
pub(crate) async fn run<S: Spool>(shared: Arc<Shared<S>>, stop: ShutdownHandle) {
    let mut dispatcher = Dispatcher {
        shared,
        tasks: JoinSet::new(),
        under_way: HashMap::new(),
        windows: HashMap::new(),
        waiting: HashMap::new(),
    };
    tokio::pin!(stop);
    loop {
        dispatcher.start_waiting();
        dispatcher.claim().await;
        dispatcher.shared.metrics.under_way.set(dispatcher.tasks.len());
        let full = dispatcher.full();
        let has_room = dispatcher.tasks.len() < dispatcher.shared.settings.workers;
        let spool = dispatcher.shared.spool.clone();
        let alive = until_alive(dispatcher.windows.values(), now());
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = dispatcher.tasks.join_next_with_id() => dispatcher.ended(ended),
            () = spool.ready(&full), if has_room => {}
            () = sleep(alive) => {}
        }
    }
    dispatcher.finish().await;
}

/// The current deliveries, and the windows of their destinations.
struct Dispatcher<S> {
    shared: Arc<Shared<S>>,
    tasks: JoinSet<Verdict>,
    /// The work of each task, stored here because a task that panics loses its own copy.
    under_way: HashMap<Id, Work>,
    windows: HashMap<Arc<str>, Window>,
    /// Claims that wait because the window of their destination is full.
    waiting: HashMap<Arc<str>, VecDeque<Claim>>,
}

/// The work of a task.
enum Work {
    /// A delivery.
    Attempt(Claim),
    /// The end of a delivery that panicked.
    Recovery(Arc<str>),
}

impl<S: Spool> Dispatcher<S> {
    /// Starts waiting claims whose destination has room in its window.
    fn start_waiting(&mut self) {
        let hops: Vec<_> = self.waiting.keys().cloned().collect();
        for hop in hops {
            while self.window(&hop).may_start(seconds()) {
                let Some(claim) = self.waiting.get_mut(&hop).and_then(VecDeque::pop_front) else {
                    break;
                };
                self.start(claim);
            }
            if self.waiting.get(&hop).is_some_and(VecDeque::is_empty) {
                self.waiting.remove(&hop);
            }
        }
    }

    /// Takes claims, and starts those whose destination has room.
    async fn claim(&mut self) {
        let room = self.shared.settings.workers.saturating_sub(self.tasks.len());
        if room == 0 {
            return;
        }
        let full = self.full();
        let claims = match self.shared.spool.claim(room.min(BATCH), &full).await {
            Ok(claims) => claims,
            Err(error) => {
                error!(%error, "cannot claim deliveries");
                sleep(Duration::from_secs(1)).await;
                return;
            }
        };
        for claim in claims {
            if self.window(&claim.next_hop).may_start(seconds()) {
                self.start(claim);
            } else {
                self.waiting
                    .entry(Arc::clone(&claim.next_hop))
                    .or_default()
                    .push_back(claim);
            }
        }
    }

    fn start(&mut self, claim: Claim) {
        self.window(&claim.next_hop).start();
        let (shared, work) = (Arc::clone(&self.shared), Work::Attempt(claim.clone()));
        self.spawn(work, async move { attempt::deliver(&shared, claim).await });
    }

    fn spawn(&mut self, work: Work, task: impl Future<Output = Verdict> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.under_way.insert(id, work);
    }

    fn ended(&mut self, ended: Result<(Id, Verdict), JoinError>) {
        let (id, verdict) = match &ended {
            Ok((id, verdict)) => (*id, *verdict),
            Err(error) => (error.id(), Verdict::Neutral),
        };
        let hop = match self.under_way.remove(&id) {
            Some(Work::Attempt(claim)) => {
                if let Err(error) = ended {
                    error!(id = %claim.head.id, %error, "a delivery panicked");
                    return self.recover(claim);
                }
                claim.next_hop
            }
            Some(Work::Recovery(hop)) => hop,
            None => return,
        };
        let window = self.window(&hop);
        window.end(verdict, seconds());
        // Remove a window without information; most have none.
        if window.open() == 0 && window.dead_until().is_none() && !self.waiting.contains_key(&hop) {
            self.windows.remove(&hop);
        }
        if self.windows.len() > REMEMBERED {
            let now = seconds();
            self.windows.retain(|_, window| !is_over(window, now));
        }
    }

    /// Ends the lease of a delivery that panicked; the message is tried again later. Keeps its place in the window until
    /// then.
    fn recover(&mut self, claim: Claim) {
        let (shared, work) = (
            Arc::clone(&self.shared),
            Work::Recovery(Arc::clone(&claim.next_hop)),
        );
        self.spawn(work, async move {
            results::after_panic(shared, claim).await;
            Verdict::Neutral
        });
    }

    fn window(&mut self, hop: &Arc<str>) -> &mut Window {
        let pace = self.shared.settings.pace;
        self.windows
            .entry(Arc::clone(hop))
            .or_insert_with(|| Window::new(pace))
    }

    /// The next hops whose windows are full.
    fn full(&self) -> HashSet<Arc<str>> {
        let now = seconds();
        let full = self.windows.iter().filter(|(_, window)| !window.may_start(now));
        full.map(|(hop, _)| Arc::clone(hop))
            .chain(self.waiting.keys().cloned())
            .collect()
    }

    async fn finish(mut self) {
        for claim in std::mem::take(&mut self.waiting).into_values().flatten() {
            if let Err(error) = self.shared.spool.release(claim).await {
                warn!(%error, "cannot give a lease back");
            }
        }
        let all = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.ended(ended);
            }
        };
        if timeout(GRACE, all).await.is_err() {
            warn!(
                deliveries = self.tasks.len(),
                "dropping deliveries that do not end"
            );
        }
        self.shared.kept.close().await;
    }
}

/// Returns the time until the next dead destination may be tried again, given the current time in milliseconds. Skips
/// destinations that may be tried already: the spool reports when a delivery to them is due.
fn until_alive<'w>(windows: impl Iterator<Item = &'w Window>, now: u64) -> Duration {
    let times = windows.filter_map(Window::dead_until).map(|until| until * 1000);
    let next = times.filter(|until| *until > now).min();
    next.map_or(LOOK, |until| Duration::from_millis(until - now).min(LOOK))
}

/// Returns true if a destination was dead and may be tried again, so that its window has no further information.
fn is_over(window: &Window, now: u64) -> bool {
    window.open() == 0 && window.dead_until().is_some_and(|until| until <= now)
}

fn seconds() -> u64 {
    now() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A destination that is dead until the second 400.
    fn dead() -> Window {
        let mut window = Window::new(Limits::default());
        while window.dead_until().is_none() {
            window.start();
            window.end(Verdict::Bad, 100);
        }
        assert_eq!(window.dead_until(), Some(400));
        window
    }

    #[test]
    fn a_dead_destination_is_waited_for_until_it_may_be_tried() {
        let (dead, alive) = (dead(), Window::new(Limits::default()));
        let until = |now| until_alive([&dead, &alive].into_iter(), now);
        assert_eq!(until(399_500), Duration::from_millis(500));
        assert!(until(100_000) <= LOOK);
        // Then the deliveries to it are waited for, and not the destination.
        for now in [400_000, 400_001, 9_000_000] {
            assert_eq!(until(now), LOOK, "{now}");
        }
    }

    #[test]
    fn a_destination_under_way_or_dead_is_not_forgotten() {
        let mut window = dead();
        assert!(!is_over(&window, 399));
        assert!(is_over(&window, 400));
        window.start();
        assert!(!is_over(&window, 400));
        assert!(!is_over(&Window::new(Limits::default()), 400));
    }
}
