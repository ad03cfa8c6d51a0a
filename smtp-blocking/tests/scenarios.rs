//! The scenarios that every adapter has to go through.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

use std::{
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
};

use smtp_blocking::{Client, Error, SendError, Session, Stop, serve};
use smtp_proto::{Step, client::Receipt};
use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};

struct Blocking;

smtp_tests::scenarios!(Blocking);

impl Adapter for Blocking {
    fn serve(listener: TcpListener, site: Site) -> Running {
        let stop = Stop::new();
        let stopped = stop.clone();
        let serving = move || {
            let (config, options) = (Arc::clone(&site.config), site.options.clone());
            serve(listener, config, options, &stopped, move |session| {
                converse(session, &site);
            })
        };
        Running::new(move || stop.stop(), serving)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError> {
        let receipt = Receipt::new(&errand.envelope);
        let mut client = match connect(&errand) {
            Ok(client) => client,
            Err(error) => return Err(SendError::new(error, receipt)),
        };
        let sent = match errand.message {
            Message::Memory(message) => client.send(errand.envelope, &message),
            Message::Reader(message) => client.send_from(errand.envelope, &message[..]),
        };
        if sent.is_ok() {
            let _ = client.quit();
        }
        sent
    }
}

fn connect(errand: &Errand) -> Result<Client, Error> {
    let config = errand.config.clone();
    match &errand.way {
        Way::Clear => Client::connect(errand.address, config),
        Way::StartTls(tls) => Client::connect_with_tls(errand.address, config, tls.clone()),
        Way::Implicit(tls) => Client::connect_over_tls(errand.address, config, tls),
    }
}

/// One session of the server.
fn converse(mut session: Session, site: &Site) {
    let mut application = (site.applications)();
    let (answer, answers) = mpsc::channel::<Done>();
    if let (true, Some(tls)) = (site.options.implicit_tls, &site.tls) {
        session.start_implicit_tls(tls);
    }
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
                let (answer, waker) = (answer.clone(), session.waker().unwrap());
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
