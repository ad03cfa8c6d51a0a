//! A whole server, on a runtime that is polled by hand.

use std::{
    cell::RefCell,
    future::{Future, pending, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use smtp_proto::types::Extension;

use super::{
    harness::{Memory, Pipe, Scripted, config},
    tls::Transparent,
};
use crate::{Peer, Runtime, ServeOptions, serve};

thread_local! {
    static TASKS: RefCell<Vec<Pin<Box<dyn Future<Output = ()> + Send>>>> = RefCell::default();
}

/// Accepts the connections of a list.
struct Manual;

impl Runtime for Manual {
    type Listener = Mutex<Vec<Memory>>;
    type Transport = Memory;

    async fn accept(listener: &Self::Listener) -> io::Result<(Memory, Peer, Peer)> {
        let next = listener.lock().unwrap().pop();
        match next {
            Some(memory) => Ok((memory, Peer::Unix, Peer::Unix)),
            None => pending().await,
        }
    }

    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        TASKS.with_borrow_mut(|tasks| tasks.push(Box::pin(task)));
    }

    async fn sleep(_: Duration) {
        pending::<()>().await;
    }
}

/// Polls all tasks, and drops those that have ended. Returns the number of the others.
fn poll_tasks() -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    TASKS.with_borrow_mut(|tasks| {
        tasks.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
        tasks.len()
    })
}

fn output(pipe: &Mutex<Pipe>) -> String {
    String::from_utf8_lossy(&std::mem::take(&mut pipe.lock().unwrap().output)).into()
}

fn send(pipe: &Mutex<Pipe>, octets: &str) -> String {
    pipe.lock().unwrap().input.extend(octets.as_bytes());
    poll_tasks();
    output(pipe)
}

#[test]
fn a_server_serves_until_it_is_stopped() {
    let (service, pipe) = (Scripted::new(), Arc::new(Mutex::new(Pipe::default())));
    let listener = Mutex::new(vec![Memory(Arc::clone(&pipe))]);
    let stop = Mutex::new(false);
    let stopped = poll_fn(|_| {
        if *stop.lock().unwrap() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    // The configuration does not offer STARTTLS: the settings suffice.
    let mut server = pin!(serve::<Manual, _>(
        listener,
        config().into(),
        ServeOptions::default().starttls(Transparent),
        stopped,
        service
    ));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(server.as_mut().poll(&mut cx).is_pending());
    poll_tasks();
    assert!(output(&pipe).starts_with("220 "));
    assert!(send(&pipe, "EHLO client.example\r\n").contains("STARTTLS"));

    *stop.lock().unwrap() = true;
    assert!(server.as_mut().poll(&mut cx).is_pending());
    assert!(send(&pipe, "").starts_with("421 4.3.2"));
    pipe.lock().unwrap().is_closed = true;
    assert_eq!(poll_tasks(), 0);
    assert!(server.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn implicit_tls_begins_with_the_handshake() {
    let (service, pipe) = (Scripted::new(), Arc::new(Mutex::new(Pipe::default())));
    let listener = Mutex::new(vec![Memory(Arc::clone(&pipe))]);
    let options = ServeOptions::default().implicit_tls(Transparent);
    let mut server = pin!(serve::<Manual, _>(
        listener,
        config().into(),
        options,
        pending(),
        service
    ));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(server.as_mut().poll(&mut cx).is_pending());
    assert_eq!(poll_tasks(), 1);
    assert_eq!(output(&pipe), "", "nothing is sent in plaintext");
    assert!(send(&pipe, "handshake").starts_with("220 "));
    assert!(!send(&pipe, "EHLO client.example\r\n").contains("STARTTLS"));
    TASKS.take();
}

#[test]
fn starttls_without_settings_is_an_error() {
    let mut config = config();
    config.extensions.add(Extension::StartTls);
    let server = serve::<Manual, _>(
        Mutex::default(),
        config.into(),
        ServeOptions::default(),
        pending(),
        Scripted::new(),
    );
    let Poll::Ready(Err(error)) = pin!(server).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it serves");
    };
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
