//! Policies in files, for tests: `DIR/DOMAIN.txt`, or one file for every domain.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use smtp_relay::{Name, route::PolicyFault, sts::MAX_POLICY};
use tokio::task::spawn_blocking;

use super::Fetch;
use crate::dns::Boxed;

/// Policies in files.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A name of the DNS has no slash, so it is no path.
    fn read(&self, domain: &Name) -> io::Result<Vec<u8>> {
        let path = if self.0.is_dir() {
            self.0.join(format!("{domain}.txt"))
        } else {
            self.0.clone()
        };
        let mut policy = Vec::new();
        File::open(path)?
            .take(MAX_POLICY as u64 + 1)
            .read_to_end(&mut policy)?;
        Ok(policy)
    }
}

impl Fetch for Folder {
    fn fetch(&self, domain: Name) -> Boxed<'_, Result<Vec<u8>, PolicyFault>> {
        let folder = self.clone();
        Box::pin(async move {
            match spawn_blocking(move || folder.read(&domain)).await {
                Ok(Ok(policy)) => Ok(policy),
                _ => Err(PolicyFault::Fetch),
            }
        })
    }
}
