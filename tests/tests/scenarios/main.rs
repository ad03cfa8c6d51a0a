//! The scenarios on a hand-made runtime: a stream and a clock suffice, without an adapter.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

#[path = "../../../examples/own_runtime/runtime.rs"]
mod runtime;

use std::{
    future::poll_fn,
    io::{self, Read},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    thread,
};

use smtp_driver::{BodySource, Client, SendError, Session, serve_sessions};
use smtp_proto::{Step, client::Receipt};
use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};

use runtime::{ByHand, Io, block_on};

smtp_tests::scenarios!(ByHand);

impl Adapter for ByHand {
    fn serve(listener: TcpListener, site: Site) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let serving = move || {
            listener.set_nonblocking(true)?;
            let (config, options) = (Arc::clone(&site.config), site.options.clone());
            let site = Arc::new(site);
            let stop = poll_fn(|_| match stopped.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            let session = |session| converse(session, Arc::clone(&site));
            block_on(serve_sessions::<Self, _>(
                listener, config, options, stop, session,
            ));
            Ok(())
        };
        Running::new(move || stop.store(true, Ordering::SeqCst), serving)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError<io::Error>> {
        let builder = Client::<Io>::builder(errand.config);
        let builder = match errand.way {
            Way::Clear => builder,
            Way::StartTls(tls) => builder.starttls(tls),
            Way::Implicit(tls) => builder.implicit_tls(tls),
        };
        block_on(async {
            let mut client = match builder.connect(errand.address).await {
                Ok(client) => client,
                Err(error) => return Err(SendError::new(error, Receipt::new(&errand.envelope))),
            };
            let sent = match errand.message {
                Message::Memory(message) => client.send(errand.envelope, message).await,
                Message::Reader(message) => client.send_from(errand.envelope, Reader(&message[..])).await,
            };
            if sent.is_ok() {
                let _ = client.quit().await;
            }
            sent
        })
    }
}

/// A message that is read while it is sent.
struct Reader<R>(R);

impl<R: Read> BodySource<io::Error> for Reader<R> {
    fn poll_fill(&mut self, _: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.read(room))
    }
}

/// One session of the server.
async fn converse(mut session: Session<Io>, site: Arc<Site>) {
    let mut application = (site.applications)();
    let answers = Arc::new(Mutex::new(Vec::<Done>::new()));
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => application.see(event, server),
            Step::Wait(wait) => {
                let done = poll_fn(|cx| match answers.lock().unwrap().pop() {
                    Some(done) => Poll::Ready(Some(done)),
                    None => session.poll_wait(cx, wait).map(|()| None),
                });
                if let Some(done) = done.await {
                    done.tell(session.machine_mut());
                }
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Work(work), _) => work.run().tell(session.machine_mut()),
            (Todo::Later(work), _) => {
                let answers = Arc::clone(&answers);
                thread::spawn(move || {
                    let done = work.run();
                    answers.lock().unwrap().push(done);
                });
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}
