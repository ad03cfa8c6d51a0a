//! The scenarios that every adapter must pass.

use std::{
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
};

use smtp_blocking::{
    Client, Error, Reader, SendError, Session, ShutdownHandle,
    proto::{Step, client::Receipt},
    serve_sessions,
};
use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};

struct Blocking;

smtp_tests::scenarios!(Blocking);

impl Adapter for Blocking {
    fn serve(listener: TcpListener, site: Site) -> Running {
        let stop = ShutdownHandle::new();
        let stopped = stop.clone();
        let serving = move || {
            let (config, options) = (Arc::clone(&site.config), site.options.clone());
            serve_sessions(listener, config, options, stopped, move |session| {
                converse(session, &site);
            })
        };
        Running::new(move || stop.shut_down(), serving)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError> {
        let receipt = Receipt::new(&errand.envelope);
        let mut client = match connect(&errand) {
            Ok(client) => client,
            Err(error) => return Err(SendError::new(error, receipt)),
        };
        let sent = match errand.message {
            Message::Memory(message) => client.send(errand.envelope, &message),
            Message::Reader(message) => client.send_from(errand.envelope, Reader(&message[..])),
        };
        if sent.is_ok() {
            let _ = client.quit();
        }
        sent
    }
}

fn connect(errand: &Errand) -> Result<Client, Error> {
    let builder = Client::builder(errand.config.clone());
    let builder = match &errand.way {
        Way::Clear => builder,
        Way::StartTls(tls) => builder.starttls(tls.clone()),
        Way::Implicit(tls) => builder.implicit_tls(tls.clone()),
    };
    builder.connect(errand.address)
}

/// One session of the server.
fn converse(mut session: Session, site: &Site) {
    let mut application = (site.applications)();
    let (answer, answers) = mpsc::channel::<Done>();
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => application.see(event, server),
            Step::Wait(wait) => {
                session.wait(wait);
                for done in answers.try_iter() {
                    done.tell(session.machine_mut());
                }
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Work(work), _) => work.run().tell(session.machine_mut()),
            (Todo::Later(work), _) => {
                let (answer, waker) = (answer.clone(), session.waker());
                thread::spawn(move || {
                    let _ = answer.send(work.run());
                    waker.wake();
                });
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close();
}
