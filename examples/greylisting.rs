//! A server with greylisting (RFC 6647): it rejects the first attempt of an unknown triple of network, sender and recipient,
//! and accepts an attempt after a delay, because real servers try again. It discards accepted messages.
//!
//! ```sh
//! cargo run -p examples --example greylisting -- 127.0.0.1:2525 10   # a delay of 10 seconds, to try it out
//! ```

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use examples::exit::Failure;
use smtp_tokio::proto::{
    server::Config,
    types::{Host, Mail, Rcpt, Rejection},
};
use smtp_tokio::{About, Accept, Bytes, Listener, Service, serve};

/// Time for which an attempt is stored, because servers try again for some days (RFC 5321 section 4.5.4.1).
const MEMORY: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// Time for which a triple with a successful attempt is stored.
const KNOWN: Duration = Duration::from_secs(36 * 24 * 60 * 60);

/// Maximum stored triples, of about 200 octets each. An attacker who fills the list only turns greylisting off.
const MAX_TRIPLES: usize = 1_000_000;

/// Minimum time between two purges of a full list, because a purge checks each triple.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// The client's network, the sender and the recipient.
type Triple = (Option<IpAddr>, String, String);

pub(crate) struct Greylist {
    delay: Duration,
    triples: HashMap<Triple, Seen>,
    next_purge: Instant,
}

/// The time of the first attempt, or of the last successful one.
struct Seen {
    at: Instant,
    is_known: bool,
}

impl Greylist {
    pub(crate) fn new(delay: Duration) -> Self {
        Self {
            delay,
            triples: HashMap::new(),
            next_purge: Instant::now(),
        }
    }

    /// Returns true if the message is accepted.
    pub(crate) fn check(&mut self, triple: Triple, now: Instant) -> bool {
        let is_fresh = |seen: &Seen| now.duration_since(seen.at) < if seen.is_known { KNOWN } else { MEMORY };
        if self.triples.len() >= MAX_TRIPLES && now >= self.next_purge {
            self.triples.retain(|_, seen| is_fresh(seen));
            self.next_purge = now + PURGE_INTERVAL;
        }
        let is_full = self.triples.len() >= MAX_TRIPLES;
        match self.triples.get_mut(&triple).filter(|seen| is_fresh(seen)) {
            Some(seen) if seen.is_known || now.duration_since(seen.at) >= self.delay => {
                *seen = Seen::new(now, true);
                true
            }
            Some(_) => false, // too early
            None if is_full => true,
            None => {
                self.triples.insert(triple, Seen::new(now, false));
                false
            }
        }
    }
}

impl Seen {
    const fn new(at: Instant, is_known: bool) -> Self {
        Self { at, is_known }
    }
}

/// Returns the network of a client, because large senders try again from another address in it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            [a, b, c, 0].into()
        }
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

struct Server(Mutex<Greylist>);

impl Service for Server {
    type Mail = (Option<IpAddr>, String); // network and sender

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Self::Mail, Rejection> {
        Ok((about.peer().ip().map(network), mail.reverse_path().to_string()))
    }

    async fn recipient(
        &self,
        (network, sender): &Self::Mail,
        rcpt: &Rcpt<'static>,
    ) -> Result<Accept, Rejection> {
        let triple = (*network, sender.clone(), rcpt.forward_path().to_string());
        let mut greylist = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passes = greylist.check(triple, Instant::now());
        passes.then_some(Accept::Yes).ok_or(Rejection::TRY_LATER)
    }

    async fn body(&self, _: &mut Self::Mail, _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, _: &mut Self::Mail, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [address, seconds] = &arguments[..] else {
        return Err("usage: greylisting ADDRESS SECONDS".into());
    };
    let greylist = Greylist::new(Duration::from_secs(seconds.parse()?));
    let config = Config::new(Host::parse("mx.example.org")?);
    Ok(serve(Listener::bind(address)?, config, Server(Mutex::new(greylist))).await?)
}
