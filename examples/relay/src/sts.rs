//! MTA-STS policies (RFC 8461): the cache, and where policies come from.

mod folder;
#[cfg(feature = "https")]
mod https;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use smtp_relay::{
    Name,
    route::{Answer, PolicyFault},
    sts::{
        Cached, Decision, FETCH_TIMEOUT, FailedFetch, Id, LookupFailed, decide, in_force, parse_policy,
        parse_record,
    },
};
use smtp_rustls::Roots;
use tokio::time::timeout;
use tracing::info;

use crate::{
    dns::{Boxed, Dns},
    spool::now,
};

/// Domains in the cache at most. Beyond it, those whose policy has expired are forgotten, and then all.
const MAX_DOMAINS: usize = 10_000;

/// A place that policies are fetched from.
pub(crate) trait Fetch: Send + Sync {
    /// Fetches the file of a domain, at most [`MAX_POLICY`](smtp_relay::sts::MAX_POLICY) octets of it and one more.
    fn fetch(&self, domain: Name) -> Boxed<'_, Result<Vec<u8>, PolicyFault>>;
}

/// The policies of domains.
pub(crate) struct Policies {
    dns: Arc<dyn Dns>,
    source: Option<Arc<dyn Fetch>>,
    domains: Mutex<HashMap<Name, Entry>>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    cached: Option<Cached>,
    failed: Option<FailedFetch>,
}

impl Policies {
    /// Policies from `--sts`, and by HTTPS without it.
    ///
    /// # Errors
    ///
    /// If the settings of TLS cannot be made.
    pub(crate) fn open(
        dns: Arc<dyn Dns>,
        given: Option<&Path>,
        roots: Option<&Roots>,
    ) -> Result<Self, String> {
        let source: Option<Arc<dyn Fetch>> = match given {
            Some(path) => Some(Arc::new(folder::Folder::new(path))),
            #[cfg(feature = "https")]
            None => Some(Arc::new(https::Https::new(Arc::clone(&dns), roots)?)),
            #[cfg(not(feature = "https"))]
            None => {
                let _ = roots;
                None
            }
        };
        Ok(Self {
            dns,
            source,
            domains: Mutex::default(),
        })
    }

    /// Answers the question for the policy that is in force for a domain.
    pub(crate) async fn answer(&self, domain: Name) -> Answer {
        let texts = self.dns.texts(format!("_mta-sts.{domain}")).await;
        let record = match &texts {
            Ok(texts) => Ok(parse_record(texts.iter().map(Vec::as_slice)).ok()),
            Err(_) => Err(LookupFailed),
        };
        let mut entry = self.entry(&domain);
        let decision = decide(
            entry.cached.as_ref(),
            record.as_ref().map(Option::as_ref).map_err(|_| LookupFailed),
            entry.failed.as_ref(),
            seconds(),
        );
        let mut fault = None;
        if let (Decision::Fetch(id), Some(source)) = (decision, &self.source) {
            fault = self.fetch(&**source, &domain, id, &mut entry).await.err();
            self.keep(domain.clone(), entry.clone());
        }
        let policy = in_force(entry.cached.as_ref(), seconds()).cloned();
        Answer::Sts { policy, fault }
    }

    async fn fetch(
        &self,
        source: &dyn Fetch,
        domain: &Name,
        id: Id,
        entry: &mut Entry,
    ) -> Result<(), PolicyFault> {
        let limit = Duration::from_secs(FETCH_TIMEOUT);
        let fetched = timeout(limit, source.fetch(domain.clone())).await;
        let fetched = fetched.unwrap_or(Err(PolicyFault::Fetch));
        let policy = fetched.and_then(|file| parse_policy(&file).map_err(|_| PolicyFault::Invalid));
        match policy {
            Ok(policy) => {
                entry.cached = Some(Cached::new(policy, id, seconds()));
                entry.failed = None;
                Ok(())
            }
            Err(fault) => {
                info!(%domain, ?fault, "no new MTA-STS policy");
                entry.failed = Some(FailedFetch::new(id, seconds()));
                Err(fault)
            }
        }
    }

    fn entry(&self, domain: &Name) -> Entry {
        let domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        domains.get(domain).cloned().unwrap_or_default()
    }

    fn keep(&self, domain: Name, entry: Entry) {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        if domains.len() >= MAX_DOMAINS {
            domains.retain(|_, entry| {
                entry
                    .cached
                    .as_ref()
                    .is_some_and(|cached| cached.is_fresh(seconds()))
            });
            if domains.len() >= MAX_DOMAINS {
                domains.clear();
            }
        }
        domains.insert(domain, entry);
    }
}

fn seconds() -> u64 {
    now() / 1000
}

#[cfg(test)]
mod tests;
