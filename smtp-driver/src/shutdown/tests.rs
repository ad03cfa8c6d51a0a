use std::{sync::mpsc, task::Wake, thread, time::Duration};

use super::*;

struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn the_place_of_a_waker_is_used_again() {
    let shared = Shared::new(&ServeOptions::default());
    for _ in 0..3 {
        drop((StageWatch::new(&shared), StageWatch::new(&shared)));
    }
    assert_eq!(shared.state().wakers.len(), 2);
}

#[test]
fn a_watch_that_is_dropped_keeps_no_task() {
    let (shared, task) = (Shared::new(&ServeOptions::default()), Arc::new(Task));
    let mut watch = StageWatch::new(&shared);
    let waker = Arc::clone(&task).into();
    let polled = watch.poll_after(&mut Context::from_waker(&waker), Stage::Serving);
    assert!(polled.is_pending());
    drop((watch, waker));
    assert_eq!(Arc::strong_count(&task), 1);
}

#[test]
#[expect(
    clippy::redundant_clone,
    reason = "a waker may have another table of functions than its clones, and then seem different"
)]
fn the_stage_is_polled_again_without_the_lock() {
    let shared = Shared::new(&ServeOptions::default());
    let mut watch = StageWatch::new(&shared);
    let waker = Waker::from(Arc::new(Task)).clone();
    let poll = |watch: &mut StageWatch| watch.poll_after(&mut Context::from_waker(&waker), Stage::Serving);
    assert!(poll(&mut watch).is_pending());
    let (polled, poll_again) = (mpsc::channel(), poll);
    thread::scope(|scope| {
        let lock = shared.state();
        scope.spawn(|| polled.0.send(poll_again(&mut watch)));
        // Only a failure waits so long.
        let again = polled.1.recv_timeout(Duration::from_secs(10));
        drop(lock);
        assert_eq!(again, Ok(Poll::Pending));
    });
    shared.begin(Stage::Graceful);
    assert_eq!(poll(&mut watch), Poll::Ready(Stage::Graceful));
}
