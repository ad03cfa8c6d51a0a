//! A spool of files that fails where a test says so.

use std::{
    collections::HashSet,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{fs::File, io::Take};

use super::{
    Claim, Facts, Head, Id, Listed, Progress, Spool,
    files::{Files, Incoming},
};

/// A spool with faults.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) files: Files,
    pub(crate) faults: Arc<Faults>,
}

/// The calls that fail.
#[derive(Default)]
pub(crate) struct Faults {
    /// The calls of `content` that panic, counted from 1.
    pub(crate) content: Calls,
    /// The calls of `record` that panic.
    pub(crate) record: Calls,
    /// The calls of `begin` for a report that fail.
    pub(crate) report: Calls,
}

/// Calls of one function.
#[derive(Default)]
pub(crate) struct Calls {
    number: AtomicUsize,
    faulty: Mutex<HashSet<usize>>,
}

impl Calls {
    /// Makes these calls fail.
    pub(crate) fn fail(&self, calls: impl IntoIterator<Item = usize>) {
        self.faulty.lock().unwrap().extend(calls);
    }

    /// The number of calls so far.
    pub(crate) fn number(&self) -> usize {
        self.number.load(Ordering::Relaxed)
    }

    /// Counts a call. Returns true if it fails.
    fn fails(&self) -> bool {
        let call = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        self.faulty.lock().unwrap().contains(&call)
    }
}

impl Spool for Faulty {
    type Incoming = Incoming;
    type Content = Take<File>;

    async fn begin(&self, head: Head) -> io::Result<Incoming> {
        if head.envelope.reverse_path().is_null() && self.faults.report.fails() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.files.begin(head).await
    }

    async fn write(&self, incoming: &mut Incoming, octets: &[u8]) -> io::Result<()> {
        self.files.write(incoming, octets).await
    }

    async fn commit(&self, incoming: Incoming, facts: Facts) -> io::Result<()> {
        self.files.commit(incoming, facts).await
    }

    async fn claim(&self, most: usize, full: &HashSet<Arc<str>>) -> io::Result<Vec<Claim>> {
        self.files.claim(most, full).await
    }

    async fn renew(&self, claim: &Claim) -> io::Result<bool> {
        self.files.renew(claim).await
    }

    async fn content(&self, claim: &Claim) -> io::Result<Take<File>> {
        assert!(!self.faults.content.fails(), "a fault of the test");
        self.files.content(claim).await
    }

    async fn record(&self, claim: Claim, results: Vec<Progress>) -> io::Result<()> {
        assert!(!self.faults.record.fails(), "a fault of the test");
        self.files.record(claim, results).await
    }

    async fn release(&self, claim: Claim) -> io::Result<()> {
        self.files.release(claim).await
    }

    async fn ready(&self, full: &HashSet<Arc<str>>) {
        self.files.ready(full).await;
    }

    async fn list(&self) -> io::Result<Vec<Listed>> {
        self.files.list().await
    }

    async fn retry(&self, id: Option<&Id>) -> io::Result<bool> {
        self.files.retry(id).await
    }

    async fn delete(&self, id: &Id) -> io::Result<bool> {
        self.files.delete(id).await
    }
}
