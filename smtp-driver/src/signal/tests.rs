use std::{
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_request_wakes_all_waiters_and_stays_set() {
    let handle = ShutdownHandle::new();
    let count = Arc::new(Count::default());
    let waker = Arc::clone(&count).into();
    let mut cx = Context::from_waker(&waker);
    let (mut one, mut two) = (pin!(handle.clone()), pin!(handle.clone()));
    for _ in 0..3 {
        assert!(one.as_mut().poll(&mut cx).is_pending() && two.as_mut().poll(&mut cx).is_pending());
    }
    assert!(!handle.is_shut_down());
    handle.shut_down();
    assert_eq!(count.0.load(Ordering::Relaxed), 2, "once for a handle");
    assert!(handle.is_shut_down() && two.poll(&mut cx).is_ready() && pin!(handle).poll(&mut cx).is_ready());
}

#[test]
fn a_dropped_handle_leaves_no_waker() {
    let handle = ShutdownHandle::new();
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    for _ in 0..3 {
        let mut waiting = Box::pin(handle.clone());
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
    handle.shut_down();
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
}

#[test]
fn an_earlier_wake_is_consumed_once() {
    let signal = Arc::new(Signal::default());
    let cx = Context::from_waker(Waker::noop());
    Arc::clone(&signal).wake();
    assert!(signal.take(&cx));
    assert!(!signal.take(&cx));
}
