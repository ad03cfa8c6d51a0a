use std::{
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use super::*;
use crate::Socket;

/// Reads an octet.
async fn octet(stream: &Socket<UnixStream>) -> u8 {
    let mut octet = [0];
    let read = stream.read_with(|mut stream| stream.read_exact(&mut octet));
    read.await.unwrap();
    octet[0]
}

fn pair() -> (UnixStream, Socket<UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    (near, Socket::new(far))
}

#[test]
fn a_future_waits_for_sockets_times_and_other_threads() {
    let (mut near, far) = pair();
    thread::scope(|scope| {
        scope.spawn(move || near.write_all(b"x").unwrap());
        assert_eq!(block_on(octet(&far)), b'x');
    });
    block_on(sleep(Duration::from_millis(5)));
    let (tell, told) = mpsc::channel::<Waker>();
    let waking = thread::spawn(move || told.into_iter().for_each(Waker::wake));
    let mut polls = 0;
    block_on(poll_fn(|cx| {
        polls += 1;
        tell.send(cx.waker().clone()).unwrap();
        if polls > 100 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    drop(tell);
    waking.join().unwrap();
}

#[test]
fn a_wake_is_not_lost_in_an_inner_call() {
    let (mut near, far) = pair();
    let mut woken = false;
    block_on(poll_fn(|cx| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        cx.waker().wake_by_ref();
        near.write_all(b"x").unwrap();
        block_on(octet(&far));
        Poll::Pending
    }));
}

#[test]
fn an_outer_call_continues_to_wait_after_an_inner_call() {
    let ((near, far), (second, inner)) = (pair(), pair());
    let (tell, told) = mpsc::channel();
    (&second).write_all(b"y").unwrap();
    let waiting = thread::spawn(move || {
        let (mut outer, mut polls) = (pin!(octet(&far)), 0);
        let octet = block_on(poll_fn(|cx| {
            polls += 1;
            let polled = outer.as_mut().poll(cx);
            if polls == 1 {
                block_on(octet(&inner));
                tell.send(()).unwrap();
            }
            polled
        }));
        (octet, polls)
    });
    told.recv().unwrap();
    (&near).write_all(b"x").unwrap();
    let (octet, polls) = waiting.join().unwrap();
    assert_eq!(octet, b'x');
    assert!(polls < 5, "it waits, and does not try again and again: {polls}");
}

/// A part of a future that is polled only when its own waker was called.
struct Part<F> {
    future: F,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool, std::sync::Mutex<Option<Waker>>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
        if let Some(outer) = self.1.lock().unwrap().take() {
            outer.wake();
        }
    }
}

impl<F: Future + Unpin> Part<F> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<F::Output> {
        *self.woken.1.lock().unwrap() = Some(cx.waker().clone());
        if !self.woken.0.swap(false, SeqCst) {
            return Poll::Pending;
        }
        let waker = Arc::clone(&self.woken).into();
        pin!(&mut self.future).poll(&mut Context::from_waker(&waker))
    }
}

#[test]
fn parts_with_wakers_of_their_own_are_polled() {
    let ((near, far), (second, other)) = (pair(), pair());
    let part = |stream: Socket<UnixStream>| {
        let woken = Arc::new(Woken(true.into(), std::sync::Mutex::default()));
        Part {
            future: Box::pin(async move { octet(&stream).await }),
            woken,
        }
    };
    let (mut one, mut two) = (part(far), part(other));
    let (mut first, mut last) = (None, None);
    (&near).write_all(b"x").unwrap();
    // The second one is ready only after the first one is done.
    let (tell, told) = mpsc::channel();
    let writing = thread::spawn(move || {
        told.recv().unwrap();
        (&second).write_all(b"y").unwrap();
    });
    block_on(poll_fn(|cx| {
        for (part, done) in [(&mut one, &mut first), (&mut two, &mut last)] {
            if done.is_none()
                && let Poll::Ready(octet) = part.poll(cx)
            {
                *done = Some(octet);
                let _ = tell.send(());
            }
        }
        if first.is_some() && last.is_some() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    assert_eq!((first, last), (Some(b'x'), Some(b'y')));
    writing.join().unwrap();
}

#[test]
fn nothing_keeps_a_socket_open_after_a_call_or_a_panic() {
    for panics in [false, true] {
        let (mut near, far) = pair();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            block_on(async {
                let waited = async {
                    let mut waiting = pin!(octet(&far));
                    poll_fn(|cx| {
                        assert!(waiting.as_mut().poll(cx).is_pending());
                        Poll::Ready(())
                    })
                    .await;
                };
                waited.await;
                if panics {
                    panic!("as asked");
                }
            });
        }));
        assert_eq!(ended.is_err(), panics);
        drop(far);
        near.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_thread_without_a_pipe_looks_for_itself() {
    let bell = Bell {
        rung: AtomicBool::new(false),
        pipe: None,
    };
    bell.wait(&Waits::default());
    Arc::new(bell).wake();
}
