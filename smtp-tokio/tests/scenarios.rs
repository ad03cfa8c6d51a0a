//! The scenarios that every adapter must pass.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

use std::{net::TcpListener, sync::Arc};

use smtp_proto::{Step, client::Receipt};
use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};
use smtp_tokio::{Client, Error, Reader, SendError, Session, serve_sessions};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task,
};

struct Tokio;

smtp_tests::scenarios!(Tokio);

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

impl Adapter for Tokio {
    fn serve(listener: TcpListener, site: Site) -> Running {
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = move || {
            runtime().block_on(async move {
                let (config, options) = (Arc::clone(&site.config), site.options.clone());
                let site = Arc::new(site);
                let stop = async { drop(stopped.await) };
                serve_sessions(listener, config, options, stop, move |session| {
                    converse(session, Arc::clone(&site))
                })
                .await
            })
        };
        Running::new(move || drop(stop), serving)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError> {
        runtime().block_on(async {
            let receipt = Receipt::new(&errand.envelope);
            let mut client = match connect(&errand).await {
                Ok(client) => client,
                Err(error) => return Err(SendError::new(error, receipt)),
            };
            let sent = match errand.message {
                Message::Memory(message) => client.send(errand.envelope, &message).await,
                Message::Reader(message) => client.send_from(errand.envelope, Reader(&message[..])).await,
            };
            if sent.is_ok() {
                let _ = client.quit().await;
            }
            sent
        })
    }
}

async fn connect(errand: &Errand) -> Result<Client, Error> {
    let builder = Client::builder(errand.config.clone());
    let builder = match &errand.way {
        Way::Clear => builder,
        Way::StartTls(tls) => builder.starttls(tls.clone()),
        Way::Implicit(tls) => builder.implicit_tls(tls.clone()),
    };
    builder.connect(errand.address).await
}

/// Runs a session of the server.
async fn converse(mut session: Session, site: Arc<Site>) {
    let mut application = (site.applications)();
    let (answer, mut answers) = mpsc::unbounded_channel::<Done>();
    loop {
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => application.see(event, server),
            Step::Wait(wait) => {
                tokio::select! {
                    () = session.wait(wait) => {}
                    Some(done) = answers.recv() => done.tell(session.machine_mut()),
                }
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
            (Todo::Work(work), _) => {
                let done = task::spawn_blocking(|| work.run()).await;
                done.unwrap().tell(session.machine_mut());
            }
            (Todo::Later(work), _) => {
                let answer = answer.clone();
                task::spawn_blocking(move || answer.send(work.run()));
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}
