//! Making a directory durable, once for all that wait for it.

use std::{fs::File, io, path::PathBuf, sync::mpsc, thread};

use tokio::sync::oneshot;

/// A thread that syncs a directory. One sync serves all that asked before it began.
#[derive(Clone, Debug)]
pub(super) struct DirectorySync(mpsc::Sender<Waiter>);

type Waiter = oneshot::Sender<Result<(), io::ErrorKind>>;

impl DirectorySync {
    pub(super) fn new(directory: PathBuf) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Waiter>();
        thread::Builder::new().name("spool-sync".into()).spawn(move || {
            while let Ok(first) = receiver.recv() {
                let mut waiters = vec![first];
                waiters.extend(receiver.try_iter());
                // Opened each time: the directory may have been replaced.
                let synced = File::open(&directory).and_then(|open| open.sync_all());
                let result = synced.map_err(|error| error.kind());
                for waiter in waiters {
                    let _ = waiter.send(result);
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// Waits until all changes of the directory before this call are durable.
    pub(super) async fn sync(&self) -> io::Result<()> {
        let (sender, receiver) = oneshot::channel();
        let ended = |_| io::Error::other("the thread that syncs the spool has ended");
        self.0
            .send(sender)
            .map_err(|_| io::Error::other("the thread that syncs the spool has ended"))?;
        receiver.await.map_err(ended)?.map_err(io::Error::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        std::fs::create_dir(&path).unwrap();
        let sync = DirectorySync::new(path.clone()).unwrap();
        sync.sync().await.unwrap();
        std::fs::remove_dir(path).unwrap();
        assert_eq!(sync.sync().await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
