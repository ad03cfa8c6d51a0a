//! Making a directory durable, once for all that wait for it.

use std::{
    fs::File,
    io,
    path::PathBuf,
    sync::{Condvar, Mutex, PoisonError},
};

/// Syncs a directory. One sync serves all that asked before it began: the first of them makes it, in its own thread.
#[derive(Debug)]
pub(super) struct DirectorySync {
    directory: PathBuf,
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The numbers of the last sync that has begun, and of the last that has ended.
    begun: u64,
    ended: u64,
    /// Calls that wait for a sync to end.
    waiting: usize,
    /// The last sync that failed.
    failed: Option<(u64, io::ErrorKind)>,
}

impl DirectorySync {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            state: Mutex::default(),
            ended: Condvar::new(),
        }
    }

    /// Waits until all changes of the directory before this call are durable. Blocks.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has begun may lack the changes.
        let own = state.begun + 1;
        while state.ended < own {
            if state.begun > state.ended {
                state.waiting += 1;
                state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.waiting -= 1;
                continue;
            }
            state.begun += 1;
            drop(state);
            // Opened each time: the directory may have been replaced.
            let synced = File::open(&self.directory).and_then(|open| open.sync_all());
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended = state.begun;
            if let Err(error) = synced {
                state.failed = Some((state.ended, error.kind()));
            }
            self.ended.notify_all();
        }
        match state.failed {
            Some((number, kind)) if number >= own => Err(kind.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    #[test]
    fn a_directory_that_is_gone_is_an_error_for_all_that_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        fs::create_dir(&path).unwrap();
        let sync = DirectorySync::new(path.clone());
        let all = || {
            thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| sync.sync())).collect();
                let ends = threads.into_iter().map(|thread| thread.join().unwrap());
                ends.collect::<Vec<_>>()
            })
        };
        assert!(all().iter().all(Result::is_ok));
        fs::remove_dir(&path).unwrap();
        for failed in all() {
            assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        fs::create_dir(&path).unwrap();
        assert!(all().iter().all(Result::is_ok), "an old failure is forgotten");
    }

    #[test]
    fn a_sync_serves_all_requests_made_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let sync = DirectorySync::new(folder.path().to_owned());
        // As if one were under way.
        sync.state.lock().unwrap().begun = 1;
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| sync.sync().unwrap());
            }
            while sync.state.lock().unwrap().waiting < 8 {
                thread::yield_now();
            }
            sync.state.lock().unwrap().ended = 1;
            sync.ended.notify_all();
        });
        assert_eq!(sync.state.lock().unwrap().begun, 2);
    }
}
