//! Timers that need no runtime of their own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use async_io::Timer;
use futures_lite::future::or;

/// What the future comes to, or `None` when that takes longer.
pub(crate) async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        Timer::after(limit).await;
        None
    };
    or(async { Some(future.await) }, late).await
}

/// A timer for deadlines most of which are moved on long before they are due.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    /// Runs out at the deadline or earlier; it is only set anew when it has run out or is too late.
    timer: Option<(Timer, Instant)>,
}

impl Alarm {
    /// Whether it is so late.
    pub(crate) fn poll_at(&mut self, due: Instant, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let (timer, at) = self.timer.get_or_insert_with(|| (Timer::at(due), due));
            if *at > due {
                timer.set_at(due);
                *at = due;
            }
            ready!(Pin::new(timer).poll(context));
            // It does not run out twice.
            self.timer = None;
            if Instant::now() >= due {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
