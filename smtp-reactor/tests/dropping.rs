//! A task whose end blocks its thread. The pool serves the whole process, so this test has one of its own.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

use std::{
    pin::Pin,
    sync::mpsc::{Receiver, Sender, channel},
    task::{Context, Poll},
    time::Duration,
};

use smtp_reactor::spawn;

/// A task that is done at once. Dropping it waits for another task.
struct Waits {
    begun: Sender<()>,
    other: Receiver<()>,
    waited: Sender<bool>,
}

impl Future for Waits {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.begun.send(()).unwrap();
        let heard = self.other.recv_timeout(Duration::from_secs(10)).is_ok();
        self.waited.send(heard).unwrap();
    }
}

#[test]
fn a_task_does_not_wait_for_the_drop_of_another() {
    let ((begun, begins), (run, other), (waited, heard)) = (channel(), channel(), channel());
    spawn(Waits { begun, other, waited });
    begins.recv().unwrap();
    spawn(async move { run.send(()).unwrap() });
    assert!(heard.recv().unwrap());
}
