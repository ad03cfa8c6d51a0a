//! What ends a wait from another thread.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Tells servers to stop: given to [`serve`](crate::serve), and kept by whoever decides that, such as a thread that
/// waits for signals. All clones are the same, and one may stop several servers. Once stopped it remains so.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Mutex<Stopping>>);

#[derive(Debug, Default)]
struct Stopping {
    stopped: bool,
    /// Those of the servers that run.
    alarms: Vec<Alarm>,
}

impl Stop {
    /// Nothing is to stop yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the servers, those that begin later, too. They and their sessions hear of it at once.
    pub fn stop(&self) {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stopping.stopped = true;
        stopping.alarms.drain(..).for_each(Alarm::ring);
    }

    /// Whether the servers were told to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }

    /// Rings this alarm when it is time to stop.
    pub(crate) fn rings(&self, alarm: Alarm) {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stopping.stopped {
            alarm.ring();
        } else {
            stopping.alarms.push(alarm);
        }
    }
}

/// Rings a bell, once and for good; also when it is dropped.
#[derive(Debug)]
pub(crate) struct Alarm {
    rung: Arc<AtomicBool>,
    /// When this is closed, the other end can be read by all who wait for that.
    _open: UnixStream,
}

impl Alarm {
    pub(crate) fn ring(self) {
        drop(self);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // First, so that whoever wakes finds it.
        self.rung.store(true, Ordering::Release);
    }
}

/// Rings when its alarm says so. Any number of threads may wait for it.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: Arc<AtomicBool>,
    end: UnixStream,
}

impl Bell {
    pub(crate) fn new() -> io::Result<(Alarm, Self)> {
        let (open, end) = UnixStream::pair()?;
        let rung = Arc::new(AtomicBool::new(false));
        let alarm = Alarm {
            rung: Arc::clone(&rung),
            _open: open,
        };
        Ok((alarm, Self { rung, end }))
    }

    pub(crate) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

/// Ends a [`wait`](crate::Connection::wait) from another thread, such as one that has found an answer. When nobody
/// waits it ends the next one, so nothing is missed. All clones are the same.
#[derive(Clone, Debug)]
pub struct Waker(Arc<UnixStream>);

impl Waker {
    /// Ends the wait.
    pub fn wake(&self) {
        // When there is no room it has been woken more than enough, and when the connection is gone there is nobody to wake.
        let _ = (&*self.0).write(&[0]);
    }
}

/// The side of a connection of its [`Waker`]s.
#[derive(Debug)]
pub(crate) struct Calls {
    waker: Waker,
    end: UnixStream,
}

impl Calls {
    pub(crate) fn new() -> io::Result<Self> {
        let (waker, end) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        end.set_nonblocking(true)?;
        Ok(Self {
            waker: Waker(Arc::new(waker)),
            end,
        })
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Whether there was a call, which is answered by that.
    pub(crate) fn answer(&self) -> bool {
        let mut called = false;
        while (&self.end).read(&mut [0; 64]).is_ok_and(|octets| octets > 0) {
            called = true;
        }
        called
    }
}

impl AsFd for Calls {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}
