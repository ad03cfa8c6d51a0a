use std::task::Wake;

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
